// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <system_error>
#include <utility>

#include "server/models/model_folder.h"
#include "server/models/model_problem.h"

namespace easel::models {

namespace {

bool isModel(const std::filesystem::path& folder) {
    std::error_code error;
    return std::filesystem::exists(folder / "model_index.json", error);
}

/// The models' folders inside `folder`, by name.
std::vector<std::filesystem::path> modelsInside(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> inside;
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
        if (isModel(it->path())) {
            inside.push_back(it->path());
        }
    }
    std::sort(inside.begin(), inside.end());
    return inside;
}

void add(Catalogue& catalogue, const std::filesystem::path& folder) {
    auto model = openModelFolder(folder);
    if (!model) {
        catalogue.problems.push_back(std::move(model.error()));
        return;
    }
    const auto twin =
        std::find_if(catalogue.models.begin(), catalogue.models.end(),
                     [&model](const ModelFolder& earlier) { return earlier.info.id == model->info.id; });
    if (twin != catalogue.models.end()) {
        catalogue.problems.push_back(
            modelProblem(folder, "Another model has the same name: " + twin->root.string() + "."));
        return;
    }
    catalogue.models.push_back(std::move(*model));
}

}  // namespace

Catalogue findModels(std::span<const std::filesystem::path> paths) {
    Catalogue catalogue;
    for (const auto& path : paths) {
        const auto inside = isModel(path) ? std::vector{path} : modelsInside(path);
        if (inside.empty()) {
            catalogue.problems.push_back(modelProblem(path, "There is no model here."));
        }
        for (const auto& folder : inside) {
            add(catalogue, folder);
        }
    }
    return catalogue;
}

}  // namespace easel::models
