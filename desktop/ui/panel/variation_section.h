// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "desktop/ui/panel/table_section.h"

namespace easel::ui {

class SeedField;

/// The neighbours of a seed: how far towards another one's picture.
class VariationSection : public TableSection {
    Q_OBJECT

public:
    explicit VariationSection(protocol::GenerationRequest& request, QWidget* parent = nullptr);

    void show(const Offer& offer) override;
    SeedField& seed() const { return *m_seed; }

private:
    SeedField* m_seed;
    FieldBox* m_box;
};

}  // namespace easel::ui
