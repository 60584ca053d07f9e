// SPDX-License-Identifier: Apache-2.0
#include "server/doctor/examiner.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "server/generator/child_process.h"
#include "server/generator/frames.h"
#include "shared/process/spawn.h"

namespace easel::doctor {

namespace {

using namespace std::chrono_literals;
using generator::Frame;
using generator::FrameChannel;
using std::chrono::milliseconds;

/// The last lines that a worker printed.
class LastWords {
public:
    void hear(const std::string& line) {
        constexpr std::size_t kMost = 3;
        constexpr std::size_t kLongest = 300;
        const std::scoped_lock lock(m_mutex);
        m_lines.push_back(line.substr(0, kLongest));
        if (m_lines.size() > kMost) {
            m_lines.pop_front();
        }
    }

    std::string text() const {
        const std::scoped_lock lock(m_mutex);
        std::string all;
        for (const std::string& line : m_lines) {
            all += (all.empty() ? "" : " / ") + line;
        }
        return all;
    }

private:
    mutable std::mutex m_mutex;
    std::deque<std::string> m_lines;
};

/// Shuts a channel down when the time is over, so that whoever reads from it goes on.
class Deadline {
public:
    Deadline(std::shared_ptr<FrameChannel> channel, milliseconds limit)
        : m_thread([this, channel = std::move(channel), limit] {
              std::unique_lock lock(m_mutex);
              if (!m_wake.wait_for(lock, limit, [this] { return m_isDone; })) {
                  m_isOver = true;
                  channel->shutdown();
              }
          }) {}
    ~Deadline() {
        {
            const std::scoped_lock lock(m_mutex);
            m_isDone = true;
        }
        m_wake.notify_all();
        m_thread.join();
    }

    bool isOver() const {
        const std::scoped_lock lock(m_mutex);
        return m_isOver;
    }

private:
    mutable std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_isDone = false;
    bool m_isOver = false;
    std::thread m_thread;
};

/// What the loader says when it does not find a library.
bool lacksLibrary(const std::string& words) {
    return words.find("error while loading shared libraries") != std::string::npos;
}

Trouble describe(const std::string& how, const std::string& words) {
    if (lacksLibrary(words)) {
        const bool isTorch =
            words.find("libtorch") != std::string::npos || words.find("libc10") != std::string::npos;
        return {isTorch ? "libtorch is missing." : "A library of the worker's is missing: " + words,
                "Run \"easel-server setup\".", true};
    }
    return {
        fmt::format("The worker ended without an answer ({}).{}", how,
                    words.empty() ? "" : " Its last words: " + words),
        "Look into the system's log (\"journalctl -k\" for a driver's faults) for the time of this call."};
}

}  // namespace

/// Runs the worker with `arguments`, sends it `wish` and hands what it says to `hear`, which answers whether
/// that was all. Nothing: it was.
template <typename Hear>
std::optional<Trouble> Examiner::converse(std::vector<std::string> arguments,
                                          const std::optional<Frame>& wish, Hear hear) const {
    const auto own = m_environment ? m_environment() : std::vector<std::string>();
    if (!own) {
        return Trouble{own.error().detail, {}, true};
    }
    const auto words = std::make_shared<LastWords>();
    arguments.insert(arguments.begin(),
                     {m_worker.string(), "--socket-fd", std::to_string(process::Program::kSocket)});
    auto child = generator::ChildProcess::start(arguments, generator::childEnvironment(*own),
                                                [words](const std::string& line) { words->hear(line); });
    if (!child) {
        return Trouble{fmt::format("The worker {} cannot be started: {}.", m_worker.string(),
                                   std::strerror(child.error())),
                       "Install easel-worker, or say where it is with --worker.", true};
    }
    FrameChannel& channel = *child->channel();
    std::optional<std::string> reproach;
    bool isComplete = false;
    {
        const Deadline deadline(child->channel(), m_limit);
        if (wish) {
            static_cast<void>(channel.write(*wish));  // One that is gone is noticed by what it does not say.
        }
        while (!isComplete) {
            auto frame = channel.read();
            if (!frame) {
                reproach = "It said what was not understood: is it of the same version as this program?";
                break;
            }
            if (!*frame) {
                break;
            }
            isComplete = hear(std::move(**frame));
        }
        if (deadline.isOver()) {
            reproach = fmt::format("It had no answer for {:g} s and was ended: it hangs.",
                                   std::chrono::duration<double>(m_limit).count());
        }
    }
    channel.shutdown();
    const std::string how = child->end(reproach ? 0ms : 2000ms, 0ms);
    if (isComplete) {
        return std::nullopt;
    }
    if (reproach) {
        return Trouble{*reproach + (words->text().empty() ? "" : " Its last words: " + words->text()),
                       "Restart the machine if it happens again; allow more time with --limit."};
    }
    return describe(how, words->text());
}

Examiner::Examiner(std::filesystem::path worker, milliseconds limit, Environment environment)
    : m_worker(std::move(worker)), m_limit(limit), m_environment(std::move(environment)) {}

tl::expected<generator::Inventory, Trouble> Examiner::list() const {
    generator::Inventory inventory;
    const auto trouble = converse({"--list"}, std::nullopt, [&](Frame frame) {
        auto* const told = std::get_if<generator::Inventory>(&frame);
        if (told != nullptr) {
            inventory = std::move(*told);
        }
        return told != nullptr;
    });
    if (trouble) {
        return tl::unexpected(*trouble);
    }
    return inventory;
}

tl::expected<Drawn, Trouble> Examiner::draw(const std::string& device, const std::string& precision,
                                            const std::filesystem::path& folder,
                                            const protocol::GenerationSettings& settings) const {
    Drawn drawn;
    std::optional<protocol::Problem> problem;
    const auto trouble =
        converse({"--prove", "--device", device, "--precision", precision},
                 generator::Generate{"doctor", settings, generator::ModelPlace{settings.model, folder}},
                 [&](Frame frame) {
                     if (auto* const stage = std::get_if<generator::Stage>(&frame)) {
                         if (drawn.stages.size() < std::size(generator::kStages)) {
                             drawn.stages.push_back(std::move(*stage));
                         }
                     } else if (auto* const proof = std::get_if<generator::Proof>(&frame)) {
                         drawn.proof = std::move(*proof);
                     } else if (auto* const finished = std::get_if<generator::Finished>(&frame)) {
                         problem = std::move(finished->problem);
                         return true;
                     }
                     return false;
                 });
    if (trouble) {
        return tl::unexpected(*trouble);
    }
    if (problem) {
        return tl::unexpected(Trouble{problem->detail, {}});
    }
    return drawn;
}

}  // namespace easel::doctor
