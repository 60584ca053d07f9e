// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/engine.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "server/diffusion/attempt.h"
#include "server/diffusion/failure.h"
#include "server/diffusion/gpu/choice.h"
#include "server/diffusion/memory.h"
#include "server/diffusion/model_loader.h"
#include "server/diffusion/request.h"
#include "server/diffusion/step_order.h"
#include "server/diffusion/widths.h"

namespace easel::diffusion {
namespace {

using Clock = std::chrono::steady_clock;

struct Cancelled {
    std::string id;
};
struct Wanted {
    generator::ModelPlace model;
};
struct Unwanted {
    std::string model;
};
using Arrival = std::variant<std::unique_ptr<Request>, Cancelled, Wanted, Unwanted>;

double secondsSince(Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
}

}  // namespace

struct Engine::Impl {
    Impl(const EngineOptions& options, Device opened)
        : device(std::move(opened)),
          kernels(gpu::useKernels(device, options.kernels)),
          threads(std::max(at::get_num_threads() / options.sharers, 1)),
          widths(options.widths, device.hardware + ' ' + device.precision + ' ' + std::to_string(threads)),
          loader(device,
                 options.memory > 0 ? options.memory : memoryToUse(device.placement.device) / options.sharers,
                 [this] { wakeUp(); }) {}

    void add(Arrival arrival);
    void wakeUp();
    std::vector<Arrival> take();
    void handle(std::unique_ptr<Request> request) { requests.push_back(std::move(request)); }
    void handle(const Cancelled& cancelled);
    void handle(const Wanted& wanted) { loader.want(wanted.model); }
    void handle(const Unwanted& unwanted) { loader.drop(unwanted.model); }

    bool hasWork() const;
    void beginRequests();
    void begin(Request& request, ModelLoader::Answer models);
    void seat(Request& request);
    void handOn();
    void decodeOne();
    void advance();
    void settle(const StepOrder<Live>::Turn& turn, const std::vector<std::string>& kinds, double seconds);
    double show(const Live& live);
    int widest(const Live& first, std::size_t inLine) const;
    std::int64_t room() const;
    void end(Request& request, std::optional<protocol::Problem> problem);
    void tellStatus();

    Attempt tried(const std::function<void()>& work) {
        Attempt ended = attempt(work);
        broken = broken || (ended.isUnknown && device.placement.device.is_cuda());  // its context is unusable
        return ended;
    }
    void useThreadsWorthIt(const Pipeline& pipeline, std::int64_t work) const {
        at::set_num_threads(pipeline.threadsWorthIt(work, threads));
    }

    const Device device;
    const std::string kernels;  // in words, which of our own are in use
    const int threads;
    Widths widths;

