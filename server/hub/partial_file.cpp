// SPDX-License-Identifier: Apache-2.0
#include "server/hub/partial_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <numeric>
#include <system_error>
#include <utility>
#include <vector>

#include "shared/process/files.h"

namespace easel::hub {

namespace {

using protocol::Expected;
using std::filesystem::path;

constexpr std::int64_t kMark = 0x3154'5241'505A'45;  // also says the order of bytes
constexpr std::size_t kHead = 3;                     // the mark, the size, the size of a part

path beside(const path& blob, const char* end) {
    path other = blob;
    other += end;
    return other;
}

protocol::Problem cannotWrite(const path& file, int error) {
    const std::string why = std::generic_category().message(error);
    if (error == ENOSPC || error == EDQUOT) {
        return protocol::noSpace("The disk is full (" + why + "): " + file.string() +
                                 ". What is here is kept; make room and try again.");
    }
    return protocol::internalError(file.string() + " cannot be written: " + why + ".");
}

/// 0 or an errno.
int writeAt(int fd, std::span<const char> bytes, std::int64_t offset) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), offset);
        if (written >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(written));
            offset += written;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

template <typename Number>
std::span<const char> bytesOfNumbers(std::span<const Number> numbers) {
    return {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
}

std::size_t countParts(std::int64_t size, std::int64_t partSize) {
    return static_cast<std::size_t>((size + partSize - 1) / partSize);
}

/// How far each part is by the record; empty when there is none that fits.
std::vector<std::int64_t> readParts(const path& blob, std::int64_t size, std::int64_t partSize) {
    struct stat data {};
    if (::stat(beside(blob, ".easel.incomplete").c_str(), &data) != 0 || data.st_size != size) {
        return {};
    }
    std::vector<std::int64_t> numbers(kHead + countParts(size, partSize));
    const auto bytes = static_cast<std::streamsize>(numbers.size() * sizeof(std::int64_t));
    std::ifstream record(beside(blob, ".easel.parts"), std::ios::binary);
    if (!record.read(reinterpret_cast<char*>(numbers.data()), bytes) || numbers[0] != kMark ||
        numbers[1] != size || numbers[2] != partSize) {
        return {};
    }
    numbers.erase(numbers.begin(), numbers.begin() + kHead);
    for (std::size_t part = 0; part < numbers.size(); ++part) {
        const std::int64_t most = std::min(partSize, size - static_cast<std::int64_t>(part) * partSize);
        if (numbers[part] < 0 || numbers[part] > most) {
            return {};
        }
    }
    return numbers;
}

}  // namespace

std::int64_t PartialFile::bytesOf(const path& blob, std::int64_t size, std::int64_t partSize) {
    const auto parts = readParts(blob, size, partSize);
    return std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
}

Expected<std::unique_ptr<PartialFile>> PartialFile::open(const path& blob, std::int64_t size,
                                                         std::int64_t partSize) {
    std::unique_ptr<PartialFile> file(new PartialFile(blob, size, partSize));
    if (auto opened = file->openFiles(); !opened) {
        return tl::unexpected(std::move(opened.error()));
    }
    return file;
}

PartialFile::PartialFile(path blob, std::int64_t size, std::int64_t partSize)
    : m_blob(std::move(blob)),
      m_data(beside(m_blob, ".easel.incomplete")),
      m_record(beside(m_blob, ".easel.parts")),
      m_size(size),
      m_partSize(partSize),
      m_count(countParts(size, partSize)),
      m_done(std::make_unique<std::int64_t[]>(m_count)) {}

PartialFile::~PartialFile() {
    for (const int fd : {m_dataFd, m_recordFd}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

std::int64_t PartialFile::endOf(std::size_t part) const {
    return std::min(m_size, beginOf(part) + m_partSize);
}

Expected<void> PartialFile::openFiles() {
    const auto known = readParts(m_blob, m_size, m_partSize);
    for (const auto& [file, fd] : {std::pair{&m_data, &m_dataFd}, std::pair{&m_record, &m_recordFd}}) {
        *fd = ::open(file->c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (*fd < 0) {
            return tl::unexpected(cannotWrite(*file, errno));
        }
    }
    if (known.empty()) {
        return startOver();
    }
    std::ranges::copy(known, m_done.get());
    m_isResumed = std::ranges::any_of(known, [](std::int64_t done) { return done > 0; });
    return {};
}

Expected<void> PartialFile::startOver() {
    std::fill_n(m_done.get(), m_count, 0);
    m_isResumed = false;
    // What the record says first: a size alone promises nothing.
    std::vector<std::int64_t> record(kHead + m_count);
    record[0] = kMark;
    record[1] = m_size;
    record[2] = m_partSize;
    const auto bytes = bytesOfNumbers(std::span<const std::int64_t>(record));
    int error = writeAt(m_recordFd, bytes, 0);
    if (error == 0 && ::ftruncate(m_recordFd, static_cast<::off_t>(bytes.size())) != 0) {
        error = errno;
    }
    if (error == 0 && (::ftruncate(m_dataFd, 0) != 0 || ::ftruncate(m_dataFd, m_size) != 0)) {
        error = errno;
    }
    if (error != 0) {
        return tl::unexpected(cannotWrite(m_data, error));
    }
    return {};
}

Expected<void> PartialFile::append(std::size_t part, std::span<const char> bytes) {
    int error = writeAt(m_dataFd, bytes, doneOf(part));
    m_done[part] += error == 0 ? std::ssize(bytes) : 0;
    if (error == 0) {
        const auto place = static_cast<std::int64_t>((kHead + part) * sizeof(std::int64_t));
        error = writeAt(m_recordFd, bytesOfNumbers(std::span<const std::int64_t>(&m_done[part], 1)), place);
    }
    if (error != 0) {
        return tl::unexpected(cannotWrite(m_data, error));
    }
    return {};
}

Expected<void> PartialFile::finish() {
    int error = ::fsync(m_dataFd) == 0 ? 0 : errno;
    if (error == 0 && ::rename(m_data.c_str(), m_blob.c_str()) != 0) {
        error = errno;
    }
    if (error == 0) {
        error = process::sync(m_blob.parent_path());
    }
    if (error != 0) {
        return tl::unexpected(cannotWrite(m_blob, error));
    }
    ::unlink(m_record.c_str());
    return {};
}

}  // namespace easel::hub
