# SPDX-License-Identifier: Apache-2.0
# cmake -DOUTPUT=assets.cpp -DFILES=a;b -P embed.cmake: writes asset() with the files' bytes in it.
set(arrays "")
set(lookups "")
set(index 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char kFile${index}[] = {\n${bytes}};\n")
  string(APPEND lookups "    if (name == \"${name}\") {\n        return text(kFile${index});\n    }\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Written by embed.cmake.
#include \"server/api/assets.h\"

#include <cstddef>

namespace easel::api {

namespace {

${arrays}
template <std::size_t size>
std::string_view text(const unsigned char (&bytes)[size]) {
    return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::string_view asset(std::string_view name) {
${lookups}    return {};
}

}  // namespace easel::api
")
