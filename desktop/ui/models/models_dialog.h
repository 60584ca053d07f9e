// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDialog>
#include <QTimer>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "desktop/ui/parts/action_row.h"
#include "shared/protocol/hub_info.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/server_info.h"

class QLabel;
class QLineEdit;
class QVBoxLayout;

namespace easel::remote {
class ModelDesk;
class ServerLink;
}  // namespace easel::remote

namespace easel::ui {

/// The models of the server: those that are there, those on their way, and what its hub offers. Owned by the
/// window, and gone when it is closed; GUI thread.
class ModelsDialog : public QDialog {
    Q_OBJECT

public:
    /// Both outlive it.
    ModelsDialog(remote::ModelDesk& desk, remote::ServerLink& link, QWidget* parent = nullptr);
    ~ModelsDialog() override;

Q_SIGNALS:
    /// The person wants to draw with it; by its id.
    void modelChosen(const std::string& id);

private:
    void connectAll();
    void onSearchEdited();
    void askHub();
    void refresh();
    void show(std::vector<RowContent> rows);
    void tell(const QString& words, bool isBad);
    std::vector<RowContent> rowsHere();
    std::vector<RowContent> rowsFromHub();
    RowContent rowFor(const protocol::PullInfo& pull);
    RowContent rowFor(const protocol::ModelInfo& model);
    RowContent::Action cancelAction(const protocol::PullInfo& pull);
    bool isShown(const protocol::PullInfo& pull) const;
    void get(const protocol::PullRequest& request);
    void askToRemove(const protocol::ModelInfo& model);

    remote::ModelDesk& m_desk;
    remote::ServerLink& m_link;
    QLineEdit* m_search;
    QLabel* m_words;
    QWidget* m_list;
    QVBoxLayout* m_column;
    QLabel* m_free;
    QTimer m_typing;
    std::vector<ActionRow*> m_rows;
    std::set<std::string> m_dismissed;  ///< pulls that failed and were read
    bool m_isAsking = false;
    std::optional<protocol::Expected<std::vector<protocol::HubHit>>> m_hits;
    std::optional<protocol::Expected<protocol::HubModel>> m_offer;
};

}  // namespace easel::ui
