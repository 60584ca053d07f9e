// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/generator/generator.h"
#include "server/models/addons.h"
#include "server/models/catalogue.h"
#include "shared/protocol/estimate.h"
#include "shared/protocol/problem.h"
#include "shared/protocol/server_info.h"

namespace easel::commands {

/// The models of a server: those on the disk, and how they are on what draws. From any thread.
class ModelShelf {
public:
    /// `first` is the folder of the default model, which may stand in `places` too.
    /// What can be added to models lies beside those and in the folders `addons`.
    ModelShelf(const std::filesystem::path& first, models::Places places,
               const std::vector<std::filesystem::path>& addons = {});
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
    /// All that its small files say; the default model for an empty id. Errors: 422 with the field `model`.
    protocol::Expected<models::ModelFolder> open(const std::string& id) const;
    /// What can be added to them: all, or those of one kind.
    std::vector<protocol::AddonInfo> addons(std::optional<protocol::AddonKind> kind) const;
    /// Where such a thing lies. Errors: 422 with `field`.
    protocol::Expected<std::filesystem::path> locateAddon(protocol::AddonKind kind, const std::string& name,
                                                          const std::string& field) const;
    /// What a picture takes of the memory, with all that its request names beside the model; nothing for the
    /// test pattern, or where the model's files have gone.
    std::optional<protocol::MemoryEstimate> memoryFor(const protocol::GenerationSettings& settings) const;
    /// Models came or went.
    void lookAgain() const;
    /// What is wrong with the places, a sentence each.
    std::vector<protocol::Problem> problems() const;

private:
    generator::Status status() const { return m_status ? m_status() : generator::Status(); }
    protocol::Expected<protocol::ModelInfo> onDisk(const std::string& id) const;

    std::unique_ptr<models::Catalogue> m_catalogue;  // null: the test pattern
    std::unique_ptr<models::Addons> m_addons;
    std::string m_default;
    std::function<generator::Status()> m_status;
};

}  // namespace easel::commands
