// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/notice_bar.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>

#include <utility>

#include "desktop/ui/parts/announce.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

constexpr int kStaysMs = 10'000;
constexpr int kWidest = 640;

}  // namespace

NoticeBar::NoticeBar(QWidget* parent)
    : QFrame(parent),
      m_sign(new QLabel(this)),
      m_text(new QLabel(this)),
      m_action(new QToolButton(this)),
      m_close(new QToolButton(this)) {
    setObjectName("noticeBar");
    makeSpeaker(this);
    m_text->setObjectName("noticeText");
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_action->setObjectName("noticeAction");
    m_action->setFocusPolicy(Qt::TabFocus);
    m_action->setAutoRaise(true);
    m_close->setObjectName("noticeClose");
    m_close->setIcon(icon(QStringLiteral("close")));
    m_close->setIconSize({16, 16});
    m_close->setToolTip(tr("Close"));
    m_close->setAccessibleName(tr("Close"));
    m_close->setAutoRaise(true);
    m_close->setFocusPolicy(Qt::TabFocus);

    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(kMargin, kUnit / 2, kUnit / 2, kUnit / 2);
    row->addWidget(m_sign);
    row->addWidget(m_text, 1);
    row->addWidget(m_action);
    row->addWidget(m_close);

    connect(m_action, &QToolButton::clicked, this, [this] {
        hide();
        if (m_act) {
            std::exchange(m_act, nullptr)();
        }
    });
    connect(m_close, &QToolButton::clicked, this, &QWidget::hide);
    m_going.setSingleShot(true);
    m_going.setInterval(kStaysMs);
    connect(&m_going, &QTimer::timeout, this, &QWidget::hide);
    parent->installEventFilter(this);
    hide();
}

void NoticeBar::inform(const QString& text) {
    m_act = nullptr;
    present(text, {}, true);
}

void NoticeBar::offer(const QString& text, const QString& action, std::function<void()> act) {
    m_act = std::move(act);
    present(text, action, true);
}

void NoticeBar::warn(const QString& text) {
    m_act = nullptr;
    present(text, {}, false);
}

void NoticeBar::setLift(int lift) {
    m_lift = lift;
    place();
}

bool NoticeBar::eventFilter(QObject* watched, QEvent* event) {
    if (watched == parent() && event->type() == QEvent::Resize) {
        place();
    }
    return QFrame::eventFilter(watched, event);
}

void NoticeBar::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(palette().color(QPalette::Dark));
    painter.setBrush(palette().color(QPalette::Base));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
}

void NoticeBar::present(const QString& text, const QString& action, bool goesByItself) {
    m_sign->setVisible(!goesByItself);
    if (!goesByItself) {
        m_sign->setPixmap(iconPixmap(QStringLiteral("warning"), statusColors(palette()).bad, kIconSize,
                                     devicePixelRatioF()));
    }
    m_text->setText(text);
    m_action->setText(action);
    m_action->setVisible(!action.isEmpty());
    if (goesByItself) {
        m_going.start();
    } else {
        m_going.stop();
    }
    place();
    raise();
    show();
    announce(this, action.isEmpty() ? text : QStringLiteral("%1. %2").arg(text, action));
}

void NoticeBar::place() {
    const int room = parentWidget()->width() - 2 * kMargin;
    const int natural = m_text->fontMetrics().horizontalAdvance(m_text->text()) +
                        m_close->sizeHint().width() +
                        (m_action->text().isEmpty() ? 0 : m_action->sizeHint().width() + kUnit) +
                        (m_sign->isHidden() ? 0 : kIconSize + kUnit) + kMargin + 3 * kUnit;
    const int width = std::min({natural, room, kWidest});
    const int height = std::max(5 * kUnit, layout()->heightForWidth(width));
    setGeometry((parentWidget()->width() - width) / 2, parentWidget()->height() - height - kMargin - m_lift,
                width, height);
}

}  // namespace easel::ui
