// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/wheels.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "server/hub/hashing.h"
#include "server/hub/problems.h"

namespace easel::libtorch {

namespace {

using protocol::Expected;
using protocol::Problem;
using std::filesystem::path;

/// A project's name or a version as the name of a wheel has it.
std::string inFileNames(std::string_view text) {
    std::string name;
    for (const char c : text) {
        const bool isDash = c == '-' || c == '.' || c == '_';
        name += isDash ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return name;
}

/// By its name: PROJECT-VERSION-….whl
bool mayBe(std::string_view file, const Pin& pin) {
    const std::size_t first = file.find('-');
    const std::size_t second = file.find('-', first + 1);
    return file.ends_with(".whl") && second != std::string_view::npos &&
           inFileNames(file.substr(0, first)) == inFileNames(pin.project) &&
           inFileNames(file.substr(first + 1, second - first - 1)) == inFileNames(pin.version);
}

Expected<std::vector<path>> filesIn(const path& folder) {
    std::vector<path> files;
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
        if (std::error_code ignored; it->is_regular_file(ignored)) {
            files.push_back(it->path());
        }
    }
    if (error) {
        return tl::unexpected(protocol::invalidField(
            "from", "The folder " + folder.string() + " cannot be read: " + error.message() + "."));
    }
    std::ranges::sort(files);
    return files;
}

Problem notAllThere(const path& folder, const std::vector<std::string>& missing,
                    const std::vector<std::string>& wrong) {
    const auto joined = [](const std::vector<std::string>& names) {
        std::string text;
        for (const std::string& name : names) {
            text += (text.empty() ? "" : ", ") + name;
        }
        return text;
    };
    std::string detail = "The folder " + folder.string() + " does not hold all wheels.";
    if (!missing.empty()) {
        detail += " Missing: " + joined(missing) + ".";
    }
    if (!wrong.empty()) {
        detail += " With another hash than this version of Easel wants: " + joined(wrong) + ".";
    }
    return protocol::invalidField("from",
                                  detail + " \"easel-server setup --list\" prints what pip downloads.");
}

}  // namespace

Expected<std::vector<LocalWheel>> findWheels(const path& folder, const std::vector<Pin>& pins,
                                             const std::function<void(std::int64_t)>& onBytes,
                                             const std::stop_token& stop) {
    const auto files = filesIn(folder);
    if (!files) {
        return tl::unexpected(files.error());
    }
    std::vector<LocalWheel> wheels;
    std::vector<std::string> missing;
    std::vector<std::string> wrong;
    for (const Pin& pin : pins) {
        bool isNamed = false;
        bool isHere = false;
        for (const path& file : *files) {
            if (isHere || !mayBe(file.filename().string(), pin)) {
                continue;
            }
            isNamed = true;
            const auto hash = hub::hashFileAs(pin.sha256, file, stop, onBytes);
            if (!hash) {
                return tl::unexpected(hash.error());
            }
            if (stop.stop_requested()) {
                return tl::unexpected(hub::stopped());
            }
            if (*hash == pin.sha256) {
                isHere = true;
                wheels.push_back({pin, file});
            }
        }
        if (!isHere) {
            (isNamed ? wrong : missing).push_back(pin.title());
        }
    }
    if (!missing.empty() || !wrong.empty()) {
        return tl::unexpected(notAllThere(folder, missing, wrong));
    }
    return wheels;
}

}  // namespace easel::libtorch
