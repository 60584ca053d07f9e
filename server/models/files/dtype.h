// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace easel::models {

/// How a tensor's numbers are stored; those that the safetensors format knows.
enum class DType {
    Bool,
    F4,
    F6E2M3,
    F6E3M2,
    U8,
    I8,
    F8E5M2,
    F8E4M3,
    F8E8M0,
    F8E4M3Fnuz,
    F8E5M2Fnuz,
    I16,
    U16,
    F16,
    BF16,
    I32,
    U32,
    F32,
    C64,
    F64,
    I64,
    U64,
};

/// The format's own name: "F16".
std::string_view toString(DType dtype);

}  // namespace easel::models
