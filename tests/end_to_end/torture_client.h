// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"

/// What all clients of a torture test were promised and told. Safe to use from any thread.
class Ledger {
public:
    struct Event {
        std::uint64_t id = 0;
        easel::protocol::JobEvent event;
    };

    void addComplaint(const std::string& what);
    /// A 202 for a request under a key: the same key must always name the same job.
    void accept(const std::string& key, const std::string& job,
                const easel::protocol::GenerationRequest& request);
    void follow(const std::string& job, std::vector<Event> events);

    // Once the clients have ended.
    const std::vector<std::string>& complaints() const { return m_complaints; }
    const std::map<std::string, easel::protocol::GenerationRequest>& accepted() const { return m_accepted; }
    const std::map<std::string, std::vector<Event>>& streams() const { return m_streams; }

private:
    std::mutex m_mutex;
    std::vector<std::string> m_complaints;
    std::map<std::string, easel::protocol::GenerationRequest> m_accepted;
    std::map<std::string, std::string> m_keys;  // to jobs
    std::map<std::string, std::vector<Event>> m_streams;
};

/// One client that hands in jobs under keys, some of them twice, some keys with another request, and follows
/// some of them, whatever happens to the server meanwhile. Runs on a thread of its own.
class TortureClient {
public:
    TortureClient(Ledger& ledger, std::uint16_t port, std::string name, unsigned seed)
        : m_ledger(ledger), m_port(port), m_name(std::move(name)), m_random(seed) {}

    /// Hands in `jobs` jobs; returns when those that it follows have ended.
    void run(int jobs);

private:
    easel::protocol::GenerationRequest randomRequest();
    /// The job's id; empty when it was refused for good.
    std::string submit(const std::string& key, const easel::protocol::GenerationRequest& request);
    void reuse(const std::string& key, easel::protocol::GenerationRequest request);
    void follow(const std::string& job);
    bool chance(double share) { return std::bernoulli_distribution(share)(m_random); }
    int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(m_random); }

    Ledger& m_ledger;
    const std::uint16_t m_port;
    const std::string m_name;
    std::mt19937 m_random;
};
