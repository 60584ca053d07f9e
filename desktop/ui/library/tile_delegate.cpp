// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/tile_delegate.h"

#include <QPainter>
#include <QTextLayout>

#include "desktop/gallery/picture_model.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

using gallery::PictureModel;

constexpr int kCaptionLines = 2;
constexpr int kSign = 24;  ///< px, of what can't be read

int captionHeight() {
    return kCaptionLines * QFontMetrics(captionFont()).lineSpacing();
}

/// What keeps a picture in the colour of the window from melting into it.
void drawEdge(QPainter* painter, const QRect& area, const QPalette& palette) {
    QColor line = palette.color(QPalette::WindowText);
    line.setAlphaF(0.14F);
    painter->setPen(QPen(line, 1));
    painter->setBrush(Qt::NoBrush);
    painter->drawRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5));
}

void drawBroken(QPainter* painter, const QRect& ground, const QPalette& palette) {
    const QColor color = palette.color(QPalette::PlaceholderText);
    const QPixmap sign =
        iconPixmap(QStringLiteral("warning"), color, kSign, painter->device()->devicePixelRatio());
    painter->setFont(captionFont());
    painter->setPen(color);
    const QString words = TileDelegate::tr("Can’t be read");
    const QRect room = ground.adjusted(kUnit / 2, 0, -kUnit / 2, 0);
    QRect text = painter->boundingRect(room, Qt::AlignCenter | Qt::TextWordWrap, words);
    const bool fits = text.width() <= room.width() && text.height() + kSign + kUnit <= room.height();
    const int height = kSign + (fits ? kUnit / 2 + text.height() : 0);
    const QPoint top(ground.center().x() - kSign / 2, ground.center().y() - height / 2);
    painter->drawPixmap(top, sign);
    if (fits) {
        text.moveTop(top.y() + kSign + kUnit / 2);
        painter->drawText(text, Qt::AlignCenter | Qt::TextWordWrap, words);
    }
}

void drawThumbnail(QPainter* painter, const QRect& area, const QModelIndex& index, const QPalette& palette) {
    const auto thumbnail = index.data(PictureModel::ThumbnailRole).value<QPixmap>();
    if (!thumbnail.isNull()) {
        const QRect place = fittedInto(area, thumbnail.size());
        if (thumbnail.hasAlphaChannel()) {
            painter->fillRect(place, pictureGround(palette));
        }
        painter->drawPixmap(place, thumbnail);
        drawEdge(painter, place, palette);
        return;
    }
    const QRect ground = fittedInto(area, index.data(PictureModel::SizeRole).toSize());
    painter->fillRect(ground, pictureGround(palette));
    if (index.data(PictureModel::BrokenRole).toBool()) {
        drawBroken(painter, ground, palette);
    }
}

void drawRing(QPainter* painter, const QRect& around, const QColor& color, qreal pen) {
    painter->setBrush(Qt::NoBrush);
    painter->setPen(QPen(color, pen));
    painter->drawRoundedRect(QRectF(around).adjusted(pen / 2, pen / 2, -pen / 2, -pen / 2), kRadius, kRadius);
}

}  // namespace

TileLayout TileLayout::in(const QRect& cell) {
    const QRect room = cell.adjusted(kUnit, kUnit, -kUnit, -kUnit);
    const QRect picture(room.topLeft(), QSize(room.width(), room.width()));
    const QRect caption(room.left(), picture.bottom() + 1 + kUnit / 2, room.width(), captionHeight());
    return {picture, caption};
}

int TileLayout::heightFor(int width) {
    return width + kUnit / 2 + captionHeight() + kUnit / 2;
}

QRect fittedInto(const QRect& area, const QSize& size) {
    const QSize shape = size.isEmpty() ? QSize(1, 1) : size;
    const QSize fitted = shape.scaled(area.size(), Qt::KeepAspectRatio);
    return {area.left() + (area.width() - fitted.width()) / 2,
            area.top() + (area.height() - fitted.height()) / 2, fitted.width(), fitted.height()};
}

void drawCaption(QPainter* painter, const QRect& rect, const QString& text, const QPalette& palette) {
    const QFont font = captionFont();
    const QFontMetrics metrics(font);
    painter->setFont(font);
    painter->setPen(palette.color(QPalette::PlaceholderText));
    const QString words = text.simplified();
    QTextLayout layout(words, font);
    layout.beginLayout();
    for (int i = 0; i < kCaptionLines; ++i) {
        QTextLine line = layout.createLine();
        if (!line.isValid()) {
            break;
        }
        line.setLineWidth(rect.width());
        const bool last = i + 1 == kCaptionLines;
        const QString rest = words.mid(line.textStart());
        const QString shown =
            last ? metrics.elidedText(rest, Qt::ElideRight, rect.width()) : rest.left(line.textLength());
        painter->drawText(
            QRect(rect.left(), rect.top() + i * metrics.lineSpacing(), rect.width(), metrics.height()),
            Qt::AlignHCenter | Qt::AlignTop | Qt::TextSingleLine, shown.trimmed());
    }
    layout.endLayout();
}

void TileDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                         const QModelIndex& index) const {
    if (index.data(PictureModel::PathRole).toString().isEmpty()) {
        return;
    }
    painter->save();
    painter->setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const QPalette& palette = option.palette;
    const TileLayout layout = TileLayout::in(option.rect);
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    const bool hovered = option.state.testFlag(QStyle::State_MouseOver);
    const QRect card = option.rect.adjusted(2, 2, -2, -2);
    if (selected || hovered) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(palette.color(QPalette::Midlight));
        painter->drawRoundedRect(card, kRadius, kRadius);
    }
    drawThumbnail(painter, layout.picture, index, palette);
    drawCaption(painter, layout.caption, index.data(PictureModel::PromptRole).toString(), palette);
    const bool current = option.state.testFlag(QStyle::State_HasFocus);
    if (selected || current) {
        drawRing(painter, card, palette.color(QPalette::Link), 2);
    }
    painter->restore();
}

QSize TileDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const {
    const int width = option.decorationSize.width();
    return {width, TileLayout::heightFor(width)};
}

void StripDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const {
    painter->save();
    painter->setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const QRect room = option.rect.adjusted(4, 4, -4, -4);
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    drawThumbnail(painter, room, index, option.palette);
    if (selected) {
        drawRing(painter, option.rect.adjusted(1, 1, -1, -1), option.palette.color(QPalette::Link), 2);
    }
    painter->restore();
}

QSize StripDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const {
    return {kEdge + 8, kEdge + 8};
}

}  // namespace easel::ui
