// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/server_chip.h"

#include <QPainter>

#include <algorithm>

#include "desktop/remote/local_server.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"
#include "desktop/ui/parts/flat_painting.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/window/address_form.h"
#include "desktop/ui/window/server_popover.h"

namespace easel::ui {

namespace {

using State = remote::ServerLink::State;

constexpr int kDot = 10;
constexpr int kWidest = 52 * kUnit;
constexpr int kShortestName = 6 * kUnit;

}  // namespace

ServerChip::ServerChip(remote::ServerLink& link, remote::Servers& servers, remote::LocalServer& local,
                       cloud::MachineKeeper& keeper, QWidget* parent)
    : QAbstractButton(parent),
      m_link(link),
      m_local(local),
      m_popover(new ServerPopover(link, servers, local, keeper, this)) {
    setObjectName("serverChip");
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(this, &QAbstractButton::clicked, this, &ServerChip::openPopover);
    connect(&m_link, &remote::ServerLink::stateChanged, this, &ServerChip::refresh);
    connect(&m_link, &remote::ServerLink::countdownChanged, this, &ServerChip::refresh);
    connect(&m_link, &remote::ServerLink::infoChanged, this, &ServerChip::refresh);
    connect(&servers, &remote::Servers::changed, this, &ServerChip::refresh);
    connect(&m_local, &remote::LocalServer::stateChanged, this, &ServerChip::refresh);
    connect(&m_popover->form(), &AddressForm::chosen, this, &ServerChip::addressChosen);
    connect(m_popover, &ServerPopover::serverChosen, this, &ServerChip::serverChosen);
    connect(m_popover, &ServerPopover::renameRequested, this, &ServerChip::renameRequested);
    connect(m_popover, &ServerPopover::forgetRequested, this, &ServerChip::forgetRequested);
    connect(m_popover, &ServerPopover::cloudRequested, this, &ServerChip::cloudRequested);
    refresh();
}

void ServerChip::setAddress(const QString& address) {
    m_popover->form().setAddress(address);
    m_isChosen = !address.isEmpty();
    refresh();
}

void ServerChip::showProblem(const QString& sentence) {
    m_popover->form().setProblem(sentence);
    refresh();
}

void ServerChip::setBusy(bool busy) {
    m_popover->form().setBusy(busy);
}

void ServerChip::openPopover() {
    refresh();
    m_popover->openAt(mapToGlobal(QPoint(0, height() + kUnit / 2)));
}

void ServerChip::closePopover() {
    m_popover->hide();
}

void ServerChip::refresh() {
    const bool isQuiet = m_link.problem() && !m_isChosen;
    const QString line = isQuiet ? tr("No server yet") : m_link.describe();
    setText(line);
    setAccessibleName(tr("Server: %1").arg(line));
    setToolTip(details());
    m_popover->refresh(isQuiet ? QString() : details(), !isQuiet);
    updateGeometry();
    update();
}

QString ServerChip::details() const {
    if (isWrong()) {
        return m_link.advice();
    }
    const auto& info = m_link.info();
    if (!info) {
        return tr("Click to choose a server.");
    }
    QStringList lines;
    if (!info->deviceWarning.empty()) {
        lines << tr("Not on the GPU: %1").arg(QString::fromStdString(info->deviceWarning));
    } else if (!info->status.empty()) {
        lines << QString::fromStdString(info->status);
    }
    if (info->paused) {
        lines << tr("Its queue is paused: nothing is begun until somebody resumes it there.");
    }
    if (!info->deviceName.empty()) {
        const QString name = QString::fromStdString(info->deviceName);
        lines << (info->device.empty()
                      ? tr("Draws on %1").arg(name)
                      : tr("Draws on %1 (%2)").arg(name, QString::fromStdString(info->device)));
    }
    lines << tr("Easel server %1").arg(QString::fromStdString(info->version));
    return lines.join('\n');
}

bool ServerChip::isWrong() const {
    return m_link.problem() && m_isChosen;
}

QString ServerChip::shortened(int room) const {
    const QFontMetrics metrics = fontMetrics();
    // Of a name that is too long the beginning will do, but how the server is has to be seen.
    const QString rest = text().mid(m_link.title().size());
    const int left = room - metrics.horizontalAdvance(rest);
    const bool isNamed = !m_link.title().isEmpty() && text().startsWith(m_link.title());
    if (!isNamed || metrics.horizontalAdvance(text()) <= room || left < kShortestName) {
        return metrics.elidedText(text(), Qt::ElideRight, room);
    }
    return metrics.elidedText(m_link.title(), Qt::ElideRight, left) + rest;
}

QColor ServerChip::dotColor() const {
    if (!m_isChosen && m_link.problem()) {
        return palette().color(QPalette::Dark);
    }
    const StatusColors colors = statusColors(palette());
    if (m_link.needsHelp()) {
        return colors.bad;
    }
    switch (m_link.state()) {
        case State::Connected:
        case State::Busy:
            return m_link.info()->paused || !m_link.info()->deviceWarning.empty() ? colors.busy : colors.good;
        case State::NoAddress:
        case State::Connecting:
            return palette().color(QPalette::Dark);
        default:
            return colors.busy;
    }
}

QSize ServerChip::sizeHint() const {
    const int words = fontMetrics().horizontalAdvance(text()) + kDot + 4 * kUnit;
    return {std::min(words, kWidest), kControlHeight};
}

QSize ServerChip::minimumSizeHint() const {
    return {15 * kUnit, kControlHeight};
}

void ServerChip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    drawQuietButton(&painter, *this);
    // A ring where there is no server, a disc where there is one: not by colour alone.
    const QRectF dot(kUnit, (height() - kDot) / 2.0, kDot, kDot);
    painter.setPen(QPen(dotColor(), 2));
    painter.setBrush(m_link.isOnline() ? QBrush(dotColor()) : QBrush(Qt::NoBrush));
    painter.drawEllipse(dot.adjusted(1, 1, -1, -1));
    const bool attention =
        isWrong() || (m_link.isOnline() && (!m_link.info()->ready || !m_link.info()->deviceWarning.empty()));
    painter.setPen(attention ? dotColor() : palette().color(QPalette::WindowText));
    const QRect room = rect().adjusted(kUnit + kDot + kUnit, 0, -kUnit, 0);
    painter.drawText(room, Qt::AlignLeft | Qt::AlignVCenter, shortened(room.width()));
}

}  // namespace easel::ui
