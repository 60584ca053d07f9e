// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "server/commands/model_shelf.h"
#include "server/generator/materials.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::commands {

/// What `settings` name beside their model, from among what lies beside the models. Errors: 422 with the
/// field that names what is not there.
protocol::Expected<std::vector<generator::Material>> addonsFor(const protocol::GenerationSettings& settings,
                                                               const ModelShelf& shelf);

/// The same, with the pictures that were handed in, which lie in the folder `inputs`. Errors: also 422 with
/// the field of a picture that is not there any more.
protocol::Expected<std::vector<generator::Material>> materialsFor(
    const protocol::GenerationSettings& settings, const ModelShelf& shelf,
    const std::filesystem::path& inputs);

/// The same on the command line, where a name may be the place of a file or folder, which goes before what
/// lies beside the models; pictures and refiners are always named so.
protocol::Expected<std::vector<generator::Material>> materialsByPlace(
    const protocol::GenerationSettings& settings, const ModelShelf& shelf);

}  // namespace easel::commands
