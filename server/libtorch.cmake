# SPDX-License-Identifier: Apache-2.0
# Targets of our own for libtorch: find_package(Torch) on the pinned wheel demands a CUDA toolkit,
# and Easel links the CPU half alone (CUDA is loaded at run time when a device is asked for).
# Looked for each time: a build folder follows CMAKE_PREFIX_PATH to another libtorch.
find_path(EASEL_TORCH_INCLUDE ATen/ATen.h PATH_SUFFIXES include NO_CACHE)
find_library(EASEL_TORCH_CPU torch_cpu PATH_SUFFIXES lib NO_CACHE)
find_library(EASEL_TORCH_C10 c10 PATH_SUFFIXES lib NO_CACHE)
if(NOT EASEL_TORCH_INCLUDE OR NOT EASEL_TORCH_CPU OR NOT EASEL_TORCH_C10)
  message(FATAL_ERROR "libtorch was not found. Configure with -DCMAKE_PREFIX_PATH=$(packaging/fetch-libtorch.sh), "
                      "or with -DEASEL_WORKER=OFF to leave the engine out.")
endif()

add_library(easel_c10 SHARED IMPORTED)
set_target_properties(easel_c10 PROPERTIES IMPORTED_LOCATION ${EASEL_TORCH_C10})
add_library(easel_torch SHARED IMPORTED)
set_target_properties(easel_torch PROPERTIES IMPORTED_LOCATION ${EASEL_TORCH_CPU})
# SYSTEM, so that our warnings stay ours.
target_include_directories(easel_torch SYSTEM INTERFACE ${EASEL_TORCH_INCLUDE})
target_link_libraries(easel_torch INTERFACE easel_c10 Threads::Threads)
# at::parallel_for is a template that has one thread do all without this. The same OpenMP as libtorch's own: the
# wheel brings it, others take the system's.
find_library(EASEL_TORCH_OPENMP NAMES libgomp.so.1 HINTS ${EASEL_TORCH_CPU}/.. NO_DEFAULT_PATH NO_CACHE)
target_compile_options(easel_torch INTERFACE -fopenmp)
if(EASEL_TORCH_OPENMP)
  target_link_libraries(easel_torch INTERFACE ${EASEL_TORCH_OPENMP})
else()
  target_link_options(easel_torch INTERFACE -fopenmp)
endif()
