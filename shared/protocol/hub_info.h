// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/protocol/problem.h"

namespace easel::protocol {

/// One set of weights of a model on the hub, and what belongs to it.
struct HubVariant {
    std::string name;  ///< "fp16"; empty: the plain weights
    int files = 0;
    std::int64_t bytes = 0;
    std::int64_t bytesHere = 0;  ///< of them, on the server's disk already

    bool operator==(const HubVariant&) const = default;
};

/// What the hub has under a name: `GET /v1/hub/OWNER/NAME`.
struct HubModel {
    std::string id;
    std::string commit;
    std::string licence;                  ///< as its card names it; empty: it names none
    bool isGated = false;                 ///< its licence has to be accepted on its page first
    std::string page;                     ///< its address, for a browser
    std::vector<HubVariant> variants;     ///< the plain one first; empty: it cannot be drawn with
    std::vector<std::string> notes;       ///< a sentence each
    std::optional<Problem> problem = {};  ///< why it cannot be drawn with

    bool operator==(const HubModel&) const = default;
};

/// A model that a search on the hub has found.
struct HubHit {
    std::string id;
    std::int64_t downloads = 0;  ///< in the last month
    std::string licence;         ///< empty: the hub tells none
    bool isGated = false;

    bool operator==(const HubHit&) const = default;
};

}  // namespace easel::protocol
