// SPDX-License-Identifier: Apache-2.0
#include "server/api/submission.h"

#include <charconv>
#include <cmath>
#include <concepts>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/api/answers.h"
#include "server/api/callers.h"
#include "server/api/door.h"
#include "server/api/pictures.h"
#include "server/jobs/job_queue.h"
#include "shared/protocol/generation_fields.h"
#include "shared/protocol/json.h"
#include "shared/protocol/operations.h"
#include "shared/protocol/pull_info.h"
#include "shared/protocol/validation.h"

namespace easel::api {

namespace {

using protocol::GenerationRequest;
using protocol::invalidField;
using protocol::Problem;

/// 32 bits: every tool of the field can take such a seed back.
std::int64_t drawSeed() {
    return std::random_device()();
}

/// A text area sends CR LF; a prompt has the line ends that its writer sees.
std::string withPlainLineEnds(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') {
            plain += text[i];
        }
    }
    return plain;
}

/// Reads fields one after another and remembers the first that is wrong.
class FormReader {
public:
    explicit FormReader(const http::Query& fields) : m_fields(fields) {}

    /// Into a text, or one that may be absent.
    template <typename Text>
    requires std::is_assignable_v<Text&, std::string>
    void read(const char* name, Text& into) {
        const auto text = m_fields.find(name);
        if (text && !text->empty()) {
            into = withPlainLineEnds(*text);
        }
    }

    template <std::integral Integer>
    void read(const char* name, std::optional<Integer>& into) {
        const auto text = m_fields.find(name);
        if (!text || text->empty()) {
            return;
        }
        const auto value = wholeNumber(*text);
        if (value && std::in_range<Integer>(*value)) {
            into = static_cast<Integer>(*value);
        } else {
            fail(name, " must be a whole number.");
        }
    }

    void read(const char* name, std::optional<double>& into) {
        const auto text = m_fields.find(name);
        if (!text || text->empty()) {
            return;
        }
        double value = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        if (error == std::errc() && end == text->data() + text->size() && std::isfinite(value)) {
            into = value;
        } else {
            fail(name, " must be a number.");
        }
    }

    /// A list, as protocol::spelled() has it.
    template <typename Use>
    void read(const char* name, std::vector<Use>& into) {
        const auto text = m_fields.find(name);
        if (text && !protocol::read(*text, into)) {
            fail(name, " must be a list of names and numbers, as GET /openapi.json says.");
        }
    }

    const std::optional<Problem>& problem() const { return m_problem; }

private:
    void fail(const char* name, const char* rule) {
        if (!m_problem) {
            m_problem = invalidField(name, std::string(name) + rule);
        }
    }

    const http::Query& m_fields;
    std::optional<Problem> m_problem;
};

/// A model that is neither here nor wrongly named.
bool isMissing(const Service& service, const std::string& id) {
    return protocol::isHubName(id) && !service.models.describe(id);
}

protocol::Expected<protocol::ModelInfo> modelOf(const Service& service, const std::string& id,
                                                bool holdsMissing) {
    auto model = service.models.find(id);
    if (model || !isMissing(service, id)) {
        return model;
    }
    if (holdsMissing) {
        protocol::ModelInfo awaited;
        awaited.id = id;
        return awaited;
    }
    model.error().detail += " " + protocol::howToPull(id, bool(service.pulls.start)) +
                            " POST /v1/jobs?missing=hold lets a job wait for it.";
    return model;
}

/// Its refiner, where it has one, must be here, and one.
protocol::Expected<protocol::GenerationSettings> withRefiner(const Service& service,
                                                             protocol::GenerationSettings settings) {
    if (settings.refiner.empty()) {
        return settings;
    }
    if (settings.refiner == settings.model) {
        return tl::unexpected(
            invalidField("refiner", "The refiner is the model itself; leave it out, or choose another one."));
    }
    const auto refiner = service.models.find(settings.refiner);
    if (!refiner) {
        return tl::unexpected(invalidField("refiner", refiner.error().detail));
    }
    if (!protocol::canDo(*refiner, protocol::kRefine)) {
        return tl::unexpected(invalidField(
            "refiner",
            "This model cannot go on with another's picture; only models of Stable Diffusion XL can."));
    }
    return settings;
}

protocol::Expected<protocol::GenerationSettings> settingsOf(const Service& service,
                                                            const GenerationRequest& request,
                                                            bool holdsMissing = false) {
    return modelOf(service, request.model.value_or(""), holdsMissing)
        .and_then([&](const protocol::ModelInfo& model) {
            return protocol::resolve(request, model, service.server().limits, drawSeed);
        })
        .and_then(
            [&](protocol::GenerationSettings settings) { return withRefiner(service, std::move(settings)); })
        .and_then(
            [&](protocol::GenerationSettings settings) -> protocol::Expected<protocol::GenerationSettings> {
                if (service.addons.check) {
                    return service.addons.check(settings).map([&] { return std::move(settings); });
                }
                return settings;
            });
}

}  // namespace

protocol::Expected<protocol::Job> submit(const Service& service, const GenerationRequest& request,
                                         const http::Request& asking, const Submitting& how) {
    const auto settings = settingsOf(service, request, how.holdsMissing);
    if (!settings) {
        return tl::unexpected(settings.error());
    }
    if (const auto known = checkPictures(service, request, viewOf(asking)); !known) {
        return tl::unexpected(known.error());
    }
    if (service.door != nullptr) {
        if (auto admitted = service.door->admitJob(asking); !admitted) {
            return tl::unexpected(std::move(admitted.error()));
        }
    }
    std::optional<jobs::IdempotencyKey> named;
    if (how.key) {
        named = jobs::IdempotencyKey{*how.key, protocol::toJson(request)};
    }
    return service.queue.submit(*settings, ownerOf(asking), named, how.priority, asking.id);
}

protocol::Expected<protocol::Estimate> estimate(const Service& service, const GenerationRequest& request,
                                                const http::Request& asking) {
    return settingsOf(service, request).and_then([&](const auto& settings) {
        return checkPictures(service, request, viewOf(asking)).map([&] {
            auto estimated = service.queue.estimate(settings, ownerOf(asking));
            if (service.models.memoryFor) {
                estimated.memory = service.models.memoryFor(settings);
            }
            return estimated;
        });
    });
}

protocol::Expected<GenerationRequest> parseForm(const http::Query& fields) {
    constexpr auto kNames = protocol::fieldNames();
    if (auto problem = lostField(fields, {kNames.begin(), kNames.end()})) {
        return tl::unexpected(*problem);
    }
    FormReader reader(fields);
    GenerationRequest request;
    protocol::forEachField([&](const auto& row) { reader.read(row.name, row.of(request)); });
    if (reader.problem()) {
        return tl::unexpected(*reader.problem());
    }
    return request;
}

}  // namespace easel::api
