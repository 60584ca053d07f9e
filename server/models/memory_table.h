// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/models/model_folder.h"

namespace easel::models {

/// A model as it was published: as much of its shapes as its memory depends on.
struct PublishedModel {
    std::string name;  ///< of its family, for a person
    ModelFolder folder;
    int side = 0;            ///< of the pictures that it was trained with, in pixels
    std::int64_t texts = 0;  ///< numbers of its text encoders' weights
    std::int64_t others = 0;

    std::int64_t numbers() const { return texts + others; }
};

/// One of each family and size.
std::vector<PublishedModel> publishedModels();

/// What they take of a GPU's memory in half precision, by calculation, and whether 8 GiB are enough: a table
/// in Markdown, line by line.
std::vector<std::string> memoryTable();

}  // namespace easel::models
