// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include <fmt/core.h>

#include "server/models/files/foreign_file.h"
#include "server/models/files/model_problem.h"

namespace easel::models {

namespace {

/// An open file, closed at the end.
struct Descriptor {
    int number;
    ~Descriptor() {
        if (number >= 0) {
            ::close(number);
        }
    }
};

/// All of it, as it was when it was opened; nothing, and errno says why, when there is less.
std::optional<std::string> readWhole(int file, std::size_t size) {
    std::string text(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const auto count = ::read(file, text.data() + done, size - done);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return std::nullopt;
        }
        done += static_cast<std::size_t>(count);
    }
    return text;
}

}  // namespace

protocol::Expected<std::string> readTextFile(const std::filesystem::path& file, std::size_t maxBytes) {
    const auto refused = [&file](const std::string& why) { return tl::unexpected(modelProblem(file, why)); };
    // Opened once and asked then: a catalogue reads tens of thousands. One that is no plain file waits for
    // nobody.
    const Descriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat status {};
    if (opened.number < 0 && errno != ENOENT && errno != ENOTDIR) {
        return refused(fmt::format("It cannot be read: {}.", std::generic_category().message(errno)));
    }
    if (opened.number < 0 || ::fstat(opened.number, &status) != 0 || !S_ISREG(status.st_mode)) {
        return refused("There is no such file.");
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > maxBytes) {
        return refused(fmt::format("It has {} bytes; at most {} are read.", size, maxBytes));
    }
    auto text = readWhole(opened.number, size);
    if (!text) {
        return refused("It cannot be read.");
    }
    if (const auto substitute = substituteFor(*text)) {
        return refused(*substitute);
    }
    return std::move(*text);
}

}  // namespace easel::models
