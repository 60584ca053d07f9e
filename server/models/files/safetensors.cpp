// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/safetensors.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "server/models/files/foreign_file.h"
#include "server/models/files/model_problem.h"
#include "server/models/files/safetensors_header.h"

namespace easel::models {

namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // the reference's own limit
constexpr std::string_view kWasItCut = " (was the download cut short? Then do it again)";

std::uint64_t bitsOf(DType dtype) {
    switch (dtype) {
        case DType::F4:
            return 4;
        case DType::F6E2M3:
        case DType::F6E3M2:
            return 6;
        case DType::Bool:
        case DType::U8:
        case DType::I8:
        case DType::F8E5M2:
        case DType::F8E4M3:
        case DType::F8E8M0:
        case DType::F8E4M3Fnuz:
        case DType::F8E5M2Fnuz:
            return 8;
        case DType::I16:
        case DType::U16:
        case DType::F16:
        case DType::BF16:
            return 16;
        case DType::I32:
        case DType::U32:
        case DType::F32:
            return 32;
        case DType::C64:
        case DType::F64:
        case DType::I64:
        case DType::U64:
            return 64;
    }
    return 0;
}

/// What the data of `entry` take; empty when that is no whole number of bytes or overflows.
std::optional<std::uint64_t> byteSize(const HeaderEntry& entry) {
    std::uint64_t bits = 1;
    for (const std::uint64_t extent : entry.shape) {
        if (extent > std::numeric_limits<std::int64_t>::max() ||
            __builtin_mul_overflow(bits, extent, &bits)) {
            return std::nullopt;
        }
    }
    if (__builtin_mul_overflow(bits, bitsOf(entry.dtype), &bits) || bits % 8 != 0) {
        return std::nullopt;
    }
    return bits / 8;
}

std::string describe(const std::vector<std::uint64_t>& shape) {
    std::string text;
    for (const std::uint64_t extent : shape) {
        text += (text.empty() ? "" : ", ") + std::to_string(extent);
    }
    return "[" + text + "]";
}

/// The JSON after the length, or else what is wrong with that.
tl::expected<std::span<const std::byte>, std::string> headerIn(std::span<const std::byte> bytes) {
    if (bytes.size() < kLengthBytes) {
        return tl::unexpected(fmt::format("it has {} bytes, fewer than 8", bytes.size()));
    }
    std::uint64_t size = 0;
    for (std::size_t i = kLengthBytes; i-- > 0;) {
        size = size << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    }
    const std::size_t rest = bytes.size() - kLengthBytes;
    if (size > kMaxHeaderBytes || size > rest) {
        const bool isCut = size <= kMaxHeaderBytes && rest > 0 && bytes[kLengthBytes] == std::byte{'{'};
        return tl::unexpected(
            fmt::format("its header would have {} bytes{}", size,
                        isCut ? fmt::format(", but there are only {}{}", rest, kWasItCut) : ""));
    }
    return bytes.subspan(kLengthBytes, size);
}

/// What is wrong with an entry that comes after `position` bytes of `all`; empty: nothing.
std::string objection(const HeaderEntry& entry, std::uint64_t position, std::uint64_t all) {
    const std::string what = fmt::format("tensor \"{}\"", entry.name);
    if (entry.begin != position || entry.end < entry.begin) {
        return fmt::format("{} stands at {} to {} where {} comes next: overlaps and gaps are forbidden", what,
                           entry.begin, entry.end, position);
    }
    if (byteSize(entry) != entry.end - entry.begin) {
        return fmt::format("{} has {} bytes, which does not fit {} {}", what, entry.end - entry.begin,
                           toString(entry.dtype), describe(entry.shape));
    }
    if (entry.end > all) {
        return fmt::format("{} ends at {}, but there are only {} bytes of data{}", what, entry.end, all,
                           kWasItCut);
    }
    return {};
}

}  // namespace

protocol::Expected<std::vector<TensorEntry>> parseSafetensors(std::span<const std::byte> bytes,
                                                              const std::string& fileName,
                                                              Metadata* metadata) {
    const auto refuse = [&fileName](const std::string& why) {
        return tl::unexpected(
            modelProblem(fileName, fmt::format("This is not a sound safetensors file: {}.", why)));
    };
    const std::string_view begin(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (bytes.size() <= kLengthBytes || begin[kLengthBytes] != '{') {
        if (const auto foreign = foreignWeights(begin)) {
            return tl::unexpected(modelProblem(fileName, *foreign));
        }
    }
    const auto header = headerIn(bytes);
    if (!header) {
        return refuse(header.error());
    }
    auto read = parseSafetensorsHeader(begin.substr(kLengthBytes, header->size()));
    if (!read) {
        return refuse(read.error());
    }
    auto& entries = read->entries;
    std::sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });

    const auto data = bytes.subspan(kLengthBytes + header->size());
    std::vector<TensorEntry> tensors;
    tensors.reserve(entries.size());
    std::uint64_t position = 0;
    for (HeaderEntry& entry : entries) {
        if (const auto why = objection(entry, position, data.size()); !why.empty()) {
            return refuse(why);
        }
        position = entry.end;
        tensors.push_back({std::move(entry.name),
                           entry.dtype,
                           {entry.shape.begin(), entry.shape.end()},
                           data.subspan(entry.begin, entry.end - entry.begin)});
    }
    if (position != data.size()) {
        return refuse(
            fmt::format("its tensors end at {}, but there are {} bytes of data", position, data.size()));
    }
    if (metadata != nullptr) {
        *metadata = std::move(read->metadata);
    }
    return tensors;
}

protocol::Expected<SafetensorsFile> SafetensorsFile::open(const std::filesystem::path& path) {
    auto mapped = MappedFile::open(path);
    if (!mapped) {
        return tl::unexpected(std::move(mapped.error()));
    }
    SafetensorsFile file;
    auto tensors = parseSafetensors(mapped->bytes(), path.string(), &file.m_metadata);
    if (!tensors) {
        return tl::unexpected(std::move(tensors.error()));
    }
    file.m_path = path;
    file.m_file = std::move(*mapped);
    file.m_tensors = std::move(*tensors);
    return file;
}

}  // namespace easel::models
