// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/device.h"

#include <ATen/ATen.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <malloc.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <utility>
#include <vector>

#include "server/diffusion/failure.h"
#include "server/kernels/processor.h"

namespace easel::diffusion {
namespace {

/// The value of the first line `key : value` of a file; empty without one.
std::string valueIn(const std::filesystem::path& file, std::string_view key) {
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        const auto colon = line.find(':');
        if (line.starts_with(key) && colon != std::string::npos) {
            const auto start = line.find_first_not_of(" \t", colon + 1);
            return start == std::string::npos ? "" : line.substr(start);
        }
    }
    return {};
}

std::string gpuName(int index) {
    std::error_code none;
    std::vector<std::filesystem::path> cards;
    for (const auto& card : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", none)) {
        cards.push_back(card.path());
    }
    std::sort(cards.begin(), cards.end());
    const auto place = static_cast<std::size_t>(index);
    return place < cards.size() ? valueIn(cards[place] / "information", "Model") : "NVIDIA GPU";
}

/// Every step allocates the same large tensors again. Left alone, malloc takes each from the system and gives
/// it back, and a sixth of the time goes into clearing pages.
void keepFreedMemory() {
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
}

/// Of a product of matrices in `dtype`, the least of some.
double secondsToMultiply(c10::ScalarType dtype) {
    const at::Tensor x = at::ones({256, 1024}, dtype);
    const at::Tensor weight = at::ones({1024, 1024}, dtype);
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 4; ++i) {
        const auto startedAt = std::chrono::steady_clock::now();
        at::linear(x, weight);
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - startedAt;
        least = std::min(least, taken.count());
    }
    return least;
}

/// Whether the CPU gains by bfloat16: many have no instructions for it, and some of those that do only
/// imitate them.
bool gainsByBf16() {
    constexpr double kWorthIt = 1.5;
    static const bool gains =
        kernels::hasBf16() && secondsToMultiply(c10::kFloat) >= kWorthIt * secondsToMultiply(c10::kBFloat16);
    return gains;
}

Device cpu(std::string_view precision) {
    if (precision != "auto" && precision != "fp32" && precision != "bf16") {
        throw Failure(protocol::invalidField(
            "precision",
            "The CPU computes in fp32 or bf16; leave out --precision " + std::string(precision) + "."));
    }
    keepFreedMemory();
    const bool isHalf = precision == "bf16" || (precision == "auto" && gainsByBf16());
    return {{c10::Device(c10::kCPU), isHalf ? c10::kBFloat16 : c10::kFloat},
            "cpu",
            valueIn("/proc/cpuinfo", "model name"),
            isHalf ? "bf16" : "fp32",
            ""};
}

std::pair<std::string_view, c10::ScalarType> precisionOnGpu(std::string_view wanted) {
    if (wanted == "auto" || wanted == "fp16") {
        return {"fp16", c10::kHalf};
    }
    if (wanted == "bf16") {
        return {"bf16", c10::kBFloat16};
    }
    if (wanted == "fp32") {
        return {"fp32", c10::kFloat};
    }
    throw Failure(protocol::invalidField(
        "precision", "There is no precision \"" + std::string(wanted) + "\"; use auto, fp32, fp16 or bf16."));
}

Failure fail(std::string why) {
    return Failure(protocol::unavailable(std::move(why)));
}

Device cuda(int index, std::string_view precision, const generator::Nvidia& nvidia) {
    const int count = loadCuda(nvidia);
    if (index >= count) {
        throw fail("There is no device cuda:" + std::to_string(index) + "; this machine has " +
                   std::to_string(count) + ".");
    }
    const auto [called, dtype] = precisionOnGpu(precision);
    const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
    if (dtype == c10::kFloat) {
        // Otherwise convolutions are computed with as few digits as in half precision.
        at::globalContext().setAllowTF32CuDNN(false);
    }
    try {
        at::ones({1}, at::device(device).dtype(dtype)).add_(1).cpu();
    } catch (const c10::Error& error) {  // too old for this libtorch, taken by somebody else, full, …
        throw fail(device.str() + " cannot compute (" + firstLine(error.what_without_backtrace()) +
                   "); use another device, or --device cpu.");
    }
    return {{device, dtype}, device.str(), gpuName(index), std::string(called), ""};
}

Device best(std::string_view precision, const generator::Nvidia& nvidia) {
    if (!nvidia.isThere()) {
        return cpu(precision);
    }
    try {
        return cuda(0, precision, nvidia);
    } catch (const Failure& failure) {
        if (precision == "fp16") {
            throw;  // which only a GPU has
        }
        Device device = cpu(precision);
        device.remark = failure.problem().detail;
        return device;
    }
}

}  // namespace

int loadCuda(const generator::Nvidia& nvidia) {
    if (const std::string why = whyUnusable(nvidia); !why.empty()) {
        throw fail(why + " Without it, --device cpu draws on the CPU.");
    }
    // The CUDA half of libtorch registers itself when it is loaded. It must be there before the first
    // question about CUDA, for the answer is remembered.
    if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
        throw fail("The CUDA half of libtorch cannot be loaded (" + std::string(dlerror()) +
                   "); fetch it with \"easel-server setup cuda\" (in a source tree with "
                   "packaging/fetch-libtorch.sh cuda), or use --device cpu.");
    }
    if (!at::hasCUDA()) {
        throw fail("CUDA finds no GPU that it can use; check nvidia-smi, or use --device cpu.");
    }
    return at::detail::getCUDAHooks().deviceCount();
}

Device openDevice(std::string_view wanted, std::string_view precision, const generator::Nvidia& nvidia) {
    if (wanted == "cpu") {
        return cpu(precision);
    }
    if (wanted == "auto") {
        return best(precision, nvidia);
    }
    constexpr std::string_view kCuda = "cuda";
    int index = 0;
    std::string_view rest = wanted;
    if (rest.starts_with(kCuda)) {
        rest.remove_prefix(kCuda.size());
        if (rest.empty()) {
            return cuda(0, precision, nvidia);
        }
        const char* end = rest.data() + rest.size();
        if (rest.size() > 1 && rest.front() == ':' &&
            std::from_chars(rest.data() + 1, end, index).ptr == end && index >= 0) {
            return cuda(index, precision, nvidia);
        }
    }
    throw Failure(protocol::invalidField(
        "device", "There is no device \"" + std::string(wanted) + "\"; use auto, cpu or cuda:N."));
}

void synchronize(const Device& device) {
    const c10::Device place = device.placement.device;
    if (place.is_cuda()) {
        c10::impl::VirtualGuardImpl(place.type()).synchronizeDevice(place.index());
    }
}

}  // namespace easel::diffusion
