// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace easel::ui {

/// The foot of the panel: Generate, and beneath it how to reach it by keyboard or what it does while there is
/// no server. Owned by the panel.
class GenerateFoot : public QWidget {
    Q_OBJECT

public:
    explicit GenerateFoot(QWidget* parent = nullptr);

    /// Empty while there is nothing to say.
    void setNote(const QString& note);

Q_SIGNALS:
    /// Once for each press, however long the key is held.
    void pressed();

private:
    QPushButton* m_generate;
    QLabel* m_hint;
};

}  // namespace easel::ui
