// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractButton>

namespace easel::cloud {
class MachineKeeper;
}

namespace easel::remote {
class LocalServer;
class ServerLink;
class Servers;
}  // namespace easel::remote

namespace easel::ui {

class ServerPopover;

/// How things stand with the server, in the tool bar: a dot and a line. A click opens what is behind it: the
/// address, and what the server said. Owned by the window.
class ServerChip : public QAbstractButton {
    Q_OBJECT

public:
    /// All outlive the chip.
    ServerChip(remote::ServerLink& link, remote::Servers& servers, remote::LocalServer& local,
               cloud::MachineKeeper& keeper, QWidget* parent = nullptr);

    /// Empty while nobody has chosen one: that it is not there is no fault then.
    void setAddress(const QString& address);
    /// What was typed could not be used.
    void showProblem(const QString& sentence);
    /// What was typed is being tried.
    void setBusy(bool busy);
    void openPopover();
    void closePopover();

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void addressChosen(const QString& typed);
    void serverChosen(const QString& id);
    void renameRequested(const QString& id);
    void forgetRequested(const QString& id);
    void cloudRequested();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void refresh();
    QString shortened(int room) const;
    QColor dotColor() const;
    QString details() const;
    bool isWrong() const;

    remote::ServerLink& m_link;
    remote::LocalServer& m_local;
    bool m_isChosen = true;
    ServerPopover* m_popover;
};

}  // namespace easel::ui
