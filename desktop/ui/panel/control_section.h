// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "desktop/ui/panel/section.h"

class QLabel;
class QPushButton;
class QVBoxLayout;

namespace easel::gallery {
class InputFolder;
}

namespace easel::ui {

class ControlRow;

/// Pictures whose outlines, depth or poses are held to, each by a ControlNet.
class ControlSection : public Section {
    Q_OBJECT

public:
    ControlSection(protocol::GenerationRequest& request, gallery::InputFolder& inputs,
                   QWidget* parent = nullptr);

    void show(const Offer& offer) override;
    bool isWanted(const Offer& offer) const override;
    QString summary() const override;

private:
    void addRow();
    void removeRow(std::size_t at);
    void fill();

    gallery::InputFolder& m_inputs;
    std::vector<protocol::AddonInfo> m_nets;
    std::vector<ControlRow*> m_rows;
    QWidget* m_list;
    QVBoxLayout* m_column;
    QPushButton* m_add;
    QLabel* m_none;
};

}  // namespace easel::ui
