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
constexpr std::size_t kMostChanged = 4;     // models with LoRAs that are held for the next request

/// What a model is held by: its id, and what tells another VAE and the LoRAs that change it from others.
std::string keyOf(const generator::ModelPlace& place, const std::vector<models::LoraUse>& loras) {
    std::string key = place.id;
    if (!place.vae.empty()) {
        key += "\nVAE " + place.vae.string();
    }
    for (const auto& controlNet : place.controlNets) {
        key += "\nControlNet " + controlNet.string();
    }
    return loras.empty() ? key : key + '\n' + identityOf(loras);
}

/// With the VAE that it is to be drawn with. Throws Failure.
models::ModelFolder open(const generator::ModelPlace& place) {
    auto model = valueOrThrow(models::openModelFolder(place.folder));
    if (!place.vae.empty()) {
        if (auto replaced = models::replaceVae(model, place.vae); !replaced) {
            replaced.error().field = "vae";
            throw Failure(std::move(replaced.error()));
        }
    }
    for (const auto& controlNet : place.controlNets) {
        models::addControlNet(model, controlNet);
    }
    return model;
}

}  // namespace

ModelLoader::ModelLoader(Device device, std::int64_t memory, std::function<void()> loaded)
    : m_device(std::move(device)), m_loaded(std::move(loaded)), m_residency(memory) {}

ModelLoader::Answer ModelLoader::get(const generator::ModelPlace& place,
                                     const std::vector<models::LoraUse>& loras) {
    const std::string key = keyOf(place, loras);
    if (auto held = m_residency.find(key)) {
        if (m_plans.at(key).place.folder == place.folder) {
            return {State::Here, std::move(held)};
        }
        held.reset();
        dropAll(place.id);  // another has taken its name
    }
    if (m_justFailed && m_justFailed->first == key) {
        return {State::Failed, nullptr, nullptr, m_justFailed->second};
    }
    return m_loading ? Answer{State::Loading} : begin(key, place, loras);
}

ModelLoader::Answer ModelLoader::get(const generator::ModelPlace& place,
                                     const std::vector<models::LoraUse>& loras,
                                     const std::optional<generator::ModelPlace>& refiner) {
    Answer first = get(place, loras);
    if (!refiner || first.state != State::Here) {
        return first;
    }
    // With the first in hand, so that the second does not take its room.
    Answer second = get(*refiner);
    if (second.state == State::NoRoom) {
        const Plan& plan = m_plan->second;
        std::int64_t together = plan.bytes;
        for (const Part& part : m_plans.at(keyOf(place, loras)).parts) {
            together += std::ranges::count(plan.parts, part.files, &Part::files) > 0 ? 0 : part.bytes;
        }
        if (together > m_residency.budget()) {
            m_plan.reset();
            auto problem = generator::modelTooLarge(place.id + " with the refiner " + refiner->id, together,
                                                    m_residency.budget());
            problem.field = "refiner";
            return {State::Failed, nullptr, nullptr, std::move(problem)};
        }
    }
    if (second.state != State::Here) {
        return second;
    }
    first.refiner = std::move(second.model);
    return first;
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
        dropAll(id);
    }
}

/// With every set of LoRAs, and without.
void ModelLoader::dropAll(const std::string& id) {
    std::erase_if(m_plans, [&](const auto& each) {
        const bool isOfModel = each.second.place.id == id;
        if (isOfModel) {
            m_residency.drop(each.first);
        }
        return isOfModel;
    });
    m_residency.drop(id);  // and what an earlier call left to be drawn with
}

/// What it takes to load it.
protocol::Expected<ModelLoader::Plan> ModelLoader::planFor(const generator::ModelPlace& place,
                                                           const std::vector<models::LoraUse>& loras) const {
    try {
        const auto model = open(place);
        const Adapters adapters(model, loras, m_device.placement);
        Plan plan{place, loras, partsOf(model, m_device.placement, adapters)};
        for (const Part& part : plan.parts) {
            plan.bytes += part.bytes;
        }
        return plan;
    } catch (const Failure& failure) {
        return tl::unexpected(failure.problem());
    }
}

