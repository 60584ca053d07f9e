// SPDX-License-Identifier: Apache-2.0
#include "server/worker/examination.h"

#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include "server/diffusion/device.h"
#include "server/diffusion/failure.h"
#include "server/diffusion/inventory.h"
#include "server/diffusion/proof.h"

namespace easel::worker {

using generator::FrameChannel;

int list(FrameChannel& channel) {
    return channel.write(diffusion::takeInventory()) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int prove(FrameChannel& channel, const std::string& device, const std::string& precision) {
    auto frame = channel.read();
    auto* const wish = frame && *frame ? std::get_if<generator::Generate>(&**frame) : nullptr;
    if (wish == nullptr) {
        return EXIT_FAILURE;
    }
    std::optional<protocol::Problem> problem;
    try {
        generator::Proof proof = diffusion::prove(
            wish->materials.model.folder, diffusion::openDevice(device, precision), wish->settings,
            [&](generator::Stage stage) { static_cast<void>(channel.write(std::move(stage))); });
        static_cast<void>(channel.write(std::move(proof)));
    } catch (const diffusion::Failure& failure) {
        problem = failure.problem();
    } catch (const std::exception& error) {
        problem = protocol::generationFailed(
            "The picture cannot be drawn: " + diffusion::firstLine(error.what()) + ".");
    }
    return channel.write(generator::Finished{wish->id, std::move(problem)}) ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace easel::worker
