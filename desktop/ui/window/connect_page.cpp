// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/connect_page.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "desktop/remote/server_link.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/window/address_form.h"
#include "desktop/ui/window/local_door.h"
#include "desktop/ui/window/trust_note.h"

namespace easel::ui {

ConnectPage::ConnectPage(const remote::ServerLink& link, remote::Servers& servers, remote::LocalServer& local,
                         QWidget* parent)
    : QuietPage(parent),
      m_link(link),
      m_here(new LocalDoor(local, this)),
      m_cloud(new QWidget(this)),
      m_trust(new TrustNote(link, servers, this)),
      m_form(new AddressForm(this)) {
    setObjectName("connectPage");
    m_here->findChild<QLabel*>()->setAlignment(Qt::AlignHCenter);
    column()->addWidget(m_here);
    column()->addSpacing(kMargin);
    column()->addWidget(m_form);
    column()->addWidget(m_trust);
    auto* cloud = new QPushButton(tr("New machine on Google Cloud…"), m_cloud);
    cloud->setObjectName("newMachineButton");
    cloud->setAutoDefault(false);
    auto* about = captionLabel(tr("With a GPU, by the hour. You see the price first."), m_cloud);
    about->setAlignment(Qt::AlignHCenter);
    auto* door = new QVBoxLayout(m_cloud);
    door->setContentsMargins(0, kMargin, 0, 0);
    door->setSpacing(kUnit / 2);
    door->addWidget(cloud);
    door->addWidget(about);
    column()->addWidget(m_cloud);
    connect(cloud, &QPushButton::clicked, this, &ConnectPage::cloudRequested);
    connect(m_trust, &TrustNote::forgetRequested, this, &ConnectPage::forgetRequested);
    connect(m_form, &AddressForm::chosen, this, &ConnectPage::chosen);
    setWords(tr("Connect to a server"), tr("Easel draws on a server: this computer, or a machine with a GPU. "
                                           "“easel-server pair” prints a code there "
                                           "to paste here. Your pictures stay here."));
}

void ConnectPage::refresh(const QString& address) {
    m_form->setAddress(address);
    m_here->setInvitation(address.isEmpty()
                              ? tr("No server is running on this computer yet.")
                              : tr("Starts a server here, with the small model of Easel's own."));
    // That no server runs where nobody has looked for one is no fault, nor that a machine is off.
    const bool wrong =
        m_link.problem() && !address.isEmpty() && m_link.problem()->code != remote::kMachineStopped;
    m_form->setTrouble(wrong ? m_link.advice() : QString());
    m_trust->refresh();
    using State = remote::ServerLink::State;
    const bool asksForTrust =
        m_link.state() == State::CertificateUnknown || m_link.state() == State::CertificateChanged;
    setDrawingShown(!asksForTrust);
    m_here->setVisible(!asksForTrust);
    m_cloud->setVisible(!asksForTrust);
}

void ConnectPage::setBusy(bool busy) {
    m_form->setBusy(busy);
}

void ConnectPage::showProblem(const QString& sentence) {
    m_form->setProblem(sentence);
}

}  // namespace easel::ui
