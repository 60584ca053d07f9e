// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "server/generator/generator.h"
#include "server/generator/proof.h"
#include "server/image/image.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/problem.h"

/// What the gateway and `easel-worker` say to each other over a socket pair.
///
/// The gateway starts the worker as
///
///     easel-worker --socket-fd N --device auto|cpu|cuda|cuda:N --precision auto|… [--memory BYTES]
///                  [--widths FILE] [--kernels FILE] MODEL-ID MODEL-FOLDER
///
/// with N connected to it, what it prints relayed to the log, and a process group of its own. The worker
/// calls `endWithParent`, sends a `WorkerStatus` at once ("Loading the model"), again when that first model
/// is loaded and it is ready, and whenever something of it changes, such as the models that it holds. From
/// then on a thread that does nothing else sends a `Heartbeat` every `kHeartbeatInterval`: without them the
/// process hangs; with them, but without progress, its device does. For each `Generate` it sends any number
/// of `ProgressMade` and, where it asks for them, of `PreviewMade`, one `Picture` per image and exactly one
/// `Finished`. It ends by itself when the channel closes. A model or device that it cannot use is a
/// `WorkerStatus` with `failed` set, then a non-zero exit: it is not tried again soon. Any other exit loses
/// what was in flight (the gateway says "worker_lost") and another worker is started; a worker whose GPU
/// context is broken simply exits.
///
/// `easel-server doctor` starts it in two other ways, in which it says what follows and exits:
///
///     easel-worker --socket-fd N --list                                    an `Inventory`
///     easel-worker --socket-fd N --prove --device … --precision …          for the one `Generate` that it
///     gets:
///                                                                          `Stage`s, a `Proof`, `Finished`
///
/// A worker starts itself with --examine-kernels KERNEL…, to lose no more than that process where one of
/// Easel's own kernels is wrong. That prints what comes of each, and says nothing here.
namespace easel::generator {

/// To the worker: draw with `materials`, whose model is called `settings.model`.
struct Generate {
    std::string id;
    protocol::GenerationSettings settings;
    Materials materials = {};

    bool operator==(const Generate&) const = default;
};

/// To the worker: stop `id` at the next step and answer `Finished` with code "cancelled". An unknown id
/// is ignored: it may just have finished.
struct Cancel {
    std::string id;

    bool operator==(const Cancel&) const = default;
};

/// To the worker: have the model in `folder` ready.
struct Load {
    std::string model;
    std::string folder;

    bool operator==(const Load&) const = default;
};

/// To the worker: let the model go, at the latest when nothing draws with it any more.
struct Unload {
    std::string model;

    bool operator==(const Unload&) const = default;
};

/// From the worker: how it is.
struct WorkerStatus {
    Status status;

    bool operator==(const WorkerStatus&) const = default;
};

/// From the worker: `id` came a step further.
struct ProgressMade {
    std::string id;
    protocol::Progress progress;

    bool operator==(const ProgressMade&) const = default;
};

/// From the worker: image `index` of `id`, drawn with `seed`.
struct Picture {
    std::string id;
    int index = 0;
    std::int64_t seed = 0;
    image::Image image;

    bool operator==(const Picture&) const = default;
};

/// From the worker: what an image of `id` looks like so far.
struct PreviewMade {
    std::string id;
    Preview preview;

    bool operator==(const PreviewMade&) const = default;
};

/// From the worker: nothing more comes for `id`. Without a problem every image was sent.
struct Finished {
    std::string id;
    std::optional<protocol::Problem> problem;

    bool operator==(const Finished&) const = default;
};

/// From the worker: its process runs, and what it has done in all, as in Tally.
struct Heartbeat {
    std::int64_t passes = 0;
    std::int64_t drawn = 0;

    bool operator==(const Heartbeat&) const = default;
};

inline constexpr std::chrono::milliseconds kHeartbeatInterval{5000};

using Frame = std::variant<Generate, Cancel, WorkerStatus, ProgressMade, Picture, Finished, Heartbeat, Load,
                           Unload, Inventory, Stage, Proof, PreviewMade>;

/// One end of the conversation; owns its socket. One thread may read while any others write. Neither
/// crashes nor allocates more than a frame's hard limit whatever the other end sends.
class FrameChannel {
public:
    static constexpr std::size_t kMaxControlBytes = std::size_t{1} << 20;
    static constexpr std::size_t kMaxPixelBytes = std::size_t{64} << 20;
    static constexpr std::size_t kMaxPreviewBytes =
        std::size_t{3} * protocol::kMaxPreviewSide * protocol::kMaxPreviewSide;

    /// `fd` is a connected stream socket; it becomes close-on-exec.
    explicit FrameChannel(int fd);
    ~FrameChannel();
    FrameChannel(const FrameChannel&) = delete;
    FrameChannel& operator=(const FrameChannel&) = delete;

    /// Waits for the next frame; empty when the other end has closed between two frames. An error (a
    /// frame cut short, not understood or too large) leaves the channel unusable.
    protocol::Expected<std::optional<Frame>> read();
    /// Blocks until `frame` was handed to the system. An error means that the other end is gone.
    protocol::Expected<void> write(const Frame& frame);
    /// Ends the conversation: reads and writes under way at either end return. From any thread.
    void shutdown();

private:
    int m_fd;
    std::mutex m_writing;
};

}  // namespace easel::generator
