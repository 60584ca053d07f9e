// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_card.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <system_error>

#include "server/models/files/text_file.h"

namespace easel::models {

namespace {

constexpr int kLinesOfAHead = 1000;
constexpr std::size_t kLongest = 200;

/// Without blanks and quotes around it, and without what no terminal should get.
std::string value(std::string_view text) {
    constexpr const char* kAround = " \t\r\"'";
    text.remove_prefix(std::min(text.find_first_not_of(kAround), text.size()));
    std::string clean(text.substr(0, std::min(text.find_last_not_of(kAround) + 1, kLongest)));
    std::erase_if(clean, [](unsigned char c) { return c < 0x20 || c > 0x7E; });
    return clean;
}

}  // namespace

std::string licenceIn(const std::filesystem::path& folder) {
    std::istringstream card(readTextFile(folder / "README.md").value_or(""));
    std::string line;
    std::string licence;
    std::string name;
    if (std::getline(card, line) && line.starts_with("---")) {
        for (int i = 0; i < kLinesOfAHead && std::getline(card, line) && !line.starts_with("---"); ++i) {
            const std::string_view text = line;
            if (text.starts_with("license:")) {
                licence = value(text.substr(text.find(':') + 1));
            } else if (text.starts_with("license_name:")) {
                name = value(text.substr(text.find(':') + 1));
            }
        }
    }
    if (!licence.empty()) {
        return licence == "other" && !name.empty() ? name : licence;
    }
    for (const char* const file : {"LICENSE", "LICENSE.md", "LICENSE.txt"}) {
        std::error_code error;
        if (std::filesystem::exists(folder / file, error)) {
            return std::string("see ") + file;
        }
    }
    return {};
}

}  // namespace easel::models
