// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/cloud_guide.h"

#include <QMessageBox>
#include <QPushButton>
#include <QWidget>

#include <algorithm>
#include <utility>

#include "desktop/cloud/cloud.h"
#include "desktop/remote/servers.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/cloud/cloud_dialog.h"
#include "desktop/ui/window/connection_desk.h"

namespace easel::ui {

using cloud::CloudDesk;
using cloud::MachineMaker;

CloudGuide::CloudGuide(Collaborators collaborators) : QObject(collaborators.window), m_deps(collaborators) {
    cloud::Cloud& cloud = m_deps.cloud;
    const auto countJobs = [this] { m_deps.cloud.keeper.setWork(m_deps.studio.activeCount()); };
    connect(&m_deps.studio, &studio::Studio::statusChanged, this, countJobs);
    connect(&m_deps.studio, &studio::Studio::pictureSaved, this,
            [this] { m_deps.cloud.keeper.countPicture(); });
    connect(&cloud.keeper, &cloud::MachineKeeper::told, this, &CloudGuide::told);
    connect(&cloud.maker, &MachineMaker::made, this, &CloudGuide::letIn);
    connect(&cloud.desk, &CloudDesk::codeMade, this, &CloudGuide::letIn);
    connect(&m_deps.studio.servers(), &remote::Servers::pairingFailed, this,
            [this](const protocol::Problem& problem) {
                if (std::exchange(m_isLetIn, false)) {
                    Q_EMIT warned(problem);
                }
            });
    connect(&cloud.maker, &MachineMaker::changed, this, [this] {
        const bool isSeen = m_deps.window->findChild<CloudDialog*>() != nullptr;
        if (m_deps.cloud.maker.state() == MachineMaker::State::Failed && !isSeen) {
            Q_EMIT warned(cloud::toProblem(*m_deps.cloud.maker.failure()));
        }
    });
    connect(&m_deps.studio.servers(), &remote::Servers::paired, this, [this] {
        m_isLetIn = false;
        auto* dialog = m_deps.window->findChild<CloudDialog*>();
        if (dialog != nullptr && m_deps.studio.servers().current()->gcp) {
            dialog->close();
        }
    });
    countJobs();
}

void CloudGuide::open() {
    if (auto* open = m_deps.window->findChild<CloudDialog*>()) {
        return open->activateWindow();
    }
    auto* dialog = new CloudDialog(m_deps.cloud, m_deps.window);
    connect(dialog, &CloudDialog::removed, this, &CloudGuide::forget);
    connect(dialog, &CloudDialog::useRequested, this, &CloudGuide::use);
    dialog->open();
}

void CloudGuide::letIn(const QString& code) {
    const auto entered = m_deps.desk.enter(code);
    m_isLetIn = entered.has_value();
    if (!entered) {
        Q_EMIT warned(entered.error());
    }
}

bool CloudGuide::mayClose() {
    if (!m_deps.cloud.maker.isBusy() || m_leaves) {
        return true;
    }
    if (m_deps.window->findChild<QMessageBox*>(QStringLiteral("leaveQuestion")) != nullptr) {
        return false;
    }
    auto* question = new QMessageBox(m_deps.window);
    question->setObjectName("leaveQuestion");
    question->setWindowTitle(tr("A machine is being made"));
    question->setTextFormat(Qt::PlainText);
    question->setText(tr("Quit while a machine is being made?"));
    question->setInformativeText(
        tr("What is there by then stays on Google Cloud and may cost money. A new machine of the same name "
           "takes it "
           "up; Remove takes it away."));
    question->setAttribute(Qt::WA_DeleteOnClose);
    const QPushButton* yes = question->addButton(tr("&Quit"), QMessageBox::DestructiveRole);
    QPushButton* no = question->addButton(tr("Stay"), QMessageBox::RejectRole);
    question->setDefaultButton(no);
    question->setEscapeButton(no);
    connect(yes, &QPushButton::clicked, this, [this] {
        m_leaves = true;
        m_deps.window->close();
    });
    question->open();
    return false;
}

void CloudGuide::use(const protocol::GcpPlace& place) {
    const auto& all = m_deps.studio.servers().all();
    const auto known = std::ranges::find(all, place, &remote::ServerProfile::gcp);
    if (known == all.end()) {
        m_deps.cloud.desk.act(CloudDesk::Deed::LetIn, place);
        return;
    }
    m_deps.desk.use(known->id);
    if (auto* dialog = m_deps.window->findChild<CloudDialog*>()) {
        dialog->close();
    }
}

void CloudGuide::forget(const protocol::GcpPlace& place) {
    // A machine of the same name later is another one, with another certificate.
    const auto& all = m_deps.studio.servers().all();
    const auto known = std::ranges::find_if(all, [&](const remote::ServerProfile& server) {
        return server.gcp && server.gcp->project == place.project && server.gcp->name == place.name &&
               (place.zone.empty() || server.gcp->zone == place.zone);
    });
    if (known != all.end()) {
        m_deps.studio.servers().forget(known->id);
    }
}

}  // namespace easel::ui
