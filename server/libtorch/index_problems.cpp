// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/index_problems.h"

#include <algorithm>

#include "server/libtorch/index.h"

namespace easel::libtorch {

namespace {

using protocol::Problem;

Problem unreachable(std::string detail) {
    return {503, "index_unavailable", "The package index cannot be reached just now", std::move(detail), {}};
}

Problem missing(std::string detail) {
    return {404, "not_on_index", "The package index does not have it", std::move(detail), {}};
}

Problem unanswered(const std::string& host, const hub::Answer& answer) {
    if (answer.isUntrusted) {
        return unreachable("The certificate of " + host + " is not trusted (" + answer.failure +
                           "). If the network has a certificate of its own, name its file in PIP_CERT or "
                           "CURL_CA_BUNDLE; else somebody may be listening.");
    }
    return unreachable("Fetching from " + host + " failed, several times: " + answer.failure +
                       ". What is here is kept; run the same command again to go on from there. Without a "
                       "network, bring the wheels in a folder and name it with --from.");
}

}  // namespace

Problem explain(const std::string& host, const Pin& pin, const hub::Answer& answer) {
    if (!answer.failure.empty() || answer.status == 0) {
        return unanswered(host, answer);
    }
    if (answer.status == 404 || answer.status == 410) {
        return missing("The index " + host + " does not have " + pin.title() +
                       ". Name another with --index; one looks like " + kUsualIndex + '.');
    }
    if (answer.status == 401 || answer.status == 403) {
        return {answer.status,
                "refused_by_index",
                "The package index refuses it",
                "The index " + host + " does not let us in (" + std::to_string(answer.status) +
                    "). One that asks for a name and password takes them in the address: put it into "
                    "PIP_INDEX_URL, as https://NAME:PASSWORD@HOST/simple.",
                {}};
    }
    if (answer.status == 429) {
        Problem problem = unreachable("The index " + host +
                                      " has had too many requests from here (429). What is here is kept; run "
                                      "the same command again later.");
        if (const auto pause = answer.pause()) {
            problem.retryAfter = static_cast<int>(std::clamp<long>(pause->count(), 1, 86'400));
        }
        return problem;
    }
    return unreachable("The index " + host + " answers with " + std::to_string(answer.status) +
                       ". What is here is kept; run the same command again later, or name another index with "
                       "--index.");
}

Problem notOnIndex(const std::string& host, const Pin& pin) {
    return missing("The index " + host + " has no file of " + pin.title() +
                   " with the hash that this version of Easel wants (SHA-256 " + pin.sha256 +
                   "). Name another index with --index; one that has all files is " + kUsualIndex + '.');
}

}  // namespace easel::libtorch
