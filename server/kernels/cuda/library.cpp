// SPDX-License-Identifier: Apache-2.0
#include "server/kernels/cuda/library.h"

#include <dlfcn.h>

namespace easel::kernels::cuda {

Library openLibrary(const std::filesystem::path& file) {
    void* const library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return {nullptr, dlerror()};
    }
    const auto ask = reinterpret_cast<const Functions* (*)()>(dlsym(library, "easel_cuda_functions"));
    const Functions* const functions = ask != nullptr ? ask() : nullptr;
    if (functions == nullptr || functions->layout != Functions::kLayout) {
        return {nullptr, file.string() + " is of another version than this program."};
    }
    return {functions, {}};
}

}  // namespace easel::kernels::cuda
