// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/connect_page.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "desktop/remote/server_link.h"
#include "desktop/ui/address_form.h"
#include "desktop/ui/theme.h"
#include "shared/protocol/routes.h"

namespace easel::ui {

ConnectPage::ConnectPage(const remote::ServerLink& link, QWidget* parent)
    : QuietPage(parent), m_link(link), m_form(new AddressForm(this)) {
    setObjectName("connectPage");
    auto* here = new QPushButton(tr("Use this computer"), this);
    here->setObjectName("useThisComputerButton");
    column()->addWidget(m_form);
    column()->addSpacing(kUnit);
    column()->addWidget(here);
    QLabel* hint = captionLabel(tr("On the computer that draws, start: easel-server serve"), this);
    hint->setAlignment(Qt::AlignHCenter);
    hint->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column()->addWidget(hint);
    connect(m_form, &AddressForm::chosen, this, &ConnectPage::chosen);
    connect(here, &QPushButton::clicked, this,
            [this] { Q_EMIT chosen(QStringLiteral("127.0.0.1:%1").arg(protocol::routes::kDefaultPort)); });
}

void ConnectPage::refresh(const QString& address) {
    using State = remote::ServerLink::State;
    m_form->setAddress(address);
    if (m_link.state() == State::Connecting || m_link.state() == State::NoAddress)
        m_form->setProblem({});
    else if (m_link.problem())
        m_form->setProblem(QString::fromStdString(m_link.problem()->detail));
    setWords(tr("Connect to a server"),
             tr("Easel draws on a server: this computer, or a machine with a GPU. Your pictures stay here."));
}

}  // namespace easel::ui
