// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "desktop/ui/panel/section.h"

class QLabel;
class QVBoxLayout;

namespace easel::ui {

class AddonPicker;
class LoraRow;

/// The LoRAs that are added to the model, each with its weight.
class LoraSection : public Section {
    Q_OBJECT

public:
    explicit LoraSection(protocol::GenerationRequest& request, QWidget* parent = nullptr);

    void show(const Offer& offer) override;
    bool isWanted(const Offer& offer) const override;
    QString summary() const override;

Q_SIGNALS:
    /// Words that a LoRA was made with are to stand in the prompt.
    void wordsWanted(const QString& words);

private:
    void addRow(const std::string& name);
    void removeRow(std::size_t at);
    void fill();

    std::vector<protocol::AddonInfo> m_loras;
    std::vector<LoraRow*> m_rows;
    QWidget* m_list;
    QVBoxLayout* m_column;
    AddonPicker* m_picker;
    QLabel* m_none;
    FieldBox* m_box;
};

}  // namespace easel::ui
