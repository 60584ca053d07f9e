// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "server/diffusion/residency.h"
#include "server/generator/generator.h"
#include "shared/protocol/problem.h"

namespace easel::diffusion {

/// Has models ready: loads one at a time, on a thread of its own beside the drawing, when there is room for
/// it. For the thread that draws.
class ModelLoader {
public:
    enum class State {
        Here,     ///< it can be drawn with
        Loading,  ///< it or another is being loaded: ask again after settle()
        NoRoom,   ///< as long as what is in use stays: ask again when something is finished
        Failed,   ///< it cannot be used as it is
    };
    struct Answer {
        State state;
        std::shared_ptr<Pipeline> model = nullptr;                ///< when it is here
        std::shared_ptr<Pipeline> refiner = nullptr;              ///< likewise, where one was asked for
        std::optional<protocol::Problem> problem = std::nullopt;  ///< when it failed
    };

    /// `memory` in bytes, for models and drawings together. `loaded` is called on the thread that loads when
    /// there is something for settle().
    ModelLoader(Device device, std::int64_t memory, std::function<void()> loaded);

    /// A model for a request, as `loras` change it, which begins to be loaded when it is not here. With LoRAs
    /// it is another model, which shares with the plain one all that they leave alone.
    Answer get(const generator::ModelPlace& place, const std::vector<models::LoraUse>& loras = {});
    /// The same with a second one that goes on with what the first has begun; it has failed, too, where the
    /// two do not fit in the budget together.
    Answer get(const generator::ModelPlace& place, const std::vector<models::LoraUse>& loras,
               const std::optional<generator::ModelPlace>& refiner);
    /// To be loaded by loadWanted() when there is room, before a request needs it.
    void want(const generator::ModelPlace& place);
    /// Not to be held longer than what draws with it.
    void drop(const std::string& id);

    /// Bytes of the budget that no model takes.
    std::int64_t memoryLeft() const { return m_residency.budget() - m_residency.used(); }
    /// For what is being drawn: lets models go that nothing draws with; whether there were any.
    bool letIdleGo() { return m_residency.dropIdle(); }
    bool isLoading() const { return m_loading.has_value(); }
    /// Whether settle() or loadWanted() has something to do.
    bool hasWork() const { return m_isLoaded || (!m_loading && !m_wanted.empty()); }
    /// Takes up what has been loaded. Of a model that could not be, get() says so until loadWanted().
    void settle();
    void loadWanted();

    /// The memory and the models, and nothing else.
    generator::Status status() const;

private:
    struct Plan {
        generator::ModelPlace place;
        std::vector<models::LoraUse> loras;
        Parts parts;
        std::int64_t bytes = 0;
    };
    struct Loaded {
        std::shared_ptr<Pipeline> model;
        Parts parts;
        std::optional<protocol::Problem> problem;
    };
    struct Loading {
        std::string key;
        Plan plan;
        std::future<Loaded> result;
    };

    protocol::Expected<Plan> planFor(const generator::ModelPlace& place,
                                     const std::vector<models::LoraUse>& loras) const;
    Answer begin(const std::string& key, const generator::ModelPlace& place,
                 const std::vector<models::LoraUse>& loras);
    Loaded load(const generator::ModelPlace& place, const std::vector<models::LoraUse>& loras,
                Parts parts) const;
    Answer fail(const std::string& key, protocol::Problem problem);
    void dropAll(const std::string& id);
    void forgetOld();

    const Device m_device;
    const std::function<void()> m_loaded;
    Residency m_residency;
    std::optional<std::pair<std::string, Plan>> m_plan;  // of the model that finds no room
    std::list<generator::ModelPlace> m_wanted;
    std::set<std::string> m_unwanted;             // until nothing is being loaded
    std::map<std::string, Plan> m_plans;          // of those that are held, by the keys there
    std::map<std::string, std::string> m_failed;  // without LoRAs: else it is not the model that failed
    std::optional<std::pair<std::string, protocol::Problem>> m_justFailed;
    std::atomic<bool> m_isLoaded = false;
    std::optional<Loading> m_loading;  // waits for its thread at its end
};

}  // namespace easel::diffusion
