// SPDX-License-Identifier: Apache-2.0
#include "server/commands/config_file.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include <spdlog/fmt/fmt.h>
#include <toml++/toml.h>
#include <CLI/CLI.hpp>

#include "server/commands/locations.h"
#include "server/commands/messages.h"
#include "server/commands/ownership.h"
#include "shared/process/files.h"

namespace easel::commands {

namespace {

using std::filesystem::path;

template <typename T>
using Read = tl::expected<T, std::string>;

constexpr std::size_t kMostBytes = 256UL * 1024;
constexpr std::string_view kConfig = "--config";

tl::unexpected<std::string> wrong(const path& file, int line, std::string_view what) {
    return tl::unexpected(fmt::format("{}:{}: {}", file.string(), line, what));
}

/// As it would stand on a command line; nothing for what has no place there.
std::optional<std::string> textOf(const toml::node& node) {
    if (const auto* const text = node.as_string()) {
        return text->get();
    }
    if (const auto* const number = node.as_integer()) {
        return std::to_string(number->get());
    }
    if (const auto* const number = node.as_floating_point()) {
        return fmt::format("{}", number->get());
    }
    return std::nullopt;
}

Read<Setting> settingOf(const path& file, std::string_view name, const toml::node& node) {
    const int line = static_cast<int>(node.source().begin.line);
    Setting setting{.name = std::string(name), .line = line};
    if (const auto* const flag = node.as_boolean()) {
        setting.isFlag = true;
        if (flag->get()) {
            setting.values.emplace_back("true");
        }
        return setting;
    }
    const auto take = [&](const toml::node& value) {
        auto text = textOf(value);
        const bool isThere = text && !text->empty();
        if (isThere) {
            setting.values.push_back(std::move(*text));
        }
        return isThere;
    };
    const auto* const array = node.as_array();
    const bool isWhole = array != nullptr ? std::ranges::all_of(*array, take) : take(node);
    if (!isWhole) {
        return wrong(
            file, line,
            fmt::format("{} is to be a text that is not empty, a number, true, false, or an array of those; "
                        "to leave it as it is, take the line out",
                        name));
    }
    return setting;
}

bool isGiven(const std::vector<std::string>& words, const std::string& name) {
    const std::string option = "--" + name;
    return std::ranges::any_of(
        words, [&](const std::string& word) { return word == option || word.starts_with(option + '='); });
}

/// Whether a complaint of the command line's is about `setting`.
bool isAbout(std::string_view complaint, const Setting& setting) {
    const std::string option = "--" + setting.name;
    if (!complaint.starts_with(option)) {
        return false;
    }
    const std::string_view rest = complaint.substr(option.size());
    return rest.empty() ||
           (std::isalnum(static_cast<unsigned char>(rest.front())) == 0 && rest.front() != '-');
}

Read<void> judge(const CLI::App& command, const path& file, const Setting& setting) {
    const CLI::Option* const option = command.get_option_no_throw("--" + setting.name);
    if (option == nullptr || !option->get_configurable()) {
        return wrong(file, setting.line, fmt::format("there is no setting {}", printable(setting.name)));
    }
    const bool isFlag = option->get_items_expected_max() == 0;
    if (isFlag != setting.isFlag) {
        return wrong(file, setting.line,
                     fmt::format("{} {}", setting.name,
                                 isFlag ? "is true or false" : "takes a value, not true or false"));
    }
    return {};
}

Read<path> placeOf(const path& data, const path& config) {
    if (!data.empty()) {
        return data;
    }
    if (const path file = config.empty() && isForService() ? path(kServiceConfig) : config; !file.empty()) {
        const auto settings = readSettings(file);
        if (!settings) {
            return tl::unexpected(settings.error());
        }
        const auto told = std::ranges::find(*settings, "data", &Setting::name);
        if (told != settings->end() && !told->values.empty()) {
            return path(told->values.front());
        }
    }
    path own = dataFolder();
    if (own.empty()) {
        return tl::unexpected(std::string(
            "There is no home folder with a server's data; say where they are with --data FOLDER."));
    }
    return own;
}

}  // namespace

Read<std::vector<Setting>> readSettings(const path& file) {
    std::string text;
    if (const int error = process::readWhole(file, kMostBytes, text); error != 0) {
        return tl::unexpected(
            fmt::format("{} cannot be read: {}.", file.string(),
                        error == EFBIG ? "it is larger than 256 KiB" : std::strerror(error)));
    }
    std::vector<Setting> settings;
    try {
        const toml::table table = toml::parse(text, file.string());
        for (const auto& [key, node] : table) {
            if (node.is_table()) {
                return wrong(file, static_cast<int>(node.source().begin.line),
                             fmt::format("there are no sections; write {}'s settings without", key.str()));
            }
            auto setting = settingOf(file, key.str(), node);
            if (!setting) {
                return tl::unexpected(setting.error());
            }
            settings.push_back(std::move(*setting));
        }
    } catch (const toml::parse_error& error) {
        return wrong(file, static_cast<int>(error.source().begin.line), error.description());
    }
    std::ranges::stable_sort(settings, {}, &Setting::line);  // A table is in the order of its keys.
    return settings;
}

Read<std::vector<std::string>> withSettings(CLI::App& app, std::vector<std::string> words, const path& file) {
    const auto settings = readSettings(file);
    if (!settings) {
        return tl::unexpected(settings.error());
    }
    const std::vector<std::string> given = words;
    const CLI::App& command = *app.get_subcommand(words.front());
    for (const Setting& setting : *settings) {
        if (const auto right = judge(command, file, setting); !right) {
            return tl::unexpected(right.error());
        }
        if (isGiven(given, setting.name)) {
            continue;
        }
        for (const std::string& value : setting.values) {
            words.push_back(setting.isFlag ? "--" + setting.name
                                           : fmt::format("--{}={}", setting.name, value));
        }
    }
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    } catch (const CLI::ParseError& error) {
        const std::string complaint = error.what();
        const auto about = std::ranges::find_if(
            *settings, [&](const Setting& setting) { return isAbout(complaint, setting); });
        if (about != settings->end() && !isGiven(given, about->name)) {
            return wrong(file, about->line, complaint.substr(2));
        }
    }
    return words;
}

path configAmong(const std::vector<std::string>& words) {
    for (auto word = words.begin(); word != words.end(); ++word) {
        if (*word == kConfig && word + 1 != words.end()) {
            return *(word + 1);
        }
        if (word->starts_with(kConfig) && word->size() > kConfig.size() && (*word)[kConfig.size()] == '=') {
            return word->substr(kConfig.size() + 1);
        }
    }
    return {};
}

bool isForService() {
    std::error_code ignored;
    return ::geteuid() == 0 && std::filesystem::exists(kServiceConfig, ignored);
}

Read<path> administeredData(const path& data, const path& config) {
    return placeOf(data, config).and_then([](path place) -> Read<path> {
        if (const auto own = becomeOwnerOf(place); !own) {
            return tl::unexpected(own.error().detail);
        }
        return place;
    });
}

Read<void> workForService() {
    return isForService() ? administeredData({}, {}).map([](const path&) {}) : Read<void>();
}

}  // namespace easel::commands
