// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QImage>
#include <QRect>

#include <deque>
#include <unordered_map>
#include <vector>

namespace easel::ui {

/// What was done to a mask, step by step, to be undone and done again. A step holds the tiles that it
/// changed, packed, as they are on the other side of it. Of very large steps the oldest are let go, but never
/// of the newest 50. Owned by its mask.
class MaskHistory {
public:
    /// Before `rect` of `mask` (8-bit grey) is changed; as often within a step as it takes.
    void keep(const QImage& mask, const QRect& rect);
    /// Ends the step, and what had been undone is gone. A step that changed nothing is none.
    void close(const QImage& mask);

    bool canUndo() const { return m_done > 0; }
    bool canRedo() const { return m_done < m_steps.size(); }
    /// What of `mask` has changed; empty when there is nothing to undo.
    QRect undo(QImage& mask);
    QRect redo(QImage& mask);

    std::size_t steps() const { return m_steps.size(); }
    /// What all steps take, in bytes.
    qsizetype bytes() const { return m_bytes; }

private:
    struct Tile {
        QRect rect;
        QByteArray packed;
    };
    struct Step {
        std::vector<Tile> tiles;
        qsizetype bytes = 0;
    };

    QRect swap(QImage& mask, Step& step);
    void dropRedo();
    void makeRoom();

    std::deque<Step> m_steps;
    std::size_t m_done = 0;  ///< of them; the rest can be done again
    qsizetype m_bytes = 0;
    std::unordered_map<int, QByteArray> m_open;  ///< tiles before the step that is under way, by their number
};

}  // namespace easel::ui
