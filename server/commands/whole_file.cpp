// SPDX-License-Identifier: Apache-2.0
#include "server/commands/whole_file.h"

#include <fstream>
#include <system_error>

namespace easel::commands {

bool writeWhole(const std::filesystem::path& file, std::string_view bytes) {
    auto draft = file;
    draft += ".part";
    std::ofstream stream(draft, std::ios::binary | std::ios::trunc);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    stream.close();
    std::error_code error;
    if (stream) {
        std::filesystem::rename(draft, file, error);
        if (!error) {
            return true;
        }
    }
    std::filesystem::remove(draft, error);
    return false;
}

}  // namespace easel::commands
