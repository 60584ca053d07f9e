// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/window/local_door.h"

#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "desktop/remote/local_server.h"
#include "desktop/ui/parts/measures.h"

namespace easel::ui {

using State = remote::LocalServer::State;

LocalDoor::LocalDoor(remote::LocalServer& local, QWidget* parent)
    : QWidget(parent),
      m_local(local),
      m_use(new QPushButton(tr("Use this computer"), this)),
      m_note(captionLabel({}, this)) {
    m_use->setObjectName("useThisComputerButton");
    m_use->setAutoDefault(false);
    m_use->setToolTip(tr("Starts a server here, with the small model that Easel brings along"));
    m_note->setObjectName("localNote");
    m_note->setTextFormat(Qt::PlainText);
    m_note->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(kUnit / 2);
    column->addWidget(m_use);
    column->addWidget(m_note);
    connect(m_use, &QPushButton::clicked, &m_local, &remote::LocalServer::start);
    connect(&m_local, &remote::LocalServer::stateChanged, this, &LocalDoor::refresh);
    refresh();
}

void LocalDoor::setInvitation(const QString& sentence) {
    m_invitation = sentence;
    refresh();
}

void LocalDoor::refresh() {
    QPalette colors = palette();
    QString note;
    switch (m_local.state()) {
        case State::Idle:
            note = m_invitation;
            break;
        case State::Looking:
            note = tr("Looking for a server on this computer…");
            break;
        case State::Starting:
            note = tr("Starting a server on this computer…");
            break;
        case State::Running:
            if (m_local.isOurs()) {
                note = m_local.keepsRunning()
                           ? tr("A server is running on this computer.")
                           : tr("A server is running on this computer; it ends with Easel.");
            }
            break;
        case State::Failed:
            note = QString::fromStdString(m_local.problem()->detail);
            colors.setColor(QPalette::PlaceholderText, statusColors(colors).bad);
            break;
    }
    m_note->setPalette(colors);
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
}

}  // namespace easel::ui
