// SPDX-License-Identifier: Apache-2.0
#include "desktop/ui/paint/mask_history.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace easel::ui {

namespace {

constexpr int kTile = 64;  ///< pixels
constexpr std::size_t kAlwaysKept = 50;
constexpr std::size_t kMostKept = 500;
constexpr qsizetype kMostBytes = 16 << 20;
/// Masks are mostly even: the quickest level already packs them to a fraction.
constexpr int kPacking = 1;

int tilesAcross(const QImage& mask) {
    return (mask.width() + kTile - 1) / kTile;
}

QRect tileRect(const QImage& mask, int number) {
    const int across = tilesAcross(mask);
    return QRect(number % across * kTile, number / across * kTile, kTile, kTile).intersected(mask.rect());
}

QByteArray bytesOf(const QImage& mask, const QRect& rect) {
    QByteArray bytes(qsizetype{rect.width()} * rect.height(), Qt::Uninitialized);
    for (int y = 0; y < rect.height(); ++y) {
        std::memcpy(bytes.data() + qsizetype{y} * rect.width(), mask.constScanLine(rect.y() + y) + rect.x(),
                    static_cast<std::size_t>(rect.width()));
    }
    return bytes;
}

/// One byte where all are the same.
QByteArray pack(const QByteArray& bytes) {
    const bool isEven = bytes.count(bytes.front()) == bytes.size();
    return isEven ? bytes.first(1) : qCompress(bytes, kPacking);
}

void unpackInto(QImage& mask, const QRect& rect, const QByteArray& packed) {
    const QByteArray bytes = packed.size() == 1
                                 ? QByteArray(qsizetype{rect.width()} * rect.height(), packed.front())
                                 : qUncompress(packed);
    for (int y = 0; y < rect.height(); ++y) {
        std::memcpy(mask.scanLine(rect.y() + y) + rect.x(), bytes.constData() + qsizetype{y} * rect.width(),
                    static_cast<std::size_t>(rect.width()));
    }
}

}  // namespace

void MaskHistory::keep(const QImage& mask, const QRect& rect) {
    const QRect inside = rect.intersected(mask.rect());
    if (inside.isEmpty()) {
        return;
    }
    for (int row = inside.top() / kTile; row <= inside.bottom() / kTile; ++row) {
        for (int column = inside.left() / kTile; column <= inside.right() / kTile; ++column) {
            const int number = row * tilesAcross(mask) + column;
            if (!m_open.contains(number)) {
                m_open.emplace(number, bytesOf(mask, tileRect(mask, number)));
            }
        }
    }
}

void MaskHistory::close(const QImage& mask) {
    Step step;
    for (const auto& [number, before] : std::exchange(m_open, {})) {
        const QRect rect = tileRect(mask, number);
        if (before != bytesOf(mask, rect)) {
            step.tiles.push_back({rect, pack(before)});
            step.bytes += static_cast<qsizetype>(sizeof(Tile)) + step.tiles.back().packed.size();
        }
    }
    if (step.tiles.empty()) {
        return;
    }
    dropRedo();
    m_bytes += step.bytes;
    m_steps.push_back(std::move(step));
    m_done = m_steps.size();
    makeRoom();
}

void MaskHistory::dropRedo() {
    while (m_steps.size() > m_done) {
        m_bytes -= m_steps.back().bytes;
        m_steps.pop_back();
    }
}

void MaskHistory::makeRoom() {
    while (m_steps.size() > kMostKept || (m_steps.size() > kAlwaysKept && m_bytes > kMostBytes)) {
        m_bytes -= m_steps.front().bytes;
        m_steps.pop_front();
        --m_done;
    }
}

QRect MaskHistory::undo(QImage& mask) {
    return canUndo() ? swap(mask, m_steps[--m_done]) : QRect();
}

QRect MaskHistory::redo(QImage& mask) {
    return canRedo() ? swap(mask, m_steps[m_done++]) : QRect();
}

QRect MaskHistory::swap(QImage& mask, Step& step) {
    QRect changed;
    m_bytes -= step.bytes;
    step.bytes = 0;
    for (Tile& tile : step.tiles) {
        QByteArray other = pack(bytesOf(mask, tile.rect));
        unpackInto(mask, tile.rect, std::exchange(tile.packed, std::move(other)));
        step.bytes += static_cast<qsizetype>(sizeof(Tile)) + tile.packed.size();
        changed |= tile.rect;
    }
    m_bytes += step.bytes;
    return changed;
}

}  // namespace easel::ui
