// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QPointF>
#include <QRect>

#include "desktop/ui/paint/mask_history.h"

namespace easel::ui {

enum class Ink { Paint, Erase };

/// A mask, 8-bit grey, and what can be done to it: white is drawn anew, black stays. What it answers is the
/// part that has changed, empty for nothing. Lengths are pixels of the mask. Owned by the painter.
class MaskImage {
public:
    /// Of `size`, and at first like `mask`, stretched to it; null is one where all stays.
    MaskImage(const QSize& size, const QImage& mask);

    const QImage& image() const { return m_mask; }
    bool isPainted(const QPoint& at) const;

    /// A line with round ends, `width` across. Strokes up to endStroke() are undone together.
    QRect stroke(const QPointF& from, const QPointF& to, double width, Ink ink);
    void endStroke();
    QRect fill();
    QRect clear();
    QRect invert();
    /// Fills what is not painted around `at`, up to where something is.
    QRect flood(const QPoint& at);

    bool canUndo() const { return m_history.canUndo(); }
    bool canRedo() const { return m_history.canRedo(); }
    /// A stroke that is under way ends with it.
    QRect undo();
    QRect redo();

private:
    template <typename Change>
    QRect changeAll(Change change);

    QImage m_mask;
    MaskHistory m_history;
};

}  // namespace easel::ui
