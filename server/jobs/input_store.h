// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <span>
#include <string>

#include "server/jobs/disk_room.h"
#include "server/jobs/input_folder.h"
#include "server/jobs/input_records.h"
#include "shared/protocol/input_info.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::jobs {

struct InputOptions {
    std::int64_t maxOwnerBytes = std::int64_t{1} << 30;            ///< of all that one client has sent
    std::int64_t maxBytes = std::int64_t{16} << 30;                ///< of all that is kept
    std::int64_t maxUnusedMs = std::int64_t{24} * 60 * 60 * 1000;  ///< in the server's uptime
};

/// The pictures that clients sent, to draw from. The file comes before its record and goes after it: what
/// ends the process in between leaves a stranger, which the next start removes. Safe to use from any thread;
/// adding takes as long as decoding and writing do.
class InputStore {
public:
    /// `records` and `room` outlive it. `uptime` is the server's; see ServerClock.
    InputStore(InputRecords& records, InputFolder folder, const DiskRoom& room,
               const protocol::Limits& limits, const InputOptions& options,
               std::function<std::int64_t()> uptime);

    /// Removes what an earlier process left.
    void takeUp();

    struct Added {
        protocol::InputInfo info;
        bool isNew = false;  ///< to this owner
    };
    /// Keeps a picture for a day, and for as long as jobs use it. Errors: as image::decode; 429 inputs_full;
    /// 507 no_space, also when all clients' pictures together take what is kept for them.
    protocol::Expected<Added> add(const std::string& owner, std::span<const std::uint8_t> file);

    struct Stored {
        protocol::InputInfo info;
        std::filesystem::path path;  ///< complete as long as the input is kept, and never changes
    };
    /// Errors: 404.
    protocol::Expected<Stored> find(const std::string& id, const InputView& view) const;
    std::filesystem::path path(const std::string& id) const { return m_folder.path(id); }
    /// Errors: 404; 409: a job uses it.
    protocol::Expected<void> remove(const std::string& id, const InputView& view);
    /// Forgets what nobody uses any more.
    protocol::Expected<void> sweep();

private:
    protocol::Expected<void> admit(const std::string& owner, const protocol::InputInfo& info) const;
    /// What is known of `id`, whoever has sent it.
    protocol::Expected<protocol::InputInfo> describe(const std::string& id,
                                                     std::span<const std::uint8_t> file) const;
    void removeUnkept(const std::string& id) const;

    InputRecords& m_records;
    const InputFolder m_folder;
    const DiskRoom& m_room;
    const protocol::Limits m_limits;
    const InputOptions m_options;
    const std::function<std::int64_t()> m_uptime;
    std::mutex m_changing;  // a file and its records
};

}  // namespace easel::jobs
