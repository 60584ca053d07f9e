// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include <functional>
#include <string_view>
#include <vector>

#include "desktop/ui/panel/offer.h"
#include "desktop/ui/panel/section.h"
#include "shared/protocol/generation.h"

class QSpinBox;

namespace easel::ui {

/// `box` in a row in which it is no wider than its numbers.
QWidget* shortRow(QSpinBox* box, QWidget* parent);

/// Controls for fields of a request as the protocol's table has them: numbers and choices, with their words
/// and bounds. Owned by a section.
class TableFields : public QWidget {
    Q_OBJECT

public:
    using Wanted = std::function<bool(std::string_view name)>;

    /// `request` is the panel's, outlives this, and is written when a control is edited. Of the table's
    /// numbers and choices there are those that are `wanted`.
    TableFields(protocol::GenerationRequest& request, const Wanted& wanted, QWidget* parent = nullptr);

    const std::vector<PanelField>& fields() const { return m_fields; }
    /// Fills the controls from the request, brings it within the limits, and shows those that are read.
    /// `offer` is the panel's, too.
    void fill(const Offer& offer);
    /// Some are shown, after fill().
    bool hasShown() const { return m_shown > 0; }
    /// Those that are shown and set: "Steps 20 · Latents".
    QString summary() const;

Q_SIGNALS:
    void edited(std::string_view name);

private:
    template <typename Row>
    void add(const Row& row);
    template <typename Row>
    void addWhole(const Row& row);
    template <typename Row>
    void addDecimal(const Row& row);
    template <typename Row>
    void addChoice(const Row& row);
    template <typename Row, typename Value>
    void take(const Row& row, const Value& value);

    protocol::GenerationRequest& m_request;
    const Offer* m_offer = nullptr;  ///< since fill()
    std::vector<PanelField> m_fields;
    std::vector<std::function<void()>> m_fill;
    int m_shown = 0;
};

}  // namespace easel::ui
