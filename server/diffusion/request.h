// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/diffusion/attempt.h"
#include "server/diffusion/pipeline.h"
#include "server/generator/generator.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"

namespace easel::diffusion {

struct Live;

/// A request from its arrival to its end: what was asked for, who is told, and how far its pictures are.
class Request {
public:
    Request(std::string id, generator::Materials materials, protocol::GenerationSettings settings,
            generator::Observer observer);

    const std::string& id() const { return m_id; }
    /// With the VAE that was asked for.
    generator::ModelPlace model() const;
    /// The model that makes the last steps; nothing where the same one makes all.
    std::optional<generator::ModelPlace> refiner() const;
    /// What is to change the model.
    const std::vector<models::LoraUse>& loras() const { return m_loras; }

    /// Reads the prompts; `refiner` where there is one. Throws Failure.
    void begin(std::shared_ptr<Pipeline> pipeline, std::shared_ptr<Pipeline> refiner = nullptr);
    bool hasBegun() const { return m_pipeline != nullptr; }
    const Pipeline& pipeline() const { return *m_pipeline; }

    /// Whether there are pictures that are not begun.
    bool hasMore() const { return m_begun < m_settings.count; }
    /// The next picture at its first step, and its place among the request's.
    std::pair<Drawing, int> beginNext();

    bool hasRefiner() const { return m_refiner != nullptr; }
    const Pipeline& refining() const { return *m_refiner; }
    /// `begun` with the steps that are left to the refiner. Throws Failure.
    Drawing goOn(const Drawing& begun) const;

    /// Picture `index` is a step further; it has made `accepted` of its `evaluations`.
    void stepped(int index, std::size_t accepted, std::size_t evaluations);
    /// Decodes a picture within about `room` bytes and hands it over. Throws Failure.
    void deliver(const Live& live, std::int64_t room);
    bool isComplete() const { return m_delivered == m_settings.count; }
    /// The last that is told.
    void finish(std::optional<protocol::Problem> problem) const;

private:
    std::vector<Control> controls() const;
    std::vector<Lesson> lessons() const;
    void enter(protocol::Stage stage);
    void tell();

    std::string m_id;
    generator::Materials m_materials;
    protocol::GenerationSettings m_settings;
    std::vector<models::LoraUse> m_loras;
    generator::Observer m_observer;

    std::shared_ptr<Pipeline> m_pipeline;
    std::shared_ptr<const Guidance> m_guidance;
    std::vector<Control> m_controls;
    std::shared_ptr<Pipeline> m_refiner;  // null where there is none, as the next
    std::shared_ptr<const Guidance> m_refinerGuidance;
    int m_begun = 0;
    int m_delivered = 0;

    std::vector<int> m_steps;  // that count, of each picture
    protocol::Progress m_progress;
};

/// One picture of a request, under way.
struct Live {
    Live(Request& of, int place, Drawing begun);
    /// With the refiner from now on. Throws Failure.
    void goOn();

    /// What widths are kept under: the model's files, the shape, and whether there is guidance.
    std::string kind() const;
    /// After memory ran out: does with less. False: there is nothing more to leave out.
    bool takeLess();
    /// What is to be told of how it was drawn; mostly nothing.
    std::string note() const;
    /// What went wrong when it was tried with `room` bytes left.
    std::optional<protocol::Problem> problemOf(Attempt ended, std::int64_t room) const;

    Request* request;
    const Pipeline* pipeline;  ///< that draws it now
    int index;
    bool isRefined = false;  ///< by the refiner, which makes the last steps
    Drawing drawing;
    Rows rows = Rows::Together;
    std::string group;  ///< what it shares forward passes with: the model in memory, and the shape

private:
    std::string groupNow() const;
};

}  // namespace easel::diffusion
