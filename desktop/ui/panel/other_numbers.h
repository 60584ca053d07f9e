// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSpinBox>
#include <QWidget>

#include <functional>
#include <string_view>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/server_info.h"

namespace easel::ui {

class FieldBox;

/// `box` in a row in which it is no wider than its numbers.
QWidget* shortRow(QSpinBox* box, QWidget* parent);

/// One plain box for each number of a request that the panel has no control of its own for: what is new in
/// the protocol appears here by itself. Owned by the panel.
class OtherNumbers : public QWidget {
    Q_OBJECT

public:
    struct Field {
        std::string_view name;  ///< JSON
        FieldBox* box;
        QSpinBox* input;
    };

    /// `request` is the panel's, outlives this, and is written when a box is edited. `elsewhere`: the names
    /// that have a control of their own.
    OtherNumbers(protocol::GenerationRequest& request, const std::vector<std::string_view>& elsewhere,
                 QWidget* parent = nullptr);

    const std::vector<Field>& fields() const { return m_fields; }
    /// Fills the boxes from the request and brings it within the limits.
    void fill(const protocol::Limits& limits);

Q_SIGNALS:
    void edited(std::string_view name);

private:
    template <typename Row>
    void add(const Row& row);

    protocol::GenerationRequest& m_request;
    std::vector<Field> m_fields;
    std::vector<std::function<void(const protocol::Limits&)>> m_fill;
};

}  // namespace easel::ui
