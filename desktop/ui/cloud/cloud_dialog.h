// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>
#include <QTimer>

#include <optional>

#include "desktop/cloud/machine_maker.h"

class QLabel;
class QPushButton;
class QScrollArea;
class QStackedWidget;

namespace easel::cloud {
struct Cloud;
}

namespace easel::ui {

class MachineList;
class MakingPage;
class NewMachineForm;
class TroubleNote;

/// Machines on Google Cloud, without a terminal: one's own, and a new one with its price before there is
/// anything to pay. Owned by the window, and gone when it is closed; what is being made goes on. GUI thread.
class CloudDialog : public QDialog {
    Q_OBJECT

public:
    /// `cloud` outlives it.
    explicit CloudDialog(cloud::Cloud& cloud, QWidget* parent = nullptr);
    ~CloudDialog() override;

Q_SIGNALS:
    void removed(const easel::protocol::GcpPlace& place);
    void useRequested(const easel::protocol::GcpPlace& place);

private:
    QWidget* buildOverview();
    QWidget* buildFoot();
    void connectAll();
    void refresh();
    void refreshTrouble();
    void askForPrice();
    void showPrice();
    void make();
    void makeAgain();

    cloud::Cloud& m_cloud;
    QStackedWidget* m_pages;
    QWidget* m_troublePage;
    TroubleNote* m_trouble;
    QPushButton* m_signIn;
    QPushButton* m_lookAgain;
    QLabel* m_looking;
    QScrollArea* m_overview;
    QLabel* m_account;
    MachineList* m_machines;
    NewMachineForm* m_form;
    MakingPage* m_making;
    QLabel* m_price;
    QLabel* m_priceNote;
    QPushButton* m_make;
    QPushButton* m_cancel;
    QPushButton* m_close;
    QTimer m_typing;
    std::optional<cloud::MachineWish> m_asked;  ///< whose price is shown, or on its way
};

}  // namespace easel::ui
