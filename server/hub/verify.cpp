// SPDX-License-Identifier: Apache-2.0
#include "server/hub/verify.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <system_error>

#include "server/hub/hashing.h"
#include "server/hub/speed.h"

namespace easel::hub {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPause = 250ms;  // between words on how far it is

/// What is wrong with a blob; empty: nothing.
std::string faultOf(const CachedRepository& cache, const std::string& blob,
                    const std::function<void(std::int64_t)>& onBytes, const std::stop_token& stop) {
    if (blob.empty()) {
        return "is no link to a blob, so nothing says what it should be";
    }
    std::error_code error;
    if (!std::filesystem::exists(cache.blob(blob), error)) {
        return "is missing";
    }
    const auto hash = hashFileAs(blob, cache.blob(blob), stop, onBytes);
    if (!hash) {
        return "cannot be read";
    }
    return *hash == blob || hash->empty() ? "" : "is damaged: its hash is another";
}

}  // namespace

Verification verify(const CachedRepository& cache,
                    const std::function<void(const protocol::PullProgress&)>& onProgress,
                    const std::stop_token& stop) {
    std::map<std::string, std::vector<std::string>> blobs;  // and the files that they are
    protocol::PullProgress progress;
    for (const std::string& commit : cache.commits()) {
        for (const auto& [name, blob] : cache.filesOf(commit)) {
            std::vector<std::string>& names = blobs[blob];
            if (names.empty() && !blob.empty()) {
                std::error_code error;
                const auto size = std::filesystem::file_size(cache.blob(blob), error);
                progress.bytes += error ? 0 : static_cast<std::int64_t>(size);
            }
            names.push_back((cache.snapshot(commit) / name).string());
            ++progress.files;
        }
    }
    Speed speed;
    auto toldAt = Clock::now();
    const auto tell = [&] {
        progress.bytesPerSecond = speed.after(progress.bytesDone);
        toldAt = Clock::now();
        onProgress(progress);
    };
    Verification result{progress.files, 0, {}};
    for (const auto& [blob, names] : blobs) {
        const std::string fault = faultOf(
            cache, blob,
            [&](std::int64_t bytes) {
                progress.bytesDone += bytes;
                if (Clock::now() - toldAt >= kPause) {
                    tell();
                }
            },
            stop);
        for (const std::string& name : fault.empty() ? std::vector<std::string>() : names) {
            result.wrong.push_back(name + " " + fault + ".");
        }
        progress.filesDone += static_cast<int>(names.size());
        tell();
    }
    result.bytes = progress.bytesDone;
    return result;
}

std::optional<protocol::Problem> problemWith(const std::string& id, const Verification& result) {
    if (result.wrong.empty()) {
        return {};
    }
    constexpr std::size_t kShown = 3;
    std::string detail = std::to_string(result.wrong.size()) + " of " + std::to_string(result.files) +
                         " files of " + id + " are not what they should be.";
    for (std::size_t i = 0; i < std::min(kShown, result.wrong.size()); ++i) {
        detail += " " + result.wrong[i];
    }
    return protocol::conflict(detail + " Remove the model and pull it again.");
}

}  // namespace easel::hub
