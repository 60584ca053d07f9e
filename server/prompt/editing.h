// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "server/prompt/text.h"

namespace easel::prompt {

/// A prompt that changes while it is drawn, as AUTOMATIC1111 writes it: [before:after:when], [after:when],
/// [before::when] and [one|other]. `when` with a point is a fraction of the steps, without one a step. What
/// does not close, or is none of these, stays text.
class Editing {
public:
    /// `steps`: of the whole picture.
    Editing(Text prompt, int steps);

    /// The steps, from 1, that its text may change after; the last is that of the picture.
    std::set<int> turns() const;
    /// The text at `step`, from 1.
    Text at(int step) const;

private:
    struct Node;
    using Nodes = std::vector<Node>;
    class Parser;

    /// Literal text, or one of several.
    struct Node {
        std::size_t begin = 0;
        std::size_t end = 0;
        std::vector<Nodes> options = {};  ///< before and after, or those that take turns
        std::optional<int> when = {};     ///< the last step before the change
    };

    void collectTurns(const Nodes& nodes, std::set<int>& turns) const;
    void write(const Nodes& nodes, int step, Text& text) const;

    Text m_prompt;
    int m_steps;
    Nodes m_nodes;
};

}  // namespace easel::prompt
