# SPDX-License-Identifier: Apache-2.0
# What one set of packages for Debian 12, Debian 13 and Ubuntu 24.04 links otherwise than a build for one machine:
# libraries whose sonames differ between the three become part of the programs. What is left is held against
# packaging/ubuntu-24.04-sonames.txt when the packages are built.
#
# The targets are made before anybody looks for them, and whoever does takes those that are there.

# Debian has no static fmt and spdlog, but their headers hold all of them.
foreach(name fmt fmt-header-only)
  add_library(fmt::${name} INTERFACE IMPORTED GLOBAL)
  target_compile_definitions(fmt::${name} INTERFACE FMT_HEADER_ONLY=1)
endforeach()
foreach(name spdlog spdlog_header_only)
  add_library(spdlog::${name} INTERFACE IMPORTED GLOBAL)
  target_compile_definitions(spdlog::${name} INTERFACE SPDLOG_FMT_EXTERNAL)
  target_link_libraries(spdlog::${name} INTERFACE fmt::fmt Threads::Threads)
endforeach()

find_library(EASEL_STATIC_UTF8PROC libutf8proc.a REQUIRED)
add_library(PkgConfig::utf8proc INTERFACE IMPORTED GLOBAL)
target_link_libraries(PkgConfig::utf8proc INTERFACE ${EASEL_STATIC_UTF8PROC})

# Its soname is the same everywhere, but not the name of its package.
find_library(EASEL_STATIC_TURBOJPEG libturbojpeg.a REQUIRED)
add_library(PkgConfig::turbojpeg INTERFACE IMPORTED GLOBAL)
target_link_libraries(PkgConfig::turbojpeg INTERFACE ${EASEL_STATIC_TURBOJPEG})
