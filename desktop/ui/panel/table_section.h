// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "desktop/ui/panel/section.h"

namespace easel::ui {

class TableFields;

/// Numbers and choices of the protocol's table, and nothing else.
class TableSection : public Section {
    Q_OBJECT

public:
    /// `names` of the fields, in JSON.
    TableSection(protocol::GenerationRequest& request, const std::vector<std::string_view>& names,
                 QWidget* parent = nullptr);

    void show(const Offer& offer) override;
    bool isWanted(const Offer& offer) const override;
    QString summary() const override;

protected:
    TableFields& table() const { return *m_table; }

private:
    TableFields* m_table;
};

}  // namespace easel::ui
