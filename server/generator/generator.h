// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "server/image/image.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"

namespace easel::generator {

/// What a request in flight tells its owner. Calls for one request come one at a time, in order, from
/// any thread of the generator's; `finished` is the last one and comes exactly once.
struct Listener {
    std::function<void(const protocol::Progress&)> progress;
    /// Image `index` of the request, 8-bit RGB, made with `seed`.
    std::function<void(int index, std::int64_t seed, image::Image picture)> image;
    /// Nothing: every image was delivered. code "cancelled": cancel() took effect. code "worker_lost":
    /// the process that drew it died; the request may be submitted again.
    std::function<void(std::optional<protocol::Problem>)> finished;
};

/// What draws, as its owner sees it.
struct Status {
    bool ready = false;      ///< a model is loaded
    std::string message;     ///< one sentence for a person: "Loading the model", why it failed, …
    std::string device;      ///< "cpu", "cuda:0"
    std::string deviceName;  ///< "AMD EPYC", "NVIDIA L4"
};

/// The seam between the queue and what draws. Many requests may be in flight at a time.
class Generator {
public:
    virtual ~Generator() = default;

    virtual Status status() const = 0;
    /// How many requests it is worth having in flight.
    virtual int capacity() const = 0;
    /// Starts `id`; never blocks. A generator that is not ready answers `finished` with a problem.
    virtual void submit(const std::string& id, const protocol::GenerationSettings& settings,
                        Listener listener) = 0;
    /// Takes effect at the next step; unknown ids are ignored.
    virtual void cancel(const std::string& id) = 0;
};

}  // namespace easel::generator
