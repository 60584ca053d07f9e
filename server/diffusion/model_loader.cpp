// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/model_loader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/families/family.h"
#include "server/diffusion/widths.h"

namespace easel::diffusion {
namespace {

constexpr int kMostAtATime = Widths::kTried.back();
constexpr std::size_t kMostFailures = 100;  // that are remembered

}  // namespace

ModelLoader::ModelLoader(Device device, std::int64_t memory, std::function<void()> loaded)
    : m_device(std::move(device)), m_loaded(std::move(loaded)), m_residency(memory) {}

ModelLoader::Answer ModelLoader::get(const generator::ModelPlace& place) {
    if (auto held = m_residency.find(place.id)) {
        if (m_plans.at(place.id).place.folder == place.folder) {
            return {State::Here, std::move(held)};
        }
        held.reset();
        m_residency.drop(place.id);  // another has taken its name
    }
    if (m_justFailed && m_justFailed->first == place.id) {
        return {State::Failed, nullptr, m_justFailed->second};
    }
    return m_loading ? Answer{State::Loading} : begin(place);
}

void ModelLoader::want(const generator::ModelPlace& place) {
    m_wanted.push_back(place);
}

void ModelLoader::drop(const std::string& id) {
    m_wanted.remove_if([&id](const auto& place) { return place.id == id; });
    m_failed.erase(id);
    if (m_loading) {
        m_unwanted.insert(id);
    } else {
        m_residency.drop(id);
    }
}

/// What it takes to load it.
protocol::Expected<ModelLoader::Plan> ModelLoader::planFor(const generator::ModelPlace& place) const {
    try {
        Plan plan{place, partsOf(valueOrThrow(models::openModelFolder(place.folder)), m_device.placement), 0};
        for (const Part& part : plan.parts) {
            plan.bytes += part.bytes;
        }
        return plan;
    } catch (const Failure& failure) {
        return tl::unexpected(failure.problem());
    }
}

ModelLoader::Answer ModelLoader::begin(const generator::ModelPlace& place) {
    if (!m_plan || m_plan->place.id != place.id || m_plan->place.folder != place.folder) {
        auto plan = planFor(place);
        if (!plan) {
            return fail(place.id, plan.error());
        }
        m_plan = std::move(*plan);
    }
    if (m_plan->bytes > m_residency.budget()) {
        return fail(place.id, generator::modelTooLarge(place.id, m_plan->bytes, m_residency.budget()));
    }
    if (!m_residency.makeRoom(m_residency.missing(m_plan->parts), m_plan->parts)) {
        return {State::NoRoom};
    }
    m_failed.erase(place.id);
    auto result = std::async(std::launch::async, [this, folder = place.folder, parts = m_residency.parts()] {
        auto loaded = load(folder, parts);
        m_isLoaded = true;
        m_loaded();
        return loaded;
    });
    m_loading.emplace(Loading{*std::exchange(m_plan, {}), std::move(result)});
    return {State::Loading};
}

ModelLoader::Loaded ModelLoader::load(const std::filesystem::path& folder, Parts parts) const {
    const c10::InferenceMode inference;
    try {
        auto model = std::make_shared<Pipeline>(folder, m_device, parts);
        return {std::move(model), std::move(parts), {}};
    } catch (const Failure& failure) {
        return {nullptr, {}, failure.problem()};
    } catch (const std::exception& error) {
        return {nullptr,
                {},
                protocol::unavailable("The model cannot be loaded: " + firstLine(error.what()) + ".")};
    }
}

ModelLoader::Answer ModelLoader::fail(const std::string& id, protocol::Problem problem) {
    m_plan.reset();
    m_failed[id] = problem.detail;
    if (m_failed.size() > kMostFailures) {
        m_failed.erase(m_failed.begin()->first == id ? std::next(m_failed.begin()) : m_failed.begin());
    }
    return {State::Failed, nullptr, std::move(problem)};
}

void ModelLoader::settle() {
    if (!m_isLoaded) {
        return;
    }
    Loaded loaded = m_loading->result.get();
    Plan plan = std::move(m_loading->plan);
    m_loading.reset();
    m_isLoaded = false;
    const std::string id = plan.place.id;
    if (loaded.problem) {
        m_justFailed.emplace(id, *loaded.problem);
        fail(id, std::move(*loaded.problem));
    } else {
        m_residency.add(id, std::move(loaded.model), std::move(loaded.parts));
        m_plans.insert_or_assign(id, std::move(plan));
    }
    for (const std::string& unwanted : std::exchange(m_unwanted, {})) {
        m_residency.drop(unwanted);
    }
}

void ModelLoader::loadWanted() {
    m_justFailed.reset();
    while (!m_loading && !m_wanted.empty()) {
        if (get(m_wanted.front()).state == State::NoRoom) {
            return;
        }
        m_wanted.pop_front();
    }
}

generator::Status ModelLoader::status() const {
    generator::Status status;
    status.memoryBudget = m_residency.budget();
    status.memoryUsed = m_residency.used();
    if (m_loading) {
        status.models.push_back({m_loading->plan.place.id, protocol::ModelState::Loading, 0, ""});
    }
    for (const auto& held : m_residency.models()) {
        const auto& notes = held.model->notes();
        status.notes.insert(status.notes.end(), notes.begin(), notes.end());
        status.models.push_back({held.id, protocol::ModelState::Loaded, m_plans.at(held.id).bytes, ""});
    }
    for (const auto& [id, why] : m_failed) {
        status.models.push_back({id, protocol::ModelState::Failed, 0, why});
    }
    if (!m_residency.models().empty()) {
        const std::int64_t each =
            std::max<std::int64_t>(m_residency.models().front().model->memoryToDraw(), 1);
        const std::int64_t fit = (status.memoryBudget - status.memoryUsed) / each;
        status.capacity = static_cast<int>(std::clamp<std::int64_t>(fit, 1, kMostAtATime));
    }
    return status;
}

}  // namespace easel::diffusion
