// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/setup.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include "server/hub/file_lock.h"
#include "server/libtorch/index.h"
#include "server/libtorch/place.h"
#include "server/libtorch/wheel.h"
#include "server/libtorch/wheels.h"
#include "shared/process/files.h"
#include "shared/text/sizes.h"

namespace easel::libtorch {

namespace {

using protocol::Expected;
using protocol::Problem;
using std::filesystem::path;

constexpr std::int64_t kKeptFree = std::int64_t{64} << 20;  // bytes
/// What the pinned wheels unpack to is less than twice their own size; before they are here no more is known.
constexpr std::int64_t kUnpacked = 2;

Problem cannotWrite(const path& place, const std::error_code& error) {
    if (error == std::errc::no_space_on_device) {
        return protocol::noSpace("The disk with " + place.string() +
                                 " is full. What is here is kept; make room and run the same command again.");
    }
    if (error == std::errc::permission_denied || error == std::errc::read_only_file_system) {
        return protocol::invalidField("into",
                                      place.string() + " cannot be written: " + error.message() +
                                          ". Run this as who owns it, or say where with --into FOLDER.");
    }
    return protocol::internalError(place.string() + " cannot be written: " + error.message() + ".");
}

Expected<void> makeFolders(const path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    return error ? Expected<void>(tl::unexpected(cannotWrite(folder, error))) : Expected<void>();
}

/// One run, in the order of its functions.
class Setup {
public:
    Setup(const hub::Settings& settings, const SetupOptions& options,
          const std::function<void(const SetupProgress&)>& onProgress, const std::stop_token& stop)
        : m_settings(settings),
          m_options(options),
          m_teller(onProgress),
          m_stop(stop),
          m_home(options.into / options.list.name),
          m_work(options.into / (options.list.name + ".part")),
          m_places{.file = [this](const hub::RemoteFile& file) { return fetched(file.blob); },
                   .lock = [this](const hub::RemoteFile& file) { return m_work / (".lock-" + file.blob); }} {}

    Expected<SetupResult> run() {
        if (auto made = makeFolders(m_options.into); !made) {
            return tl::unexpected(std::move(made.error()));
        }
        const path lockFile = m_options.into / ".lock";
        if (hub::FileLock::isTaken(lockFile)) {
            m_teller.begin(SetupStage::Waiting);
        }
        const auto lock = hub::FileLock::wait(lockFile, m_stop);
        if (!lock) {
            return tl::unexpected(lock.error());
        }
        SetupResult result{.folder = m_home, .wasHere = std::filesystem::exists(m_home / kComplete)};
        if (!result.wasHere) {
            if (auto done = bring(); !done) {
                return tl::unexpected(std::move(done.error()));
            }
        }
        result.older = removeOlder(m_options.into,
                                   {m_options.list.name, pinsOf(Kind::Cpu).name, pinsOf(Kind::Cuda).name});
        for (const Kind kind : {Kind::Cpu, Kind::Cuda}) {
            const std::string& name = pinsOf(kind).name;
            if (kind != m_options.list.kind && hub::FileLock::isTaken(m_options.into / name / kComplete)) {
                result.otherInUse = name;
            }
        }
        return result;
    }

private:
    Expected<void> bring() {
        if (std::filesystem::exists(m_work / kComplete)) {
            return publish();  // the last run came as far as that
        }
        return makeFolders(m_work)
            .and_then([this] { return m_options.from ? takeWheels() : fetchWheels(); })
            .and_then([this] { return unpackAll(); })
            .and_then([this] { return publish(); });
    }

    path fetched(const std::string& sha256) const { return m_work / (".wheel-" + sha256); }
    path unpacked(const Pin& pin) const { return m_work / (".unpacked-" + pin.sha256); }

    std::int64_t freeBytes() const {
        if (m_options.freeBytes) {
            return m_options.freeBytes();
        }
        std::error_code error;
        const auto space = std::filesystem::space(m_options.into, error);
        return error ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(space.available);
    }

    Expected<void> checkRoom(std::int64_t needed, const char* about, const char* what) const {
        const std::int64_t free = freeBytes();
        if (needed <= 0 || needed + kKeptFree <= free) {
            return {};
        }
        return tl::unexpected(protocol::noSpace(
            "libtorch needs " + std::string(about) + text::spelledBytes(needed) + " more on the disk with " +
            m_options.into.string() + ", and " + text::spelledBytes(std::max<std::int64_t>(free, 0)) +
            " are free. Make room, or say where with --into FOLDER. " + what));
    }

    /// Those that are not unpacked yet.
    std::vector<Pin> pending() const {
        std::vector<Pin> pins;
        std::ranges::copy_if(m_options.list.pins, std::back_inserter(pins),
                             [this](const Pin& pin) { return !std::filesystem::exists(unpacked(pin)); });
        return pins;
    }

    Expected<void> takeWheels() {
        m_teller.begin(SetupStage::Comparing);
        auto wheels = findWheels(
            *m_options.from, pending(), [this](std::int64_t bytes) { m_teller.add(bytes); }, m_stop);
        if (!wheels) {
            return tl::unexpected(std::move(wheels.error()));
        }
        m_wheels = std::move(*wheels);
        return {};
    }

    Expected<void> fetchWheels() {
        m_teller.begin(SetupStage::LookingUp);
        Index index(m_settings);
        std::vector<OnIndex> found;
        for (const Pin& pin : pending()) {
            m_wheels.push_back({pin, fetched(pin.sha256)});
            if (std::filesystem::exists(fetched(pin.sha256))) {
                continue;  // it got its name when its hash was right
            }
            auto wheel = index.find(pin, m_stop);
            if (!wheel) {
                return tl::unexpected(std::move(wheel.error()));
            }
            found.push_back(std::move(*wheel));
        }
        return fetch(found);
    }

