# SPDX-License-Identifier: Apache-2.0
# cmake -DOUTPUT=assets.cpp -DHEADER=server/api/assets.h -DFUNCTION=easel::api::asset -DFILES=a;b -P embed.cmake:
# writes FUNCTION(name), which HEADER declares, with the files' bytes in it.
string(REGEX MATCH "^(.*)::([^:]+)$" parts ${FUNCTION})
set(namespace ${CMAKE_MATCH_1})
set(function ${CMAKE_MATCH_2})
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
#include \"${HEADER}\"

#include <cstddef>

namespace ${namespace} {

namespace {

${arrays}
template <std::size_t size>
std::string_view text(const unsigned char (&bytes)[size]) {
    return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::string_view ${function}(std::string_view name) {
${lookups}    return {};
}

}  // namespace ${namespace}
")
