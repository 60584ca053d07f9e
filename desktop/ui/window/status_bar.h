// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace easel::ui {

/// The foot of the window: what is under way, Cancel all, and what the library holds. Its parts keep their
/// places while jobs come and go. Owned by the window.
class StatusBar : public QWidget {
    Q_OBJECT

public:
    explicit StatusBar(QWidget* parent = nullptr);

    /// `line` is empty while nothing is under way; `active` offers to cancel it.
    void setWork(const QString& line, bool active);
    /// "3 selected · 12 of 300 pictures".
    void setCounts(const QString& line);
    /// For who does not see the window: a picture is ready, one has failed.
    void tell(const QString& words);

Q_SIGNALS:
    void cancelAllRequested();
    /// Cancel all hides, and the keyboard was there.
    void focusLost();

private:
    QLabel* m_live;
    QLabel* m_work;
    QLabel* m_counts;
    QPushButton* m_cancelAll;
};

}  // namespace easel::ui
