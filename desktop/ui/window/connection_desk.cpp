// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/connection_desk.h"

#include <QInputDialog>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>

#include <algorithm>
#include <utility>

#include "desktop/remote/address.h"
#include "desktop/remote/connection_code.h"
#include "desktop/remote/local_server.h"
#include "desktop/remote/servers.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/window/connect_page.h"
#include "desktop/ui/window/server_chip.h"

namespace easel::ui {

using State = remote::ServerLink::State;

namespace {

constexpr int kLongestName = 80;

/// A question with one thing to do, which is not what Return does.
QPushButton* ask(QWidget* window, const char* name, const QString& title, const QString& text,
                 const QString& more, const QString& yes, QMessageBox::ButtonRole role) {
    auto* question = new QMessageBox(window);
    question->setObjectName(QLatin1String(name));
    question->setWindowTitle(title);
    question->setTextFormat(Qt::PlainText);
    question->setText(text);
    question->setInformativeText(more);
    question->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton* go = question->addButton(yes, role);
    QPushButton* no = question->addButton(QObject::tr("Cancel"), QMessageBox::RejectRole);
    question->setDefaultButton(no);
    question->setEscapeButton(no);
    question->open();
    return go;
}

}  // namespace

ConnectionDesk::ConnectionDesk(Collaborators collaborators)
    : QObject(collaborators.window), m_deps(collaborators) {
    using remote::Servers;
    connect(&m_deps.chip, &ServerChip::addressChosen, this, &ConnectionDesk::enter);
    connect(&m_deps.page, &ConnectPage::chosen, this, &ConnectionDesk::enter);
    connect(&m_deps.chip, &ServerChip::serverChosen, this, &ConnectionDesk::use);
    connect(&m_deps.chip, &ServerChip::renameRequested, this, &ConnectionDesk::rename);
    connect(&m_deps.chip, &ServerChip::forgetRequested, this, &ConnectionDesk::forget);
    connect(&m_deps.page, &ConnectPage::forgetRequested, this, &ConnectionDesk::forget);
    connect(&m_deps.local, &remote::LocalServer::ready, this, [this](const QString& address) {
        if (servers().useThisComputer(address)) {
            m_deps.chip.closePopover();
        }
    });
    connect(&servers(), &Servers::changed, this, &ConnectionDesk::refresh);
    connect(&servers(), &Servers::pairingFailed, this,
            [this](const protocol::Problem& problem) { fail(QString::fromStdString(problem.detail)); });
    connect(&servers(), &Servers::paired, this, [this](const QString& title) {
        fail({});
        m_deps.chip.closePopover();
        Q_EMIT paired(tr("Paired with %1").arg(title));
    });
    connect(&servers(), &Servers::keyNotKept, this, [this](const QString& title) {
        Q_EMIT warned({0, "no_keyring", tr("No keyring").toStdString(),
                       tr("There is no keyring to keep the key for %1 in: it lasts until Easel closes. After "
                          "that you need a new code.")
                           .arg(title)
                           .toStdString(),
                       std::nullopt});
    });
    connect(&m_deps.link, &remote::ServerLink::infoChanged, this, &ConnectionDesk::refresh);
    connect(&m_deps.link, &remote::ServerLink::stateChanged, this, [this](State state) {
        refresh();
        warnOf(state);
    });
}

remote::Servers& ConnectionDesk::servers() const {
    return m_deps.studio.servers();
}

void ConnectionDesk::refresh() {
    // What nobody has typed is not shown as if it had been.
    const QString address = m_deps.studio.hasChosenServer() ? m_deps.studio.serverAddress() : QString();
    m_deps.chip.setAddress(address);
    m_deps.page.refresh(address);
    m_deps.chip.setBusy(servers().isPairing());
    m_deps.page.setBusy(servers().isPairing());
    Q_EMIT offlineNoteChanged(offlineNote());
}

void ConnectionDesk::open(const QString& link) {
    const auto code = remote::parseCode(link);
    if (!code) {
        Q_EMIT warned(code.error());
        return;
    }
    const QString address = code->gcp
                                ? tr("Google Cloud: %1").arg(QString::fromStdString(toString(*code->gcp)))
                                : remote::displayName(code->address);
    const QString name = code->name.isEmpty() ? address : tr("%1 (%2)").arg(code->name, address);
    const QPushButton* yes = ask(
        m_deps.window, "openLinkQuestion", tr("Connect to a server"), tr("Connect to %1?").arg(name),
        tr("A link asks Easel to draw on this server. It will see your prompts. Go on only if you know it."),
        tr("&Connect"), QMessageBox::AcceptRole);
    connect(yes, &QPushButton::clicked, this, [this, link] { enter(link); });
}

protocol::Expected<void> ConnectionDesk::enter(const QString& typed) {
    auto entered = m_deps.studio.setServerAddress(typed);
    if (!entered) {
        fail(QString::fromStdString(entered.error().detail));
        return entered;
    }
    m_deps.local.leave();
    // A code has to be exchanged first.
    if (!servers().isPairing()) {
        m_deps.chip.closePopover();
    }
    return entered;
}

void ConnectionDesk::use(const QString& id) {
    m_deps.chip.closePopover();
    m_deps.local.leave();
    fail({});
    servers().use(id);
}

void ConnectionDesk::rename(const QString& id) {
    m_deps.chip.closePopover();
    const auto server = std::ranges::find(servers().all(), id, &remote::ServerProfile::id);
    if (server == servers().all().end()) {
        return;
    }
    auto* dialog = new QInputDialog(m_deps.window);
    dialog->setObjectName("renameServerDialog");
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Rename server"));
    dialog->setLabelText(tr("What do you call it?"));
    dialog->setTextValue(server->title());
    if (auto* edit = dialog->findChild<QLineEdit*>()) {
        edit->setMaxLength(kLongestName);
    }
    connect(dialog, &QInputDialog::textValueSelected, this,
            [this, id](const QString& name) { servers().rename(id, name); });
    dialog->open();
}

void ConnectionDesk::forget(const QString& id) {
    m_deps.chip.closePopover();
    const auto server = std::ranges::find(servers().all(), id, &remote::ServerProfile::id);
    if (server == servers().all().end()) {
        return;
    }
    const QPushButton* yes =
        ask(m_deps.window, "forgetServerQuestion", tr("Forget server"), tr("Forget %1?").arg(server->title()),
            tr("Its key and its certificate go, too: to come back you need a new code. Pictures stay."),
            tr("&Forget"), QMessageBox::DestructiveRole);
    connect(yes, &QPushButton::clicked, this, [this, id] { servers().forget(id); });
}

void ConnectionDesk::fail(const QString& sentence) {
    m_deps.chip.showProblem(sentence);
    m_deps.page.showProblem(sentence);
}

void ConnectionDesk::warnOf(State state) {
    const State before = std::exchange(m_last, state);
    const bool isBad = state == State::KeyRefused || state == State::CertificateChanged;
    if (m_hasWarned && m_deps.link.isOnline()) {
        m_hasWarned = false;
        Q_EMIT recovered();
    }
    if (isBad && state != before) {
        m_hasWarned = true;
        Q_EMIT warned({0, "locked_out", m_deps.link.describe().toStdString(),
                       m_deps.link.advice().toStdString(), std::nullopt});
    }
}

QString ConnectionDesk::offlineNote() const {
    if (m_deps.link.state() == State::KeyMissing || m_deps.link.state() == State::KeyRefused) {
        return tr("The server wants a key: drawn once it has one");
    }
    if (m_deps.link.needsHelp()) {
        return tr("The server can't be used now: drawn once it can");
    }
    if (m_deps.link.state() == State::NoTunnel) {
        return tr("The machine is off: drawn once it runs");
    }
    if (m_deps.link.state() == State::Unreachable) {
        return m_deps.studio.knowsServer() ? tr("The server is away: drawn once it is back")
                                           : tr("No server now: drawn as soon as one is there");
    }
    if (m_deps.link.state() == State::NoAddress) {
        return tr("No server now: drawn as soon as one is there");
    }
    return m_deps.studio.isQueuePaused() ? tr("The queue is paused: drawn once it is resumed") : QString();
}

}  // namespace easel::ui
