// SPDX-License-Identifier: Apache-2.0
#include "server/generator/device_pool.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/core.h>

namespace easel::generator {

namespace {

using protocol::DeviceState;
using protocol::ModelState;

/// `text` at the end of a list, once.
void addOnce(std::string& list, const std::string& text) {
    if (!text.empty() && (", " + list + ", ").find(", " + text + ", ") == std::string::npos) {
        list += (list.empty() ? "" : ", ") + text;
    }
}

const ModelStatus* find(const Status& status, const std::string& model) {
    const auto found = std::ranges::find(status.models, model, &ModelStatus::id);
    return found == status.models.end() ? nullptr : &*found;
}

bool holds(const Status& status, const std::string& model) {
    const ModelStatus* known = find(status, model);
    return known != nullptr && known->state != ModelState::Failed;
}

/// Which of two devices' words on a model count: it can be drawn with as soon as one has it.
int rank(ModelState state) {
    return state == ModelState::Loaded ? 2 : state == ModelState::Loading ? 1 : 0;
}

void add(std::vector<ModelStatus>& models, const ModelStatus& model) {
    const auto known = std::ranges::find(models, model.id, &ModelStatus::id);
    if (known == models.end()) {
        models.push_back(model);
    } else if (rank(model.state) > rank(known->state)) {
        *known = model;
    }
}

}  // namespace

DevicePool::DevicePool(std::vector<Device> devices) {
    for (Device& device : devices) {
        m_slots.push_back({std::move(device.name), std::move(device.generator)});
    }
    for (const Slot& slot : m_slots) {
        slot.generator->onStatusChanged([this] { tellChange(); });
    }
}

DevicePool::~DevicePool() {
    onStatusChanged({});  // who is told asks how it is, of what is going
    for (Slot& slot : m_slots) {
        slot.generator.reset();  // Its last calls still find the others, and all else, in place.
    }
}

Status DevicePool::status() const {
    const std::scoped_lock lock(m_mutex);
    std::vector<Status> statuses;
    for (const Slot& slot : m_slots) {
        statuses.push_back(slot.generator->status());
    }
    Status all{.failed = true, .capacity = 0};
    for (const Status& status : statuses) {
        all.ready = all.ready || status.ready;
        all.failed = all.failed && status.failed;
        addOnce(all.device, status.device);
        addOnce(all.deviceName, status.deviceName);
        addOnce(all.precision, status.precision);
        for (const std::string& note : status.notes) {
            if (std::ranges::find(all.notes, note) == all.notes.end()) {
                all.notes.push_back(note);
            }
        }
        if (all.warning.empty()) {
            all.warning = status.warning;
        }
        if (all.kernels.find(status.kernels) == std::string::npos) {
            all.kernels += (all.kernels.empty() ? "" : " ") + status.kernels;
        }
        all.capacity += status.capacity;
        if (status.memoryBudget > all.memoryBudget) {
            all.memoryBudget = status.memoryBudget;
            all.memoryUsed = status.memoryUsed;
        }
        for (const ModelStatus& model : status.models) {
            add(all.models, model);
        }
    }
    // What keeps one of several from drawing is said with its name.
    for (const Status& status : statuses) {
        if (status.ready == all.ready && all.message.empty()) {
            all.message = status.message;
        }
    }
    for (std::size_t i = 0; i < m_slots.size() && all.ready; ++i) {
        const auto info = describe(i, std::move(statuses[i]));
        if (info.state == DeviceState::Starting || info.state == DeviceState::Failed) {
            all.message += fmt::format("; device {} ({}): {}", info.id, info.device, info.message);
        }
    }
    return all;
}

void DevicePool::onStatusChanged(std::function<void()> changed) {
    const std::scoped_lock lock(m_notifying);
    m_changed = std::move(changed);
}

int DevicePool::capacity() const {
    const std::scoped_lock lock(m_mutex);
    int capacity = 0;
    bool takesMore = false;
    for (const Slot& slot : m_slots) {
        const bool isInUse = !slot.drained && slot.generator->status().ready;
        capacity += isInUse ? slot.generator->capacity() : slot.running;
        takesMore = takesMore || isInUse;
    }
    // Without a device in use one more is asked for: whoever asks then learns why it cannot be drawn.
    return takesMore ? capacity : capacity + 1;
}

/// An idle device that has the model, else an idle one with room for it, else the one with the model that
/// has least to do, else the one that has least to do, and of several the one with most memory left.
std::optional<std::size_t> DevicePool::placeFor(const std::string& model) const {
    std::vector<Status> statuses;
    std::int64_t bytes = 0;  // that the model takes, if one of them knows
    for (const Slot& slot : m_slots) {
        statuses.push_back(slot.generator->status());
        const ModelStatus* known = find(statuses.back(), model);
        bytes = std::max(bytes, known != nullptr ? known->bytes : 0);
    }
    const auto worth = [&](std::size_t i) {
        const Status& status = statuses[i];
        const std::int64_t left = status.memoryBudget - status.memoryUsed;
        const bool isHere = holds(status, model);
        const bool isFull = m_slots[i].running >= m_slots[i].generator->capacity();
        const bool isIdle = m_slots[i].running == 0 && (isHere || bytes <= left || status.memoryBudget == 0);
        return std::tuple(!isFull, isIdle, isHere, -m_slots[i].running, left);
    };
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
        if (!m_slots[i].drained && statuses[i].ready && (!best || worth(i) > worth(*best))) {
            best = i;
        }
    }
    return best;
}

