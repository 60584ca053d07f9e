// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "desktop/ui/parts/quiet_page.h"

namespace easel::remote {
class LocalServer;
class ServerLink;
class Servers;
}  // namespace easel::remote

namespace easel::ui {

class AddressForm;
class LocalDoor;
class TrustNote;

/// First start, or nothing to show and no server: says how to get to one.
class ConnectPage : public QuietPage {
    Q_OBJECT

public:
    /// All outlive the page.
    ConnectPage(const remote::ServerLink& link, remote::Servers& servers, remote::LocalServer& local,
                QWidget* parent = nullptr);

    /// Follows the state of the connection; `address` is empty while nobody has chosen one.
    void refresh(const QString& address);
    /// Why what was typed does not work.
    void showProblem(const QString& sentence);
    /// What was typed is being tried.
    void setBusy(bool busy);

Q_SIGNALS:
    void chosen(const QString& typed);
    void forgetRequested(const QString& id);
    /// A machine of one's own, on Google Cloud.
    void cloudRequested();

private:
    const remote::ServerLink& m_link;
    LocalDoor* m_here;
    QWidget* m_cloud;
    TrustNote* m_trust;
    AddressForm* m_form;
};

}  // namespace easel::ui
