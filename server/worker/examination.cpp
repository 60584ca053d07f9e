// SPDX-License-Identifier: Apache-2.0
#include "server/worker/examination.h"

#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include "server/diffusion/device.h"
#include "server/diffusion/failure.h"
#include "server/diffusion/gpu/choice.h"
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
        const diffusion::Device place = diffusion::openDevice(device, precision);
        diffusion::gpu::useKernels(place, {});
        generator::Proof proof = diffusion::prove(
            wish->materials.model.folder, place, wish->settings,
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

int examineKernels(const std::string& device, const std::string& precision,
                   const std::vector<std::string>& kernels) {
    try {
        diffusion::gpu::examineHere(diffusion::openDevice(device, precision), kernels);
        return EXIT_SUCCESS;
    } catch (const std::exception&) {
        return EXIT_FAILURE;  // who started it sees what it has not said
    }
}

}  // namespace easel::worker
