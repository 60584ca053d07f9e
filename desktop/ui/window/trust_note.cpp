// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/trust_note.h"

#include <QFontDatabase>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "desktop/remote/fingerprint.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

using State = remote::ServerLink::State;

namespace {

constexpr int kPrintLines = 4;  // of remote::inGroups

QLabel* printLabel(const char* name, QWidget* parent) {
    auto* label = new QLabel(parent);
    label->setObjectName(QLatin1String(name));
    label->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    label->setTextFormat(Qt::PlainText);
    // All of it is to be compared.
    label->setMinimumHeight(kPrintLines * label->fontMetrics().lineSpacing());
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

}  // namespace

TrustNote::TrustNote(const remote::ServerLink& link, remote::Servers& servers, QWidget* parent)
    : QWidget(parent),
      m_link(link),
      m_servers(servers),
      m_before(captionLabel(tr("Trusted until now:"), this)),
      m_beforePrint(printLabel("trustedPrint", this)),
      m_now(captionLabel({}, this)),
      m_nowPrint(printLabel("presentedPrint", this)),
      m_where(captionLabel(tr("“easel-server pair” shows it on the server."), this)),
      m_trust(new QPushButton(tr("Trust this server"), this)),
      m_forget(new QPushButton(tr("Forget this server…"), this)) {
    m_trust->setObjectName("trustButton");
    m_forget->setObjectName("forgetChangedButton");
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    // Side by side they are compared at a glance.
    auto* prints = new QGridLayout;
    prints->setHorizontalSpacing(kMargin);
    prints->setVerticalSpacing(kUnit / 2);
    prints->addWidget(m_before, 0, 0);
    prints->addWidget(m_beforePrint, 1, 0);
    prints->addWidget(m_now, 0, 1);
    prints->addWidget(m_nowPrint, 1, 1);
    prints->setColumnStretch(1, 1);
    column->addLayout(prints);
    column->addWidget(m_where);
    for (QLabel* label : {m_before, m_now, m_where}) {
        label->setTextFormat(Qt::PlainText);
    }
    m_before->setWordWrap(false);
    m_now->setWordWrap(false);
    column->addSpacing(kUnit / 2);
    for (QPushButton* button : {m_trust, m_forget}) {
        button->setAutoDefault(false);
        column->addWidget(button, 0, Qt::AlignLeft);
    }
    connect(m_trust, &QPushButton::clicked, this, [this] { m_servers.trust(); });
    connect(m_forget, &QPushButton::clicked, this, [this] {
        if (const remote::ServerProfile* server = m_servers.current()) {
            Q_EMIT forgetRequested(server->id);
        }
    });
    refresh();
}

void TrustNote::refresh() {
    const bool isUnknown = m_link.state() == State::CertificateUnknown;
    const bool isChanged = m_link.state() == State::CertificateChanged;
    const remote::ServerProfile* server = m_servers.current();
    setVisible(server != nullptr && (isUnknown || isChanged));
    if (server == nullptr) {
        return;
    }
    m_beforePrint->setText(remote::inGroups(server->fingerprint));
    m_now->setText(isChanged ? tr("Shown now:") : tr("The fingerprint of its certificate:"));
    const QString presented = remote::inGroups(m_link.presented());
    // Set anew it would lose what a person has selected to compare.
    if (m_nowPrint->text() != presented) {
        m_nowPrint->setText(presented);
    }
    m_before->setVisible(isChanged);
    m_beforePrint->setVisible(isChanged);
    m_where->setVisible(isUnknown);
    m_trust->setVisible(isUnknown);
    m_forget->setVisible(isChanged);
}

}  // namespace easel::ui
