// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/wheel.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "server/hub/names.h"
#include "server/hub/problems.h"

namespace easel::libtorch {

namespace {

using protocol::Expected;
using protocol::Problem;
using std::filesystem::path;

constexpr std::int64_t kLargestFile = std::int64_t{8} << 30;  // bytes
constexpr int kMostFiles = 200'000;

/// What stands in the messages of a damaged wheel, behind its title.
Problem unusable(const std::string& title, const std::string& why) {
    return hub::untrue(title + " " + why + ". It is not used.");
}

Problem cannotWrite(const path& file, int error) {
    const std::string why = std::generic_category().message(error);
    if (error == ENOSPC || error == EDQUOT) {
        return protocol::noSpace("The disk is full (" + why + "): " + file.string() +
                                 ". What is here is kept; make room and run the same command again.");
    }
    return protocol::internalError(file.string() + " cannot be written: " + why + ".");
}

/// A file that is being written.
class Output {
public:
    explicit Output(const path& file)
        : m_fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644)),
          m_error(m_fd < 0 ? errno : 0) {}
    ~Output() {
        if (m_fd >= 0) {
            ::close(m_fd);
        }
    }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    /// Each answers 0 or an errno, that of the opening first.
    int write(std::span<const char> bytes) {
        while (!bytes.empty() && m_error == 0) {
            const ssize_t written = ::write(m_fd, bytes.data(), bytes.size());
            if (written >= 0) {
                bytes = bytes.subspan(static_cast<std::size_t>(written));
            } else if (errno != EINTR) {
                m_error = errno;
            }
        }
        return m_error;
    }
    int sync() {
        if (m_error == 0 && ::fsync(m_fd) != 0) {
            m_error = errno;
        }
        return m_error;
    }

private:
    int m_fd;
    int m_error;
};

bool isSharedObject(std::string_view file) {
    return file.ends_with(".so") || file.find(".so.") != std::string_view::npos;
}

bool isLicence(std::string_view file) {
    std::string lower(file);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return lower.starts_with("license") || lower.starts_with("licence") || lower.starts_with("notice") ||
           lower.starts_with("eula");
}

/// The half that needs CUDA's other libraries, half of the wheel, and the one that only links both halves.
bool needsCuda(std::string_view file) {
    return file == "libtorch.so" || file.find("cuda") != std::string_view::npos ||
           file.find("nvrtc") != std::string_view::npos || file.find("nvshmem") != std::string_view::npos;
}

}  // namespace

bool isWanted(std::string_view name, Kind kind) {
    const std::string_view file = name.substr(name.rfind('/') + 1);
    const std::string_view top = name.substr(0, name.find('/'));
    if (isLicence(file)) {
        return top == "nvidia" || top.ends_with(".dist-info");
    }
    if (!isSharedObject(file)) {
        return false;
    }
    if (name.starts_with("torch/lib/")) {
        return file != "libtorch_python.so" && (kind == Kind::Cuda || !needsCuda(file));
    }
    return top == "nvidia";
}

/// The wheel while it is read, file by file.
class Wheel::Archive {
public:
    explicit Archive(const Wheel& wheel) : m_wheel(wheel), m_archive(archive_read_new(), archive_read_free) {}

    Expected<void> open() {
        constexpr std::size_t kBlock = std::size_t{1} << 20;
        archive_read_support_format_zip_seekable(m_archive.get());
        if (archive_read_open_filename(m_archive.get(), m_wheel.m_file.c_str(), kBlock) != ARCHIVE_OK) {
            return tl::unexpected(damaged());
        }
        return {};
    }

