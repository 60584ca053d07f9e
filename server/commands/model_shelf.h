// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/generator/generator.h"
#include "server/models/catalogue.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::commands {

/// The models of a server: those on the disk, and how they are on what draws. From any thread.
class ModelShelf {
public:
    /// `first` is the folder of the default model, which may stand in `places` too.
    ModelShelf(const std::filesystem::path& first, models::Places places);
    /// Instead of all models a test pattern.
    ModelShelf();

    /// What draws, once there is something.
    void setStatus(std::function<generator::Status()> status) { m_status = std::move(status); }

    const std::string& defaultId() const { return m_default; }
    /// See api::Models.
    protocol::Expected<protocol::ModelInfo> find(const std::string& id) const;
    std::optional<protocol::ModelInfo> describe(const std::string& id) const;
    protocol::ModelPage page(int limit, const std::optional<std::string>& after) const;
    /// Where the model lies. Errors: 422 with the field `model`.
    protocol::Expected<std::filesystem::path> locate(const std::string& id) const;
    /// Models came or went.
    void lookAgain() const;
    /// What is wrong with the places, a sentence each.
    std::vector<protocol::Problem> problems() const;

private:
    generator::Status status() const { return m_status ? m_status() : generator::Status(); }
    protocol::Expected<protocol::ModelInfo> onDisk(const std::string& id) const;

    std::unique_ptr<models::Catalogue> m_catalogue;  // null: the test pattern
    std::string m_default;
    std::function<generator::Status()> m_status;
};

}  // namespace easel::commands
