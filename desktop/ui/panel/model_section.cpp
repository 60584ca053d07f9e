// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/panel/model_section.h"

#include <QComboBox>

#include <algorithm>

#include "desktop/ui/panel/choices.h"
#include "desktop/ui/panel/table_fields.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/words.h"

namespace easel::ui {

using protocol::GenerationRequest;

ModelSection::ModelSection(GenerationRequest& request, QWidget* parent)
    : Section(request, parent),
      m_model(addChoice("modelBox", "model", tr("&Model"), &GenerationRequest::model)),
      m_vae(addChoice("vaeBox", "vae", tr("VAE"), &GenerationRequest::vae)),
      m_sampler(addChoice("samplerBox", "sampler", tr("S&ampler"), &GenerationRequest::sampler)),
      m_schedule(addChoice("scheduleBox", "schedule", tr("Sche&dule"), &GenerationRequest::schedule)),
      m_table(new TableFields(
          request, [](std::string_view name) { return name == "eta" || name == "guidance_rescale"; }, this)) {
    m_vae->setToolTip(tr("A VAE to use instead of the model's own"));
    m_sampler->setToolTip(tr("The method that turns noise into the picture"));
    m_schedule->setToolTip(tr("How the noise is spread over the steps"));
    add(m_table);
    add(m_table->fields());
    connect(m_table, &TableFields::edited, this, &Section::edited);
}

QComboBox* ModelSection::addChoice(const char* objectName, const char* field, const QString& label,
                                   std::optional<std::string> GenerationRequest::*asked) {
    QComboBox* box = makeChoice(objectName, this);
    add(field, new FieldBox(label, FieldBox::Place::Before, box, box, this), box);
    connect(box, &QComboBox::activated, this, [this, box, field, asked] {
        const std::string name = chosenIn(*box);
        request().*asked = name.empty() ? std::nullopt : std::optional(name);
        Q_EMIT edited(field);
    });
    return box;
}

void ModelSection::show(const Offer& offer) {
    showModel(offer);
    showVae(offer);
    showSampler(offer);
    showSchedule(offer);
    m_table->fill(offer);
}

bool ModelSection::isWanted(const Offer& /*offer*/) const {
    return true;
}

QString ModelSection::summary() const {
    QStringList parts;
    if (m_knowsModels) {
        parts << m_model->currentText();
    }
    parts << (m_sampler->count() > 0 ? m_sampler->currentText() : samplerTitle(m_samplerName));
    if (m_schedule->currentIndex() > 0) {
        parts << m_schedule->currentText();
    }
    if (request().vae) {
        parts << m_vae->currentText();
    }
    parts << m_table->summary();
    parts.removeAll(QString());
    return parts.join(QStringLiteral(" · "));
}

void ModelSection::showModel(const Offer& offer) {
    auto& chosen = request().model;
    m_knowsModels = !offer.models.empty();
    if (chosen && m_knowsModels &&
        std::ranges::find(offer.models, *chosen, &protocol::ModelInfo::id) == offer.models.end()) {
        chosen.reset();
    }
    Choices choices;
    for (const protocol::ModelInfo& each : offer.models) {
        choices.emplace_back(titleOf(each), each.id);
    }
    const protocol::ModelInfo& model = offer.modelOf(request());
    fillChoice(*m_model, choices, model.id);
    QStringList about{QString::fromStdString(model.description)};
    for (const std::string& note : model.notes) {
        about << QString::fromStdString(note);
    }
    about.removeAll(QString());
    m_model->setToolTip(about.join(QStringLiteral("\n\n")));
    m_model->setAccessibleDescription(about.join(QChar(' ')));
}

void ModelSection::showVae(const Offer& offer) {
    Choices choices{{tr("The model's own"), {}}};
    for (const auto& vae : offer.addonsFor(offer.modelOf(request()), protocol::AddonKind::Vae)) {
        choices.emplace_back(QString::fromStdString(vae.name), vae.name);
    }
    addMissing(choices, request().vae);
    fillChoice(*m_vae, choices, request().vae.value_or(""));
    fields()[1].box->setVisible(choices.size() > 1);
}

void ModelSection::showSampler(const Offer& offer) {
    auto& chosen = request().sampler;
    const std::string& usual = offer.modelOf(request()).sampler;
    Choices choices;
    for (const protocol::SamplerInfo& each : offer.samplers) {
        choices.emplace_back(
            each.title.empty() ? samplerTitle(each.name) : QString::fromStdString(each.title), each.name);
    }
    if (!fillChoice(*m_sampler, choices, chosen.value_or(usual)) && !choices.empty()) {
        chosen.reset();
        fillChoice(*m_sampler, choices, usual);
    }
    m_samplerName = chosen.value_or(usual);
}

void ModelSection::showSchedule(const Offer& offer) {
    auto& chosen = request().schedule;
    Choices choices;
    if (const protocol::SamplerInfo* sampler = offer.samplerOf(request())) {
        for (const std::string& name : sampler->schedules) {
            choices.emplace_back(scheduleTitle(name), name);
        }
    }
    if (!fillChoice(*m_schedule, choices, chosen.value_or("default")) && !choices.empty()) {
        chosen.reset();
        fillChoice(*m_schedule, choices, choices.front().second);
    }
}

}  // namespace easel::ui
