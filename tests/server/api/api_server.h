// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTemporaryDir>

#include <algorithm>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "server/api/api.h"
#include "server/api/door.h"
#include "server/http/listener.h"
#include "server/jobs/job_queue.h"
#include "server/jobs/sqlite_job_store.h"
#include "shared/protocol/samplers.h"
#include "shared/protocol/validation.h"
#include "tests/server/http/raw_client.h"
#include "tests/server/jobs/manual_generator.h"

namespace easel::tests {

/// The real routes on a real listener and a real queue in a temporary folder; only what draws is the
/// test's own.
class ApiServer {
public:
    explicit ApiServer(int maxQueued = 10) : ApiServer(std::make_unique<ManualGenerator>(), maxQueued) {}

    template <typename Generator>
    explicit ApiServer(std::unique_ptr<Generator> generator, int maxQueued = 10, api::DoorOptions door = {}) {
        if constexpr (std::is_same_v<Generator, ManualGenerator>) {
            m_generator = generator.get();
        }
        m_status = [drawing = generator.get()] { return drawing->status(); };
        m_info.limits.maxQueued = maxQueued;
        const std::filesystem::path folder = m_folder.path().toStdString();
        jobs::QueueOptions options;
        options.limits = m_info.limits;
        m_queue = jobs::JobQueue::open(jobs::openSqliteJobStore(folder / "jobs.db").value(),
                                       jobs::ImageFolder::open(folder / "images").value(),
                                       jobs::InputFolder::open(folder / "inputs").value(),
                                       std::move(generator), options)
                      .value();
        auto store = keys::KeyStore::open(folder / "keys.json", {.lookEvery = std::chrono::milliseconds(50)});
        m_door = std::make_unique<api::Door>(std::move(store.value()), std::move(door));
        m_listener = http::Listener::start(over(chosenTransport()), api::makeRouter(service())).value();
    }

    /// A model that takes more memory to find than there is.
    static constexpr const char* kOutOfMemory = "hub/vast";
    /// What its log says: the numbers of its lines.
    static constexpr int kLogLines = 1500;

    api::Service service() {
        api::Models models;
        models.find = [this](const std::string& id) -> protocol::Expected<protocol::ModelInfo> {
            if (id == kOutOfMemory) {
                throw std::bad_alloc();
            }
            const auto found = std::ranges::find(m_models, id, &protocol::ModelInfo::id);
            if (found == m_models.end() && !id.empty()) {
                return tl::unexpected(protocol::noSuchModel(id, {m_models.front().id}));
            }
            return id.empty() ? m_models.front() : *found;
        };
        models.describe = [models](const std::string& id) -> std::optional<protocol::ModelInfo> {
            const auto found = models.find(id);
            return found ? std::optional(*found) : std::nullopt;
        };
        models.memoryFor = [](const protocol::GenerationSettings& settings) {
            return settings.width == 1024 ? std::optional(protocol::MemoryEstimate{1000, 500, 100, 1200})
                                          : std::nullopt;
        };
        models.page = [this](int limit, const std::optional<std::string>& after) {
            protocol::ModelPage page;
            const auto last = std::ranges::find(m_models, after.value_or(""), &protocol::ModelInfo::id);
            auto next = last == m_models.end() ? m_models.begin() : last + 1;
            for (; next != m_models.end() && limit > 0; --limit) {
                page.models.push_back(*next++);
            }
            if (next != m_models.end()) {
                page.next = page.models.back().id;
            }
            return page;
        };
        models.load = [this](const std::string& id) { m_queue->loadModel(id); };
        models.unload = [this](const std::string& id) { m_queue->unloadModel(id); };
        api::Devices devices;
        devices.list = [this] { return m_devices; };
        devices.setDrained = [this](const std::string& id, bool drained) {
            const auto found = std::ranges::find(m_devices, id, &protocol::DeviceInfo::id);
            if (found != m_devices.end()) {
                found->state = drained ? protocol::DeviceState::Drained : protocol::DeviceState::Ready;
            }
            return found == m_devices.end() ? std::nullopt : std::optional(*found);
        };
        const auto follow = [this](auto follower) {
            follower(m_devices.front());
            return m_follower = std::make_shared<Follower>(std::move(follower));
        };
        models.remove = [this](const std::string& id, const api::Models::Removed& done) {
            done(std::erase_if(m_models, [&](const auto& model) { return model.id == id; }) > 0
                     ? protocol::Expected<void>()
                     : tl::unexpected(protocol::notFound("model " + id)));
        };
        models.countTokens =
            [](const protocol::TokenQuestion& question) -> protocol::Expected<protocol::TokenCount> {
            if (question.model.value_or("tiny") != "tiny") {
                return tl::unexpected(protocol::invalidField("model", "There is none such."));
            }
            return tokens(question);
        };
        const auto log = [](int lines) {
            std::vector<std::string> last;
            for (int line = kLogLines - lines + 1; line <= kLogLines; ++line) {
                last.push_back(std::to_string(line));
            }
            return last;
        };
        return {
            .queue = *m_queue,
            .server = [this] { return info(); },
            .models = models,
            .devices = devices,
            .follow = follow,
            .door = m_door.get(),
            .pulls = m_pulls,
            .addons = {.list =
                           [](auto kind) {
                               auto some = addons();
                               std::erase_if(some,
                                             [kind](const auto& each) { return kind && each.kind != *kind; });
                               return some;
                           },
                       .check = [](const protocol::GenerationSettings& settings) -> protocol::Expected<void> {
                           if (settings.loras.empty() || settings.loras.front().name == "pixels") {
                               return {};
                           }
                           return tl::unexpected(protocol::invalidField("loras", "There is none such."));
                       }},
            .log = log};
    }
    static std::vector<protocol::AddonInfo> addons() {
        using enum protocol::AddonKind;
        return {{Lora, "pixels", "Pixel art", 1000, "Stable Diffusion 1", 8, {"pixel art", "8 bit"}, ""},
                {Vae, "broken", "", 10, "", 0, {}, "It is empty."}};
    }
    static protocol::TokenCount tokens(const protocol::TokenQuestion& question) {
        const auto size = static_cast<int>(question.prompt.size());
        return {size, 2, 150, {size / 2}, {{"x", 0.5, 0.25}}, {question.promptSyntax.value_or("none")}};
    }
    ManualGenerator& generator() { return *m_generator; }
    jobs::JobQueue& queue() { return *m_queue; }
    api::Door& door() { return *m_door; }
    keys::KeyStore& keys() { return m_door->keys(); }
    std::filesystem::path keyFile() const { return m_folder.filePath("keys.json").toStdString(); }
    /// A new key, as the field that shows it.
    std::string makeKey(const std::string& name, protocol::KeyScope scope = protocol::KeyScope::Generate) {
        return bearer(keys().create(name, scope).value().secret);
    }
    static std::string bearer(const std::string& secret) {
        return "Authorization: Bearer " + secret + "\r\n";
    }
    /// To who followed last.
    void tell(const protocol::ServerNews& news) { (*m_follower)(news); }
    /// Whether who followed last still does.
    bool isFollowed() const { return m_follower.use_count() > 1; }
    http::Listener& listener() { return *m_listener; }
    /// From now on, and on another port.
    void setPulls(const api::Pulls& pulls) {
        m_pulls = pulls;
        m_listener = http::Listener::start({}, api::makeRouter(service())).value();
    }
    std::uint16_t port() const { return m_listener->port(); }

