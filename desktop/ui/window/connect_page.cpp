// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/connect_page.h"

#include <QLabel>
#include <QVBoxLayout>

#include "desktop/remote/server_link.h"
#include "desktop/ui/parts/measures.h"
#include "desktop/ui/window/address_form.h"
#include "desktop/ui/window/local_door.h"

namespace easel::ui {

ConnectPage::ConnectPage(const remote::ServerLink& link, remote::LocalServer& local, QWidget* parent)
    : QuietPage(parent), m_link(link), m_here(new LocalDoor(local, this)), m_form(new AddressForm(this)) {
    setObjectName("connectPage");
    m_here->findChild<QLabel*>()->setAlignment(Qt::AlignHCenter);
    column()->addWidget(m_here);
    column()->addSpacing(kMargin);
    column()->addWidget(m_form);
    connect(m_form, &AddressForm::chosen, this, &ConnectPage::chosen);
    setWords(tr("Connect to a server"),
             tr("Easel draws on a server: this computer, or a machine with a GPU. Your pictures stay here."));
}

void ConnectPage::refresh(const QString& address) {
    m_form->setAddress(address);
    m_here->setInvitation(address.isEmpty()
                              ? tr("No server is running on this computer yet.")
                              : tr("Starts a server here, with the small model of Easel's own."));
    // That no server runs where nobody has looked for one is no fault.
    const bool wrong = m_link.problem() && !address.isEmpty();
    m_form->setProblem(wrong ? m_link.advice() : QString());
}

void ConnectPage::showProblem(const QString& sentence) {
    m_form->setProblem(sentence);
}

}  // namespace easel::ui
