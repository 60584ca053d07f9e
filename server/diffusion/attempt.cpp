// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/attempt.h"

#include "server/diffusion/failure.h"
#include "server/diffusion/fallback.h"

namespace easel::diffusion {

Attempt attempt(const std::function<void()>& work) {
    try {
        work();
        return {};
    } catch (const Failure& failure) {
        return {failure.problem()};
    } catch (const std::exception& error) {
        if (isOutOfMemory(error)) {
            return {protocol::generationFailed(
                        "The device has too little memory for this picture; ask for a smaller one."),
                    false, true};
        }
        return {protocol::generationFailed("The picture cannot be drawn: " + firstLine(error.what()) + "."),
                true};
    }
}

}  // namespace easel::diffusion
