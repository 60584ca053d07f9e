// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/ScalarType.h>

#include <functional>
#include <string>
#include <vector>

namespace easel::benchmark_ops {

/// Whose: what Easel draws with, or libtorch's plain operator.
enum class Form { Easel, ATen };

/// An operation of a network at one of its shapes.
struct Case {
    std::string operation;
    std::string shape;
    c10::ScalarType precision;
    Form form;
    bool multiplies;  ///< it is counted in operations, not in bytes
    double work;      ///< floating-point operations, or bytes read and written
    /// Makes what it works on, and returns what does the work once.
    std::function<std::function<void()>()> prepare;

    std::string name() const;
};

/// Of Stable Diffusion 1.5 at 512 x 512, both branches of guidance, and of the starter model at 128 x 128;
/// attention also as in 2.x. Each in both precisions and forms.
std::vector<Case> allCases();

/// "fp32" or "bf16".
std::string nameOf(c10::ScalarType precision);

}  // namespace easel::benchmark_ops