    /// Goes to the next file that is wanted; false behind the last.
    Expected<bool> next() {
        while (true) {
            archive_entry* entry = nullptr;
            const int result = archive_read_next_header(m_archive.get(), &entry);
            if (result == ARCHIVE_EOF) {
                return false;
            }
            if (result != ARCHIVE_OK || ++m_count > kMostFiles) {
                return tl::unexpected(damaged());
            }
            const char* const name = archive_entry_pathname(entry);
            m_name = name != nullptr ? name : "";
            const bool isFolder = archive_entry_filetype(entry) == AE_IFDIR;
            if (isFolder && m_name.ends_with('/')) {
                m_name.pop_back();
            }
            if (!hub::isFilePath(m_name)) {
                return tl::unexpected(
                    unusable(m_wheel.m_title, "holds a file whose name leads out of its folder"));
            }
            if (isFolder) {
                continue;
            }
            if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
                return tl::unexpected(unusable(m_wheel.m_title, "holds a link or a device, " + m_name));
            }
            if (!isWanted(m_name, m_wheel.m_kind)) {
                continue;
            }
            m_size = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : -1;
            if (m_size < 0 || m_size > kLargestFile) {
                return tl::unexpected(
                    unusable(m_wheel.m_title, "holds a file of no sensible size, " + m_name));
            }
            return true;
        }
    }

    const std::string& name() const { return m_name; }
    std::int64_t size() const { return m_size; }

    /// Some bytes of the file; none at its end. What is damaged is told at the latest then.
    Expected<std::span<const char>> read() {
        constexpr std::size_t kAtOnce = std::size_t{1} << 20;
        m_bytes.resize(kAtOnce);
        const la_ssize_t count = archive_read_data(m_archive.get(), m_bytes.data(), m_bytes.size());
        if (count < 0) {
            return tl::unexpected(damaged());
        }
        return std::span<const char>(m_bytes.data(), static_cast<std::size_t>(count));
    }

    Problem damaged() const {
        const char* const why = archive_error_string(m_archive.get());
        return unusable(m_wheel.m_title,
                        "cannot be unpacked" + (why != nullptr ? " (" + std::string(why) + ")" : ""));
    }

private:
    const Wheel& m_wheel;
    std::unique_ptr<archive, int (*)(archive*)> m_archive;
    std::string m_name;
    std::int64_t m_size = 0;
    int m_count = 0;
    std::vector<char> m_bytes;
};

Expected<std::int64_t> Wheel::wantedBytes() const {
    Archive archive(*this);
    if (auto opened = archive.open(); !opened) {
        return tl::unexpected(std::move(opened.error()));
    }
    std::int64_t bytes = 0;
    while (true) {
        const auto isThere = archive.next();
        if (!isThere) {
            return tl::unexpected(isThere.error());
        }
        if (!*isThere) {
            return bytes;
        }
        bytes += archive.size();
    }
}

Expected<void> Wheel::unpack(const path& folder, const std::function<void(std::int64_t)>& onBytes,
                             const std::stop_token& stop) const {
    Archive archive(*this);
    if (auto opened = archive.open(); !opened) {
        return opened;
    }
    while (true) {
        const auto isThere = archive.next();
        if (!isThere) {
            return tl::unexpected(isThere.error());
        }
        if (!*isThere) {
            return {};
        }
        const path file = folder / archive.name();
        std::error_code made;
        std::filesystem::create_directories(file.parent_path(), made);
        if (made) {
            return tl::unexpected(cannotWrite(file.parent_path(), made.value()));
        }
        Output output(file);
        std::int64_t left = archive.size();
        while (true) {
            const auto bytes = archive.read();
            if (!bytes) {
                return tl::unexpected(bytes.error());
            }
            if (stop.stop_requested()) {
                return tl::unexpected(hub::stopped());
            }
            left -= std::ssize(*bytes);
            if (left < 0 || (bytes->empty() && left != 0)) {
                return tl::unexpected(
                    unusable(m_title, "says another length of " + archive.name() + " than it has"));
            }
            if (const int error = bytes->empty() ? output.sync() : output.write(*bytes); error != 0) {
                return tl::unexpected(cannotWrite(file, error));
            }
            if (bytes->empty()) {
                break;
            }
            onBytes(std::ssize(*bytes));
        }
    }
}

}  // namespace easel::libtorch
