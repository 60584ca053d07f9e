// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QString>

#include "shared/protocol/gcp_place.h"
#include "shared/protocol/problem.h"

class QWidget;

namespace easel::cloud {
struct Cloud;
}

namespace easel::studio {
class Studio;
}

namespace easel::ui {

class ConnectionDesk;

/// Everything in the window that has to do with Google Cloud: opens its page, connects to what was made
/// there, and lets the keeper of the machine know what is drawn. Owned by the window; GUI thread.
class CloudGuide : public QObject {
    Q_OBJECT

public:
    /// All outlive it; `window` is what the page lies over.
    struct Collaborators {
        studio::Studio& studio;
        cloud::Cloud& cloud;
        ConnectionDesk& desk;
        QWidget* window;
    };

    explicit CloudGuide(Collaborators collaborators);

    /// Machines on Google Cloud, and a new one.
    void open();
    /// False: a machine is being made, and the person is asked; the window is closed when they agree.
    bool mayClose();

Q_SIGNALS:
    /// Something was done without being asked for at that moment.
    void told(const QString& words);
    void warned(const easel::protocol::Problem& problem);

private:
    void letIn(const QString& code);
    void use(const protocol::GcpPlace& place);
    void forget(const protocol::GcpPlace& place);

    Collaborators m_deps;
    bool m_isLetIn = false;  ///< a code of a machine is being exchanged
    bool m_leaves = false;   ///< although a machine is only half made
};

}  // namespace easel::ui
