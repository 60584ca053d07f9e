// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/server_chip.h"

#include <QCheckBox>
#include <QFrame>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "desktop/remote/local_server.h"
#include "desktop/remote/server_link.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/window/address_form.h"
#include "desktop/ui/window/local_door.h"

namespace easel::ui {

namespace {

using State = remote::ServerLink::State;

constexpr int kDot = 10;
constexpr int kPopoverWidth = 360;

}  // namespace

ServerChip::ServerChip(remote::ServerLink& link, remote::LocalServer& local, QWidget* parent)
    : QAbstractButton(parent), m_link(link), m_local(local), m_popover(buildPopover()) {
    setObjectName("serverChip");
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(this, &QAbstractButton::clicked, this, &ServerChip::openPopover);
    connect(&m_link, &remote::ServerLink::stateChanged, this, &ServerChip::refresh);
    connect(&m_link, &remote::ServerLink::countdownChanged, this, &ServerChip::refresh);
    connect(&m_link, &remote::ServerLink::infoChanged, this, &ServerChip::refresh);
    connect(&m_local, &remote::LocalServer::stateChanged, this, &ServerChip::refresh);
    refresh();
}

QFrame* ServerChip::buildPopover() {
    auto* popover = new QFrame(this, Qt::Popup);
    popover->setObjectName("serverPopover");
    popover->setFrameShape(QFrame::StyledPanel);
    popover->setFixedWidth(kPopoverWidth);
    m_form = new AddressForm(popover);
    m_details = captionLabel({}, popover);
    m_details->setObjectName("serverDetails");
    m_tryNow = new QPushButton(tr("Try now"), popover);
    m_tryNow->setObjectName("tryNowButton");
    auto* column = new QVBoxLayout(popover);
    column->setSpacing(kUnit);
    column->addWidget(m_form);
    column->addWidget(m_details);
    column->addWidget(m_tryNow, 0, Qt::AlignLeft);
    m_keep = new QCheckBox(tr("Keep it running after Easel closes"), popover);
    m_keep->setObjectName("keepRunningBox");
    m_keep->setChecked(m_local.keepsRunning());
    column->addSpacing(kUnit);
    column->addWidget(new LocalDoor(m_local, popover));
    column->addWidget(m_keep);
    connect(m_keep, &QCheckBox::toggled, &m_local, &remote::LocalServer::setKeepsRunning);
    connect(m_form, &AddressForm::chosen, this, &ServerChip::addressChosen);
    connect(m_tryNow, &QAbstractButton::clicked, this, [this] { m_link.tryNow(); });
    return popover;
}

void ServerChip::setAddress(const QString& address) {
    m_form->setAddress(address);
    m_isChosen = !address.isEmpty();
    refresh();
}

void ServerChip::showProblem(const QString& sentence) {
    m_form->setProblem(sentence);
    m_popover->adjustSize();
}

void ServerChip::openPopover() {
    refresh();
    m_popover->adjustSize();
    m_popover->move(mapToGlobal(QPoint(0, height() + kUnit / 2)));
    m_popover->show();
    m_form->focusAddress();
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
    m_details->setText(details());
    m_tryNow->setVisible(!m_link.isOnline() && m_link.problem());
    m_keep->setVisible(m_local.isOurs());
    if (m_popover->isVisible()) {
        m_popover->adjustSize();
    }
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
    if (!info->status.empty()) {
        lines << QString::fromStdString(info->status);
    }
    if (info->paused) {
        lines << tr("Its queue is paused: nothing is begun until somebody resumes it there.");
    }
    if (!info->deviceName.empty()) {
        lines << tr("Draws on %1 (%2)")
                     .arg(QString::fromStdString(info->deviceName), QString::fromStdString(info->device));
    }
    lines << tr("Easel server %1").arg(QString::fromStdString(info->version));
    return lines.join('\n');
}

bool ServerChip::isWrong() const {
    return m_link.problem() && m_isChosen;
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
            return m_link.info()->paused ? colors.busy : colors.good;
        case State::NoAddress:
        case State::Connecting:
            return palette().color(QPalette::Dark);
        default:
            return colors.busy;
    }
}

QSize ServerChip::sizeHint() const {
    return {fontMetrics().horizontalAdvance(text()) + kDot + 4 * kUnit, kControlHeight};
}

QSize ServerChip::minimumSizeHint() const {
    return {15 * kUnit, kControlHeight};
}

void ServerChip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    if (underMouse() || isDown()) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(palette().color(QPalette::Midlight));
        painter.drawRoundedRect(box, kRadius, kRadius);
    }
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(palette().color(QPalette::Link), 2));
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), kRadius, kRadius);
    }
    // A ring where there is no server, a disc where there is one: not by colour alone.
    const QRectF dot(kUnit, (height() - kDot) / 2.0, kDot, kDot);
    painter.setPen(QPen(dotColor(), 2));
    painter.setBrush(m_link.isOnline() ? QBrush(dotColor()) : QBrush(Qt::NoBrush));
    painter.drawEllipse(dot.adjusted(1, 1, -1, -1));
    const bool attention = isWrong() || (m_link.isOnline() && !m_link.info()->ready);
    painter.setPen(attention ? dotColor() : palette().color(QPalette::WindowText));
    const QRect room = rect().adjusted(kUnit + kDot + kUnit, 0, -kUnit, 0);
    painter.drawText(room, Qt::AlignLeft | Qt::AlignVCenter,
                     fontMetrics().elidedText(text(), Qt::ElideRight, room.width()));
}

}  // namespace easel::ui
