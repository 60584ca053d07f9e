// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace easel::remote {
class LocalServer;
}

namespace easel::ui {

/// "Use this computer", and under it what comes of it: starting, or why it can't.
class LocalDoor : public QWidget {
    Q_OBJECT

public:
    /// `local` outlives it.
    explicit LocalDoor(remote::LocalServer& local, QWidget* parent = nullptr);

    /// What stands there before anybody has pressed it.
    void setInvitation(const QString& sentence);

private:
    void refresh();

    remote::LocalServer& m_local;
    QPushButton* m_use;
    QLabel* m_note;
    QString m_invitation;
};

}  // namespace easel::ui
