// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractButton>

class QLabel;
class QFrame;
class QCheckBox;

namespace easel::remote {
class LocalServer;
class ServerLink;
}  // namespace easel::remote

namespace easel::ui {

class AddressForm;

/// How things stand with the server, in the tool bar: a dot and a line. A click opens what is behind it: the
/// address, and what the server said. Owned by the window.
class ServerChip : public QAbstractButton {
    Q_OBJECT

public:
    /// Both outlive the chip.
    ServerChip(remote::ServerLink& link, remote::LocalServer& local, QWidget* parent = nullptr);

    /// Empty while nobody has chosen one: that it is not there is no fault then.
    void setAddress(const QString& address);
    /// The address could not be used.
    void showProblem(const QString& sentence);
    void openPopover();
    void closePopover();

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void addressChosen(const QString& typed);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QFrame* buildPopover();
    void refresh();
    QColor dotColor() const;
    QString details() const;
    bool isWrong() const;

    remote::ServerLink& m_link;
    remote::LocalServer& m_local;
    bool m_isChosen = true;
    QFrame* m_popover;
    AddressForm* m_form;
    QLabel* m_details;
    QAbstractButton* m_tryNow;
    QCheckBox* m_keep;
};

}  // namespace easel::ui
