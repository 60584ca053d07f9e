// SPDX-License-Identifier: Apache-2.0
#include "server/hub/downloads.h"

#include <algorithm>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include "server/hub/hashing.h"
#include "server/hub/problems.h"

namespace easel::hub {

using protocol::Expected;

struct Downloads::OpenFile {
    RemoteFile remote;
    FileLock lock;
    std::unique_ptr<PartialFile> partial;
    std::size_t next = 0;  // part to be taken
    std::size_t left = 0;  // parts that are not there yet
};

Downloads::Downloads(Places places, Connect connect, Options options)
    : m_places(std::move(places)), m_connect(std::move(connect)), m_options(options) {}

std::int64_t Downloads::bytesHere(const RemoteFile& file) const {
    std::error_code error;
    const auto blob = m_places.file(file);
    const auto size = std::filesystem::file_size(blob, error);
    if (!error && static_cast<std::int64_t>(size) == file.size) {
        return file.size;
    }
    return PartialFile::bytesOf(blob, file.size, m_options.partSize);
}

Expected<void> Downloads::run(const std::vector<RemoteFile>& files,
                              const std::function<void(const Done&)>& onTick, const std::stop_token& stop) {
    constexpr std::chrono::milliseconds kTick{250};
    for (const RemoteFile& file : files) {
        m_done.bytes += bytesHere(file);
        m_waiting.push_back(file);
    }
    std::ranges::sort(m_waiting, {}, &RemoteFile::size);  // what is refused is refused soon
    const std::stop_callback stopAll(stop, [this] { m_ending.request_stop(); });
    m_working = std::max(1, std::min(m_options.connections, 64));
    std::vector<std::jthread> threads;
    for (int i = m_working; i > 0; --i) {
        threads.emplace_back([this] { work(m_ending.get_token()); });
    }
    std::unique_lock lock(m_mutex);
    while (m_working > 0) {
        m_changed.wait_for(lock, kTick, [this] { return m_working == 0; });
        const Done done = m_done;
        lock.unlock();
        onTick(done);
        lock.lock();
    }
    lock.unlock();
    threads.clear();
    if (stop.stop_requested()) {
        return tl::unexpected(stopped());
    }
    return m_problem ? Expected<void>(tl::unexpected(*m_problem)) : Expected<void>();
}

void Downloads::work(const std::stop_token& stop) {
    try {
        const auto source = m_connect();
        while (const auto task = next(*source, stop)) {
            if (auto fetched = fetch(*source, *task, stop); !fetched) {
                fail(std::move(fetched.error()));
            }
        }
    } catch (const std::exception& error) {
        fail(protocol::internalError(error.what()));
    }
    const std::scoped_lock lock(m_mutex);
    --m_working;
    m_changed.notify_all();
}

/// A part of an open file before another file: whoever holds a file's lock has somebody at work on it, so
/// that two processes never wait for each other.
std::optional<Downloads::Task> Downloads::next(Source& source, const std::stop_token& stop) {
    std::unique_lock lock(m_mutex);
    while (!stop.stop_requested()) {
        if (auto task = claim()) {
            return task;
        }
        if (m_waiting.empty()) {
            if (m_opening == 0) {
                return std::nullopt;
            }
            m_changed.wait(lock, stop,
                           [this] { return m_opening == 0 || !m_open.empty() || !m_waiting.empty(); });
            continue;
        }
        const RemoteFile file = std::move(m_waiting.front());
        m_waiting.pop_front();
        ++m_opening;
        lock.unlock();
        auto opened = open(source, file, stop);
        if (!opened) {
            fail(std::move(opened.error()));
        }
        lock.lock();
        --m_opening;
        if (opened && *opened) {
            m_open.push_back(std::move(*opened));
        }
        m_changed.notify_all();
    }
    return std::nullopt;
}

std::optional<Downloads::Task> Downloads::claim() {
    if (m_open.empty()) {
        return std::nullopt;
    }
    const auto file = m_open.front();
    Task task{file, file->next++};
    if (file->next >= file->partial->parts()) {
        m_open.pop_front();
    }
    return task;
}

/// Nothing where the file is there, now.
Expected<std::shared_ptr<Downloads::OpenFile>> Downloads::open(Source& source, const RemoteFile& file,
                                                               const std::stop_token& stop) {
    const std::int64_t before = bytesHere(file);
    auto lock = FileLock::wait(m_places.lock(file), stop);
    if (!lock) {
        return tl::unexpected(std::move(lock.error()));
    }
    const auto blob = m_places.file(file);
    if (bytesHere(file) == file.size && std::filesystem::exists(blob)) {
        count(file.size - before, 1);
        return nullptr;
    }
    if (auto checked = source.check(file, stop); !checked) {
        return tl::unexpected(std::move(checked.error()));
    }
    auto partial = PartialFile::open(blob, file.size, m_options.partSize);
    if (!partial) {
        return tl::unexpected(std::move(partial.error()));
    }
    count(bytesHere(file) - before);
    const std::size_t parts = (*partial)->parts();
    auto opened = std::make_shared<OpenFile>(OpenFile{file, std::move(*lock), std::move(*partial), 0, parts});
    if (parts == 0) {
        return finish(opened, stop).map([] { return std::shared_ptr<OpenFile>(); });
    }
    return opened;
}

Expected<void> Downloads::fetch(Source& source, const Task& task, const std::stop_token& stop) {
    PartialFile& partial = *task.file->partial;
    const auto sink = [&](std::int64_t, std::span<const char> bytes) {
        count(std::ssize(bytes));
        return partial.append(task.part, bytes);
    };
    auto got =
        source.download(task.file->remote, partial.doneOf(task.part), partial.endOf(task.part), sink, stop);
    if (!got) {
        return got;
    }
    bool isLast = false;
    {
        const std::scoped_lock lock(m_mutex);
        isLast = --task.file->left == 0;
    }
    return isLast ? finish(task.file, stop) : Expected<void>();
}

Expected<void> Downloads::finish(const std::shared_ptr<OpenFile>& file, const std::stop_token& stop) {
    const RemoteFile& remote = file->remote;
    const auto hash = hashFileAs(remote.blob, file->partial->data(), stop);
    if (!hash) {
        return tl::unexpected(hash.error());
    }
    if (stop.stop_requested()) {
        return tl::unexpected(stopped());
    }
    if (*hash == remote.blob) {
        count(0, 1);
        return file->partial->finish();
    }
    const bool wasResumed = file->partial->isResumed();
    count(-remote.size);
    if (auto emptied = file->partial->startOver(); !emptied) {
        return emptied;
    }
    if (!wasResumed) {
        return tl::unexpected(untrue("What came of " + remote.path +
                                     " has another hash than was announced: it was damaged or exchanged on "
                                     "its way. It is thrown away; try again."));
    }
    // What was here before may have lost bytes in a power cut: once more from the beginning.
    const std::scoped_lock lock(m_mutex);
    file->next = 0;
    file->left = file->partial->parts();
    m_open.push_back(file);
    m_changed.notify_all();
    return {};
}

void Downloads::fail(protocol::Problem problem) {
    {
        const std::scoped_lock lock(m_mutex);
        if (!m_problem) {
            m_problem = std::move(problem);
        }
    }
    m_ending.request_stop();
}

void Downloads::count(std::int64_t bytes, int files) {
    const std::scoped_lock lock(m_mutex);
    m_done.bytes += bytes;
    m_done.files += files;
}

}  // namespace easel::hub
