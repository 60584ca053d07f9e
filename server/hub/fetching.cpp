// SPDX-License-Identifier: Apache-2.0
#include "server/hub/fetching.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "server/hub/problems.h"
#include "shared/process/backoff.h"

namespace easel::hub {

namespace {

using namespace std::chrono_literals;
using protocol::Expected;
using protocol::Problem;

/// One that needs no other.
Answer over() {
    Answer answer;
    answer.status = 200;
    return answer;
}

/// One answer's worth of the part.
Answer fetchSome(Transfer& transfer, const Road& road, FilePart& part, const std::string& url,
                 const std::stop_token& stop) {
    std::string next = url;
    for (int redirects = 0; redirects <= kMostRedirects; ++redirects) {
        const auto address = parseAddress(next);
        if (!address || !road.mayLeadTo(*address)) {
            part.fail(untrue("We are sent to a place for " + part.file.path +
                             " that is not encrypted, or not to be trusted with it. It is not fetched from "
                             "there."));
            return {};
        }
        bool hasBegun = false;
        auto fields = road.fieldsFor(*address);
        fields.push_back("Range: bytes=" + std::to_string(part.at) + "-" + std::to_string(part.to - 1));
        Answer answer = transfer.run({.url = next,
                                      .fields = std::move(fields),
                                      .onBytes =
                                          [&](const Answer& head, std::span<const char> bytes) {
                                              const bool isIt = head.status == 200 || head.status == 206;
                                              return !isIt || part.take(head, bytes, hasBegun);
                                          }},
                                     stop);
        if (!isRedirect(answer)) {
            if (address->origin != road.home && answer.status >= 400 && answer.status != 416) {
                // Addresses of a storage expire; who announces the file makes a new one for the next try.
                answer.failure = address->host + " answers with " + std::to_string(answer.status);
            }
            return answer;
        }
        const auto moved = resolveAddress(next, answer.field("location"));
        next = moved ? moved->url : "";
    }
    return inCircles();
}

/// Why a try that brought nothing is the last one.
Problem whyNothing(const FilePart& part, const Answer& answer, const Explain& explain) {
    if (answer.status == 416) {
        return untrue(part.file.path + " is shorter than was announced. It is not used.");
    }
    if (answer.failure.empty() && (answer.status == 200 || answer.status == 206)) {
        return untrue(part.file.path + " came with nothing in it. It is not used.");
    }
    return explain(answer);
}

}  // namespace

bool pause(std::chrono::milliseconds time, const std::stop_token& stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any never;
    never.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

bool isRedirect(const Answer& answer) {
    return answer.status >= 301 && answer.status <= 308 && answer.status != 304;
}

Answer inCircles() {
    Answer answer;
    answer.failure = "it sends us from one place to the next";
    return answer;
}

Expected<Answer> persist(const Settings& settings, const Explain& explain, const std::function<Answer()>& ask,
                         const std::stop_token& stop) {
    process::Backoff backoff(settings.firstPause, settings.longestPause);
    for (int tries = 1;; ++tries) {
        Answer answer = ask();
        if (stop.stop_requested()) {
            return tl::unexpected(stopped());
        }
        if (!isPassing(answer)) {
            return answer;
        }
        const auto asked = answer.pause().value_or(0s);
        if (tries == settings.tries || asked > settings.longestRequest) {
            return tl::unexpected(explain(answer));
        }
        if (!pause(std::max<std::chrono::milliseconds>(backoff.next(), asked), stop)) {
            return tl::unexpected(stopped());
        }
    }
}

Expected<void> fetch(Transfer& transfer, const Settings& settings, const Road& road, FilePart& part,
                     const std::string& url, const Explain& explain, const std::stop_token& stop) {
    constexpr std::int64_t kProgress = 64 << 10;  // bytes; less is no better than nothing
    int meagre = 0;
    while (part.at < part.to) {
        const std::int64_t before = part.at;
        Answer last;
        // A try that brings bytes is over; the next one begins behind them.
        const auto answer = persist(
            settings, explain,
            [&] {
                last = fetchSome(transfer, road, part, url, stop);
                const bool isOver = part.problem || part.at > before;
                return isOver ? over() : last;
            },
            stop);
        if (part.problem) {
            return tl::unexpected(std::move(*part.problem));
        }
        if (!answer) {
            return tl::unexpected(answer.error());
        }
        if (part.at == before) {
            return tl::unexpected(whyNothing(part, last, explain));
        }
        meagre = part.at - before < kProgress ? meagre + 1 : 0;
        if (part.at < part.to && meagre == settings.tries) {
            return tl::unexpected(whyNothing(part, last, explain));
        }
        if (part.at < part.to && !pause(settings.firstPause, stop)) {
            return tl::unexpected(stopped());
        }
    }
    return {};
}

}  // namespace easel::hub
