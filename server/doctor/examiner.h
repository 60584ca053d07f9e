// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "server/generator/frames.h"
#include "shared/protocol/generation.h"
#include "shared/protocol/problem.h"

namespace easel::doctor {

/// Why there is no answer, and what to do.
struct Trouble {
    std::string found;
    std::string cure;
    bool isMissing = false;  ///< the program, or a library without which it does not start
};

/// What a worker said of a picture.
struct Drawn {
    generator::Proof proof;
    std::vector<generator::Stage> stages;  ///< one for each of generator::kStages
};

/// Asks one worker process after another, so that what breaks or hangs costs one answer. Each call waits.
class Examiner {
public:
    /// Variables for a worker in place of ours, asked for before each start. Errors: there is no use in one.
    using Environment = std::function<protocol::Expected<std::vector<std::string>>()>;

    /// `worker` is the program, which is ended when it takes longer than `limit`.
    Examiner(std::filesystem::path worker, std::chrono::milliseconds limit, Environment environment = {});

    /// What there is to draw on.
    tl::expected<generator::Inventory, Trouble> list() const;
    /// A picture of `settings` with the model in `folder`.
    tl::expected<Drawn, Trouble> draw(const std::string& device, const std::string& precision,
                                      const std::filesystem::path& folder,
                                      const protocol::GenerationSettings& settings) const;

private:
    template <typename Hear>
    std::optional<Trouble> converse(std::vector<std::string> arguments,
                                    const std::optional<generator::Frame>& wish, Hear hear) const;

    std::filesystem::path m_worker;
    std::chrono::milliseconds m_limit;
    Environment m_environment;
};

}  // namespace easel::doctor
