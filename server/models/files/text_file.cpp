// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/text_file.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/core.h>

#include "server/models/files/foreign_file.h"
#include "server/models/files/model_problem.h"
#include "shared/process/files.h"

namespace easel::models {

protocol::Expected<std::string> readTextFile(const std::filesystem::path& file, std::size_t maxBytes) {
    const auto refused = [&file](const std::string& why) { return tl::unexpected(modelProblem(file, why)); };
    std::string text;
    const int error = process::readWhole(file, maxBytes, text);
    if (error == ENOENT || error == ENOTDIR || error == EISDIR) {
        return refused("There is no such file.");
    }
    if (error == EFBIG) {
        return refused(fmt::format("It has {} bytes; at most {} are read.", text.size(), maxBytes));
    }
    if (error != 0) {
        return refused(fmt::format("It cannot be read: {}.", std::generic_category().message(error)));
    }
    if (const auto substitute = substituteFor(text)) {
        return refused(*substitute);
    }
    return text;
}

}  // namespace easel::models
