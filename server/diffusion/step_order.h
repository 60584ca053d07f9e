// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <list>
#include <span>
#include <string>
#include <vector>

namespace easel::diffusion {

/// Whose turn it is to be taken a step further. Drawings of one group can share a forward pass; groups take
/// turns by deficit round robin, each having the time of its drawings, so that one of large pictures cannot
/// hold up the small ones. https://doi.org/10.1145/217391.217453
template <typename Drawing>
class StepOrder {
public:
    /// Some drawings of one group.
    struct Turn {
        std::string group;
        std::vector<Drawing*> drawings;
    };

    bool empty() const { return m_groups.empty(); }
    /// How many drawings are in line in `group`.
    std::size_t size(const std::string& group) const {
        const auto found = std::ranges::find(m_groups, group, &Group::name);
        return found == m_groups.end() ? 0 : found->line.size();
    }

    /// Puts a drawing in line before all that have had a turn; it has one of the next two.
    void join(const std::string& group, Drawing* drawing) {
        auto found = std::ranges::find(m_groups, group, &Group::name);
        if (found == m_groups.end()) {
            found = m_groups.insert(m_groups.begin(), Group{.name = group});
        }
        found->line.insert(found->line.begin() + static_cast<std::ptrdiff_t>(found->fresh), drawing);
        ++found->fresh;
    }

    void leave(const Drawing* drawing) {
        for (Group& group : m_groups) {
            const auto place = std::ranges::find(group.line, drawing);
            if (place != group.line.end()) {
                group.fresh -= static_cast<std::size_t>(place - group.line.begin()) < group.fresh ? 1 : 0;
                group.line.erase(place);
                break;
            }
        }
        m_groups.remove_if([](const Group& group) { return group.line.empty(); });
    }

    /// The first in line of the group whose turn it is, as many as `widest` says for the first of them and
    /// the length of the line; they stand at the end of the line now. Not when it is empty().
    Turn next(const std::function<int(const Drawing& first, std::size_t inLine)>& widest) {
        // Who has just come makes a step at once, also where its group has used up its time; but not twice in
        // succession, or drawings of a step each could keep all others from theirs.
        const auto fresh = std::ranges::find_if(m_groups, [](const Group& group) { return group.fresh > 0; });
        m_isInAdvance = !m_isInAdvance && fresh != m_groups.end();
        if (m_isInAdvance) {
            m_groups.splice(m_groups.begin(), m_groups, fresh);
        } else {
            giveCredit();
        }
        Group& group = m_groups.front();
        const int wanted = widest(*group.line.front(), group.line.size());
        const auto count =
            std::clamp<std::size_t>(static_cast<std::size_t>(std::max(wanted, 1)), 1, group.line.size());
        const auto middle = group.line.begin() + static_cast<std::ptrdiff_t>(count);
        Turn turn{group.name, {group.line.begin(), middle}};
        std::rotate(group.line.begin(), middle, group.line.end());
        group.fresh -= std::min(group.fresh, count);
        return turn;
    }

    /// What a turn took, or the decoding of a picture.
    void spent(const std::string& group, double seconds) {
        const auto found = std::ranges::find(m_groups, group, &Group::name);
        if (found == m_groups.end()) {
            return;
        }
        found->credit -= seconds;
        found->cost = seconds;
        if (found->credit <= 0) {
            m_groups.splice(m_groups.end(), m_groups, found);
        }
    }

private:
    /// Until the first group has some.
    void giveCredit() {
        while (m_groups.front().credit <= 0) {
            Group& group = m_groups.front();
            group.credit += quantum() * static_cast<double>(group.line.size());
            if (group.credit <= 0) {
                m_groups.splice(m_groups.end(), m_groups, m_groups.begin());
            }
        }
    }

    struct Group {
        std::string name;
        std::vector<Drawing*> line = {};
        std::size_t fresh = 0;  // the first of the line, which have had no turn yet
        double credit = 0;      // seconds
        double cost = 0;        // of the last turn
    };

    /// What the cheapest turn costs: with less, rounds would pass in which nobody has one.
    double quantum() const {
        double least = std::numeric_limits<double>::infinity();
        for (const Group& group : m_groups) {
            if (group.cost > 0) {
                least = std::min(least, group.cost / static_cast<double>(group.line.size()));
            }
        }
        return least < std::numeric_limits<double>::infinity() ? least : 1e-3;
    }

    std::list<Group> m_groups;   // the one whose turn it is first
    bool m_isInAdvance = false;  // the last turn was
};

}  // namespace easel::diffusion
