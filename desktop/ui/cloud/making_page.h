// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTimer>
#include <QWidget>

#include <vector>

class QGridLayout;
class QLabel;
class QPushButton;

namespace easel::cloud {
class MachineMaker;
}

namespace easel::ui {

class TroubleNote;

/// How far a machine is that is being made, stage by stage, and what to do when one does not work. Owned by
/// the dialog.
class MakingPage : public QWidget {
    Q_OBJECT

public:
    /// `maker` outlives it.
    explicit MakingPage(cloud::MachineMaker& maker, QWidget* parent = nullptr);

    void refresh();

Q_SIGNALS:
    void againRequested();
    /// Back to what was asked for.
    void backRequested();
    void removeRequested();

protected:
    void showEvent(QShowEvent* event) override;

private:
    struct Row {
        QLabel* sign;
        QLabel* title;
        QLabel* time;
        QLabel* detail;
    };

    Row makeRow();
    void showRow(std::size_t index);

    cloud::MachineMaker& m_maker;
    QLabel* m_heading;
    QLabel* m_words;
    QWidget* m_list;
    QGridLayout* m_grid;
    std::vector<Row> m_rows;
    TroubleNote* m_trouble;
    QTimer m_tick;
};

}  // namespace easel::ui
