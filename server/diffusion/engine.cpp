// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/engine.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "server/diffusion/failure.h"
#include "server/diffusion/pipeline.h"
#include "server/generator/generator.h"

namespace easel::diffusion {
namespace {

using Clock = std::chrono::steady_clock;

/// Counts the steps of a request and guesses how long the rest takes.
class Pace {
public:
    Pace(const protocol::GenerationSettings& settings,
         const std::function<void(const protocol::Progress&)>& tell)
        : m_steps(settings.steps), m_count(settings.count), m_tell(tell) {}

    void enter(protocol::Stage stage) {
        m_progress.stage = stage;
        report();
    }

    /// Image `index` has made `accepted` of its `total` steps. Some samplers take a few more than were
    /// asked for to warm up; those do not count.
    void step(int index, std::size_t accepted, std::size_t total) {
        const int counted = m_steps - static_cast<int>(total - accepted);
        m_progress.step = index * m_steps + std::max(counted, 0);
        if (m_progress.step == 0) {
            return;
        }
        const std::chrono::duration<double> spent = Clock::now() - m_started;
        m_progress.etaSeconds = spent.count() / m_progress.step * (m_steps * m_count - m_progress.step);
        report();
    }

private:
    void report() {
        m_progress.steps = m_steps * m_count;
        if (m_tell) {
            m_tell(m_progress);
        }
    }

    int m_steps;
    int m_count;
    const std::function<void(const protocol::Progress&)>& m_tell;
    Clock::time_point m_started = Clock::now();
    protocol::Progress m_progress;
};

/// What openDevice() lets malloc keep belongs to the rest of the machine between two requests.
struct GivesMemoryBack {
    ~GivesMemoryBack() { malloc_trim(0); }
};

}  // namespace

struct Engine::Impl {
    Impl(const std::filesystem::path& folder, const std::string& device, const std::string& precision)
        : pipeline(folder, openDevice(device, precision)) {}

    void generate(const protocol::GenerationSettings& settings, const Observer& observer);

    /// A picture of a small model is thousands of tiny operations. Threads that wait for each other after
    /// every one of them gain little, and lose much wherever a core is not theirs alone.
    void useThreadsWorthIt(std::int64_t work) const {
        const std::int64_t parts = pipeline.activationSize(work) / at::internal::GRAIN_SIZE;
        at::set_num_threads(static_cast<int>(std::clamp<std::int64_t>(parts, 1, threads)));
    }

    const int threads = at::get_num_threads();
    Pipeline pipeline;
    bool broken = false;
};

void Engine::Impl::generate(const protocol::GenerationSettings& settings, const Observer& observer) {
    const auto stopIfCancelled = [&] {
        if (observer.cancelled && observer.cancelled()) {
            throw Failure(generator::cancelled());
        }
    };
    Pace pace(settings, observer.progress);
    stopIfCancelled();
    pace.enter(protocol::Stage::Encoding);
    const auto guidance = pipeline.guidance(settings);

    // One image after another: what is in memory does not grow with their number.
    for (int i = 0; i < settings.count; ++i) {
        Drawing drawing = pipeline.begin(settings, i, guidance);
        useThreadsWorthIt(drawing.work());
        pace.enter(protocol::Stage::Denoising);
        while (!drawing.done()) {
            stopIfCancelled();
            pipeline.advance(std::array{&drawing});
            pace.step(i, drawing.accepted(), drawing.evaluations());
        }
        stopIfCancelled();
        pace.enter(protocol::Stage::Decoding);
        image::Image picture = toImage(pipeline.decode(drawing.latents()));
        if (observer.image) {
            observer.image(i, settings.seed + i, std::move(picture));
        }
    }
}

Engine::Engine(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}
Engine::~Engine() = default;

protocol::Expected<std::unique_ptr<Engine>> Engine::load(const std::filesystem::path& folder,
                                                         const std::string& device,
                                                         const std::string& precision) {
    const c10::InferenceMode inference;
    try {
        return std::unique_ptr<Engine>(new Engine(std::make_unique<Impl>(folder, device, precision)));
    } catch (const Failure& failure) {
        return tl::unexpected(failure.problem());
    } catch (const std::exception& error) {
        return tl::unexpected(
            protocol::unavailable("The model cannot be loaded: " + firstLine(error.what()) + "."));
    }
}

const std::string& Engine::device() const {
    return m_impl->pipeline.device().name;
}
const std::string& Engine::deviceName() const {
    return m_impl->pipeline.device().hardware;
}
const std::string& Engine::precision() const {
    return m_impl->pipeline.device().precision;
}
const std::string& Engine::deviceRemark() const {
    return m_impl->pipeline.device().remark;
}
const std::vector<std::string>& Engine::notes() const {
    return m_impl->pipeline.notes();
}
bool Engine::broken() const {
    return m_impl->broken;
}

protocol::Expected<void> Engine::generate(const protocol::GenerationSettings& settings,
                                          const Observer& observer) {
    const c10::InferenceMode inference;
    const GivesMemoryBack atTheEnd;
    try {
        m_impl->generate(settings, observer);
        return {};
    } catch (const Failure& failure) {
        return tl::unexpected(failure.problem());
    } catch (const c10::OutOfMemoryError& error) {
        return tl::unexpected(protocol::generationFailed(
            "The device has too little memory for this picture: " + firstLine(error.what()) +
            " Ask for a smaller one."));
    } catch (const std::exception& error) {
        // Out of memory apart, an error on a GPU leaves its context unusable.
        m_impl->broken = m_impl->pipeline.device().placement.device.is_cuda();
        return tl::unexpected(
            protocol::generationFailed("The picture cannot be drawn: " + firstLine(error.what()) + "."));
    }
}

}  // namespace easel::diffusion
