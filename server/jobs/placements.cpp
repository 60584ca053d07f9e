// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/placements.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include <fmt/core.h>

namespace easel::jobs {

protocol::Expected<std::vector<Placement>> placementsFor(const ActiveJobs& active, const std::string& id,
                                                         const protocol::Move& move) {
    const LiveJob* moved = active.find(id);
    if (moved == nullptr || !canMove(*moved)) {
        return tl::unexpected(protocol::conflict(
            fmt::format("Job {} has had its turn; only one that waits for it can be moved.", id)));
    }
    const LiveJob* next = move.before ? active.find(*move.before) : nullptr;
    const bool isNeighbour =
        next && next != moved && canMove(*next) && next->record.owner == moved->record.owner;
    if (move.before && !isNeighbour) {
        return tl::unexpected(protocol::invalidField(
            "before",
            fmt::format(
                "before must be another job of the same client that waits for its turn; \"{}\" is none.",
                *move.before)));
    }
    const int priority =
        next ? next->record.job.priority : move.priority.value_or(moved->record.job.priority);
    auto line = active.lineOf(moved->record.owner, priority);
    std::erase(line, moved);
    const auto place = next ? std::ranges::find(line, next) : move.priority ? line.end() : line.begin();
    line.insert(place, moved);
    // The ranks stay the same and are given out anew.
    std::vector<std::int64_t> ranks;
    std::ranges::transform(line, std::back_inserter(ranks),
                           [](const LiveJob* live) { return live->record.rank; });
    std::ranges::sort(ranks);
    std::vector<Placement> placements;
    for (std::size_t i = 0; i < line.size(); ++i) {
        ranks[i] = i > 0 ? std::max(ranks[i], ranks[i - 1] + 1) : ranks[i];
        placements.push_back({line[i]->record.job.id, priority, ranks[i]});
    }
    return placements;
}

}  // namespace easel::jobs
