// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/preview_fade.h"

#include <QPainter>
#include <QStyle>
#include <QWidget>

#include <utility>

namespace easel::ui {

namespace {

constexpr int kFadeMs = 180;

}  // namespace

PreviewFade::PreviewFade(QWidget& card) : m_card(card) {
    m_fade.setStartValue(0.0);
    m_fade.setEndValue(1.0);
    m_fade.setEasingCurve(QEasingCurve::InOutQuad);
    QObject::connect(&m_fade, &QVariantAnimation::valueChanged, &m_card, [this] { m_card.update(); });
}

void PreviewFade::setImage(const QImage& image) {
    if (image.cacheKey() == m_now.image.cacheKey()) {
        return;
    }
    m_before = std::exchange(m_now, Look{image, {}});
    m_fade.stop();
    // Whoever asks the system for less motion has none here.
    const bool moves = m_card.style()->styleHint(QStyle::SH_Widget_Animate, nullptr, &m_card) != 0;
    m_fade.setDuration(moves && !isEmpty() ? kFadeMs : 0);
    m_fade.start();
    m_card.update();
}

void PreviewFade::Look::paint(QPainter& painter, const QRect& place) {
    const double ratio = painter.device()->devicePixelRatioF();
    const QSize size = place.size() * ratio;
    if (scaled.size() != size) {
        const QImage wide = image.scaled(size, Qt::KeepAspectRatioByExpanding, Qt::SmoothTransformation);
        const QPoint corner((wide.width() - size.width()) / 2, (wide.height() - size.height()) / 2);
        scaled = QPixmap::fromImage(wide.copy(QRect(corner, size)));
        scaled.setDevicePixelRatio(ratio);
    }
    painter.drawPixmap(place.topLeft(), scaled);
}

void PreviewFade::paint(QPainter& painter, const QRect& place) {
    if (isEmpty()) {
        return;
    }
    const double done = m_fade.currentValue().toDouble();
    painter.save();
    if (done < 1 && !m_before.image.isNull()) {
        m_before.paint(painter, place);
    }
    painter.setOpacity(painter.opacity() * done);
    m_now.paint(painter, place);
    painter.restore();
}

}  // namespace easel::ui
