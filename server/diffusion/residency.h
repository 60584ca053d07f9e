// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/diffusion/pipeline.h"
#include "server/diffusion/weights/parts.h"

namespace easel::diffusion {

/// The models that a device holds, under a budget of memory. Whoever draws with one keeps its pointer; as
/// long as anybody does, it is in use and stays. Of the others the least recently used leave first, and
/// only as many of their parts as room is needed for. For one thread.
class Residency {
public:
    explicit Residency(std::int64_t budget) : m_budget(budget) {}

    std::int64_t budget() const { return m_budget; }
    /// Bytes of all parts that are held.
    std::int64_t used() const;
    /// Bytes that those of `parts` take which are not held.
    std::int64_t missing(const Parts& parts) const;

    /// The model, as the latest used; null when it is not held.
    std::shared_ptr<Pipeline> find(const std::string& id);
    /// Lets parts go until `bytes` more fit; none of those that are among `wanted`. False when they cannot
    /// fit as long as what is in use stays.
    bool makeRoom(std::int64_t bytes, const Parts& wanted);
    /// Lets all go that is not in use; whether there was any.
    bool dropIdle();
    /// What is held, for the next model to be made of.
    const Parts& parts() const { return m_parts; }
    /// `parts`: what parts() was, with those that were added for this model.
    void add(const std::string& id, std::shared_ptr<Pipeline> model, Parts parts);
    /// Forgets a model, and with it those of its parts that no other holds. What draws with it draws on.
    void drop(const std::string& id);

    struct Held {
        std::string id;
        std::shared_ptr<Pipeline> model;
    };
    /// The latest used first.
    const std::list<Held>& models() const { return m_models; }

private:
    void dropIdleParts(std::int64_t bytes, const Parts& wanted);

    std::int64_t m_budget;
    std::list<Held> m_models;
    Parts m_parts;  // the latest loaded last
};

}  // namespace easel::diffusion
