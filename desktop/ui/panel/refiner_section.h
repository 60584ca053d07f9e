// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "desktop/ui/panel/section.h"

class QComboBox;

namespace easel::ui {

class TableFields;

/// Another model that makes the last steps, and what it is told.
class RefinerSection : public Section {
    Q_OBJECT

public:
    explicit RefinerSection(protocol::GenerationRequest& request, QWidget* parent = nullptr);

    void show(const Offer& offer) override;
    bool isWanted(const Offer& offer) const override;
    QString summary() const override;

private:
    QComboBox* m_refiner;
    FieldBox* m_box;
    TableFields* m_table;
};

}  // namespace easel::ui
