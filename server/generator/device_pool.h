// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/generator/generator.h"
#include "shared/protocol/device_info.h"

namespace easel::generator {

/// Several devices as one generator. A request goes where its model is, else where there is room for it; a
/// device that has nothing to do takes it rather than let it join others. Devices can be drained: they finish
/// what they have and get nothing more. From any thread.
class DevicePool final : public Generator {
public:
    struct Device {
        std::string name;  ///< as it was asked for: "auto", "cuda:0"
        std::unique_ptr<Generator> generator;
    };

    /// At least one.
    explicit DevicePool(std::vector<Device> devices);
    ~DevicePool() override;

    /// Ready when one of them is. The memory is that of the device which may hold most.
    Status status() const override;
    void onStatusChanged(std::function<void()> changed) override;
    int capacity() const override;
    void submit(const std::string& id, const protocol::GenerationSettings& settings,
                Observer observer) override;
    void cancel(const std::string& id) override;
    void load(const std::string& model) override;
    void unload(const std::string& model) override;

    /// Each as it is now.
    std::vector<protocol::DeviceInfo> devices() const;
    /// What each has done, in the same order.
    std::vector<Tally> tallies() const;
    /// Whether nothing is begun until a device is taken into use again.
    bool isDrained() const;
    /// Gives a device no more work, or takes it into use again; until the process ends. Answers how it is
    /// then; nothing when there is none of this id.
    std::optional<protocol::DeviceInfo> setDrained(const std::string& id, bool drained);

private:
    struct Slot {
        std::string name;
        std::unique_ptr<Generator> generator;
        bool drained = false;
        int running = 0;
    };

    std::optional<std::size_t> placeFor(const std::string& model) const;
    void finished(const std::string& id);
    void tellChange();
    protocol::DeviceInfo describe(std::size_t index, Status status) const;

    mutable std::mutex m_mutex;
    std::vector<Slot> m_slots;
    std::map<std::string, std::size_t> m_places;  // of what is in flight

    std::mutex m_notifying;  // held while m_changed runs
    std::function<void()> m_changed;
};

}  // namespace easel::generator
