// SPDX-License-Identifier: Apache-2.0
#include "server/hub/verify.h"

#include <map>
#include <system_error>

#include "server/hub/hashing.h"

namespace easel::hub {

namespace {

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

Verification verify(const CachedRepository& cache, const std::function<void(std::int64_t)>& onBytes,
                    const std::stop_token& stop) {
    Verification result;
    std::map<std::string, std::string> faults;  // by blob
    for (const std::string& commit : cache.commits()) {
        for (const auto& [name, blob] : cache.filesOf(commit)) {
            if (!faults.contains(blob) || blob.empty()) {
                faults[blob] = faultOf(
                    cache, blob,
                    [&](std::int64_t bytes) {
                        result.bytes += bytes;
                        onBytes(bytes);
                    },
                    stop);
            }
            ++result.files;
            if (!faults[blob].empty()) {
                result.wrong.push_back((cache.snapshot(commit) / name).string() + " " + faults[blob] + ".");
            }
        }
    }
    return result;
}

}  // namespace easel::hub
