// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/residency.h"

#include <algorithm>

namespace easel::diffusion {
namespace {

bool has(const Parts& parts, const Part& part) {
    return std::ranges::count(parts, part.files, &Part::files) > 0;
}

bool isInUse(const std::shared_ptr<Pipeline>& model) {
    return model.use_count() > 1;
}

}  // namespace

std::int64_t Residency::used() const {
    std::int64_t bytes = 0;
    for (const Part& part : m_parts) {
        bytes += part.bytes;
    }
    return bytes;
}

std::int64_t Residency::missing(const Parts& parts) const {
    std::int64_t bytes = 0;
    for (const Part& part : parts) {
        bytes += has(m_parts, part) ? 0 : part.bytes;
    }
    return bytes;
}

std::shared_ptr<Pipeline> Residency::find(const std::string& id) {
    const auto found = std::ranges::find(m_models, id, &Held::id);
    if (found == m_models.end()) {
        return nullptr;
    }
    m_models.splice(m_models.begin(), m_models, found);
    return found->model;
}

bool Residency::makeRoom(std::int64_t bytes, const Parts& wanted) {
    dropIdleParts(bytes, wanted);
    while (used() + bytes > m_budget) {
        const auto last = std::find_if(m_models.rbegin(), m_models.rend(),
                                       [](const Held& held) { return !isInUse(held.model); });
        if (last == m_models.rend()) {
            return false;
        }
        m_models.erase(std::next(last).base());
        dropIdleParts(bytes, wanted);
    }
    return true;
}

bool Residency::dropIdle() {
    const std::int64_t before = used();
    makeRoom(m_budget + 1, {});  // more than there can be
    return used() < before;
}

/// Those that no model holds any more.
void Residency::dropIdleParts(std::int64_t bytes, const Parts& wanted) {
    for (auto part = m_parts.begin(); part != m_parts.end() && used() + bytes > m_budget;) {
        if (part->network.use_count() > 1 || has(wanted, *part)) {
            ++part;
        } else {
            m_parts.erase(part);
            part = m_parts.begin();  // it may have been all that held the part that it was a copy of
        }
    }
}

void Residency::add(const std::string& id, std::shared_ptr<Pipeline> model, Parts parts) {
    std::erase_if(m_models, [&id](const Held& held) { return held.id == id; });
    m_models.push_front({id, std::move(model)});
    m_parts = std::move(parts);
}

void Residency::drop(const std::string& id) {
    std::erase_if(m_models, [&id](const Held& held) { return held.id == id; });
    const auto isIdle = [](const Part& part) { return part.network.use_count() == 1; };
    while (std::erase_if(m_parts, isIdle) > 0) {
        // Changed copies hold what they are copies of.
    }
}

}  // namespace easel::diffusion
