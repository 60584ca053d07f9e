// SPDX-License-Identifier: Apache-2.0
#include "server/commands/model_shelf.h"

#include <algorithm>
#include <utility>

#include "server/commands/materials.h"
#include "server/models/files/tensor_source.h"
#include "server/models/memory.h"
#include "shared/protocol/validation.h"

namespace easel::commands {

namespace {

protocol::ModelInfo testPattern() {
    protocol::ModelInfo model;
    model.id = "test-pattern";
    model.title = "Test pattern";
    model.description = "Coloured waves that depend on the seed alone; for trying the server out.";
    return model;
}

/// How `model` is on what draws, where that knows it.
protocol::ModelInfo withState(protocol::ModelInfo model, const generator::Status& status) {
    const auto known = std::ranges::find(status.models, model.id, &generator::ModelStatus::id);
    if (known != status.models.end() && model.state != protocol::ModelState::Failed) {
        model.state = known->state;
        model.why = known->message;
    }
    return model;
}

/// How many numbers all tensors of `file` have; 0 where it cannot be read.
std::int64_t numbersIn(const std::filesystem::path& file) {
    return models::SafetensorsFile::open(file)
        .and_then([](models::SafetensorsFile opened) {
            auto tensors = opened.tensors();
            return models::TensorSource::of(std::make_shared<models::SafetensorsFile>(std::move(opened)),
                                            std::move(tensors));
        })
        .map([](const models::TensorSource& source) { return source.numbers(); })
        .value_or(0);
}

/// Bytes that a number takes on what draws; at least, while it has not said.
std::int64_t bytesOfNumber(const generator::Status& status) {
    return status.precision == "fp32" ? 4 : 2;
}

}  // namespace

ModelShelf::ModelShelf(const std::filesystem::path& first, models::Places places,
                       const std::vector<std::filesystem::path>& addons) {
    auto besides = places.folders;
    besides.insert(besides.end(), addons.begin(), addons.end());
    m_addons = std::make_unique<models::Addons>(std::move(besides));
    places.folders.insert(places.folders.begin(), first);
    m_catalogue = std::make_unique<models::Catalogue>(std::move(places));
    const auto page = m_catalogue->page(1, {});
    m_default = page.models.empty() ? "" : page.models.front().id;
}

ModelShelf::ModelShelf()
    : m_addons(std::make_unique<models::Addons>(std::vector<std::filesystem::path>())),
      m_default(testPattern().id) {}

std::vector<protocol::AddonInfo> ModelShelf::addons(std::optional<protocol::AddonKind> kind) const {
    return m_addons->list(kind);
}

protocol::Expected<std::filesystem::path> ModelShelf::locateAddon(protocol::AddonKind kind,
                                                                  const std::string& name,
                                                                  const std::string& field) const {
    return m_addons->find(kind, name, field);
}

protocol::Expected<protocol::ModelInfo> ModelShelf::onDisk(const std::string& id) const {
    if (m_catalogue) {
        return m_catalogue->find(id).map([](models::ModelFolder folder) { return std::move(folder.info); });
    }
    if (id != m_default) {
        return tl::unexpected(protocol::noSuchModel(id, {m_default}));
    }
    return testPattern();
}

protocol::Expected<protocol::ModelInfo> ModelShelf::find(const std::string& id) const {
    const std::string& wanted = id.empty() ? m_default : id;
    auto model = onDisk(wanted);
    if (!model) {
        return tl::unexpected(protocol::invalidField("model", model.error().detail));
    }
    const generator::Status status = this->status();
    if (m_catalogue && status.memoryBudget > 0) {
        const std::int64_t bytes = m_catalogue->weights(wanted) * bytesOfNumber(status);
        if (bytes > status.memoryBudget) {
            return tl::unexpected(generator::modelTooLarge(wanted, bytes, status.memoryBudget));
        }
    }
    return withState(std::move(*model), status);
}

std::optional<protocol::ModelInfo> ModelShelf::describe(const std::string& id) const {
    const auto model = m_catalogue       ? m_catalogue->describe(id)
                       : id == m_default ? std::optional(testPattern())
                                         : std::nullopt;
    return model ? std::optional(withState(*model, status())) : std::nullopt;
}

protocol::ModelPage ModelShelf::page(int limit, const std::optional<std::string>& after) const {
    protocol::ModelPage page;
    if (m_catalogue) {
        page = m_catalogue->page(static_cast<std::size_t>(limit), after);
    } else if (!after) {
        page.models.push_back(testPattern());
    }
    const generator::Status status = this->status();
    for (protocol::ModelInfo& model : page.models) {
        model = withState(std::move(model), status);
    }
    return page;
}

protocol::Expected<std::filesystem::path> ModelShelf::locate(const std::string& id) const {
    if (!m_catalogue) {
        return tl::unexpected(protocol::noSuchModel(id, {m_default}));
    }
    return m_catalogue->find(id).map([](const models::ModelFolder& folder) { return folder.root; });
}

std::optional<protocol::MemoryEstimate> ModelShelf::memoryFor(
    const protocol::GenerationSettings& settings) const {
    auto model = m_catalogue ? std::optional(m_catalogue->find(settings.model)) : std::nullopt;
    if (!model || !*model) {
        return {};
    }
    std::int64_t numbers = m_catalogue->weights(settings.model);
    std::int64_t beside = 0;
    bool isChanged = false;
    for (const auto& [kind, name, path] :
         addonsFor(settings, *this).value_or(std::vector<generator::Material>())) {
        using Kind = generator::Material::Kind;
        if (kind == Kind::Lora) {
            beside += numbersIn(path);
        } else if (kind == Kind::Refiner) {
            beside += m_catalogue->weights(name);
        } else if (kind == Kind::ControlNet) {
            models::addControlNet(**model, path);
            isChanged = true;
        } else if (kind == Kind::Vae) {
            isChanged = models::replaceVae(**model, path).has_value() || isChanged;
        }
    }
    if (isChanged) {
        numbers = models::countWeights(**model).value_or(numbers);
    }
    const generator::Status status = this->status();
    auto memory = models::memoryFor(**model, numbers + beside, settings, bytesOfNumber(status));
    if (status.memoryBudget > 0) {
        memory.available = status.memoryBudget;
    }
    return memory;
}

protocol::Expected<models::ModelFolder> ModelShelf::open(const std::string& id) const {
    if (!m_catalogue) {
        return tl::unexpected(protocol::invalidField(
            "model", "The test pattern reads no prompts. Start the server with a model."));
    }
    return m_catalogue->find(id.empty() ? m_default : id).map_error([](const protocol::Problem& problem) {
        return protocol::invalidField("model", problem.detail);
    });
}

void ModelShelf::lookAgain() const {
    if (m_catalogue) {
        m_catalogue->lookAgain();
    }
}

std::vector<protocol::Problem> ModelShelf::problems() const {
    return m_catalogue ? m_catalogue->problems() : std::vector<protocol::Problem>();
}

}  // namespace easel::commands
