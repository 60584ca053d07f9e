// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/weights/parts.h"

#include <c10/core/ScalarTypeToTypeMeta.h>

#include <system_error>

namespace easel::diffusion {

std::string identityOf(const std::filesystem::path& file) {
    std::error_code error;  // What is not there differs from everything that is.
    const auto place = std::filesystem::canonical(file, error);
    const auto size = std::filesystem::file_size(place, error);
    const auto time = std::filesystem::last_write_time(place, error).time_since_epoch().count();
    return place.string() + '\n' + std::to_string(size) + '\n' + std::to_string(time) + '\n';
}

std::string identityOf(std::string_view name, const models::TensorSource& source,
                       const std::filesystem::path& config) {
    std::string identity = std::string(name) + '\n' + identityOf(config);
    for (const models::SourceFile& file : source.files()) {
        identity += identityOf(file.path);
    }
    return identity;
}

std::int64_t bytesOf(const models::TensorSource& source, c10::ScalarType dtype) {
    return source.numbers() * static_cast<std::int64_t>(c10::elementSize(dtype));
}

}  // namespace easel::diffusion
