// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "shared/protocol/problem.h"

namespace easel::diffusion {

/// This model, or this picture, cannot go on. Thrown deep inside the networks; Engine turns it back into
/// the Problem that it carries.
class Failure : public std::exception {
public:
    explicit Failure(protocol::Problem problem) : m_problem(std::move(problem)) {}

    const protocol::Problem& problem() const { return m_problem; }
    const char* what() const noexcept override { return m_problem.detail.c_str(); }

private:
    protocol::Problem m_problem;
};

template <typename T>
T valueOrThrow(protocol::Expected<T> expected) {
    if (!expected) {
        throw Failure(expected.error());
    }
    return std::move(*expected);
}

/// What a message of libtorch's says: a stack trace follows from the second line on.
inline std::string firstLine(std::string_view what) {
    return std::string(what.substr(0, what.find('\n')));
}

}  // namespace easel::diffusion
