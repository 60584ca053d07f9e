// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/pending_card.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QPainter>
#include <QToolButton>

#include "desktop/ui/icons.h"
#include "desktop/ui/theme.h"
#include "desktop/ui/tile_delegate.h"

namespace easel::ui {

namespace {

constexpr int kButton = 28;
constexpr int kProgressHeight = 4;

}  // namespace

PendingCard::PendingCard(const gallery::PendingTile& tile, QWidget* parent)
    : QWidget(parent),
      m_close(button("cancelButton", QStringLiteral("close"), tr("Cancel"))),
      m_retry(button("retryButton", QStringLiteral("retry"), tr("Retry"))),
      m_copy(button("copyDetailsButton", QStringLiteral("copy"), tr("Copy details"))) {
    m_retry->setText(tr("Retry"));
    m_retry->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    connect(m_close, &QToolButton::clicked, this, [this] {
        if (failed())
            Q_EMIT dismissRequested(m_tile.id);
        else
            Q_EMIT cancelRequested(m_tile.id);
    });
    connect(m_retry, &QToolButton::clicked, this, [this] { Q_EMIT retryRequested(m_tile.id); });
    connect(m_copy, &QToolButton::clicked, this, &PendingCard::copyDetails);
    setTile(tile);
}

QToolButton* PendingCard::button(const char* name, const QString& iconName, const QString& tip) {
    auto* made = new QToolButton(this);
    made->setObjectName(name);
    made->setIcon(icon(iconName));
    made->setIconSize({16, 16});
    made->setToolTip(tip);
    made->setAccessibleName(tip);
    made->setAutoRaise(true);
    made->setFocusPolicy(Qt::StrongFocus);
    return made;
}

void PendingCard::setTile(const gallery::PendingTile& tile) {
    m_tile = tile;
    const QString close = failed() ? tr("Dismiss") : tr("Cancel");
    m_close->setObjectName(failed() ? "dismissButton" : "cancelButton");
    m_close->setToolTip(close);
    m_close->setAccessibleName(close);
    m_close->setEnabled(tile.state != gallery::PendingTile::State::Stopping);
    m_retry->setVisible(failed());
    m_copy->setVisible(failed());
    setToolTip(tile.error ? QString::fromStdString(tile.error->detail) : tile.prompt);
    setAccessibleName(QStringLiteral("%1. %2").arg(tile.prompt, tile.note));
    placeButtons();
    update();
}

void PendingCard::setSelected(bool selected) {
    m_selected = selected;
    update();
}

void PendingCard::resizeEvent(QResizeEvent*) {
    placeButtons();
}

void PendingCard::placeButtons() {
    const QRect area = ground();
    m_close->setGeometry(area.right() - kButton - 3, area.top() + 4, kButton, kButton);
    const int y = area.bottom() - kButton - kUnit;
    const int retry = m_retry->sizeHint().width();
    const int left = area.center().x() - (retry + kUnit / 2 + kButton) / 2;
    m_retry->setGeometry(left, y, retry, kButton);
    m_copy->setGeometry(left + retry + kUnit / 2, y, kButton, kButton);
}

QRect PendingCard::ground() const {
    const QRect area = TileLayout::in(rect()).picture;
    // A failed tile needs room for its reason, whatever shape the picture would have had.
    return failed() ? area : fittedInto(area, m_tile.size);
}

void PendingCard::copyDetails() {
    QString details = m_tile.prompt;
    if (m_tile.error)
        details = tr("%1\n%2 (%3)\nPrompt: %4")
                      .arg(QString::fromStdString(m_tile.error->title),
                           QString::fromStdString(m_tile.error->detail),
                           QString::fromStdString(m_tile.error->code), m_tile.prompt);
    QGuiApplication::clipboard()->setText(details);
}

void PendingCard::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRect area = ground();
    const QColor line = failed() ? statusColors(palette()).bad : palette().color(QPalette::Mid);
    painter.setPen(QPen(m_selected ? palette().color(QPalette::Link) : line, m_selected ? 2 : 1));
    painter.setBrush(palette().color(QPalette::AlternateBase));
    painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
    if (!failed())
        paintProgress(painter, area);
    paintWords(painter, area);
    drawCaption(&painter, TileLayout::in(rect()).caption, m_tile.prompt, palette());
}

void PendingCard::paintProgress(QPainter& painter, const QRect& area) const {
    if (m_tile.steps <= 0)
        return;
    const QRectF track(area.left() + kUnit, area.bottom() - kUnit - kProgressHeight, area.width() - 2 * kUnit,
                       kProgressHeight);
    QRectF done = track;
    done.setWidth(track.width() * std::min(1.0, double(m_tile.step) / m_tile.steps));
    painter.setPen(Qt::NoPen);
    painter.setBrush(palette().color(QPalette::Mid));
    painter.drawRoundedRect(track, 2, 2);
    painter.setBrush(palette().color(QPalette::Link));
    painter.drawRoundedRect(done, 2, 2);
}

void PendingCard::paintWords(QPainter& painter, const QRect& area) const {
    const QFont font = captionFont();
    const QFontMetrics metrics(font);
    QRect room = area.adjusted(kUnit, kUnit / 2 + kButton, -kUnit,
                               -kUnit - (failed() ? kButton : kProgressHeight) - 4);
    painter.setFont(font);
    if (failed()) {
        const QColor bad = statusColors(palette()).bad;
        painter.drawPixmap(area.left() + kUnit, area.top() + kUnit,
                           iconPixmap(QStringLiteral("warning"), bad, kIconSize, devicePixelRatioF()));
        painter.setPen(bad);
        painter.drawText(QRect(area.left() + kUnit + 24, area.top() + kUnit, area.width() - 72, kIconSize),
                         Qt::AlignLeft | Qt::AlignVCenter, tr("Failed"));
        painter.setPen(palette().color(QPalette::Text));
        const QString reason = m_tile.error ? QString::fromStdString(m_tile.error->detail) : m_tile.note;
        // Whole lines only: half a line at the edge looks broken.
        room.setHeight(room.height() / metrics.lineSpacing() * metrics.lineSpacing());
        painter.drawText(room, Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, reason);
        return;
    }
    painter.setPen(palette().color(QPalette::Text));
    QRect needed = metrics.boundingRect(room, Qt::AlignHCenter | Qt::TextWordWrap, m_tile.note);
    needed.moveTop(std::max(room.top(), area.center().y() - needed.height() / 2));
    painter.drawText(QRect(room.left(), needed.top(), room.width(), needed.height()),
                     Qt::AlignHCenter | Qt::AlignTop | Qt::TextWordWrap, m_tile.note);
}

}  // namespace easel::ui
