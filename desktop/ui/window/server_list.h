// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractButton>
#include <QScrollArea>

#include "desktop/remote/server_profile.h"

class QVBoxLayout;

namespace easel::remote {
class Servers;
}

namespace easel::ui {

/// One server in the list: its name and, beneath, its address. Checked: the one that is drawn on.
class ServerRow : public QAbstractButton {
    Q_OBJECT

public:
    explicit ServerRow(const remote::ServerProfile& server, QWidget* parent = nullptr);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_address;
};

/// The servers that are known, to go from one to another with one click; each has a small menu. Hidden while
/// there is none.
class ServerList : public QScrollArea {
    Q_OBJECT

public:
    /// `servers` outlives it.
    explicit ServerList(const remote::Servers& servers, QWidget* parent = nullptr);

Q_SIGNALS:
    void chosen(const QString& id);
    void renameRequested(const QString& id);
    void forgetRequested(const QString& id);

private:
    void refresh();
    void addRow(const remote::ServerProfile& server);

    const remote::Servers& m_servers;
    QList<remote::ServerProfile> m_shown;
    QString m_shownCurrent;
    QVBoxLayout* m_rows;
};

}  // namespace easel::ui
