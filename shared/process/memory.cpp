// SPDX-License-Identifier: Apache-2.0
#include "shared/process/memory.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

namespace easel::process {

namespace {

using std::filesystem::path;

std::optional<std::int64_t> numberIn(const path& file) {
    std::int64_t number = 0;
    return std::ifstream(file) >> number ? std::optional(number) : std::nullopt;  // "max" is none
}

Memory memoryOfAll(const path& root) {
    Memory memory;
    std::ifstream words(root / "proc/meminfo");
    for (std::string word; words >> word;) {
        std::int64_t* const place = word == "MemTotal:"       ? &memory.total
                                    : word == "MemAvailable:" ? &memory.available
                                                              : nullptr;
        if (std::int64_t kib = 0; place != nullptr && words >> kib) {
            *place = kib * 1024;
        }
    }
    return memory;
}

}  // namespace

Memory memoryOfMachine(const path& root) {
    Memory memory = memoryOfAll(root);
    const auto most = numberIn(root / "sys/fs/cgroup/memory.max");
    const auto used = numberIn(root / "sys/fs/cgroup/memory.current");
    if (most && used) {
        memory.total = std::min(memory.total, *most);
        memory.available = std::min(memory.available, std::max<std::int64_t>(*most - *used, 0));
    }
    return memory;
}

}  // namespace easel::process
