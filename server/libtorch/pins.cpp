// SPDX-License-Identifier: Apache-2.0
#include "server/libtorch/pins.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "server/hub/hashing.h"
#include "server/libtorch/lists.h"

namespace easel::libtorch {

namespace {

using protocol::Expected;

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kNameLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_+!";
constexpr std::size_t kNameDigits = 12;
constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kLongestName = 100;

bool consistsOf(std::string_view text, std::string_view letters) {
    return !text.empty() && text.find_first_not_of(letters) == std::string_view::npos;
}

bool isName(std::string_view text) {
    return text.size() <= kLongestName && consistsOf(text, kNameLetters) && text.front() != '.' &&
           text.front() != '-';
}

std::optional<Pin> parsePin(std::string_view line) {
    constexpr std::string_view kEquals = "==";
    constexpr std::string_view kHash = " --hash=sha256:";
    const std::size_t equals = line.find(kEquals);
    const std::size_t hash = line.find(kHash);
    if (hash == std::string_view::npos || equals >= hash) {
        return std::nullopt;
    }
    const std::size_t version = equals + kEquals.size();
    const Pin pin{std::string(line.substr(0, equals)), std::string(line.substr(version, hash - version)),
                  std::string(line.substr(hash + kHash.size()))};
    const bool isGood = isName(pin.project) && isName(pin.version) && pin.sha256.size() == kHashDigits &&
                        consistsOf(pin.sha256, kHexDigits);
    return isGood ? std::optional(pin) : std::nullopt;
}

PinList builtIn(Kind kind) {
    auto list = parsePins(kind, listOf(kind));
    if (!list) {
        throw std::logic_error(list.error().detail);
    }
    return std::move(*list);
}

}  // namespace

const int kCuda = EASEL_CUDA;
const int kOldestDriver = EASEL_CUDA == 12 ? 525 : 580;

std::string_view toString(Kind kind) {
    return kind == Kind::Cpu ? "cpu" : "cuda";
}

std::optional<Kind> kindFrom(std::string_view name) {
    return name == "cpu"    ? std::optional(Kind::Cpu)
           : name == "cuda" ? std::optional(Kind::Cuda)
                            : std::nullopt;
}

Expected<PinList> parsePins(Kind kind, std::string_view text) {
    PinList list{kind, std::string(toString(kind)) + "-" + hub::sha256(text).substr(0, kNameDigits), {}};
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        auto pin = parsePin(line);
        if (!pin) {
            return tl::unexpected(
                protocol::malformed("The list of libtorch's wheels has a line that is no pin: " +
                                    std::string(line.substr(0, kLongestName))));
        }
        list.pins.push_back(std::move(*pin));
    }
    if (list.pins.empty()) {
        return tl::unexpected(protocol::malformed("The list of libtorch's wheels is empty."));
    }
    return list;
}

const PinList& pinsOf(Kind kind) {
    static const PinList kOfCpu = builtIn(Kind::Cpu);
    static const PinList kOfCuda = builtIn(Kind::Cuda);
    return kind == Kind::Cpu ? kOfCpu : kOfCuda;
}

std::string_view listOf(Kind kind) {
    return listText(kind == Kind::Cpu ? EASEL_CPU_LIST : EASEL_CUDA_LIST);
}

bool isListName(std::string_view name) {
    const std::size_t dash = name.find('-');
    return dash != std::string_view::npos && kindFrom(name.substr(0, dash)) &&
           name.size() == dash + 1 + kNameDigits && consistsOf(name.substr(dash + 1), kHexDigits);
}

}  // namespace easel::libtorch
