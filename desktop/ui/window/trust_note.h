// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace easel::remote {
class ServerLink;
class Servers;
}  // namespace easel::remote

namespace easel::ui {

/// What a person has to compare before a server is trusted, and the one thing to do about it; hidden unless
/// the certificate is unknown or has changed. After a change there is no button that simply goes on.
class TrustNote : public QWidget {
    Q_OBJECT

public:
    /// Both outlive it.
    TrustNote(const remote::ServerLink& link, remote::Servers& servers, QWidget* parent = nullptr);

    void refresh();

Q_SIGNALS:
    void forgetRequested(const QString& id);

private:
    const remote::ServerLink& m_link;
    remote::Servers& m_servers;
    QLabel* m_before;
    QLabel* m_beforePrint;
    QLabel* m_now;
    QLabel* m_nowPrint;
    QLabel* m_where;
    QPushButton* m_trust;
    QPushButton* m_forget;
};

}  // namespace easel::ui
