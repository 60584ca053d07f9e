// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/diffusion/attempt.h"
#include "server/diffusion/operations/canvas.h"
#include "server/diffusion/operations/start.h"
#include "server/diffusion/pipeline.h"
#include "server/generator/generator.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/job.h"
#include "shared/protocol/passes.h"

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

    /// Reads the prompts; `refiner` where there is one. May be tried again after it threw. Throws Failure.
    void begin(std::shared_ptr<Pipeline> pipeline, std::shared_ptr<Pipeline> refiner = nullptr);
    bool hasBegun() const { return m_pipeline != nullptr; }
    const Pipeline& pipeline() const { return *m_pipeline; }

    /// Whether there are pictures that are not begun.
    bool hasMore() const { return m_begun < m_settings.count; }
    /// The next picture at its first step, and its place among the request's.
    std::pair<Drawing, int> beginNext();

    /// A picture is drawn in parts, of which each begins when the one before is done: by the model, by the
    /// refiner where there is one, and larger where that was asked for.
    bool hasPart(int part) const { return part < 1 + countedRefiner() + (m_second ? 1 : 0); }
    const Pipeline& pipelineOf(int part) const { return isRefined(part) ? *m_refiner : *m_pipeline; }
    /// Picture `index`, `begun` by the parts before, at the first step of `part`; where that takes decoding,
    /// it is done within about `room` bytes. Throws Failure.
    Drawing goOn(int index, int part, const Drawing& begun, std::int64_t room);

    /// Picture `index` is a step further in `part`; it has made `accepted` of that one's `evaluations`. True:
    /// it is to be shown now.
    bool stepped(int index, int part, std::size_t accepted, std::size_t evaluations);
    /// Tells what a picture looks like so far.
    void show(const Live& live) const;
    /// Decodes a picture within about `room` bytes and hands it over. Throws Failure.
    void deliver(const Live& live, std::int64_t room);
    /// After memory ran out: lets what its models do not need now leave the memory until they do, the text
    /// encoders and, where it does not decode, the VAE. False: none of it was there.
    bool spare(bool decodes);
    /// What went wrong in `part` when it was tried with `room` bytes left.
    std::optional<protocol::Problem> problemOf(Attempt ended, int part, std::int64_t room) const;
    bool isComplete() const { return m_delivered == m_settings.count; }
    /// The last that is told.
    void finish(std::optional<protocol::Problem> problem) const;

private:
    /// A part that is drawn in a size and with steps of its own.
    struct Larger {
        protocol::Pass pass;
        protocol::GenerationSettings settings;
        std::shared_ptr<const Guidance> guidance;
        std::vector<Control> controls;
    };

    std::vector<Control> controlsIn(const protocol::GenerationSettings& drawn) const;
    std::vector<Lesson> lessons() const;
    int countedRefiner() const { return m_refiner ? 1 : 0; }
    bool isRefined(int part) const { return m_refiner && part == 1; }
    bool isLarger(int part) const { return part > countedRefiner(); }
    void enter(protocol::Stage stage);
    void tell();
    void addSavings(const std::vector<std::string>& sentences);

    std::string m_id;
    generator::Materials m_materials;
    protocol::GenerationSettings m_settings;
    protocol::Pass m_pass;
    protocol::GenerationSettings m_drawn;  // with the size of what is drawn
    std::vector<models::LoraUse> m_loras;
    generator::Observer m_observer;

    std::shared_ptr<Pipeline> m_pipeline;
    std::shared_ptr<const Guidance> m_guidance;
    std::vector<Control> m_controls;
    std::shared_ptr<Pipeline> m_refiner;  // null where there is none, as the next
    std::shared_ptr<const Guidance> m_refinerGuidance;
    std::optional<Canvas> m_canvas;
    Start m_start;
    std::optional<Larger> m_second;
    std::vector<std::string> m_savings;  // what was done to save memory, a sentence each
    int m_begun = 0;
    int m_delivered = 0;

    std::vector<int> m_steps;  // that count, of each picture
    protocol::Progress m_progress;
};

/// One picture of a request, under way.
struct Live {
    Live(Request& of, int place, Drawing begun);
    bool hasMore() const { return request->hasPart(part + 1); }
    /// It is a step further. True: it is to be shown now.
    bool stepped() const;
    /// With the next part from now on, as of Request::goOn. Throws Failure.
    void goOn(std::int64_t room);

    /// What widths are kept under: the model's files, the shape, whether there is guidance, and what makes
    /// the next pass short.
    std::string kind() const;
    /// After memory ran out in a step: does with less. False: there is nothing more to leave out.
    bool takeLess();

    Request* request;
    const Pipeline* pipeline;  ///< that draws it now
    int index;
    int part = 0;  ///< that it is in
    Drawing drawing;
    Rows rows = Rows::Together;
    std::string group;  ///< what it shares forward passes with: the model in memory, the shape, merged tokens

private:
    std::string groupNow() const;
};

}  // namespace easel::diffusion
