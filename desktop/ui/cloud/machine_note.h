// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QCheckBox;
class QComboBox;
class QLabel;
class QPushButton;

namespace easel::cloud {
class MachineKeeper;
}

namespace easel::ui {

/// The machine that is drawn on, beside what its server says: how it is, its time and its money, and what can
/// be done to it. Hidden where there is none. Owned by the popover.
class MachineNote : public QWidget {
    Q_OBJECT

public:
    /// `keeper` outlives it.
    explicit MachineNote(cloud::MachineKeeper& keeper, QWidget* parent = nullptr);

    /// Says how things are now; true: its height may be another.
    bool refresh();

private:
    cloud::MachineKeeper& m_keeper;
    QLabel* m_state;
    QLabel* m_money;
    QLabel* m_trouble;
    QPushButton* m_start;
    QPushButton* m_stop;
    QPushButton* m_extend;
    QCheckBox* m_prolong;
    QComboBox* m_idle;
};

}  // namespace easel::ui