    Expected<void> fetch(const std::vector<OnIndex>& wheels) {
        if (wheels.empty()) {
            return {};
        }
        std::vector<hub::RemoteFile> files;
        std::ranges::transform(wheels, std::back_inserter(files), &OnIndex::file);
        hub::Downloads downloads(
            m_places, [&] { return std::make_unique<Index>(m_settings, wheels); }, m_options.downloads);
        std::int64_t bytes = 0;
        std::int64_t here = 0;
        for (const hub::RemoteFile& file : files) {
            bytes += file.size;
            here += downloads.bytesHere(file);
        }
        if (auto room = checkRoom(roomToFetch(files, here), "about ",
                                  here == 0 ? "Nothing was fetched." : "What is here is kept.");
            !room) {
            return room;
        }
        m_teller.begin(SetupStage::Fetching, static_cast<int>(files.size()), bytes, here);
        return downloads.run(
            files, [this](const hub::Downloads::Done& done) { m_teller.set(done.files, done.bytes); },
            m_stop);
    }

    /// Wheels make room for what comes out of them, each when it is unpacked, the smallest last.
    std::int64_t roomToFetch(const std::vector<hub::RemoteFile>& missing, std::int64_t partly) const {
        std::int64_t wheels = 0;
        std::int64_t whole = 0;
        std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
        for (const LocalWheel& wheel : m_wheels) {
            const auto known = std::ranges::find(missing, wheel.pin.sha256, &hub::RemoteFile::blob);
            std::error_code error;
            const std::int64_t size =
                known != missing.end()
                    ? known->size
                    : static_cast<std::int64_t>(std::filesystem::file_size(wheel.file, error));
            wheels += size;
            whole += known != missing.end() ? 0 : size;
            smallest = std::min(smallest, size);
        }
        return m_wheels.empty() ? 0 : kUnpacked * wheels + smallest - whole - partly;
    }

    struct Unpacking {
        LocalWheel local;
        Wheel wheel;
        std::int64_t size;   // of the file
        std::int64_t bytes;  // of what comes out of it
    };

    Expected<std::vector<Unpacking>> lookInto() const {
        std::vector<Unpacking> all;
        for (const LocalWheel& local : m_wheels) {
            const Wheel wheel(local.file, local.pin.title(), m_options.list.kind);
            const auto bytes = wheel.wantedBytes();
            if (!bytes) {
                return tl::unexpected(bytes.error());
            }
            std::error_code error;
            const auto size = static_cast<std::int64_t>(std::filesystem::file_size(local.file, error));
            all.push_back({local, wheel, error ? 0 : size, *bytes});
        }
        std::ranges::sort(all, std::ranges::greater(), &Unpacking::size);
        return all;
    }

    Expected<void> unpackAll() {
        const auto all = lookInto();
        if (!all) {
            return tl::unexpected(all.error());
        }
        std::int64_t bytes = 0;
        std::int64_t given = 0;
        for (const Unpacking& each : *all) {
            bytes += each.bytes;
            given += m_options.from ? 0 : each.size;
        }
        const std::int64_t last = all->empty() || m_options.from ? 0 : all->back().size;
        if (auto room = checkRoom(bytes + last - given, "", "What is here is kept."); !room) {
            return room;
        }
        m_teller.begin(SetupStage::Unpacking, static_cast<int>(all->size()), bytes);
        for (const Unpacking& each : *all) {
            if (auto done = unpackOne(each); !done) {
                return done;
            }
            m_teller.fileDone();
        }
        return {};
    }

    Expected<void> unpackOne(const Unpacking& each) {
        auto done = each.wheel.unpack(
            m_work, [this](std::int64_t bytes) { m_teller.add(bytes); }, m_stop);
        if (!done) {
            return done;
        }
        const path mark = unpacked(each.local.pin);
        if (const int error = process::writeWhole(mark, std::string_view(), {.durably = true, .mode = 0644});
            error != 0) {
            return tl::unexpected(cannotWrite(mark, {error, std::generic_category()}));
        }
        if (!m_options.from) {
            std::error_code ignored;
            std::filesystem::remove(each.local.file, ignored);
        }
        return {};
    }

    /// What only the work needed goes, and the folder gets its name.
    Expected<void> publish() {
        const path mark = m_work / kComplete;
        if (const int failed = process::writeWhole(mark, std::string_view(), {.durably = true, .mode = 0644});
            failed != 0) {
            return tl::unexpected(cannotWrite(mark, {failed, std::generic_category()}));
        }
        std::error_code error;
        for (std::filesystem::directory_iterator it(m_work, error), end; !error && it != end;
             it.increment(error)) {
            if (it->path().filename().string().starts_with('.')) {
                std::error_code ignored;
                std::filesystem::remove(it->path(), ignored);
            }
        }
        std::filesystem::remove_all(m_home, error);  // one that has lost its mark is none
        if (!error) {
            std::filesystem::rename(m_work, m_home, error);
        }
        if (!error) {
            error = {process::sync(m_options.into), std::generic_category()};
        }
        return error ? Expected<void>(tl::unexpected(cannotWrite(m_home, error))) : Expected<void>();
    }

    const hub::Settings& m_settings;
    const SetupOptions& m_options;
    SetupTeller m_teller;
    const std::stop_token m_stop;
    const path m_home;
    const path m_work;
    const hub::Places m_places;
    std::vector<LocalWheel> m_wheels;  // that are still to be unpacked
};

}  // namespace

Expected<SetupResult> setUp(const hub::Settings& settings, const SetupOptions& options,
                            const std::function<void(const SetupProgress&)>& onProgress,
                            const std::stop_token& stop) {
    return Setup(settings, options, onProgress, stop).run();
}

}  // namespace easel::libtorch
