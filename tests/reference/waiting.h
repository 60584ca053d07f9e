// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "server/diffusion/failure.h"
#include "server/diffusion/model_loader.h"

namespace easel::reference {

/// The model, and the refiner where there is one, waited for as a request would wait. Throws Failure.
inline diffusion::ModelLoader::Answer waitedFor(diffusion::ModelLoader& loader,
                                                const generator::ModelPlace& place,
                                                const std::vector<models::LoraUse>& loras = {},
                                                const std::optional<generator::ModelPlace>& refiner = {}) {
    using State = diffusion::ModelLoader::State;
    while (true) {
        auto answer = loader.get(place, loras, refiner);
        if (answer.problem) {
            throw diffusion::Failure(*answer.problem);
        }
        if (answer.state == State::Here) {
            return answer;
        }
        if (answer.state == State::NoRoom) {
            throw diffusion::Failure(protocol::unavailable("There is no room for the model."));
        }
        while (!loader.hasWork()) {
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
        loader.settle();
    }
}

}  // namespace easel::reference
