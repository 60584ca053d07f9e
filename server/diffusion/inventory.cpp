// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/inventory.h"

#include <ATen/Version.h>
#include <dlfcn.h>

#include <string_view>

#include "server/diffusion/device.h"
#include "server/diffusion/failure.h"
#include "server/diffusion/gpu/choice.h"
#include "server/diffusion/memory.h"

namespace easel::diffusion {
namespace {

/// "2.11.0" at `TORCH_VERSION` of what libtorch says of itself; empty where it does not.
std::string setting(std::string_view settings, std::string_view name) {
    const auto begin = settings.find(std::string(name) + '=');
    if (begin == std::string_view::npos) {
        return {};
    }
    settings.remove_prefix(begin + name.size() + 1);
    return std::string(settings.substr(0, settings.find_first_of(", \n")));
}

/// "13.0" of the number 13000 that a function of CUDA's runtime tells; empty without an answer.
std::string versionFrom(const char* function) {
    using GetVersion = int(int* version);
    const auto ask = reinterpret_cast<GetVersion*>(dlsym(RTLD_DEFAULT, function));
    int version = 0;
    if (ask == nullptr || ask(&version) != 0 || version <= 0) {
        return {};
    }
    return std::to_string(version / 1000) + '.' + std::to_string(version % 1000 / 10);
}

/// The first generation of GPUs that computes in bf16 by itself; those before it imitate it, slowly.
constexpr int kFirstWithBf16 = 8;

int generationOf(int index) {
    using GetAttribute = int(int* value, int attribute, int device);
    constexpr int kComputeCapabilityMajor = 75;
    const auto ask = reinterpret_cast<GetAttribute*>(dlsym(RTLD_DEFAULT, "cudaDeviceGetAttribute"));
    int major = 0;
    return ask != nullptr && ask(&major, kComputeCapabilityMajor, index) == 0 ? major : 0;
}

generator::ListedDevice listed(const Device& device, const generator::Nvidia& nvidia) {
    generator::ListedDevice entry{device.name, device.hardware, {"fp32"}, 0, 0, ""};
    const c10::Device place = device.placement.device;
    if (place.is_cpu() && device.precision == "bf16") {
        entry.precisions.emplace_back("bf16");
    }
    if (place.is_cuda()) {
        entry.precisions.emplace_back("fp16");
        if (generationOf(place.index()) >= kFirstWithBf16) {
            entry.precisions.emplace_back("bf16");
        }
        entry.kernels = gpu::useKernels(device, {}, nvidia);
        const GpuMemory memory = memoryOf(place);
        entry.memory = memory.total;
        entry.memoryFree = memory.free;
    }
    return entry;
}

/// One that cannot be opened is listed with the reason.
generator::ListedDevice tried(const std::string& name, const generator::Nvidia& nvidia) {
    try {
        return listed(openDevice(name, "auto", nvidia), nvidia);
    } catch (const Failure& failure) {
        return {name, "", {}, 0, 0, failure.problem().detail};
    } catch (const std::exception& error) {
        return {name, "", {}, 0, 0, "It cannot be used: " + firstLine(error.what()) + "."};
    }
}

}  // namespace

generator::Inventory takeInventory(const generator::Nvidia& nvidia) {
    const std::string settings = at::show_config();
    generator::Inventory inventory{.libtorch = setting(settings, "TORCH_VERSION"),
                                   .cuda = setting(settings, "CUDA_VERSION"),
                                   .driverCuda = {},
                                   .problem = {},
                                   .devices = {tried("cpu", nvidia)}};
    if (!nvidia.isThere()) {
        return inventory;
    }
    try {
        const int count = loadCuda(nvidia);
        inventory.driverCuda = versionFrom("cudaDriverGetVersion");
        for (int i = 0; i < count; ++i) {
            inventory.devices.push_back(tried("cuda:" + std::to_string(i), nvidia));
        }
    } catch (const Failure& failure) {
        inventory.driverCuda = versionFrom("cudaDriverGetVersion");
        inventory.problem = failure.problem().detail;
    } catch (const std::exception& error) {
        inventory.problem = "CUDA cannot be used: " + firstLine(error.what()) + ".";
    }
    return inventory;
}

}  // namespace easel::diffusion
