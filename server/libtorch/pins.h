// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/protocol/problem.h"

/// libtorch on machines where Easel is installed: which one it is, where it comes from and where it lies.
namespace easel::libtorch {

/// The CPU half alone, or with all that it takes to draw on an NVIDIA GPU.
enum class Kind { Cpu, Cuda };

std::string_view toString(Kind kind);
std::optional<Kind> kindFrom(std::string_view name);

/// One wheel: a file with another hash is another file, whatever its name.
struct Pin {
    std::string project;
    std::string version;
    std::string sha256;

    std::string title() const { return project + " " + version; }
    bool operator==(const Pin&) const = default;
};

struct PinList {
    Kind kind = Kind::Cpu;
    std::string name;  ///< "cpu-f815a8a2d4fa", with digits of the list's own hash: a folder for it alone
    std::vector<Pin> pins;
};

/// A list as pip's requirement files have it: "PROJECT==VERSION --hash=sha256:HASH" on each line, and
/// comments.
protocol::Expected<PinList> parsePins(Kind kind, std::string_view text);
/// The list that was built in, from packaging/, and its text.
const PinList& pinsOf(Kind kind);
std::string_view listOf(Kind kind);
/// The CUDA that the built-in lists bring: 13 or 12.
extern const int kCuda;
extern const int kOldestDriver;  ///< of NVIDIA's that runs it
/// Whether `name` could be a list's: "cpu-" or "cuda-" and twelve digits.
bool isListName(std::string_view name);

}  // namespace easel::libtorch
