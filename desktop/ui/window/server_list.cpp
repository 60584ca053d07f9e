// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/server_list.h"

#include <QHBoxLayout>
#include <QMenu>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

#include "desktop/remote/address.h"
#include "desktop/remote/servers.h"
#include "desktop/ui/parts/flat_painting.h"
#include "desktop/ui/parts/icons.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

namespace {

constexpr int kRowHeight = 44;
constexpr int kMostRows = 5;
constexpr int kSign = 16;

}  // namespace

ServerRow::ServerRow(const remote::ServerProfile& server, QWidget* parent) : QAbstractButton(parent) {
    setObjectName("serverRow");
    setCheckable(true);
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    setText(server.title());
    // A name that is the address already says nothing twice.
    m_address = server.name.isEmpty() ? QString() : remote::displayName(server.url());
    if (server.gcp) {
        m_address =
            tr("Google Cloud · %1 · %2")
                .arg(QString::fromStdString(server.gcp->project), QString::fromStdString(server.gcp->zone));
    }
    setAccessibleName(m_address.isEmpty() ? text() : tr("%1, %2").arg(text(), m_address));
    setToolTip(server.gcp ? m_address : server.url().toString());
}

QSize ServerRow::sizeHint() const {
    return {20 * kUnit, kRowHeight};
}

void ServerRow::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    drawQuietButton(&painter, *this);
    if (isChecked()) {
        painter.drawPixmap(QPoint(kUnit, (height() - kSign) / 2),
                           iconPixmap(QStringLiteral("check"), palette().color(QPalette::WindowText), kSign,
                                      devicePixelRatioF()));
    }
    QRect room = rect().adjusted(kUnit + kSign + kUnit, 0, -kUnit, 0);
    const auto line = [&](const QFont& font, QPalette::ColorRole role, const QRect& place, int flags,
                          const QString& words) {
        painter.setFont(font);
        painter.setPen(palette().color(role));
        painter.drawText(place, flags | Qt::AlignLeft | Qt::TextSingleLine,
                         QFontMetrics(font).elidedText(words, Qt::ElideRight, place.width()));
    };
    if (m_address.isEmpty()) {
        return line(font(), QPalette::WindowText, room, Qt::AlignVCenter, text());
    }
    const int lines = QFontMetrics(font()).height() + QFontMetrics(captionFont()).height();
    const int edge = std::max(0, (height() - lines) / 2);
    room.adjust(0, edge, 0, -edge);
    line(font(), QPalette::WindowText, room, Qt::AlignTop, text());
    line(captionFont(), QPalette::PlaceholderText, room, Qt::AlignBottom, m_address);
}

ServerList::ServerList(const remote::Servers& servers, QWidget* parent)
    : QScrollArea(parent), m_servers(servers) {
    setObjectName("serverList");
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::NoFocus);
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    auto* rows = new QWidget(this);
    m_rows = new QVBoxLayout(rows);
    m_rows->setContentsMargins(0, 0, 0, 0);
    m_rows->setSpacing(0);
    setWidget(rows);
    viewport()->setAutoFillBackground(false);
    rows->setAutoFillBackground(false);
    connect(&m_servers, &remote::Servers::changed, this, &ServerList::refresh);
    refresh();
}

void ServerList::refresh() {
    const remote::ServerProfile* current = m_servers.current();
    const QString currentId = current != nullptr ? current->id : QString();
    if (m_shown == m_servers.all() && m_shownCurrent == currentId && m_rows->count() > 0) {
        return;  // A row in use must stay.
    }
    m_shown = m_servers.all();
    m_shownCurrent = currentId;
    while (QLayoutItem* item = m_rows->takeAt(0)) {
        // It may be the row that has just been pressed.
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    for (const remote::ServerProfile& server : m_shown) {
        addRow(server);
    }
    setFixedHeight(kRowHeight * std::min<int>(kMostRows, static_cast<int>(m_shown.size())));
    setVisible(!m_shown.isEmpty());
}

void ServerList::addRow(const remote::ServerProfile& server) {
    auto* line = new QWidget(widget());
    auto* choose = new ServerRow(server, line);
    choose->setChecked(server.id == m_shownCurrent);
    auto* more = new QToolButton(line);
    more->setObjectName("serverMenuButton");
    more->setIcon(icon(QStringLiteral("menu")));
    more->setAutoRaise(true);
    more->setFocusPolicy(Qt::StrongFocus);
    more->setToolTip(tr("Rename or forget"));
    more->setAccessibleName(tr("More for %1").arg(server.title()));
    auto* row = new QHBoxLayout(line);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(kUnit / 2);
    row->addWidget(choose, 1);
    row->addWidget(more);
    m_rows->addWidget(line);
    auto* menu = new QMenu(more);
    menu->addAction(tr("&Rename…"), this, [this, id = server.id] { Q_EMIT renameRequested(id); });
    menu->addAction(tr("&Forget…"), this, [this, id = server.id] { Q_EMIT forgetRequested(id); });
    connect(more, &QToolButton::clicked, menu,
            [more, menu] { menu->popup(more->mapToGlobal(more->rect().bottomLeft())); });
    connect(choose, &ServerRow::clicked, this, [this, choose, id = server.id] {
        choose->setChecked(id == m_shownCurrent);  // The list says so when it is.
        Q_EMIT chosen(id);
    });
    line->show();
}

}  // namespace easel::ui
