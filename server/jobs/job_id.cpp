// SPDX-License-Identifier: Apache-2.0
#include "server/jobs/job_id.h"

#include <random>

namespace easel::jobs {

namespace {

constexpr std::string_view kPrefix = "j_";
constexpr std::string_view kLetters = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kLength = 16;

}  // namespace

std::string newJobId() {
    std::random_device device;
    std::string id(kPrefix);
    for (std::size_t i = 0; i < kLength; ++i) {
        id += kLetters[device() % kLetters.size()];
    }
    return id;
}

bool isJobId(std::string_view text) {
    return text.starts_with(kPrefix) && text.size() == kPrefix.size() + kLength &&
           text.find_first_not_of(kLetters, kPrefix.size()) == std::string_view::npos;
}

}  // namespace easel::jobs
