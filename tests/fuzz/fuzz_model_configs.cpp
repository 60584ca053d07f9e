// SPDX-License-Identifier: Apache-2.0
// The configs of a model's folder. The first byte chooses the file.
#include "server/models/configs/scheduler_config.h"
#include "server/models/configs/text_encoder_config.h"
#include "server/models/configs/tokenizer_config.h"
#include "server/models/configs/unet_config.h"
#include "server/models/configs/vae_config.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Scratch scratch;
    if (size == 0) {
        return 0;
    }
    auto text = fuzz::textOf(data + 1, size - 1);
    switch (data[0] % 5) {
        case 0:
            if (const auto config = models::readUNetConfig(scratch.write("config.json", text))) {
                fuzz::require(!config->down.empty() && config->down.size() == config->up.size(),
                              "a UNet goes down as often as up");
                fuzz::require(config->timeEmbedDim() > 0, "a UNet has channels");
            }
            break;
        case 1:
            if (const auto config = models::readVaeConfig(scratch.write("config.json", text))) {
                fuzz::require(config->scale() > 0 && config->latentChannels > 0,
                              "an autoencoder has channels");
            }
            break;
        case 2:
            if (const auto config = models::readTextEncoderConfig(scratch.write("config.json", text))) {
                fuzz::require(config->heads > 0 && config->hiddenSize % config->heads == 0,
                              "heads share a width evenly");
            }
            break;
        case 3:
            if (const auto config =
                    models::readSchedulerConfig(scratch.write("scheduler_config.json", text))) {
                fuzz::require(config->trainTimesteps > 0 && !config->sampler.empty(),
                              "a scheduler has timesteps and a sampler");
            }
            break;
        default:
            scratch.write("tokenizer_config.json", fuzz::takePart(text));
            scratch.write("special_tokens_map.json", text);
            if (const auto config = models::readTokenizerConfig(scratch.folder())) {
                fuzz::require(config->maxLength > 0, "a prompt has room");
            }
    }
    return 0;
}
