// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include <string>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/server_info.h"

class QComboBox;

namespace easel::ui {

/// The choices that a server offers: model, sampler, schedule. Knows which of them a request means.
class ModelFields : public QWidget {
    Q_OBJECT

public:
    explicit ModelFields(QWidget* parent = nullptr);

    void setServer(const protocol::ServerInfo& info, const std::vector<protocol::ModelInfo>& models);
    /// Shows what `request` chooses, and takes out of it what this server does not offer.
    void show(protocol::GenerationRequest& request);
    /// The model that the request last shown is drawn with; a usual one while no server has told.
    const protocol::ModelInfo& model() const;
    /// "Starter · DDIM".
    QString summary() const;

    QComboBox* modelBox() const { return m_model; }
    QComboBox* samplerBox() const { return m_sampler; }
    QComboBox* scheduleBox() const { return m_schedule; }

Q_SIGNALS:
    /// The person chose one; by its wire name.
    void modelChosen(const std::string& id);
    void samplerChosen(const std::string& name);
    void scheduleChosen(const std::string& name);

private:
    void showModel(std::optional<std::string>& chosen);
    void showSampler(std::optional<std::string>& chosen);
    void showSchedule(std::optional<std::string>& chosen);

    protocol::ServerInfo m_server;
    std::vector<protocol::ModelInfo> m_models;
    std::string m_modelId;
    std::string m_samplerName;
    QComboBox* m_model;
    QComboBox* m_sampler;
    QComboBox* m_schedule;
};

}  // namespace easel::ui
