// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/server_popover.h"

#include <QCheckBox>
#include <QLabel>
#include <QPushButton>
#include <QScreen>
#include <QVBoxLayout>

#include "desktop/cloud/machine_keeper.h"
#include "desktop/remote/local_server.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"
#include "desktop/ui/cloud/machine_note.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/window/address_form.h"
#include "desktop/ui/window/local_door.h"
#include "desktop/ui/window/server_list.h"
#include "desktop/ui/window/trust_note.h"

namespace easel::ui {

namespace {

constexpr int kWidth = 360;

}  // namespace

ServerPopover::ServerPopover(remote::ServerLink& link, remote::Servers& servers, remote::LocalServer& local,
                             cloud::MachineKeeper& keeper, QWidget* parent)
    : QFrame(parent, Qt::Popup),
      m_link(link),
      m_local(local),
      m_details(captionLabel({}, this)),
      m_trust(new TrustNote(link, servers, this)),
      m_tryNow(new QPushButton(tr("Try now"), this)),
      m_machine(new MachineNote(keeper, this)),
      m_form(new AddressForm(this)),
      m_keep(new QCheckBox(tr("Keep it running after Easel closes"), this)) {
    setObjectName("serverPopover");
    setFrameShape(QFrame::StyledPanel);
    setFixedWidth(kWidth);
    m_details->setObjectName("serverDetails");
    m_details->setTextFormat(Qt::PlainText);
    m_tryNow->setObjectName("tryNowButton");
    m_keep->setObjectName("keepRunningBox");
    m_keep->setChecked(m_local.keepsRunning());
    auto* list = new ServerList(servers, this);
    auto* column = new QVBoxLayout(this);
    column->setSpacing(kUnit);
    column->addWidget(list);
    column->addWidget(m_details);
    column->addWidget(m_trust);
    column->addWidget(m_tryNow, 0, Qt::AlignLeft);
    column->addWidget(m_machine);
    column->addSpacing(kUnit);
    column->addWidget(m_form);
    column->addSpacing(kUnit);
    column->addWidget(new LocalDoor(m_local, this));
    column->addWidget(m_keep);
    auto* cloud = new QPushButton(tr("Machines on Google Cloud…"), this);
    cloud->setObjectName("cloudButton");
    cloud->setAutoDefault(false);
    column->addWidget(cloud);
    connect(cloud, &QPushButton::clicked, this, [this] {
        hide();
        Q_EMIT cloudRequested();
    });
    connect(&keeper, &cloud::MachineKeeper::changed, this, [this] {
        if (m_machine->refresh() && isVisible()) {
            fit();
        }
    });
    connect(m_keep, &QCheckBox::toggled, &m_local, &remote::LocalServer::setKeepsRunning);
    connect(m_tryNow, &QPushButton::clicked, this, [this] { m_link.tryNow(); });
    connect(list, &ServerList::chosen, this, &ServerPopover::serverChosen);
    connect(list, &ServerList::renameRequested, this, &ServerPopover::renameRequested);
    connect(list, &ServerList::forgetRequested, this, &ServerPopover::forgetRequested);
    connect(m_trust, &TrustNote::forgetRequested, this, &ServerPopover::forgetRequested);
}

void ServerPopover::openAt(const QPoint& anchor) {
    move(anchor);
    fit();
    show();
    m_form->focusAddress();
}

void ServerPopover::refresh(const QString& details, bool isChosen) {
    m_details->setText(details);
    m_details->setVisible(!details.isEmpty());
    m_trust->refresh();
    m_tryNow->setVisible(isChosen && m_link.problem() && m_link.triesHelp());
    QPalette colors = palette();
    if (m_link.needsHelp()) {
        colors.setColor(QPalette::PlaceholderText, statusColors(colors).bad);
    }
    m_details->setPalette(colors);
    m_keep->setVisible(m_local.isOurs());
    if (isVisible()) {
        fit();
    }
}

void ServerPopover::fit() {
    // Lines that wrap know their height only at the width that they have.
    layout()->activate();
    resize(width(), std::max(sizeHint().height(), layout()->heightForWidth(width())));
}

}  // namespace easel::ui
