// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>
#include <QString>

#include <functional>
#include <optional>
#include <vector>

class QLabel;
class QHBoxLayout;
class QProgressBar;

namespace easel::ui {

/// What a row says, and what can be done there.
struct RowContent {
    struct Action {
        QString name;  ///< for tests and assistive tools: the button's object name
        QString words;
        std::function<void()> act;
        bool isEnabled = true;
    };

    QString title;
    QString about;  ///< quieter, beneath it
    QString note;   ///< what is going on, or wrong; empty: nothing
    bool isBad = false;
    std::optional<double> done = {};  ///< of 1; a bar shows it
    std::vector<Action> actions = {};
};

/// One thing in a list, with what it says of itself and what can be done to it. Owned by the list.
class ActionRow : public QFrame {
    Q_OBJECT

public:
    explicit ActionRow(QWidget* parent = nullptr);

    /// Buttons stay where they are as long as their words do, and with them the keyboard.
    void setContent(RowContent content);

private:
    void makeButtons();

    RowContent m_content;
    QLabel* m_title;
    QLabel* m_about;
    QLabel* m_note;
    QProgressBar* m_bar;
    QHBoxLayout* m_buttons;
};

}  // namespace easel::ui
