// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/turns.h"

#include <algorithm>
#include <utility>

namespace easel::jobs {

void Turns::add(const std::string& owner, const std::string& id, std::int64_t work, Place place) {
    Line& line = m_lines[owner];
    if (line.jobs.empty()) {
        line.used = std::max(line.used, m_level);
    }
    insert(line, {id, work, place});
}

void Turns::move(const std::string& id, Place place) {
    for (auto& [owner, line] : m_lines) {
        const auto job = std::ranges::find(line.jobs, id, &Waiting::id);
        if (job != line.jobs.end()) {
            Waiting moved = *job;
            moved.place = place;
            line.jobs.erase(job);
            return insert(line, std::move(moved));
        }
    }
}

/// Behind those of the same place.
void Turns::insert(Line& line, Waiting job) {
    const auto key = [](const Waiting& each) { return std::pair(-each.place.priority, each.place.rank); };
    const auto behind = std::ranges::upper_bound(line.jobs, key(job), {}, key);
    line.jobs.insert(behind, std::move(job));
}

void Turns::addReturned(const std::string& id) {
    m_returned.push_back(id);
}

void Turns::start(const std::string& id) {
    if (takeReturned(id)) {
        return;
    }
    for (auto& [owner, line] : m_lines) {
        const auto job = std::ranges::find(line.jobs, id, &Waiting::id);
        if (job != line.jobs.end()) {
            m_level = std::max(m_level, line.used);
            line.used += job->work;
            line.jobs.erase(job);
            return forgetTheSettled();
        }
    }
}

void Turns::remove(const std::string& id) {
    if (takeReturned(id)) {
        return;
    }
    for (auto& [owner, line] : m_lines) {
        if (std::erase_if(line.jobs, [&](const Waiting& job) { return job.id == id; }) > 0) {
            return forgetTheSettled();
        }
    }
}

void Turns::giveBack(const std::string& owner, std::int64_t work) {
    if (const auto line = m_lines.find(owner); line != m_lines.end()) {
        line->second.used -= work;
    }
}

void Turns::settle() {
    for (const auto& [owner, line] : m_lines) {
        m_level = std::max(m_level, line.used);
    }
    m_lines.clear();
}

std::int64_t Turns::used(const std::string& owner) const {
    const auto line = m_lines.find(owner);
    if (line == m_lines.end()) {
        return m_level;
    }
    return line->second.jobs.empty() ? std::max(line->second.used, m_level) : line->second.used;
}

std::int64_t Turns::usedOnceStarted(const std::string& id) const {
    for (const auto& [owner, line] : m_lines) {
        const auto job = std::ranges::find(line.jobs, id, &Waiting::id);
        if (job != line.jobs.end()) {
            return line.used + job->work;
        }
    }
    return 0;  // one that returned has been paid for
}

void Turns::restore(const std::map<std::string, std::int64_t>& used) {
    bool waits = false;
    std::int64_t least = 0;
    std::int64_t most = 0;
    for (const auto& [owner, amount] : used) {
        Line& line = m_lines[owner];
        line.used = amount;
        most = std::max(most, amount);
        if (!line.jobs.empty()) {
            least = waits ? std::min(least, amount) : amount;
            waits = true;
        }
    }
    m_level = waits ? least : most;
    forgetTheSettled();
}

std::vector<std::string> Turns::order() const {
    std::vector<std::string> ids(m_returned.begin(), m_returned.end());
    struct Next {
        const std::deque<Waiting>* jobs;
        std::size_t next;
        std::int64_t used;
    };
    std::vector<Next> places;
    for (const auto& [owner, line] : m_lines) {
        if (!line.jobs.empty()) {
            places.push_back({&line.jobs, 0, line.used});
        }
    }
    while (!places.empty()) {
        const auto first = std::ranges::min_element(places, {}, [](const Next& line) {
            return std::pair(line.used, (*line.jobs)[line.next].place.rank);
        });
        const Waiting& job = (*first->jobs)[first->next];
        ids.push_back(job.id);
        first->used += job.work;
        if (++first->next == first->jobs->size()) {
            places.erase(first);
        }
    }
    return ids;
}

bool Turns::takeReturned(const std::string& id) {
    return std::erase(m_returned, id) > 0;
}

/// Who waits for nothing and is not ahead of the others would start at their level anyway.
void Turns::forgetTheSettled() {
    std::erase_if(m_lines, [this](const auto& each) {
        return each.second.jobs.empty() && each.second.used <= m_level;
    });
}

}  // namespace easel::jobs
