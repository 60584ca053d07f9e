// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "desktop/ui/panel/section.h"

class QSize;
class QSpinBox;

namespace easel::ui {

class NumberSlider;
class SeedField;
class SizeField;

/// The few numbers that every picture has: always in sight.
class KnobsSection : public Section {
    Q_OBJECT

public:
    explicit KnobsSection(protocol::GenerationRequest& request, QWidget* parent = nullptr);

    void show(const Offer& offer) override;
    bool isWanted(const Offer& offer) const override;
    QString summary() const override;
    void setLastSeed(std::int64_t seed);
    /// As if the person had chosen the nearest size to it that is allowed.
    void takeSize(const QSize& pixels);
    /// Shows what is typed as it is taken.
    void settle();
    /// By keyboard the last of them.
    QWidget* last() const;

private:
    void connectFields();
    void setLimits(const protocol::Limits& limits);

    protocol::Limits m_limits;
    SizeField* m_size;
    NumberSlider* m_steps;
    NumberSlider* m_guidance;
    SeedField* m_seed;
    QSpinBox* m_count;
};

}  // namespace easel::ui
