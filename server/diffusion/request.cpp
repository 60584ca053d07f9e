// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/request.h"

#include <numeric>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/input_picture.h"
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
                        wanted.weight, wanted.textWeight});
    }
    return uses;
}

}  // namespace

Request::Request(std::string id, generator::Materials materials, protocol::GenerationSettings settings,
                 generator::Observer observer)
    : m_id(std::move(id)),
      m_materials(std::move(materials)),
      m_settings(std::move(settings)),
      m_loras(lorasOf(m_settings, m_materials)),
      m_observer(std::move(observer)),
      m_steps(static_cast<std::size_t>(m_settings.count)) {
    m_progress.steps = m_settings.steps * m_settings.count;
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
    m_guidance = m_pipeline->guidance(m_settings, {}, lessons());
    m_controls = controls();
    if (m_refiner) {
        if (!m_refiner->canRefine(*m_pipeline)) {
            throw Failure(protocol::invalidField(
                "refiner",
                "This model cannot go on with what the other has begun, for its latents mean "
                "something else; take a refiner of the same family."));
        }
        m_refinerGuidance = m_refiner->guidance(m_settings, {}, lessons());
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

/// What its pictures hold to.
std::vector<Control> Request::controls() const {
    std::vector<Control> controls;
    for (const protocol::ControlUse& use : m_settings.controls) {
        const auto* const net = m_materials.find(generator::Material::Kind::ControlNet, use.model);
        if (net == nullptr) {
            throw Failure(
                protocol::internalError("Nobody said where the ControlNet " + use.model + " lies."));
        }
        const image::Picture picture = inputPicture(m_materials, use.image, "controls");
        const image::Image fitted =
            image::fitted(picture.image, {m_settings.width, m_settings.height}, fitOf(m_settings.resize));
        controls.push_back(m_pipeline->control(net->path, toPixels(fitted), use));
    }
    return controls;
}

Drawing Request::goOn(const Drawing& begun) const {
    return m_refiner->drawingAfter(begun, m_settings, m_refinerGuidance);
}

std::pair<Drawing, int> Request::beginNext() {
    std::pair next{m_pipeline->drawingFor(m_settings, m_begun, m_guidance), m_begun};
    next.first.holdTo(m_controls);
    ++m_begun;
    enter(protocol::Stage::Denoising);
    return next;
}

void Request::stepped(int index, std::size_t accepted, std::size_t evaluations) {
    // Some samplers take more evaluations than steps were asked for: one to warm up, or two for each.
    m_steps[static_cast<std::size_t>(index)] =
        static_cast<int>(accepted * static_cast<std::size_t>(m_settings.steps) / evaluations);
    m_progress.stage = protocol::Stage::Denoising;
    m_progress.step = std::accumulate(m_steps.begin(), m_steps.end(), 0);
    if (m_progress.step > 0) {
        tell();
    }
}

void Request::deliver(const Live& live, std::int64_t room) {
    enter(protocol::Stage::Decoding);
    const Made decoded = m_pipeline->decodeWithin(live.drawing.latents(), room);
    image::Image picture = toImage(decoded.result);
    picture.note = live.note();
    picture.note += (picture.note.empty() || decoded.note.empty() ? "" : " ") + decoded.note;
    if (m_observer.image) {
        m_observer.image(live.index, m_settings.seed + live.index, std::move(picture));
    }
    ++m_delivered;
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

void Live::goOn() {
    drawing = request->goOn(drawing);
    pipeline = &request->refining();
    isRefined = true;
    group = groupNow();
}

bool Live::takeLess() {
    if (rows == Rows::OneByOne || drawing.branches() == 1) {
        return false;
    }
    rows = Rows::OneByOne;
    return true;
}

std::optional<protocol::Problem> Live::problemOf(Attempt ended, std::int64_t room) const {
    return ended.isOutOfMemory ? pipeline->tooLarge(drawing, room) : std::move(ended.problem);
}

std::string Live::note() const {
    return rows == Rows::Together ? ""
                                  : "To save memory the network was asked about one prompt after another.";
}

std::string Live::groupNow() const {
    std::string now = std::to_string(reinterpret_cast<std::uintptr_t>(pipeline));
    for (const std::int64_t side : drawing.shape()) {
        now += ' ' + std::to_string(side);
    }
    return now;
}

std::string Live::kind() const {
    return pipeline->root().string() + group.substr(group.find(' ')) + " x" +
           std::to_string(drawing.branches());
}

}  // namespace easel::diffusion
