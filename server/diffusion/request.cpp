// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/request.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/input_picture.h"
#include "server/diffusion/operations/beginning.h"
#include "server/prompt/wanted_loras.h"

namespace easel::diffusion {
namespace {

std::vector<models::LoraUse> lorasOf(const protocol::GenerationSettings& settings,
                                     const generator::Materials& materials) {
    std::vector<models::LoraUse> uses;
    for (const auto& wanted : prompt::wantedLoras(settings)) {
        if (wanted.weight == 0 && wanted.textWeight == 0) {
            continue;
        }
        const auto* const material = materials.find(generator::Material::Kind::Lora, wanted.name);
        // Loading says that a file is not there, by its name.
        uses.push_back({material != nullptr ? material->path : std::filesystem::path(wanted.name),
                        wanted.weight, wanted.textWeight, wanted.blocks});
    }
    return uses;
}

void addOnce(std::vector<std::string>& sentences, const std::string& sentence) {
    if (!sentence.empty() && std::ranges::find(sentences, sentence) == sentences.end()) {
        sentences.push_back(sentence);
    }
}

}  // namespace

Request::Request(std::string id, generator::Materials materials, protocol::GenerationSettings settings,
                 generator::Observer observer)
    : m_id(std::move(id)),
      m_materials(std::move(materials)),
      m_settings(std::move(settings)),
      m_pass(protocol::firstPassOf(m_settings)),
      m_drawn(protocol::during(m_pass, m_settings)),
      m_loras(lorasOf(m_settings, m_materials)),
      m_observer(std::move(observer)),
      m_steps(static_cast<std::size_t>(m_settings.count)) {
    m_progress.steps = protocol::stepsOf(m_settings) * m_settings.count;
}

generator::ModelPlace Request::model() const {
    generator::ModelPlace place = m_materials.model;
    if (!m_settings.vae.empty()) {
        if (const auto* const vae = m_materials.find(generator::Material::Kind::Vae, m_settings.vae)) {
            place.vae = vae->path;
        }
    }
    for (const protocol::ControlUse& use : m_settings.controls) {
        if (const auto* const net = m_materials.find(generator::Material::Kind::ControlNet, use.model)) {
            place.controlNets.push_back(net->path);
        }
    }
    return place;
}

std::optional<generator::ModelPlace> Request::refiner() const {
    if (m_settings.refiner.empty()) {
        return {};
    }
    const auto* const found = m_materials.find(generator::Material::Kind::Refiner, m_settings.refiner);
    return found != nullptr ? std::optional(generator::ModelPlace{found->name, found->path}) : std::nullopt;
}

void Request::begin(std::shared_ptr<Pipeline> pipeline, std::shared_ptr<Pipeline> refiner) {
    m_pipeline = std::move(pipeline);
    m_refiner = std::move(refiner);
    enter(protocol::Stage::Encoding);
    if (!m_settings.refiner.empty() && !m_refiner) {
        throw Failure(protocol::internalError("Nobody said where the refiner lies."));
    }
    if (!m_settings.vae.empty() && model().vae.empty()) {
        throw Failure(protocol::internalError("Nobody said where the VAE lies."));
    }
    if (m_settings.decoder == "tiny") {
        m_pipeline->requireTinyDecoder();
    }
    m_canvas = canvasFor(m_settings, m_materials);
    if (m_canvas) {
        m_start = startFrom(*m_canvas, *m_pipeline, m_pass.first);
        addSavings(m_start.savings);
        if (m_start.masked) {
            m_start.masked->beginsWithNoise = m_settings.maskedContent == "noise";
        }
    }
    m_guidance = m_pipeline->guidance(m_drawn, m_start.channels, lessons());
    m_controls = controlsIn(m_drawn);
    if (const auto pass = protocol::secondPassOf(m_settings)) {
        auto settings = protocol::during(*pass, m_settings);
        settings.refiner.clear();  // which has had its turn
        auto guidance = m_pipeline->guidance(settings, {}, lessons());
        auto controls = controlsIn(settings);
        m_second = Larger{*pass, std::move(settings), std::move(guidance), std::move(controls)};
    }
    if (m_refiner) {
        if (!m_refiner->canRefine(*m_pipeline)) {
            throw Failure(protocol::invalidField(
                "refiner",
                "This model cannot go on with what the other has begun, for its latents mean "
                "something else; take a refiner of the same family."));
        }
        m_refinerGuidance = m_refiner->guidance(m_drawn, {}, lessons());
    }
}

/// The words of its prompts that files teach.
std::vector<Lesson> Request::lessons() const {
    std::vector<Lesson> lessons;
    for (const generator::Material& material : m_materials.others) {
        if (material.kind == generator::Material::Kind::Embedding) {
            lessons.push_back({material.name, material.path});
        }
    }
    return lessons;
}

/// What its pictures hold to in the size of `drawn`.
std::vector<Control> Request::controlsIn(const protocol::GenerationSettings& drawn) const {
    std::vector<Control> controls;
    for (const protocol::ControlUse& use : m_settings.controls) {
        const auto* const net = m_materials.find(generator::Material::Kind::ControlNet, use.model);
        if (net == nullptr) {
            throw Failure(
                protocol::internalError("Nobody said where the ControlNet " + use.model + " lies."));
        }
        const image::Picture picture = inputPicture(m_materials, use.image, "controls");
        const image::Image fitted =
            image::fitted(picture.image, {drawn.width, drawn.height}, fitOf(m_settings.resize));
        controls.push_back(m_pipeline->control(net->path, toPixels(fitted), use));
    }
    return controls;
}

Drawing Request::goOn(int index, int part, const Drawing& begun, std::int64_t room) {
    if (isRefined(part)) {
        return m_refiner->drawingAfter(begun, m_drawn, m_refinerGuidance);
    }
    const Start start =
        startLarger(begun.latents(), *m_pipeline, m_second->pass, m_settings.hiresUpscaler, room);
    addSavings(start.savings);
    Drawing larger = m_pipeline->drawingFor(m_second->settings, index, m_second->guidance, start);
    larger.holdTo(m_second->controls);
    return larger;
}

std::pair<Drawing, int> Request::beginNext() {
    std::pair next{m_pipeline->drawingFor(m_drawn, m_begun, m_guidance, m_start), m_begun};
    next.first.holdTo(m_controls);
    ++m_begun;
    enter(protocol::Stage::Denoising);
    return next;
}

bool Request::stepped(int index, int part, std::size_t accepted, std::size_t evaluations) {
    const protocol::Pass& pass = isLarger(part) ? m_second->pass : m_pass;
    // Some samplers take more evaluations than steps were asked for: one to warm up, or two for each.
    const int step = static_cast<int>(accepted * static_cast<std::size_t>(pass.steps) / evaluations);
    int& steps = m_steps[static_cast<std::size_t>(index)];
    const int before = steps;
    steps = (isLarger(part) ? m_pass.taken() : 0) + std::max(step - pass.first, 0);
    m_progress.stage = protocol::Stage::Denoising;
    m_progress.step = std::accumulate(m_steps.begin(), m_steps.end(), 0);
    if (m_progress.step > 0) {
        tell();
    }
    return m_observer.preview && steps > before && generator::isPreviewDue(m_settings, steps);
}

void Request::show(const Live& live) const {
    m_observer.preview({live.index, m_steps[static_cast<std::size_t>(live.index)],
                        protocol::stepsOf(m_settings), m_pipeline->preview(live.drawing)});
}

void Request::deliver(const Live& live, std::int64_t room) {
    enter(protocol::Stage::Decoding);
    const at::Tensor& latents = live.drawing.latents();
    const Made decoded = m_settings.decoder == "tiny" ? Made{m_pipeline->decodeTiny(latents), ""}
                                                      : m_pipeline->decodeWithin(latents, room);
    image::Image picture = toImage(decoded.result);
    if (m_canvas) {
        picture = putBack(*m_canvas, std::move(picture));
    }
    std::vector<std::string> savings = m_savings;
    if (live.rows == Rows::OneByOne) {
        addOnce(savings, "To save memory the network was asked about one prompt after another.");
    }
    addOnce(savings, decoded.note);
    for (const std::string& saving : savings) {
        picture.note += (picture.note.empty() ? "" : " ") + saving;
    }
    if (m_observer.image) {
        m_observer.image(live.index, protocol::seedOf(m_settings, live.index), std::move(picture));
    }
    ++m_delivered;
}

bool Request::spare(bool decodes) {
    bool spared = false;
    for (const auto& model : {m_pipeline, m_refiner}) {
        if (model) {
            spared = model->letTextsGo() || spared;
            spared = (!decodes && model->letVaeGo()) || spared;
        }
    }
    if (spared) {
        addOnce(m_savings,
                "To save memory the text encoders and the VAE left it while they were not needed.");
    }
    return spared;
}

void Request::addSavings(const std::vector<std::string>& sentences) {
    for (const std::string& sentence : sentences) {
        addOnce(m_savings, sentence);
    }
}

std::optional<protocol::Problem> Request::problemOf(Attempt ended, int part, std::int64_t room) const {
    if (!ended.isOutOfMemory) {
        return std::move(ended.problem);
    }
    const protocol::GenerationSettings& drawn = isLarger(part) && m_second ? m_second->settings : m_drawn;
    return pipelineOf(part).tooLarge(drawn.width, drawn.height, room);
}

void Request::finish(std::optional<protocol::Problem> problem) const {
    if (m_observer.finished) {
        m_observer.finished(std::move(problem));
    }
}

void Request::enter(protocol::Stage stage) {
    m_progress.stage = stage;
    tell();
}

void Request::tell() {
    if (m_observer.progress) {
        m_observer.progress(m_progress);
    }
}

Live::Live(Request& of, int place, Drawing begun)
    : request(&of), pipeline(&of.pipeline()), index(place), drawing(std::move(begun)), group(groupNow()) {}

bool Live::stepped() const {
    return request->stepped(index, part, drawing.accepted(), drawing.evaluations());
}

void Live::goOn(std::int64_t room) {
    drawing = request->goOn(index, part + 1, drawing, room);
    ++part;
    pipeline = &request->pipelineOf(part);
    group = groupNow();
}

bool Live::takeLess() {
    if (rows == Rows::Together && drawing.branches() > 1) {
        rows = Rows::OneByOne;
        return true;
    }
    return request->spare(false);
}

std::string Live::groupNow() const {
    std::string now = std::to_string(reinterpret_cast<std::uintptr_t>(pipeline));
    for (const std::int64_t side : drawing.shape()) {
        now += ' ' + std::to_string(side);
    }
    return drawing.tokenMerging() > 0 ? now + " merged " + std::to_string(drawing.tokenMerging()) : now;
}

std::string Live::kind() const {
    return pipeline->root().string() + group.substr(group.find(' ')) + " x" +
           std::to_string(drawing.branches()) + (drawing.isShort() ? " short" : "");
}

}  // namespace easel::diffusion