    RawResponse get(const std::string& target, const std::string& fields = {}) {
        return fetch(port(), "GET", target, fields).value_or(RawResponse());
    }
    RawResponse request(const std::string& method, const std::string& target, const std::string& fields = {},
                        const std::string& body = {}) {
        return fetch(port(), method, target, fields, body).value_or(RawResponse());
    }
    RawResponse post(const std::string& json, const std::string& fields = {},
                     const std::string& from = "127.0.0.1", const std::string& target = "/v1/jobs") {
        return fetch(port(), "POST", target, "Content-Type: application/json\r\n" + fields, json, from)
            .value_or(RawResponse());
    }

private:
    protocol::ServerInfo info() const {
        protocol::ServerInfo info = m_info;
        const auto status = m_status();
        info.ready = status.ready;
        info.status = status.message;
        info.device = status.device;
        info.deviceName = status.deviceName;
        const auto load = m_queue->load();
        info.paused = load.queue.paused;
        info.queued = load.queue.queued;
        info.held = load.queue.held;
        info.running = load.queue.running;
        info.setAside = load.setAside;
        info.limits.maxWork = load.maxWork;
        return info;
    }

    using Follower = std::function<void(const protocol::ServerNews&)>;

    static protocol::ServerInfo makeInfo() {
        protocol::ServerInfo info;
        info.version = "1.2.3";
        info.defaultModel = "tiny";
        info.samplers = protocol::describeSamplers();
        return info;
    }

    static std::vector<protocol::ModelInfo> makeModels() {
        protocol::ModelInfo other;
        other.id = "hub/other";
        return {makeModel(), other};
    }

    static protocol::ModelInfo makeModel() {
        protocol::ModelInfo model;
        model.id = "tiny";
        model.title = "Tiny <model>";
        model.width = 64;
        model.height = 64;
        model.steps = 4;
        model.guidance = 3.5;
        model.sampler = "ddim";
        model.examplePrompts = {"a red fox", "an \"owl\" & a cat"};
        model.knownNames = {"fox", "owl", "cat"};
        model.knownWords = {"a", "an", "red"};
        return model;
    }

    QTemporaryDir m_folder;
    protocol::ServerInfo m_info = makeInfo();
    std::vector<protocol::ModelInfo> m_models = makeModels();
    std::vector<protocol::DeviceInfo> m_devices{{.id = "0", .device = "cpu"}};
    std::shared_ptr<Follower> m_follower;
    api::Pulls m_pulls;
    ManualGenerator* m_generator = nullptr;
    std::function<generator::Status()> m_status;
    std::unique_ptr<jobs::JobQueue> m_queue;
    std::unique_ptr<api::Door> m_door;
    std::unique_ptr<http::Listener> m_listener;
};

}  // namespace easel::tests