    std::mutex mutex;
    std::condition_variable wake;
    std::vector<Arrival> arrived;
    std::atomic<std::int64_t> passes = 0;
    std::atomic<std::int64_t> drawn = 0;
    // Of the thread that draws.
    ModelLoader loader;
    std::list<std::unique_ptr<Request>> requests;  // in the order of their arrival
    std::list<Live> lives;                         // all pictures that are begun and not delivered
    StepOrder<Live> order;                         // those of them that have steps to make
    std::list<Live*> handedOn;                     // those that have another part before them
    std::list<Live*> finished;                     // those that are to be decoded
    std::function<void()> changed;
    generator::Status lastStatus;
    bool broken = false;
};

void Engine::Impl::add(Arrival arrival) {
    {
        const std::scoped_lock lock(mutex);
        arrived.push_back(std::move(arrival));
    }
    wake.notify_one();
}

void Engine::Impl::wakeUp() {
    {
        const std::scoped_lock lock(mutex);  // or it might fall asleep just now
    }
    wake.notify_one();
}

/// Whether there is anything to do but to wait.
bool Engine::Impl::hasWork() const {
    return !order.empty() || !handedOn.empty() || !finished.empty() || loader.hasWork() ||
           (!loader.isLoading() && !std::ranges::all_of(requests, &Request::hasBegun));
}

/// What came; waited for when there is nothing else to do.
std::vector<Arrival> Engine::Impl::take() {
    std::unique_lock lock(mutex);
    if (arrived.empty() && !hasWork()) {
        malloc_trim(0);  // What openDevice() lets malloc keep belongs to the rest of the machine meanwhile.
        wake.wait(lock, [this] { return !arrived.empty() || hasWork(); });
    }
    return std::exchange(arrived, {});
}

void Engine::Impl::handle(const Cancelled& cancelled) {
    const auto found =
        std::ranges::find_if(requests, [&](const auto& request) { return request->id() == cancelled.id; });
    if (found != requests.end()) {
        end(**found, generator::cancelled());
    }
}

/// Begins what waits and has its model, in the order of arrival. One that finds no room for its model holds
/// up those that came later, or it might wait for ever.
void Engine::Impl::beginRequests() {
    for (auto next = requests.begin(); next != requests.end();) {
        Request& request = **next++;
        if (request.hasBegun()) {
            continue;
        }
        auto answer = loader.get(request.model(), request.loras(), request.refiner());
        if (answer.state == ModelLoader::State::NoRoom) {
            return;
        }
        if (answer.state == ModelLoader::State::Here) {
            begin(request, std::move(answer));
        } else if (answer.state == ModelLoader::State::Failed) {
            end(request, std::move(answer.problem));
        }
    }
}

void Engine::Impl::begin(Request& request, ModelLoader::Answer models) {
    bool hasSpared = false;  // Who leaves comes back for this, so once must do.
    Attempt ended;
    do {
        ended = tried([&] { request.begin(models.model, models.refiner); });
    } while (ended.isOutOfMemory && !broken &&
             (loader.letIdleGo() || (!std::exchange(hasSpared, true) && request.spare(false))));
    if (!ended.problem) {
        ended = tried([&] { seat(request); });
    }
    if (ended.problem) {
        end(request, request.problemOf(std::move(ended), 0, room()));
    }
}

/// Begins a request's next picture, and more of them as long as sharing passes pays.
void Engine::Impl::seat(Request& request) {
    while (request.hasMore()) {
        auto [drawing, index] = request.beginNext();
        Live& live = lives.emplace_back(request, index, std::move(drawing));
        order.join(live.group, &live);
        const auto most = static_cast<std::size_t>(widest(live, Widths::kTried.back()));
        if (order.size(live.group) >= most) {
            return;
        }
    }
}

/// A picture that is done with one part of its way goes on with the next.
void Engine::Impl::handOn() {
    if (handedOn.empty()) {
        return;
    }
    Live* const live = handedOn.front();
    handedOn.pop_front();
    Request& request = *live->request;
    auto ended = tried([&] {
        useThreadsWorthIt(*live->pipeline, live->drawing.work());
        live->goOn(room());
        order.join(live->group, live);
    });
    if (broken || !ended.problem) {
        return;
    }
    if (ended.isOutOfMemory && (loader.letIdleGo() || request.spare(true))) {
        handedOn.push_front(live);
    } else {
        end(request, request.problemOf(std::move(ended), live->part + 1, room()));
    }
}

void Engine::Impl::decodeOne() {
    if (finished.empty()) {
        return;
    }
    Live* const live = finished.front();
    finished.pop_front();
    Request& request = *live->request;
    const auto startedAt = Clock::now();
    auto ended = tried([&] {
        useThreadsWorthIt(request.pipeline(), live->drawing.work());
        request.deliver(*live, room());
    });
    if (ended.isOutOfMemory && !broken && (loader.letIdleGo() || request.spare(true))) {
        finished.push_front(live);
        return;
    }
    const auto problem = request.problemOf(std::move(ended), live->part, room());
    if (broken) {
        return;
    }
    order.spent(live->group, secondsSince(startedAt));
    lives.remove_if([live](const Live& each) { return &each == live; });
    if (problem || request.isComplete()) {
        end(request, problem);
    } else if (std::ranges::count(lives, &request, &Live::request) == 0) {
        if (const auto refused = tried([&] { seat(request); }).problem) {
            end(request, refused);
        }
    }
}

void Engine::Impl::advance() {
    if (order.empty()) {
        return;
    }
    const auto turn =
        order.next([this](const Live& first, std::size_t inLine) { return widest(first, inLine); });
    std::vector<Drawing*> drawings;
    std::vector<std::string> kinds;
    std::int64_t work = 0;
    Rows rows = Rows::Together;
    for (Live* const live : turn.drawings) {
        rows = std::max(rows, live->rows);
        drawings.push_back(&live->drawing);
        kinds.push_back(live->kind());
        work = std::max(work, live->drawing.work());
    }
    const auto startedAt = Clock::now();
    auto ended = tried([&] {
        const Pipeline& pipeline = *turn.drawings.front()->pipeline;
        useThreadsWorthIt(pipeline, work);
        pipeline.advance(drawings, rows);
        synchronize(device);
    });
    if (broken) {
        return;
    }
    if (!ended.problem) {
        return settle(turn, kinds, secondsSince(startedAt));
    }
    if (drawings.size() > 1) {
        // Whatever it was, it need not be everybody's: fewer of them try again.
        widths.tooWide(kinds.front(), static_cast<int>(drawings.size()));
    } else if (Live& live = *turn.drawings.front();
               !ended.isOutOfMemory || !(loader.letIdleGo() || live.takeLess())) {
        end(*live.request, live.request->problemOf(std::move(ended), live.part, room()));
    }
}

/// Bytes that are left for what is only there for a while.
std::int64_t Engine::Impl::room() const {
    std::int64_t room = loader.memoryLeft();
    for (const Live& live : lives) {
        room -= live.drawing.keptBytes();
    }
    return room;
}

/// How many drawings like `first` to take together: what pays, of what the memory holds.
int Engine::Impl::widest(const Live& first, std::size_t inLine) const {
    const auto fit = std::max<std::int64_t>(room() / first.pipeline->memoryOfStep(first.drawing), 1);
    return widths.widest(first.kind(), std::min(inLine, static_cast<std::size_t>(fit)));
}

/// After a step of `turn`, whose drawings were of `kinds` before it, that took so long.
void Engine::Impl::settle(const StepOrder<Live>::Turn& turn, const std::vector<std::string>& kinds,
                          double seconds) {
    ++passes;
    drawn += static_cast<std::int64_t>(turn.drawings.size());
    double showing = 0;
    for (const Live* const live : turn.drawings) {
        showing += live->stepped() ? show(*live) : 0;
    }
    order.spent(turn.group, seconds + showing);
    if (std::ranges::count(kinds, kinds.front()) == std::ssize(kinds)) {
        widths.measured(kinds.front(), static_cast<int>(kinds.size()), seconds);
    }
    for (Live* const live : turn.drawings) {
        if (live->drawing.done()) {
            order.leave(live);
            (live->hasMore() ? handedOn : finished).push_back(live);
        }
    }
}

/// How long it took. A picture goes on without a preview that could not be made.
double Engine::Impl::show(const Live& live) {
    const auto startedAt = Clock::now();
    tried([&] { live.request->show(live); });
    return secondsSince(startedAt);
}

/// Takes a request and its pictures off, and says how it ended.
void Engine::Impl::end(Request& request, std::optional<protocol::Problem> problem) {
    for (Live& live : lives) {
        if (live.request == &request) {
            order.leave(&live);
            handedOn.remove(&live);
            finished.remove(&live);
        }
    }
    lives.remove_if([&](const Live& live) { return live.request == &request; });
    const auto place =
        std::ranges::find_if(requests, [&](const auto& each) { return each.get() == &request; });
    const auto ended = std::move(*place);
    requests.erase(place);
    ended->finish(std::move(problem));
}

void Engine::Impl::tellStatus() {
    auto status = loader.status();  // as told by Engine::status(), but for what never changes
    if (changed && status != lastStatus) {
        lastStatus = std::move(status);
        changed();
    }
}

Engine::Engine(std::unique_ptr<Impl> impl) : m_impl(std::move(impl)) {}

Engine::~Engine() {
    while (!m_impl->requests.empty()) {
        m_impl->end(*m_impl->requests.front(), generator::cancelled());
    }
}

protocol::Expected<std::unique_ptr<Engine>> Engine::open(const EngineOptions& options) {
    const c10::InferenceMode inference;
    try {
        return std::unique_ptr<Engine>(
            new Engine(std::make_unique<Impl>(options, openDevice(options.device, options.precision))));
    } catch (const Failure& failure) {
        return tl::unexpected(failure.problem());
    } catch (const std::exception& error) {
        return tl::unexpected(
            protocol::unavailable("The device cannot be used: " + firstLine(error.what()) + "."));
    }
}

void Engine::submit(std::string id, generator::Materials materials, protocol::GenerationSettings settings,
                    generator::Observer observer) {
    m_impl->add(std::make_unique<Request>(std::move(id), std::move(materials), std::move(settings),
                                          std::move(observer)));
}

void Engine::cancel(std::string id) {
    m_impl->add(Cancelled{std::move(id)});
}

void Engine::load(generator::ModelPlace model) {
    m_impl->add(Wanted{std::move(model)});
}

void Engine::unload(std::string model) {
    m_impl->add(Unwanted{std::move(model)});
}

generator::Tally Engine::tally() const {
    return {.passes = m_impl->passes, .drawn = m_impl->drawn};
}

void Engine::step() {
    const c10::InferenceMode inference;
    for (Arrival& arrival : m_impl->take()) {
        std::visit([this](auto& each) { m_impl->handle(std::move(each)); }, arrival);
    }
    m_impl->loader.settle();
    m_impl->tellStatus();  // before what is drawn with it
    m_impl->beginRequests();
    m_impl->loader.loadWanted();
    m_impl->handOn();
    m_impl->decodeOne();
    if (!m_impl->broken) {
        m_impl->advance();
    }
    m_impl->tellStatus();
}

void Engine::onStatusChanged(std::function<void()> changed) {
    m_impl->changed = std::move(changed);
}

generator::Status Engine::status() const {
    const Device& device = m_impl->device;
    generator::Status status = m_impl->loader.status();
    status.ready = true;
    status.message = device.remark.empty() ? "Ready" : "Ready, but not on the GPU. " + device.remark;
    status.warning = device.remark;
    status.device = device.name;
    status.deviceName = device.hardware;
    status.precision = device.precision;
    status.kernels = m_impl->kernels;
    return status;
}

bool Engine::broken() const {
    return m_impl->broken;
}

}  // namespace easel::diffusion
