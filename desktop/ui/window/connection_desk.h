// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>

#include "desktop/remote/server_link.h"
#include "shared/protocol/problem.h"

class QWidget;

namespace easel::remote {
class LocalServer;
class Servers;
}  // namespace easel::remote

namespace easel::studio {
class Studio;
}

namespace easel::ui {

class ConnectPage;
class ServerChip;

/// Everything in the window that has to do with which server is drawn on: what the chip and the page for
/// connecting ask for, and what becomes of it. Owned by the window; GUI thread.
class ConnectionDesk : public QObject {
    Q_OBJECT

public:
    /// All outlive it; `window` is what it asks its questions over.
    struct Collaborators {
        studio::Studio& studio;
        remote::ServerLink& link;
        remote::LocalServer& local;
        ServerChip& chip;
        ConnectPage& page;
        QWidget* window;
    };

    explicit ConnectionDesk(Collaborators collaborators);

    /// A link from outside, of which nobody knows who made it: asks before it goes anywhere.
    void open(const QString& link);
    /// What somebody has typed or pasted, or a code that was made for this app. Errors: as Servers::enter;
    /// they stand where it was typed.
    protocol::Expected<void> enter(const QString& typed);
    void use(const QString& id);
    void refresh();

Q_SIGNALS:
    /// What the panel says of requests that are made now; empty: they are drawn.
    void offlineNoteChanged(const QString& note);
    /// Something has happened to the connection that a person should know of.
    void warned(const easel::protocol::Problem& problem);
    /// What was warned of last is over.
    void recovered();
    void paired(const QString& words);

private:
    remote::Servers& servers() const;
    void rename(const QString& id);
    void forget(const QString& id);
    void fail(const QString& sentence);
    void warnOf(remote::ServerLink::State state);
    QString offlineNote() const;

    Collaborators m_deps;
    bool m_hasWarned = false;
    remote::ServerLink::State m_last = remote::ServerLink::State::NoAddress;
};

}  // namespace easel::ui
