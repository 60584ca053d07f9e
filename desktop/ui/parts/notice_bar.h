// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>
#include <QTimer>

#include <functional>

class QLabel;
class QToolButton;

namespace easel::ui {

/// One line that floats over the foot of its parent: "Deleted 1 picture · Undo". Goes by itself when
/// it only informs, stays when something is wrong. Never takes the focus. Owned by its parent.
class NoticeBar : public QFrame {
    Q_OBJECT

public:
    explicit NoticeBar(QWidget* parent);

    void inform(const QString& text);
    /// With one thing to do about it.
    void offer(const QString& text, const QString& action, std::function<void()> act);
    /// Something is wrong: stays until it is closed.
    void warn(const QString& text);

    /// Keeps this far above the usual place, in device-independent pixels.
    void setLift(int lift);

    bool eventFilter(QObject* watched, QEvent* event) override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void present(const QString& text, const QString& action, bool goesByItself);
    void place();

    QLabel* m_sign;
    QLabel* m_text;
    QToolButton* m_action;
    QToolButton* m_close;
    std::function<void()> m_act;
    QTimer m_going;
    int m_lift = 0;
};

}  // namespace easel::ui
