// SPDX-License-Identifier: Apache-2.0
// Files that hold a model, and the notes beside them. The first byte decides whether the input begins with
// the header of such a file, or with lines of names that a header is made of.
#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <iterator>
#include <span>
#include <string>
#include <utility>

#include "server/models/checkpoint.h"
#include "server/models/checkpoints/parts.h"
#include "server/models/files/file_kind.h"
#include "server/models/inspection.h"
#include "tests/fuzz/fuzz.h"

using namespace easel;

namespace {

constexpr std::size_t kMostData = std::size_t{1} << 20;
constexpr int kWidestInMemory = 8;  // so that there is little to copy
constexpr std::array kExtents{0, 1, 2, 3, 4, 5, 8, 9, 16, 32, 64, 77, 96, 128, 256, 320};

bool isPlain(char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '\\';
}

/// A header and the size of its data. A line "@PREFIX" stands before the names of those that follow it; in
/// any other, after the name and a blank, each letter is an extent of the shape.
std::pair<std::string, std::size_t> headerOf(std::string_view lines, int widest) {
    std::string header = "{";
    std::string prefix;
    std::size_t end = 0;
    while (!lines.empty()) {
        std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(line.size() < lines.size() ? line.size() + 1 : line.size());
        std::string name;
        for (; !line.empty() && isPlain(line.front()); line.remove_prefix(1)) {
            name += line.front();
        }
        if (name.starts_with('@')) {
            prefix = name.substr(1);
            continue;
        }
        std::string shape;
        std::size_t bytes = 2;
        for (const char letter : line.substr(line.empty() ? 0 : 1, 5)) {
            const int known = kExtents[static_cast<unsigned char>(letter) % kExtents.size()];
            const auto extent = static_cast<std::size_t>(std::min(known, widest));
            shape += (shape.empty() ? "" : ",") + std::to_string(extent);
            bytes *= extent;
        }
        if (bytes > kMostData) {
            continue;
        }
        header += (header.size() > 1 ? ",\"" : "\"") + prefix + name + "\":{\"dtype\":\"F16\",\"shape\":[" +
                  shape + "],\"data_offsets\":[" + std::to_string(end) + ',' + std::to_string(end + bytes) +
                  "]}";
        end += bytes;
    }
    return {header + '}', end};
}

std::string lengthOf(const std::string& header) {
    std::string bytes(8, '\0');
    const std::uint64_t length = header.size();
    std::memcpy(bytes.data(), &length, bytes.size());
    return bytes;
}

void requireSound(const models::UNetConfig& unet) {
    fuzz::require(!unet.down.empty() && unet.down.size() == unet.up.size(),
                  "a UNet goes down as often as up");
    for (const auto* const blocks : {&unet.down, &unet.up}) {
        for (const models::UNetBlock& block : *blocks) {
            fuzz::require(block.channels > 0 && block.channels % unet.normGroups == 0,
                          "norms share channels evenly");
            fuzz::require(!block.attention || block.channels % block.heads == 0,
                          "heads share channels evenly");
        }
    }
}

/// Detection and names alone, which need no file.
void sortTensors(const std::string& bytes) {
    const auto whole = std::as_bytes(std::span(bytes));
    const auto tensors = models::parseSafetensors(whole, "fuzz");
    if (!tensors) {
        return;
    }
    fuzz::require(!models::natureOf(*tensors).what.empty(), "whatever it is has a name");
    for (const bool average : {false, true}) {
        const auto sorted = models::sortTensors("fuzz", *tensors, average);
        if (!sorted) {
            continue;
        }
        for (const auto& [part, entries] : sorted->parts) {
            for (const models::TensorEntry& entry : entries) {
                const auto* const end = entry.data.data() + entry.data.size();
                fuzz::require(entry.data.empty() || std::less_equal<>()(end, whole.data() + whole.size()),
                              "a part's tensor lies within its file");
            }
        }
    }
}

/// The whole way from a file to a model, and to one of its parts.
void inspectFile(const std::filesystem::path& file, int which) {
    if (const auto found = models::inspect(file)) {
        fuzz::require(!found->kind.empty() && !found->what.empty(), "whatever it is has a name");
    }
    const auto notes = models::readCheckpointNotes(file);
    const auto checkpoint = notes ? models::readCheckpoint(file, *notes) : tl::unexpected(notes.error());
    if (!checkpoint) {
        return;
    }
    requireSound(checkpoint->unet);
    if (!checkpoint->parts.empty()) {
        // All of them would only take their time.
        const auto& [part, source] =
            *std::next(checkpoint->parts.begin(), which % static_cast<long>(checkpoint->parts.size()));
        const auto again = models::openPart(file, part, notes->average && part == "unet");
        fuzz::require(again && again->size() == source.size(), "a part is the same when it is opened");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Scratch scratch;
    if (size == 0) {
        return 0;
    }
    auto text = fuzz::textOf(data + 1, size - 1);
    const std::string_view first = fuzz::takePart(text);
    const bool isHeader = data[0] % 2 == 1;
    const bool isWhole = data[0] / 2 % 2 == 1;
    const auto [header, bytes] = isHeader ? std::pair(std::string(first), std::size_t{256})
                                          : headerOf(first, isWhole ? kExtents.back() : kWidestInMemory);
    const std::string begin = lengthOf(header) + header;
    if (!isWhole) {
        sortTensors(begin + std::string(bytes, '\0'));
    } else {
        const auto file = scratch.write("model.safetensors", begin);
        std::filesystem::resize_file(file, begin.size() + bytes);  // all zeros
        scratch.write("model.easel.json", text.empty() ? "{}" : text);
        inspectFile(file, data[0]);
    }
    return 0;
}
