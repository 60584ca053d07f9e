// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/text_file.h"

#include <fstream>
#include <system_error>

#include "server/models/files/foreign_file.h"
#include "server/models/files/model_problem.h"

namespace easel::models {

protocol::Expected<std::string> readTextFile(const std::filesystem::path& file, std::size_t maxBytes) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) {
        return tl::unexpected(modelProblem(file, "There is no such file."));
    }
    const auto size = std::filesystem::file_size(file, error);
    if (error) {
        return tl::unexpected(modelProblem(file, "It cannot be read: " + error.message() + "."));
    }
    if (size > maxBytes) {
        return tl::unexpected(modelProblem(file, "It has " + std::to_string(size) + " bytes; at most " +
                                                     std::to_string(maxBytes) + " are read."));
    }
    std::string text(size, '\0');
    std::ifstream stream(file, std::ios::binary);
    if (!stream.read(text.data(), static_cast<std::streamsize>(size))) {
        return tl::unexpected(modelProblem(file, "It cannot be read."));
    }
    if (const auto substitute = substituteFor(text)) {
        return tl::unexpected(modelProblem(file, *substitute));
    }
    return text;
}

}  // namespace easel::models
