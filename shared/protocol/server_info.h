// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/model_state.h"

namespace easel::protocol {

/// The bounds of every input, told to clients so that they hard-code none.
struct Limits {
    int minSide = 64;      ///< pixels
    int maxSide = 2048;    ///< pixels
    int sideMultiple = 8;  ///< width and height are multiples of this
    int minSteps = 1;
    int maxSteps = 500;
    double minGuidance = 0;
    double maxGuidance = 30;
    int maxCount = 16;
    std::int64_t maxSeed = 9007199254740991;  ///< 2^53 - 1: exact in every JSON client
    int maxPromptBytes = 16384;               ///< UTF-8
    int maxQueued = 100;                      ///< jobs waiting
    int maxInputSide = 16384;                 ///< pixels of a picture that is sent
    std::int64_t maxInputPixels = std::int64_t{64} << 20;
    std::int64_t maxInputBytes = std::int64_t{32} << 20;  ///< of its file
    /// Megapixel-steps of one request (see work.h); absent from servers that know no such limit.
    std::optional<double> maxWork;

    bool operator==(const Limits&) const = default;
};

/// A model that the server can draw with, and how it likes to be used.
struct ModelInfo {
    std::string id;
    std::string title;
    std::string description;
    std::string licence;
    int width = 512;
    int height = 512;
    int steps = 25;
    double guidance = 7.5;
    double strength = 0.75;  ///< of what begins with a picture
    std::string sampler = "pndm";
    std::vector<std::string> examplePrompts;
    /// What a small model can draw, and other words that it understands; empty: anything goes.
    std::vector<std::string> knownNames;
    std::vector<std::string> knownWords;
    /// What is drawn otherwise than the model's own files say, a sentence each.
    std::vector<std::string> notes;
    std::string family;  ///< "stable-diffusion", "stable-diffusion-xl"; empty: the server does not say
    /// What it can do (operations.h); empty: the server does not say.
    std::vector<std::string> operations;
    /// How it can be hurried (accelerations.h); what is not here it cannot.
    std::vector<std::string> accelerations;
    std::int64_t bytes = 0;  ///< of its files with weights
    ModelState state = ModelState::Available;
    std::string why;        ///< it failed
    bool isPulled = false;  ///< it lies in the hub's cache: it can be verified and removed

    bool operator==(const ModelInfo&) const = default;
};

/// `GET /v1/models`.
struct ModelPage {
    std::vector<ModelInfo> models;
    std::optional<std::string> next = {};        ///< `after` of the next page; absent on the last
    bool mayPull = false;                        ///< who asks may pull, verify and remove models
    std::optional<std::int64_t> freeBytes = {};  ///< on the disk that models are pulled to

    bool operator==(const ModelPage&) const = default;
};

struct SamplerInfo {
    std::string name;
    std::string title;  ///< for a person; empty: the name will do
    std::vector<std::string> schedules;
    bool takesEta = false;  ///< how much noise a step draws anew can be said

    bool operator==(const SamplerInfo&) const = default;
};

/// `GET /v1/server`.
struct ServerInfo {
    std::string version;
    std::string id;          ///< the same for as long as it keeps its data; empty: it tells none
    std::string device;      ///< "cpu", "cuda:0"; empty until the worker has said
    std::string deviceName;  ///< "AMD EPYC", "NVIDIA L4"
    std::string precision;   ///< "fp32", "fp16", "bf16"
    bool ready = false;      ///< a worker has a model loaded
    std::string status;      ///< one sentence for a person when not ready
    /// Why it draws on the CPU though there is an NVIDIA device, and what to do, for a person; empty: it does
    /// not.
    std::string deviceWarning;
    /// Which of Easel's own kernels a GPU draws with, and which are off and why, for a person; empty on the
    /// CPU.
    std::string kernels;
    std::string defaultModel;
    bool paused = false;  ///< the queue: nothing is started
    int queued = 0;
    int held = 0;
    int running = 0;
    int setAside = 0;  ///< pictures on its disk whose jobs it does not know
    Limits limits;
    std::vector<SamplerInfo> samplers;
    bool previews = false;  ///< it sends them to who asks (preview_every); older servers refuse such requests

    bool operator==(const ServerInfo&) const = default;
};

}  // namespace easel::protocol
