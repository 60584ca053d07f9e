// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>
#include <QUrl>

class QLabel;
class QPushButton;

namespace easel::cloud {
class MachineKeeper;
}

namespace easel::ui {

/// One line beneath the tool bar while there is something to say of the machine that is drawn on: it is about
/// to be stopped, its time is nearly over, it is off, or something did not work. Owned by the window.
class MachineStrip : public QFrame {
    Q_OBJECT

public:
    /// `keeper` outlives it.
    explicit MachineStrip(cloud::MachineKeeper& keeper, QWidget* parent = nullptr);

private:
    enum class Topic { Nothing, Trouble, Stopping, Prolong, Off, UnderWay };

    Topic topic() const;
    QString words(Topic topic) const;
    void refresh();
    void answer(bool isYes);

    cloud::MachineKeeper& m_keeper;
    QLabel* m_sign;
    QLabel* m_words;
    QPushButton* m_yes;
    QPushButton* m_no;
    Topic m_topic = Topic::Nothing;
    QUrl m_page;
};

}  // namespace easel::ui
