// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/model_fields.h"

#include <QComboBox>
#include <QSignalBlocker>

#include <algorithm>
#include <utility>

#include "desktop/ui/parts/wheel_guard.h"
#include "desktop/ui/parts/words.h"

namespace easel::ui {

namespace {

using Entries = std::vector<std::pair<QString, std::string>>;  ///< title, wire name

/// Fills `box` without signals; false when `chosen` is not among the entries.
bool fill(QComboBox* box, const Entries& entries, const std::string& chosen) {
    const QSignalBlocker quiet(box);
    box->clear();
    for (const auto& [title, name] : entries) {
        box->addItem(title, QString::fromStdString(name));
    }
    box->setCurrentIndex(box->findData(QString::fromStdString(chosen)));
    box->setEnabled(!entries.empty());
    return box->currentIndex() >= 0;
}

QComboBox* choice(const char* objectName, QWidget* parent) {
    auto* box = new QComboBox(parent);
    box->setObjectName(objectName);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    new WheelGuard(box);
    return box;
}

std::string current(const QComboBox* box) {
    return box->currentData().toString().toStdString();
}

}  // namespace

ModelFields::ModelFields(QWidget* parent)
    : QWidget(parent),
      m_model(choice("modelBox", this)),
      m_sampler(choice("samplerBox", this)),
      m_schedule(choice("scheduleBox", this)) {
    m_sampler->setToolTip(tr("The method that turns noise into the picture"));
    m_schedule->setToolTip(tr("How the noise is spread over the steps"));
    connect(m_model, &QComboBox::activated, this, [this] { Q_EMIT modelChosen(current(m_model)); });
    connect(m_sampler, &QComboBox::activated, this, [this] { Q_EMIT samplerChosen(current(m_sampler)); });
    connect(m_schedule, &QComboBox::activated, this, [this] { Q_EMIT scheduleChosen(current(m_schedule)); });
}

void ModelFields::setServer(const protocol::ServerInfo& info,
                            const std::vector<protocol::ModelInfo>& models) {
    m_server = info;
    m_models = models;
}

void ModelFields::show(protocol::GenerationRequest& request) {
    showModel(request.model);
    showSampler(request.sampler);
    showSchedule(request.schedule);
}

const protocol::ModelInfo& ModelFields::model() const {
    static const protocol::ModelInfo kUsual;
    const auto found = std::ranges::find(m_models, m_modelId, &protocol::ModelInfo::id);
    if (found != m_models.end()) {
        return *found;
    }
    return m_models.empty() ? kUsual : m_models.front();
}

QString ModelFields::summary() const {
    QStringList parts;
    if (!m_models.empty()) {
        parts << m_model->currentText();
    }
    parts << (m_sampler->count() > 0 ? m_sampler->currentText() : samplerTitle(m_samplerName));
    if (m_schedule->currentIndex() > 0) {
        parts << m_schedule->currentText();
    }
    return parts.join(QStringLiteral(" · "));
}

void ModelFields::showModel(std::optional<std::string>& chosen) {
    const bool offered =
        chosen && std::ranges::find(m_models, *chosen, &protocol::ModelInfo::id) != m_models.end();
    if (!offered && !m_models.empty()) {
        chosen.reset();
    }
    m_modelId = chosen.value_or(m_server.defaultModel);
    Entries entries;
    for (const protocol::ModelInfo& each : m_models) {
        entries.emplace_back(QString::fromStdString(each.title.empty() ? each.id : each.title), each.id);
    }
    fill(m_model, entries, model().id);
    QStringList about{QString::fromStdString(model().description)};
    for (const std::string& note : model().notes) {
        about << QString::fromStdString(note);
    }
    about.removeAll(QString());
    m_model->setToolTip(about.join(QStringLiteral("\n\n")));
    m_model->setAccessibleDescription(about.join(QChar(' ')));
}

void ModelFields::showSampler(std::optional<std::string>& chosen) {
    Entries entries;
    for (const protocol::SamplerInfo& each : m_server.samplers) {
        entries.emplace_back(
            each.title.empty() ? samplerTitle(each.name) : QString::fromStdString(each.title), each.name);
    }
    if (!fill(m_sampler, entries, chosen.value_or(model().sampler)) && !entries.empty()) {
        chosen.reset();
        fill(m_sampler, entries, model().sampler);
    }
    m_samplerName = chosen.value_or(model().sampler);
}

void ModelFields::showSchedule(std::optional<std::string>& chosen) {
    Entries entries;
    const auto sampler = std::ranges::find(m_server.samplers, m_samplerName, &protocol::SamplerInfo::name);
    if (sampler != m_server.samplers.end()) {
        for (const std::string& name : sampler->schedules) {
            entries.emplace_back(scheduleTitle(name), name);
        }
    }
    if (!fill(m_schedule, entries, chosen.value_or("default")) && !entries.empty()) {
        chosen.reset();
        fill(m_schedule, entries, entries.front().second);
    }
}

}  // namespace easel::ui
