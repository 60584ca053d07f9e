// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/place.h"

#include <system_error>

namespace easel::libtorch {

namespace {

using protocol::Expected;
using std::filesystem::path;

bool isThere(const path& file) {
    std::error_code error;
    return std::filesystem::exists(file, error);
}

/// As `setUp` leaves it, as PyTorch's own archive has it, or the folder of the libraries itself.
Expected<Place> findGiven(const path& folder) {
    for (const path& libraries : {folder / "torch" / "lib", folder / "lib", folder}) {
        if (isThere(libraries / kMainLibrary)) {
            return Place{std::filesystem::absolute(libraries).lexically_normal(), {}};
        }
    }
    return tl::unexpected(protocol::invalidField(
        "EASEL_LIBTORCH", "EASEL_LIBTORCH names " + folder.string() + ", where no " + kMainLibrary +
                              " is, nor in torch/lib or lib below it. Name the folder "
                              "of a libtorch, or unset it."));
}

}  // namespace

Expected<Place> find(const Search& search) {
    if (!search.given.empty()) {
        return findGiven(search.given);
    }
    const auto& [cpu, cuda] = search.names;
    const auto order = search.hasDriver ? std::array{cuda, cpu} : std::array{cpu, cuda};
    for (const std::string& name : order) {
        for (const path& folder : search.folders) {
            const path home = folder / name;
            if (isThere(home / kComplete) && isThere(home / "torch" / "lib" / kMainLibrary)) {
                return Place{home / "torch" / "lib", home / kComplete};
            }
        }
    }
    return tl::unexpected(protocol::unavailable("libtorch is missing: run \"easel-server setup\"."));
}

}  // namespace easel::libtorch
