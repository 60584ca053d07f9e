// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/library/pending_card.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QPainter>
#include <QPainterPath>
#include <QTextLayout>
#include <QToolButton>

#include <algorithm>

#include "desktop/ui/library/tile_delegate.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

constexpr int kButton = 28;
constexpr int kProgressHeight = 4;
/// A picture narrower than this has no room for words.
constexpr int kNarrowest = 14 * kUnit;

/// Of words over a picture.
constexpr int kFootLines = 2;
constexpr int kVeil = 220;  ///< alpha; words can be read through it on white and on black

QColor veil(const QPalette& palette) {
    QColor color = palette.color(QPalette::Window);
    color.setAlpha(kVeil);
    return color;
}

/// `text` in lines of at most `width`, no more than `most`; the last ends with an ellipsis where there is
/// more.
QStringList linesOf(const QString& text, const QFont& font, int width, int most) {
    QTextLayout layout(text, font);
    layout.setTextOption([] {
        QTextOption option;
        option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
        return option;
    }());
    QStringList lines;
    layout.beginLayout();
    for (QTextLine line = layout.createLine(); line.isValid(); line = layout.createLine()) {
        line.setLineWidth(width);
        if (lines.size() + 1 == most) {
            lines << QFontMetrics(font).elidedText(text.mid(line.textStart()), Qt::ElideRight, width);
            break;
        }
        lines << text.mid(line.textStart(), line.textLength()).trimmed();
    }
    layout.endLayout();
    return lines;
}

/// The width of `button` with its word, or without where `room` is too narrow.
int widthIn(int room, QToolButton* button) {
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    if (button->sizeHint().width() > room) {
        button->setToolButtonStyle(Qt::ToolButtonIconOnly);
    }
    return std::min(button->sizeHint().width(), room);
}

}  // namespace

