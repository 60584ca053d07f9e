// SPDX-License-Identifier: Apache-2.0
#include "server/hub/pulls.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "server/hub/names.h"

namespace easel::hub {

namespace {

using protocol::Expected;
using protocol::PullInfo;
using protocol::PullState;

constexpr std::ptrdiff_t kMostWaiting = 20;
constexpr std::ptrdiff_t kMostRemembered = 100;

std::string prefixOfNow() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return "p_" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count()) + "_";
}

}  // namespace

Pulls::Pulls(Run run, Tell tell)
    : m_run(std::move(run)),
      m_tell(std::move(tell)),
      m_prefix(prefixOfNow()),
      m_thread([this](const std::stop_token& stop) { work(stop); }) {}

Pulls::~Pulls() {
    m_thread.request_stop();
    const std::scoped_lock lock(m_mutex);
    for (Entry& entry : m_entries) {
        entry.stop.request_stop();
    }
}

Expected<PullInfo> Pulls::start(const protocol::PullRequest& request, protocol::PullTask task) {
    if (!protocol::isHubName(request.model)) {
        return tl::unexpected(
            protocol::invalidField("model", "Say the model's name on the hub: OWNER/NAME."));
    }
    if (!isRevision(request.revision)) {
        return tl::unexpected(
            protocol::invalidField("revision", "A revision is a branch, a tag or a commit, as main."));
    }
    if (!isVariant(request.variant)) {
        return tl::unexpected(protocol::invalidField("variant", "A variant looks like fp16."));
    }
    const std::scoped_lock lock(m_mutex);
    for (const Entry& entry : m_entries) {
        if (entry.info.request == request && entry.info.task == task && !isFinished(entry.info.state)) {
            return entry.info;
        }
    }
    const auto isWaiting = [](const Entry& entry) { return entry.info.state == PullState::Waiting; };
    if (std::ranges::count_if(m_entries, isWaiting) >= kMostWaiting) {
        return tl::unexpected(
            protocol::conflict("Too many pulls are waiting; ask again when some have ended."));
    }
    PullInfo info;
    info.id = m_prefix + std::to_string(++m_last);
    info.task = task;
    info.request = request;
    m_entries.push_back({info});
    forgetTheOldest();
    m_tell(info);
    m_changed.notify_all();
    return info;
}

std::vector<PullInfo> Pulls::list() const {
    const std::scoped_lock lock(m_mutex);
    std::vector<PullInfo> all;
    for (auto entry = m_entries.rbegin(); entry != m_entries.rend(); ++entry) {
        all.push_back(entry->info);
    }
    return all;
}

std::optional<PullInfo> Pulls::find(const std::string& id) const {
    const std::scoped_lock lock(m_mutex);
    const auto found = std::ranges::find(m_entries, id, [](const Entry& entry) { return entry.info.id; });
    return found == m_entries.end() ? std::nullopt : std::optional(found->info);
}

Expected<PullInfo> Pulls::cancel(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    const auto found = std::ranges::find(m_entries, id, [](const Entry& entry) { return entry.info.id; });
    if (found == m_entries.end()) {
        return tl::unexpected(protocol::notFound("pull " + id));
    }
    found->stop.request_stop();
    if (found->info.state == PullState::Waiting) {
        found->info.state = PullState::Cancelled;
        m_tell(found->info);
    }
    return found->info;
}

void Pulls::work(const std::stop_token& stop) {
    const auto isWaiting = [](const Entry& entry) { return entry.info.state == PullState::Waiting; };
    std::unique_lock lock(m_mutex);
    while (m_changed.wait(lock, stop, [&] { return std::ranges::any_of(m_entries, isWaiting); }) &&
           !stop.stop_requested()) {
        // Only this thread ends what runs, so the entry stays.
        Entry& entry = *std::ranges::find_if(m_entries, isWaiting);
        entry.info.state = PullState::Running;
        m_tell(entry.info);
        lock.unlock();
        perform(entry, entry.stop.get_token());
        lock.lock();
    }
}

void Pulls::perform(Entry& entry, const std::stop_token& stop) {
    const PullWatcher watcher{[&](const PullPlan& plan) {
                                  change(entry, [&](PullInfo& info) {
                                      info.commit = plan.commit;
                                      info.licence = plan.licence;
                                      info.progress.files = plan.files;
                                      info.progress.bytes = plan.bytes;
                                  });
                              },
                              [&](const protocol::PullProgress& progress) {
                                  change(entry, [&](PullInfo& info) { info.progress = progress; });
                              }};
    Expected<void> done;
    try {
        done = m_run(entry.info, watcher, stop);
    } catch (const std::exception& error) {
        done = tl::unexpected(protocol::internalError(error.what()));
    }
    change(entry, [&](PullInfo& info) {
        info.progress.bytesPerSecond = 0;
        if (done) {
            info.state = PullState::Succeeded;
        } else if (stop.stop_requested()) {
            info.state = PullState::Cancelled;
        } else {
            info.state = PullState::Failed;
            info.problem = std::move(done.error());
        }
    });
}

void Pulls::change(Entry& entry, const std::function<void(PullInfo&)>& change) {
    const std::scoped_lock lock(m_mutex);
    const PullInfo before = entry.info;
    change(entry.info);
    if (entry.info != before) {
        m_tell(entry.info);
    }
}

void Pulls::forgetTheOldest() {
    const auto hasEnded = [](const Entry& entry) { return isFinished(entry.info.state); };
    auto over = std::ranges::count_if(m_entries, hasEnded) - kMostRemembered;
    for (auto entry = m_entries.begin(); over > 0 && entry != m_entries.end();) {
        const bool goes = hasEnded(*entry);
        over -= goes ? 1 : 0;
        entry = goes ? m_entries.erase(entry) : std::next(entry);
    }
}

}  // namespace easel::hub
