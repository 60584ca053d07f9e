// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/request.h"

#include <numeric>
#include <utility>

namespace easel::diffusion {

Request::Request(std::string id, generator::Materials materials, protocol::GenerationSettings settings,
                 generator::Observer observer)
    : m_id(std::move(id)),
      m_materials(std::move(materials)),
      m_settings(std::move(settings)),
      m_observer(std::move(observer)),
      m_steps(static_cast<std::size_t>(m_settings.count)) {
    m_progress.steps = m_settings.steps * m_settings.count;
}

void Request::begin(std::shared_ptr<Pipeline> pipeline) {
    m_pipeline = std::move(pipeline);
    enter(protocol::Stage::Encoding);
    m_guidance = m_pipeline->guidance(m_settings);
}

std::pair<Drawing, int> Request::beginNext() {
    std::pair next{m_pipeline->drawingFor(m_settings, m_begun, m_guidance), m_begun};
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

void Request::deliver(int index, const Drawing& drawing) {
    enter(protocol::Stage::Decoding);
    image::Image picture = toImage(m_pipeline->decode(drawing.latents()));
    if (m_observer.image) {
        m_observer.image(index, m_settings.seed + index, std::move(picture));
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
    : request(&of),
      index(place),
      drawing(std::move(begun)),
      group(std::to_string(reinterpret_cast<std::uintptr_t>(&of.pipeline()))) {
    for (const std::int64_t side : drawing.shape()) {
        group += ' ' + std::to_string(side);
    }
}

std::string Live::kind() const {
    return request->pipeline().root().string() + group.substr(group.find(' ')) + " x" +
           std::to_string(drawing.branches());
}

}  // namespace easel::diffusion
