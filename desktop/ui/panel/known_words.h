// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

#include <string>

#include "shared/protocol/server_info.h"

/// What a small model can draw and understand; of a model that tells no such words anything goes.
namespace easel::ui {

/// For completion: names first.
QStringList knownWords(const protocol::ModelInfo& model);
/// Which words of `prompt` the model does not know, and what it draws; empty where it knows all.
QString unknownWordsHint(const std::string& prompt, const protocol::ModelInfo& model);

}  // namespace easel::ui
