// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace CLI {
class App;
}

/// The options of a command in a file: TOML, where each key is an option's name as it stands behind "--", a
/// flag is true or false, and what can be given several times is an array.
namespace easel::commands {

/// Where the installed service has its own.
inline constexpr const char* kServiceConfig = "/etc/easel/server.toml";

/// One key of it.
struct Setting {
    std::string name;
    std::vector<std::string> values =
        {};  ///< as they would stand on a command line; of a flag that is off none
    bool isFlag = false;
    int line = 0;
};

/// In the file's order. Failure: a sentence with the file's name and, where there is one, the line.
tl::expected<std::vector<Setting>, std::string> readSettings(const std::filesystem::path& file);

/// The command line with what `file` adds to it: what stands on the command line counts alone. `app` knows
/// the command that is the first of `words`, and is parsed. Failure: a sentence as above; each value is
/// judged here, by the command's own rules, so that it is the file that is named.
tl::expected<std::vector<std::string>, std::string> withSettings(CLI::App& app,
                                                                 std::vector<std::string> words,
                                                                 const std::filesystem::path& file);

/// The value of the option `--config` among `words`; empty without one.
std::filesystem::path configAmong(const std::vector<std::string>& words);

/// Whether this is root on a machine with the installed service, and so looks after what that has.
bool isForService();

/// A data folder that a command is to administer: `data`, else that of the service whose file `config` is,
/// else for root that of the installed service, where there is one, else the person's own (see dataFolder).
/// This process is its owner's from then on; see becomeOwnerOf. Failure: a sentence.
tl::expected<std::filesystem::path, std::string> administeredData(const std::filesystem::path& data,
                                                                  const std::filesystem::path& config);

/// Root's models are the installed service's, where there is one: this process becomes its account. Failure:
/// a sentence.
tl::expected<void, std::string> workForService();

}  // namespace easel::commands
