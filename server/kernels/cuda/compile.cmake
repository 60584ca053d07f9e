# SPDX-License-Identifier: Apache-2.0
# Compiles SOURCE for the GPUs of TARGETS with NVCC, and keeps what ptxas says of each kernel beside OBJECT.
file(GLOB all ${ROOT}/server/kernels/cuda/*.h ${ROOT}/server/kernels/cuda/*.cpp)
set(hashes "")
foreach(file ${all})
  file(SHA256 ${file} hash)
  string(APPEND hashes ${hash})
endforeach()
string(SHA256 hash "${hashes}${TARGETS}")
string(SUBSTRING ${hash} 0 16 hash)
execute_process(
  COMMAND ${NVCC} -x cu -std=c++20 -O3 -I${ROOT} ${TARGETS} "-DEASEL_KERNELS_BUILD=\"${VERSION}-${hash}\""
          -Xptxas=-v --Werror=all-warnings -Xcompiler=-fPIC,-fvisibility=hidden,-Wall,-Wextra -c ${SOURCE} -o ${OBJECT}
  OUTPUT_VARIABLE said ERROR_VARIABLE said RESULT_VARIABLE result)
file(WRITE ${OBJECT}.log "${said}")
if(result)
  message(FATAL_ERROR "${said}")
endif()
