// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "desktop/ui/panel/section.h"

class QComboBox;

namespace easel::ui {

class TableFields;

/// The choices that a server offers (model, VAE, sampler, schedule), and how the sampler works.
class ModelSection : public Section {
    Q_OBJECT

public:
    explicit ModelSection(protocol::GenerationRequest& request, QWidget* parent = nullptr);

    /// Takes out of the request what this server does not offer.
    void show(const Offer& offer) override;
    bool isWanted(const Offer& offer) const override;
    /// "Starter · DDIM".
    QString summary() const override;

private:
    QComboBox* addChoice(const char* objectName, const char* field, const QString& label,
                         std::optional<std::string> protocol::GenerationRequest::*asked);
    void showModel(const Offer& offer);
    void showVae(const Offer& offer);
    void showSampler(const Offer& offer);
    void showSchedule(const Offer& offer);

    QComboBox* m_model;
    QComboBox* m_vae;
    QComboBox* m_sampler;
    QComboBox* m_schedule;
    TableFields* m_table;
    std::string m_samplerName;
    bool m_knowsModels = false;
};

}  // namespace easel::ui
