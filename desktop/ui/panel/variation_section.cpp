// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/variation_section.h"

#include <QLineEdit>

#include "desktop/ui/panel/seed_field.h"
#include "desktop/ui/parts/field_box.h"

namespace easel::ui {

VariationSection::VariationSection(protocol::GenerationRequest& request, QWidget* parent)
    : TableSection(request, {"variation_strength"}, parent), m_seed(new SeedField(this)) {
    m_seed->setObjectName("variationSeedField");
    m_seed->edit()->setObjectName("variationSeedEdit");
    m_seed->edit()->setAccessibleName(tr("Variation seed"));
    m_seed->edit()->setToolTip(tr("The seed to go towards; a random one if not given"));
    m_box = new FieldBox(tr("Towards"), FieldBox::Place::Before, m_seed, m_seed->edit(), this);
    add("variation_seed", m_box, m_seed->edit());
    connect(m_seed, &SeedField::edited, this, [this](std::optional<std::int64_t> seed) {
        this->request().variationSeed = seed;
        Q_EMIT edited("variation_seed");
    });
}

void VariationSection::show(const Offer& offer) {
    TableSection::show(offer);
    m_seed->setMaximum(offer.limits.maxSeed);
    const auto& seed = request().variationSeed;
    m_seed->setValue(seed && *seed >= 0 ? seed : std::nullopt);
    request().variationSeed = m_seed->value();
    m_box->setVisible(!isIdle("variation_seed", request()));
}

}  // namespace easel::ui
