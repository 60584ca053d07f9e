// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/refiner_section.h"

#include <QComboBox>

#include <vector>

#include "desktop/ui/panel/choices.h"
#include "desktop/ui/panel/table_fields.h"
#include "desktop/ui/parts/field_box.h"

namespace easel::ui {

RefinerSection::RefinerSection(protocol::GenerationRequest& request, QWidget* parent)
    : Section(request, parent),
      m_refiner(makeChoice("refinerBox", this)),
      m_box(new FieldBox(tr("Refiner"), FieldBox::Place::Before, m_refiner, m_refiner, this)),
      m_table(new TableFields(
          request,
          [](std::string_view name) {
              return name == "refiner_start" || name == "aesthetic_score" ||
                     name == "negative_aesthetic_score";
          },
          this)) {
    m_refiner->setToolTip(tr("A model that makes the last steps"));
    add("refiner", m_box, m_refiner);
    add(m_table);
    add(m_table->fields());
    connect(m_refiner, &QComboBox::activated, this, [this] {
        const std::string id = chosenIn(*m_refiner);
        this->request().refiner = id.empty() ? std::nullopt : std::optional(id);
        Q_EMIT edited("refiner");
    });
    connect(m_table, &TableFields::edited, this, &Section::edited);
}

void RefinerSection::show(const Offer& offer) {
    Choices choices{{tr("None"), {}}};
    for (const protocol::ModelInfo& model : offer.refinersFor(offer.modelOf(request()))) {
        choices.emplace_back(titleOf(model), model.id);
    }
    addMissing(choices, request().refiner);
    fillChoice(*m_refiner, choices, request().refiner.value_or(""));
    m_box->setVisible(canServe("refiner", offer, request()) && choices.size() > 1);
    m_table->fill(offer);
}

bool RefinerSection::isWanted(const Offer& /*offer*/) const {
    return !m_box->isHidden() || m_table->hasShown();
}

QString RefinerSection::summary() const {
    return request().refiner ? m_refiner->currentText() : QString();
}

}  // namespace easel::ui
