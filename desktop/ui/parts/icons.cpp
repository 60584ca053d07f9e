// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/parts/icons.h"

#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPalette>
#include <QSvgRenderer>

namespace easel::ui {

namespace {

/// The SVG with its black strokes turned into `color`.
QPixmap render(const QString& name, const QColor& color, const QSize& pixels) {
    QSvgRenderer svg(QStringLiteral(":/icons/%1.svg").arg(name));
    QPixmap pixmap(pixels);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    svg.render(&painter);
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    painter.fillRect(pixmap.rect(), color);
    return pixmap;
}

QColor colorFor(QIcon::Mode mode) {
    const QPalette palette = QGuiApplication::palette();
    switch (mode) {
        case QIcon::Disabled:
            return palette.color(QPalette::Disabled, QPalette::ButtonText);
        case QIcon::Selected:
            return palette.color(QPalette::HighlightedText);
        case QIcon::Normal:
        case QIcon::Active:
            break;
    }
    return palette.color(QPalette::ButtonText);
}

/// Renders at the very size and colour asked for, at the time of painting.
class LineIcon : public QIconEngine {
public:
    explicit LineIcon(QString name) : m_name(std::move(name)) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        const qreal ratio = painter->device()->devicePixelRatio();
        painter->drawPixmap(rect, render(m_name, colorFor(mode), rect.size() * ratio));
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State) override {
        return render(m_name, colorFor(mode), size);
    }
    QIconEngine* clone() const override { return new LineIcon(m_name); }

private:
    QString m_name;
};

}  // namespace

QIcon icon(const QString& name) {
    return QIcon(new LineIcon(name));
}

QPixmap iconPixmap(const QString& name, const QColor& color, int size, qreal devicePixelRatio) {
    QPixmap pixmap = render(name, color, QSize(size, size) * devicePixelRatio);
    pixmap.setDevicePixelRatio(devicePixelRatio);
    return pixmap;
}

}  // namespace easel::ui
