// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHash>
#include <QWidget>

#include <string>
#include <vector>

#include "desktop/cloud/cloud_desk.h"
#include "desktop/ui/parts/action_row.h"

class QLabel;
class QVBoxLayout;

namespace easel::ui {

/// What a row says of a machine; `deed` is what is being done to it, and `step` how far that is.
RowContent rowOf(const cloud::Machine& machine, std::optional<cloud::CloudDesk::Deed> deed,
                 const QString& step);

/// One's machines in a project, with all that can be done to them. Before one is removed it is told what
/// goes, and asked. Owned by the page.
class MachineList : public QWidget {
    Q_OBJECT

public:
    /// `desk` outlives it.
    explicit MachineList(cloud::CloudDesk& desk, QWidget* parent = nullptr);

    void refresh();
    /// Asks what goes, then the person.
    void remove(const protocol::GcpPlace& place);

Q_SIGNALS:
    void removed(const easel::protocol::GcpPlace& place);
    /// The person wants to draw there.
    void useRequested(const easel::protocol::GcpPlace& place);

private:
    RowContent rowFor(const cloud::Machine& machine);
    void onDid(cloud::CloudDesk::Deed deed, const protocol::GcpPlace& place,
               const std::optional<cloud::Failure>& failure);
    void ask(const protocol::GcpPlace& place, const QString& whatGoes);

    cloud::CloudDesk& m_desk;
    QLabel* m_words;
    QVBoxLayout* m_column;
    std::vector<ActionRow*> m_rows;
    QHash<QString, cloud::Failure> m_failures;  ///< of the last thing that was done, by place
};

}  // namespace easel::ui
