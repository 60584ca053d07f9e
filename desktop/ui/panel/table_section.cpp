// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/table_section.h"

#include <algorithm>

#include "desktop/ui/panel/table_fields.h"

namespace easel::ui {

TableSection::TableSection(protocol::GenerationRequest& request, const std::vector<std::string_view>& names,
                           QWidget* parent)
    : Section(request, parent),
      m_table(new TableFields(
          request, [&names](std::string_view name) { return std::ranges::find(names, name) != names.end(); },
          this)) {
    add(m_table);
    add(m_table->fields());
    connect(m_table, &TableFields::edited, this, &Section::edited);
}

void TableSection::show(const Offer& offer) {
    m_table->fill(offer);
}

bool TableSection::isWanted(const Offer& /*offer*/) const {
    return m_table->hasShown();
}

QString TableSection::summary() const {
    return m_table->summary();
}

}  // namespace easel::ui