ModelLoader::Answer ModelLoader::begin(const std::string& key, const generator::ModelPlace& place,
                                       const std::vector<models::LoraUse>& loras) {
    if (!m_plan || m_plan->first != key || m_plan->second.place.folder != place.folder) {
        auto plan = planFor(place, loras);
        if (!plan) {
            return fail(key, plan.error());
        }
        m_plan.emplace(key, std::move(*plan));
    }
    const Plan& plan = m_plan->second;
    if (plan.bytes > m_residency.budget()) {
        return fail(key, generator::modelTooLarge(place.id, plan.bytes, m_residency.budget()));
    }
    if (!m_residency.makeRoom(m_residency.missing(plan.parts), plan.parts)) {
        return {State::NoRoom};
    }
    m_failed.erase(key);
    auto result = std::async(std::launch::async, [this, place, loras, parts = m_residency.parts()] {
        auto loaded = load(place, loras, parts);
        m_isLoaded = true;
        m_loaded();
        return loaded;
    });
    m_loading.emplace(Loading{key, std::exchange(m_plan, {})->second, std::move(result)});
    return {State::Loading};
}

ModelLoader::Loaded ModelLoader::load(const generator::ModelPlace& place,
                                      const std::vector<models::LoraUse>& loras, Parts parts) const {
    const c10::InferenceMode inference;
    try {
        auto model = std::make_shared<Pipeline>(open(place), m_device, parts, loras);
        return {std::move(model), std::move(parts), {}};
    } catch (const Failure& failure) {
        return {nullptr, {}, failure.problem()};
    } catch (const std::exception& error) {
        return {nullptr,
                {},
                protocol::unavailable("The model cannot be loaded: " + firstLine(error.what()) + ".")};
    }
}

ModelLoader::Answer ModelLoader::fail(const std::string& key, protocol::Problem problem) {
    m_plan.reset();
    if (key.find('\n') == std::string::npos) {
        m_failed[key] = problem.detail;
    }
    if (m_failed.size() > kMostFailures) {
        m_failed.erase(m_failed.begin()->first == key ? std::next(m_failed.begin()) : m_failed.begin());
    }
    return {State::Failed, nullptr, nullptr, std::move(problem)};
}

void ModelLoader::settle() {
    if (!m_isLoaded) {
        return;
    }
    Loaded loaded = m_loading->result.get();
    Plan plan = std::move(m_loading->plan);
    const std::string key = std::move(m_loading->key);
    m_loading.reset();
    m_isLoaded = false;
    if (loaded.problem) {
        m_justFailed.emplace(key, *loaded.problem);
        fail(key, std::move(*loaded.problem));
    } else {
        m_residency.add(key, std::move(loaded.model), std::move(loaded.parts));
        m_plans.insert_or_assign(key, std::move(plan));
        forgetOld();
    }
    for (const std::string& unwanted : std::exchange(m_unwanted, {})) {
        dropAll(unwanted);
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

/// Who tries the strengths of a LoRA one by one shall not fill the memory with them.
void ModelLoader::forgetOld() {
    std::vector<std::string> old;
    std::set<std::string> kept;
    std::size_t changed = 0;
    for (const auto& held : m_residency.models()) {
        const bool isOld = !m_plans.at(held.id).loras.empty() && ++changed > kMostChanged;
        if (isOld) {
            old.push_back(held.id);
        } else {
            kept.insert(held.id);
        }
    }
    for (const std::string& key : old) {
        m_residency.drop(key);
    }
    std::erase_if(m_plans, [&kept](const auto& each) { return !kept.contains(each.first); });
}

generator::Status ModelLoader::status() const {
    generator::Status status;
    status.memoryBudget = m_residency.budget();
    status.memoryUsed = m_residency.used();
    if (m_loading) {
        status.models.push_back({m_loading->plan.place.id, protocol::ModelState::Loading, 0, ""});
    }
    for (const auto& held : m_residency.models()) {
        const Plan& plan = m_plans.at(held.id);
        if (std::ranges::count(status.models, plan.place.id, &generator::ModelStatus::id) > 0) {
            continue;  // with other LoRAs
        }
        const auto& notes = held.model->notes();
        status.notes.insert(status.notes.end(), notes.begin(), notes.end());
        status.models.push_back({plan.place.id, protocol::ModelState::Loaded, plan.bytes, ""});
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
