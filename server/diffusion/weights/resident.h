// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "server/diffusion/weights/adapter.h"

namespace easel::diffusion {

/// A network that may leave the memory between uses, and comes back with the same numbers. For any thread.
class Resident {
public:
    virtual ~Resident() = default;

    /// What its layers took of its weights, for a copy with changes to share. It comes back for that.
    virtual std::shared_ptr<const Tensors> tensors() = 0;
    /// Leaves as soon as nobody computes with it; false where it is not there.
    virtual bool leave() = 0;
};

template <typename Network>
class ResidentNetwork final : public Resident {
public:
    struct Loaded {
        std::shared_ptr<const Network> network;
        std::shared_ptr<const Tensors> tensors = nullptr;
        std::vector<std::string> notes = {};
    };

    /// `load` makes it, now and whenever it comes back; what that throws is thrown.
    explicit ResidentNetwork(std::function<Loaded()> load) : m_load(std::move(load)), m_loaded(m_load()) {}

    /// It comes back for whoever wants it.
    std::shared_ptr<const Network> get() { return loaded().network; }
    std::shared_ptr<const Tensors> tensors() override { return loaded().tensors; }
    /// What was passed over in its weights, a sentence each.
    std::vector<std::string> notes() { return loaded().notes; }

    bool leave() override {
        const std::scoped_lock lock(m_mutex);
        return std::exchange(m_loaded, {}).network != nullptr;
    }

private:
    Loaded loaded() {
        const std::scoped_lock lock(m_mutex);
        if (m_loaded.network == nullptr) {
            m_loaded = m_load();
        }
        return m_loaded;
    }

    const std::function<Loaded()> m_load;
    std::mutex m_mutex;
    Loaded m_loaded;
};

}  // namespace easel::diffusion
