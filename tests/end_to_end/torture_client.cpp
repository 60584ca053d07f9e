// SPDX-License-Identifier: Apache-2.0
#include "tests/end_to_end/torture_client.h"

#include <array>
#include <chrono>
#include <optional>
#include <thread>

#include "shared/protocol/json.h"
#include "shared/protocol/routes.h"
#include "tests/server/http/raw_client.h"

using namespace easel;
using namespace std::chrono_literals;
namespace routes = protocol::routes;

namespace {

constexpr auto kPatience = 10min;
constexpr auto kPause = 50ms;
constexpr auto kLongerPause = 300ms;  // after an answer that says to wait

std::optional<tests::RawResponse> post(std::uint16_t port, const std::string& key,
                                       const protocol::GenerationRequest& request) {
    return tests::fetch(port, "POST", std::string(routes::kJobs),
                        "Content-Type: application/json\r\nIdempotency-Key: " + key + "\r\n",
                        protocol::toJson(request));
}

std::string field(const std::string& block, const std::string& name) {
    const std::size_t start = ("\n" + block).find("\n" + name + ": ");
    if (start == std::string::npos) {
        return {};
    }
    const std::size_t value = start + name.size() + 2;
    return block.substr(value, block.find('\n', value) - value);
}

/// Reads events from one connection until it breaks or the job is done; true for the latter.
bool readEvents(tests::RawClient& client, std::vector<Ledger::Event>& events, std::string& complaint) {
    for (std::string block = client.receiveUntil("\n\n"); !block.empty();
         block = client.receiveUntil("\n\n")) {
        const std::string type = field(block, "event");
        if (type.empty()) {
            continue;  // a heartbeat, or how soon to come back
        }
        auto event = protocol::parseEvent(type, field(block, "data"));
        if (!event) {
            complaint = event.error().detail;
            return true;
        }
        events.push_back({std::stoull(field(block, "id")), std::move(*event)});
        if (isLast(events.back().event)) {
            return true;
        }
    }
    return false;
}

}  // namespace

void Ledger::addComplaint(const std::string& what) {
    const std::lock_guard lock(m_mutex);
    m_complaints.push_back(what);
}

void Ledger::accept(const std::string& key, const std::string& job,
                    const protocol::GenerationRequest& request) {
    const std::lock_guard lock(m_mutex);
    if (const auto [known, isNew] = m_keys.emplace(key, job); !isNew && known->second != job) {
        m_complaints.push_back("key " + key + " names two jobs: " + known->second + " and " + job);
    }
    m_accepted.emplace(job, request);
}

void Ledger::follow(const std::string& job, std::vector<Event> events) {
    const std::lock_guard lock(m_mutex);
    m_streams.emplace(job, std::move(events));
}

void TortureClient::run(int jobs) {
    std::vector<std::jthread> followers;
    for (int i = 0; i < jobs; ++i) {
        const std::string key = m_name + "-" + std::to_string(i);
        const protocol::GenerationRequest request = randomRequest();
        const std::string job = submit(key, request);
        if (!job.empty() && chance(0.5)) {
            followers.emplace_back([this, job] { follow(job); });
        }
        if (chance(0.3)) {
            submit(key, request);
        }
        if (chance(0.1)) {
            reuse(key, request);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(below(600)));
    }
}

protocol::GenerationRequest TortureClient::randomRequest() {
    static const std::array<std::string, 3> kPrompts = {"fox", "red house", "tree in snow"};
    protocol::GenerationRequest request;
    request.prompt = kPrompts[static_cast<std::size_t>(below(3))];
    request.width = request.height = chance(0.7) ? 64 : 128;
    request.steps = 1 + below(3);
    request.seed = below(40);
    request.count = chance(0.75) ? 1 : 2;
    request.sampler = "ddim";
    return request;
}

std::string TortureClient::submit(const std::string& key, const protocol::GenerationRequest& request) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
        const auto answer = post(m_port, key, request);
        if (answer && answer->status == 202) {
            const std::string job = protocol::parseJob(answer->body).value().id;
            m_ledger.accept(key, job, request);
            return job;
        }
        if (answer && answer->status != 429 && answer->status != 503) {
            m_ledger.addComplaint(key + " was answered " + std::to_string(answer->status) + ": " +
                                  answer->body);
            return {};
        }
        std::this_thread::sleep_for(answer ? kLongerPause : kPause);
    }
    m_ledger.addComplaint(key + " was never accepted");
    return {};
}

void TortureClient::reuse(const std::string& key, protocol::GenerationRequest request) {
    request.prompt += ", another";
    const auto answer = post(m_port, key, request);
    if (answer && answer->status != 422) {
        m_ledger.addComplaint(key + " with another request was answered " + std::to_string(answer->status));
    }
}

void TortureClient::follow(const std::string& job) {
    std::vector<Ledger::Event> events;
    std::string complaint = job + " was never done to its follower";
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
        tests::RawClient client(m_port);
        const std::string last =
            events.empty() ? "" : "Last-Event-ID: " + std::to_string(events.back().id) + "\r\n";
        client.send("GET " + routes::jobEvents(job) + " HTTP/1.1\r\nHost: localhost\r\n" + last + "\r\n");
        const std::string head = client.receiveUntil("\r\n\r\n");
        if (!head.empty() && !head.starts_with("HTTP/1.1 200 ") && !head.starts_with("HTTP/1.1 503 ")) {
            complaint = "the events of " + job + " were answered " + head.substr(0, head.find('\r'));
            break;
        }
        std::string unreadable;
        if (head.starts_with("HTTP/1.1 200 ") && readEvents(client, events, unreadable)) {
            complaint = unreadable;
            break;
        }
        std::this_thread::sleep_for(kPause);
    }
    if (!complaint.empty()) {
        m_ledger.addComplaint(complaint);
    }
    m_ledger.follow(job, std::move(events));
}
