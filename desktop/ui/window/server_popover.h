// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>

class QCheckBox;
class QLabel;
class QPushButton;

namespace easel::cloud {
class MachineKeeper;
}

namespace easel::remote {
class LocalServer;
class ServerLink;
class Servers;
}  // namespace easel::remote

namespace easel::ui {

class AddressForm;
class MachineNote;
class TrustNote;

/// What is behind the server chip: the servers that are known, what the current one says, and how to get to
/// another. Owned by the chip.
class ServerPopover : public QFrame {
    Q_OBJECT

public:
    /// All outlive it.
    ServerPopover(remote::ServerLink& link, remote::Servers& servers, remote::LocalServer& local,
                  cloud::MachineKeeper& keeper, QWidget* parent);

    /// Beneath `anchor`.
    void openAt(const QPoint& anchor);
    /// `details`: what to say of the current server, if `isChosen`; else nobody expects one to be there.
    void refresh(const QString& details, bool isChosen);
    AddressForm& form() const { return *m_form; }

Q_SIGNALS:
    void serverChosen(const QString& id);
    void renameRequested(const QString& id);
    void forgetRequested(const QString& id);
    void cloudRequested();

private:
    void fit();

    remote::ServerLink& m_link;
    remote::LocalServer& m_local;
    QLabel* m_details;
    TrustNote* m_trust;
    QPushButton* m_tryNow;
    MachineNote* m_machine;
    AddressForm* m_form;
    QCheckBox* m_keep;
};

}  // namespace easel::ui
