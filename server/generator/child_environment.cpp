// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "server/generator/child_process.h"

namespace easel::generator {

namespace {

using namespace std::string_view_literals;

/// Where things are (drivers keep compiled kernels below HOME), how text and time are written, and what the
/// sanitizers of a test build are told.
constexpr std::array kNames = {"HOME"sv,         "LANG"sv,         "LANGUAGE"sv,       "PATH"sv,
                               "TMPDIR"sv,       "TZ"sv,           "XDG_CACHE_HOME"sv, "ASAN_OPTIONS"sv,
                               "LSAN_OPTIONS"sv, "TSAN_OPTIONS"sv, "UBSAN_OPTIONS"sv};

/// The loader, malloc, and what the libraries that draw read: ATen, its thread pools, CUDA.
constexpr std::array kPrefixes = {"LC_"sv,     "LD_"sv,    "GLIBC_"sv,   "MALLOC_"sv, "ATEN_"sv,
                                  "C10_"sv,    "TORCH_"sv, "PYTORCH_"sv, "DNNL_"sv,   "ONEDNN_"sv,
                                  "GOMP_"sv,   "KMP_"sv,   "MKL_"sv,     "OMP_"sv,    "OPENBLAS_"sv,
                                  "CUBLAS_"sv, "CUDA_"sv,  "CUDNN_"sv,   "NVIDIA_"sv};

std::string_view nameIn(std::string_view variable) {
    return variable.substr(0, variable.find('='));
}

bool isForTheChild(std::string_view name) {
    return std::ranges::find(kNames, name) != kNames.end() ||
           std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

std::vector<std::string> childEnvironment(const std::vector<std::string>& own) {
    std::vector<std::string> variables = own;
    bool hasWaitPolicy = false;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view variable = *each;
        const std::string_view name = nameIn(variable);
        hasWaitPolicy = hasWaitPolicy || name == "GOMP_SPINCOUNT" || name == "OMP_WAIT_POLICY";
        if (isForTheChild(name) && std::ranges::find(own, name, nameIn) == own.end()) {
            variables.emplace_back(variable);
        }
    }
    // How long a thread of libgomp waits for the others before it sleeps. Left alone that is milliseconds,
    // and a core that another program uses makes drawing several times slower.
    if (!hasWaitPolicy) {
        variables.emplace_back("GOMP_SPINCOUNT=1000");
    }
    return variables;
}

}  // namespace easel::generator