PendingCard::PendingCard(const gallery::PendingTile& tile, QWidget* parent)
    : QWidget(parent),
      m_preview(*this),
      m_close(button("cancelButton", QStringLiteral("close"), tr("Cancel"))),
      m_retry(button("retryButton", QStringLiteral("retry"), tr("Retry"))),
      m_copy(button("copyDetailsButton", QStringLiteral("copy"), tr("Copy details"))),
      m_fetchModel(button("fetchModelButton", QStringLiteral("export"), tr("Get the model"))),
      m_sendHere(button("sendHereButton", QStringLiteral("server"), tr("Send to this server"))) {
    m_retry->setText(tr("Retry"));
    m_fetchModel->setText(tr("Get the model"));
    m_sendHere->setText(tr("Send to this server"));
    connect(m_fetchModel, &QToolButton::clicked, this, [this] { Q_EMIT fetchModelRequested(m_tile.id); });
    connect(m_sendHere, &QToolButton::clicked, this, [this] { Q_EMIT sendHereRequested(m_tile.id); });
    connect(m_close, &QToolButton::clicked, this, [this] {
        if (failed() || isStuck()) {
            Q_EMIT dismissRequested(m_tile.id);
        } else {
            Q_EMIT cancelRequested(m_tile.id);
        }
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
    m_preview.setImage(tile.preview);
    const bool dismisses = failed() || isStuck();
    const QString close = dismisses ? tr("Dismiss") : tr("Cancel");
    m_close->setObjectName(dismisses ? "dismissButton" : "cancelButton");
    m_close->setToolTip(close);
    m_close->setAccessibleName(close);
    m_close->setEnabled(dismisses || tile.state != gallery::PendingTile::State::Stopping);
    m_retry->setVisible(failed());
    m_copy->setVisible(failed());
    m_fetchModel->setVisible(tile.canFetchModel);
    m_sendHere->setVisible(tile.canSendHere);
    setToolTip(tile.error ? QString::fromStdString(tile.error->detail) : held() ? tile.note : tile.prompt);
    setAccessibleName(QStringLiteral("%1. %2").arg(tile.prompt, tile.note));
    placeButtons();
    update();
}

void PendingCard::setSelected(bool selected) {
    m_selected = selected;
    update();
}

void PendingCard::setCurrent(bool current) {
    if (current == m_current) {
        return;
    }
    m_current = current;
    update();
}

void PendingCard::resizeEvent(QResizeEvent*) {
    placeButtons();
}

void PendingCard::placeButtons() {
    const QRect area = ground();
    m_close->setGeometry(area.right() - kButton - 3, area.top() + 4, kButton, kButton);
    const int y = area.bottom() - kButton - kUnit;
    const int room = area.width() - 2 * kUnit;
    const int retry = widthIn(room - kUnit / 2 - kButton, m_retry);
    const int left = area.center().x() - (retry + kUnit / 2 + kButton) / 2;
    m_retry->setGeometry(left, y, retry, kButton);
    m_copy->setGeometry(left + retry + kUnit / 2, y, kButton, kButton);
    for (QToolButton* alone : {m_fetchModel, m_sendHere}) {
        const int width = widthIn(room, alone);
        alone->setGeometry(area.center().x() - width / 2, y, width, kButton);
    }
}

QRect PendingCard::ground() const {
    const QRect area = TileLayout::in(rect()).picture;
    const QRect shape = fittedInto(area, m_tile.size);
    // A reason needs room, whatever shape the picture would have had; words do, too.
    const bool wide = std::min(shape.width(), shape.height()) >= kNarrowest;
    return wide && !failed() && !held() && !m_tile.canSendHere ? shape : area;
}

void PendingCard::copyDetails() {
    QString details = m_tile.prompt;
    if (m_tile.error) {
        details = tr("%1\n%2 (%3)\nPrompt: %4")
                      .arg(QString::fromStdString(m_tile.error->title),
                           QString::fromStdString(m_tile.error->detail),
                           QString::fromStdString(m_tile.error->code), m_tile.prompt);
    }
    QGuiApplication::clipboard()->setText(details);
}

void PendingCard::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRect area = ground();
    const QColor line = failed() ? statusColors(palette()).bad : palette().color(QPalette::Mid);
    const bool ringed = m_selected || m_current;
    painter.setPen(QPen(ringed ? palette().color(QPalette::Link) : line, ringed ? 2 : 1));
    painter.setBrush(palette().color(QPalette::AlternateBase));
    painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
    if (showsPreview()) {
        const QPen ring = painter.pen();
        paintPreview(painter, area);
        painter.setPen(ring);
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
    } else {
        paintWords(painter, area);
    }
    if (!failed()) {
        paintProgress(painter, area);
    }
    drawCaption(&painter, TileLayout::in(rect()).caption, m_tile.prompt, palette());
}

bool PendingCard::showsPreview() const {
    return !m_preview.isEmpty() && !failed() && !held() && !m_tile.canSendHere;
}

void PendingCard::paintPreview(QPainter& painter, const QRect& area) {
    QPainterPath shape;
    shape.addRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
    painter.save();
    painter.setClipPath(shape);
    m_preview.paint(painter, fittedInto(area, m_tile.size));
    paintFoot(painter, area);
    painter.restore();
    painter.setPen(Qt::NoPen);
    painter.setBrush(veil(palette()));
    painter.drawRoundedRect(m_close->geometry(), kRadius, kRadius);
}

/// The words beneath the picture, on a veil: a picture has any colours.
void PendingCard::paintFoot(QPainter& painter, const QRect& area) const {
    const QFont font = captionFont();
    painter.setFont(font);
    const int spacing = painter.fontMetrics().lineSpacing();
    const QStringList lines = linesOf(m_tile.note, font, area.width() - 2 * kUnit, kFootLines);
    const int height = int(lines.size()) * spacing + kProgressHeight + 5 * kUnit / 2;
    const QRect foot(area.left(), area.bottom() + 1 - height, area.width(), height);
    painter.fillRect(foot, veil(palette()));
    painter.setPen(palette().color(QPalette::Text));
    int y = foot.top() + kUnit / 2;
    for (const QString& line : lines) {
        painter.drawText(QRect(foot.left(), y, foot.width(), spacing), Qt::AlignHCenter | Qt::TextSingleLine,
                         line);
        y += spacing;
    }
}

void PendingCard::paintProgress(QPainter& painter, const QRect& area) const {
    if (m_tile.steps <= 0 || m_tile.isAway) {
        return;
    }
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
    const int foot = failed() || m_tile.canSendHere || m_tile.canFetchModel ? kButton : kProgressHeight;
    const QRect room = area.adjusted(kUnit, kUnit / 2 + kButton, -kUnit, -kUnit - foot - 4);
    painter.setFont(font);
    if (failed()) {
        const QColor bad = statusColors(palette()).bad;
        painter.drawPixmap(area.left() + kUnit, area.top() + kUnit,
                           iconPixmap(QStringLiteral("warning"), bad, kIconSize, devicePixelRatioF()));
        painter.setPen(bad);
        painter.drawText(QRect(area.left() + kUnit + 24, area.top() + kUnit, area.width() - 72, kIconSize),
                         Qt::AlignLeft | Qt::AlignVCenter, tr("Failed"));
    }
    painter.setPen(palette().color(QPalette::Text));
    const QString words =
        failed() && m_tile.error ? QString::fromStdString(m_tile.error->detail) : m_tile.note;
    const int spacing = painter.fontMetrics().lineSpacing();
    const QStringList lines = linesOf(words, font, room.width(), std::max(1, room.height() / spacing));
    const int height = int(lines.size()) * spacing;
    int y = failed() ? room.top() : std::max(room.top(), area.center().y() - height / 2);
    for (const QString& line : lines) {
        const auto side = failed() ? Qt::AlignLeft : Qt::AlignHCenter;
        painter.drawText(QRect(room.left(), y, room.width(), spacing), side | Qt::TextSingleLine, line);
        y += spacing;
    }
}

}  // namespace easel::ui
