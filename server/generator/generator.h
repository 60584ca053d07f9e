// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "server/generator/materials.h"
#include "server/image/image.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/model_state.h"
#include "shared/protocol/problem.h"

namespace easel::generator {

/// What an image of a request looks like so far; see protocol::Preview.
struct Preview {
    int index = 0;
    int step = 0;
    int steps = 0;
    image::Image picture;  ///< 8-bit RGB, at most protocol::kMaxPreviewSide along each side

    bool operator==(const Preview&) const = default;
};

/// Whether an image is to be shown that is `step` steps on its way. The last step is followed by the image
/// itself.
bool isPreviewDue(const protocol::GenerationSettings& settings, int step);

/// What a request in flight tells its owner. Calls for one request come one at a time, in order, from a
/// thread of the generator's or from within `submit`; `finished` is the last one and comes exactly once,
/// at the latest when the generator is destroyed.
struct Observer {
    std::function<void(const protocol::Progress&)> progress;
    /// Image `index` of the request, 8-bit RGB, made with `seed`.
    std::function<void(int index, std::int64_t seed, image::Image picture)> image;
    /// Nothing: every image was delivered. code kCancelled: cancel() took effect. code kWorkerLost: the
    /// process that drew it died; the request may be submitted again. code "unavailable": the generator
    /// was not ready, and nothing was begun.
    std::function<void(std::optional<protocol::Problem>)> finished;
    /// Only where the request asks for previews; empty: nobody looks.
    std::function<void(Preview)> preview = {};
};

inline constexpr const char* kCancelled = "cancelled";
inline constexpr const char* kWorkerLost = "worker_lost";

/// A model whose weights take `bytes` cannot be held in a `budget`: 422 with the field `model`.
protocol::Problem modelTooLarge(const std::string& model, std::int64_t bytes, std::int64_t budget);

/// The problems that `finished` tells by their codes.
protocol::Problem cancelled();
protocol::Problem workerLost(std::string detail);

/// How a request ended, by what `finished` told.
enum class End { Drawn, Cancelled, WorkerLost, NotReady, Failed };

End endOf(const std::optional<protocol::Problem>& problem);

/// A model that was asked for, at what draws with it.
struct ModelStatus {
    std::string id;
    protocol::ModelState state = protocol::ModelState::Loading;
    std::int64_t bytes = 0;  ///< that it holds of the device's memory
    std::string message;     ///< why it failed

    bool operator==(const ModelStatus&) const = default;
};

/// What draws, as its owner sees it.
struct Status {
    bool ready = false;           ///< a model is loaded
    bool failed = false;          ///< not before something is mended; `message` says why and what to do
    std::string message = {};     ///< one sentence for a person: "Loading the model", why it failed, …
    std::string device = {};      ///< "cpu", "cuda:0"
    std::string deviceName = {};  ///< "AMD EPYC", "NVIDIA L4"
    std::string precision = {};   ///< what it computes in: "fp32", "fp16", "bf16"
    /// What was found in the model's weights and passed over, a sentence each.
    std::vector<std::string> notes = {};
    int capacity = 1;               ///< requests that are worth having in flight, by the memory
    std::int64_t memoryBudget = 0;  ///< bytes that models and drawings may take; 0: not known
    std::int64_t memoryUsed = 0;    ///< bytes that models hold of it
    /// Those that are loaded, are being loaded or could not be, the latest used first.
    std::vector<ModelStatus> models = {};
    /// Why it draws on the CPU though there is an NVIDIA device, and what to do; empty: it does not.
    std::string warning = {};
    /// Which of Easel's own kernels a GPU draws with, and which are off and why, a sentence; empty on the
    /// CPU.
    std::string kernels = {};

    bool operator==(const Status&) const = default;
};

/// For a log: "Ready (cuda:0, NVIDIA L4, fp16)", "Loading the model".
std::string inOneLine(const Status& status);

/// What a generator has done since it was made.
struct Tally {
    std::int64_t passes = 0;  ///< forward passes of a step
    std::int64_t drawn = 0;   ///< pictures that took part in them, summed up: drawn / passes shared one
    std::int64_t losses = 0;  ///< processes that it drew with and lost

    bool operator==(const Tally&) const = default;
};

/// The seam between the queue and what draws. Many requests may be in flight at a time. Its destructor
/// ends what is in flight.
class Generator {
public:
    virtual ~Generator() = default;

    virtual Status status() const = 0;
    /// `changed` is called, from any thread, after each change of the status; it must not block. Replaces
    /// an earlier one; after this returns the earlier one is not called any more.
    virtual void onStatusChanged(std::function<void()> changed) = 0;
    /// How many requests it is worth having in flight.
    virtual int capacity() const = 0;
    /// Starts `id`; never blocks. A generator that is not ready answers `finished` with a problem.
    virtual void submit(const std::string& id, const protocol::GenerationSettings& settings,
                        Observer observer) = 0;
    /// Takes effect at the next step; unknown ids are ignored.
    virtual void cancel(const std::string& id) = 0;
    /// Has a model ready for the next request that names it, or lets it go when nothing draws with it any
    /// more. Never blocks; the status tells what comes of it.
    virtual void load(const std::string& model) = 0;
    virtual void unload(const std::string& model) = 0;
    /// All zero where nothing is counted.
    virtual Tally tally() const { return {}; }
};

}  // namespace easel::generator
