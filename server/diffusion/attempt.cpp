// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/attempt.h"

#include <c10/util/Exception.h>

#include "server/diffusion/failure.h"

namespace easel::diffusion {

Attempt attempt(const std::function<void()>& work) {
    try {
        work();
        return {};
    } catch (const Failure& failure) {
        return {failure.problem()};
    } catch (const c10::OutOfMemoryError& error) {
        return {protocol::generationFailed("The device has too little memory for this picture: " +
                                           firstLine(error.what()) + " Ask for a smaller one.")};
    } catch (const std::exception& error) {
        return {protocol::generationFailed("The picture cannot be drawn: " + firstLine(error.what()) + "."),
                true};
    }
}

}  // namespace easel::diffusion
