// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// What the fuzz targets share.
namespace easel::fuzz {

inline std::string_view textOf(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Ends the program, which the fuzzer takes for a crash, when a promise is broken.
inline void require(bool kept, const char* promise) {
    if (!kept) {
        std::fprintf(stderr, "Broken: %s\n", promise);
        std::abort();
    }
}

/// A part of the input that ends with a NUL, so that one input can be several files; the rest stays.
inline std::string_view takePart(std::string_view& rest) {
    const std::string_view part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(part.size() < rest.size() ? part.size() + 1 : part.size());
    return part;
}

/// A folder in memory for this process, for readers that take files.
class Scratch {
public:
    Scratch() : m_folder("/dev/shm/easel-fuzz-" + std::to_string(getpid())) {
        std::filesystem::create_directories(m_folder);
    }
    ~Scratch() { std::filesystem::remove_all(m_folder); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::filesystem::path write(const std::string& name, std::string_view bytes) const {
        auto path = m_folder / name;
        std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        return path;
    }
    const std::filesystem::path& folder() const { return m_folder; }

private:
    std::filesystem::path m_folder;
};

}  // namespace easel::fuzz
