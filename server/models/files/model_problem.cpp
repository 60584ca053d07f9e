// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/model_problem.h"

namespace easel::models {

protocol::Problem modelProblem(const std::filesystem::path& file, const std::string& what) {
    return {422, "model_unusable", "The model cannot be used", file.string() + ": " + what, {}};
}

}  // namespace easel::models
