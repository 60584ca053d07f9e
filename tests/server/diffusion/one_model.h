// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTest>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "server/diffusion/engine.h"

namespace easel::tests {

/// What came of a request.
struct Drawn {
    std::vector<image::Image> images;
    std::vector<std::int64_t> seeds;
    std::vector<protocol::Progress> progress;
    std::optional<protocol::Problem> problem;
    bool isFinished = false;
};

/// An engine on the CPU that holds one model.
class OneModel {
public:
    /// Throws what the engine complains of.
    explicit OneModel(const std::filesystem::path& folder, const std::string& device = "cpu",
                      diffusion::EngineOptions options = {})
        : m_place{"model", folder} {
        options.device = device;
        options.precision = options.precision == "auto" ? "fp32" : options.precision;
        auto opened = diffusion::Engine::open(options);
        if (!opened) {
            throw std::runtime_error(opened.error().detail);
        }
        m_engine = std::move(*opened);
        m_engine->load(m_place);
        while (m_engine->status().models.empty() ||
               m_engine->status().models.front().state == protocol::ModelState::Loading) {
            m_engine->step();
        }
        if (const auto model = m_engine->status().models.front();
            model.state == protocol::ModelState::Failed) {
            throw std::runtime_error(model.message);
        }
    }

    diffusion::Engine& engine() { return *m_engine; }
    std::vector<std::string> notes() const { return m_engine->status().notes; }

    /// Hands a request in; `drawn` gets what comes of it while somebody calls step().
    void submit(const std::string& id, const protocol::GenerationSettings& settings, Drawn& drawn,
                std::size_t stopAt = SIZE_MAX, std::vector<generator::Material> inputs = {}) {
        generator::Observer observer;
        observer.progress = [this, id, &drawn, stopAt](const protocol::Progress& progress) {
            drawn.progress.push_back(progress);
            if (drawn.progress.size() == stopAt) {
                m_engine->cancel(id);
            }
        };
        observer.image = [&drawn](int index, std::int64_t seed, image::Image picture) {
            QCOMPARE(static_cast<std::size_t>(index), drawn.images.size());
            drawn.images.push_back(std::move(picture));
            drawn.seeds.push_back(seed);
        };
        observer.finished = [&drawn](std::optional<protocol::Problem> problem) {
            QVERIFY(!drawn.isFinished);
            drawn.problem = std::move(problem);
            drawn.isFinished = true;
        };
        m_engine->submit(id, {m_place, std::move(inputs)}, settings, std::move(observer));
        if (stopAt == 0) {
            m_engine->cancel(id);
        }
    }

    /// Draws, and cancels when `stopAt` reports of progress have come.
    Drawn draw(const protocol::GenerationSettings& settings, std::size_t stopAt = SIZE_MAX) {
        Drawn drawn;
        submit("alone", settings, drawn, stopAt);
        while (!drawn.isFinished) {
            m_engine->step();
        }
        return drawn;
    }

private:
    generator::ModelPlace m_place;
    std::unique_ptr<diffusion::Engine> m_engine;
};

}  // namespace easel::tests