void DevicePool::submit(const std::string& id, const protocol::GenerationSettings& settings,
                        Observer observer) {
    Generator* generator = nullptr;
    {
        const std::scoped_lock lock(m_mutex);
        if (const auto place = placeFor(settings.model); place && m_places.emplace(id, *place).second) {
            ++m_slots[*place].running;
            generator = m_slots[*place].generator.get();
        }
    }
    if (generator == nullptr) {
        return observer.finished(protocol::unavailable(status().message));
    }
    auto finish = std::move(observer.finished);
    observer.finished = [this, id, finish = std::move(finish)](std::optional<protocol::Problem> problem) {
        finished(id);
        finish(std::move(problem));
    };
    generator->submit(id, settings, std::move(observer));
}

/// A place is free again, before anybody hears that the request has ended.
void DevicePool::finished(const std::string& id) {
    bool isDrained = false;
    {
        const std::scoped_lock lock(m_mutex);
        const auto place = m_places.extract(id);
        Slot& slot = m_slots[place.mapped()];
        isDrained = --slot.running == 0 && slot.drained;
    }
    if (isDrained) {
        tellChange();
    }
}

void DevicePool::cancel(const std::string& id) {
    const std::scoped_lock lock(m_mutex);
    if (const auto place = m_places.find(id); place != m_places.end()) {
        m_slots[place->second].generator->cancel(id);
    }
}

void DevicePool::load(const std::string& model) {
    const std::scoped_lock lock(m_mutex);
    const auto isHere = [&](const Slot& slot) { return holds(slot.generator->status(), model); };
    const auto place = std::ranges::any_of(m_slots, isHere) ? std::nullopt : placeFor(model);
    if (place) {
        m_slots[*place].generator->load(model);
    }
}

void DevicePool::unload(const std::string& model) {
    const std::scoped_lock lock(m_mutex);
    for (const Slot& slot : m_slots) {
        slot.generator->unload(model);
    }
}

std::vector<protocol::DeviceInfo> DevicePool::devices() const {
    const std::scoped_lock lock(m_mutex);
    std::vector<protocol::DeviceInfo> devices;
    devices.reserve(m_slots.size());
    for (std::size_t i = 0; i < m_slots.size(); ++i) {
        devices.push_back(describe(i, m_slots[i].generator->status()));
    }
    return devices;
}

protocol::DeviceInfo DevicePool::describe(std::size_t index, Status status) const {
    const Slot& slot = m_slots[index];
    protocol::DeviceInfo info;
    info.id = std::to_string(index);
    info.device = status.device.empty() ? slot.name : status.device;
    info.deviceName = std::move(status.deviceName);
    info.precision = std::move(status.precision);
    info.state = slot.drained    ? slot.running > 0 ? DeviceState::Draining : DeviceState::Drained
                 : status.failed ? DeviceState::Failed
                 : status.ready  ? DeviceState::Ready
                                 : DeviceState::Starting;
    info.message = info.state == DeviceState::Draining  ? "It finishes what it has, and gets nothing more."
                   : info.state == DeviceState::Drained ? "It gets nothing until it is resumed."
                                                        : std::move(status.message);
    info.running = slot.running;
    info.capacity = slot.generator->capacity();
    info.memoryBudget = status.memoryBudget;
    info.memoryUsed = status.memoryUsed;
    for (const ModelStatus& model : status.models) {
        if (model.state == ModelState::Loaded) {
            info.models.push_back(model.id);
        }
    }
    return info;
}

std::vector<Tally> DevicePool::tallies() const {
    const std::scoped_lock lock(m_mutex);
    std::vector<Tally> tallies;
    for (const Slot& slot : m_slots) {
        tallies.push_back(slot.generator->tally());
    }
    return tallies;
}

bool DevicePool::isDrained() const {
    const std::scoped_lock lock(m_mutex);
    return std::ranges::all_of(m_slots, &Slot::drained);
}

std::optional<protocol::DeviceInfo> DevicePool::setDrained(const std::string& id, bool drained) {
    std::optional<protocol::DeviceInfo> info;
    {
        const std::scoped_lock lock(m_mutex);
        for (std::size_t i = 0; i < m_slots.size(); ++i) {
            if (std::to_string(i) == id) {
                m_slots[i].drained = drained;
                info = describe(i, m_slots[i].generator->status());
            }
        }
    }
    if (info) {
        tellChange();
    }
    return info;
}

void DevicePool::tellChange() {
    const std::scoped_lock lock(m_notifying);
    if (m_changed) {
        m_changed();
    }
}

}  // namespace easel::generator
