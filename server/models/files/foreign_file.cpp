// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/foreign_file.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/core.h>

namespace easel::models {

namespace {

constexpr std::size_t kLooked = 512;  // bytes

std::string lower(std::string_view text) {
    std::string all(text);
    std::transform(all.begin(), all.end(), all.begin(), [](unsigned char c) { return std::tolower(c); });
    return all;
}

/// Without a byte order mark and blanks.
std::string_view withoutLead(std::string_view bytes) {
    if (bytes.starts_with("\xEF\xBB\xBF")) {
        bytes.remove_prefix(3);
    }
    return bytes.substr(std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size()));
}

bool isText(std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](unsigned char c) {
        return (c >= 0x20 && c != 0x7F) || c == '\t' || c == '\r' || c == '\n';
    });
}

/// With ASCII alone, since it is a stranger's.
std::string firstLine(std::string_view text) {
    constexpr std::size_t kShown = 60;
    text = text.substr(0, text.find_first_of("\r\n"));
    std::string line(text.substr(0, kShown));
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c > 0x7E; }, '?');
    return line + (text.size() > kShown ? "..." : "");
}

}  // namespace

std::optional<std::string> substituteFor(std::string_view bytes) {
    const std::string_view text = withoutLead(bytes.substr(0, kLooked));
    if (text.starts_with("version https://git-lfs")) {
        return "This is a pointer of Git LFS, which stands for the file itself. Run \"git lfs pull\" in the "
               "model's folder, or download this file by itself and put it here.";
    }
    const std::string begin = lower(text);
    if (begin.starts_with("<!doctype") || begin.starts_with("<html") || begin.starts_with("<?xml") ||
        begin.starts_with("<head")) {
        return "This is a web page that was saved instead of the file; maybe one has to sign in, or the "
               "address "
               "was the file's page and not the file's own. Download the file again.";
    }
    return std::nullopt;
}

std::optional<std::string> foreignWeights(std::string_view bytes) {
    if (auto substitute = substituteFor(bytes)) {
        return substitute;
    }
    const bool isPickle = bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
    if (isPickle || bytes.starts_with("PK\x03\x04")) {
        return std::string(isPickle ? "This is a pickle file"
                                    : "This is a zip archive, as PyTorch saves weights,") +
               " under another name. Pickle files can run code, so they are not read; get the model's "
               "safetensors files or convert it.";
    }
    static constexpr std::pair<std::string_view, const char*> kKinds[] = {
        {"GGUF", "a GGUF file"},
        {"\x89HDF", "an HDF5 file"},
        {"\x1f\x8b", "a gzip archive"},
        {"7z\xBC\xAF", "a 7z archive"},
        {"Rar!", "a RAR archive"},
        {"%PDF", "a PDF document"},
        {"\x89PNG", "a PNG picture"},
        {"\x28\xB5\x2F\xFD", "a zstd archive"},
        {"\xFD"
         "7zXZ",
         "an xz archive"},
    };
    for (const auto& [magic, name] : kKinds) {
        if (bytes.starts_with(magic)) {
            return fmt::format("This is {}. Get the model's safetensors files.", name);
        }
    }
    const std::string_view begin = bytes.substr(0, kLooked);
    if (!begin.empty() && isText(begin)) {
        return fmt::format("This is a text, not weights; it begins with \"{}\". Download the file again.",
                           firstLine(withoutLead(begin)));
    }
    if (std::all_of(begin.begin(), begin.end(), [](char c) { return c == 0; })) {
        return bytes.empty()
                   ? "The file is empty. Download it again."
                   : "The file begins with nothing but zeros: its download did not end well. Download "
                     "it again.";
    }
    return std::nullopt;
}

}  // namespace easel::models
