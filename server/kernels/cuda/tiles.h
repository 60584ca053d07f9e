// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/kernels/cuda/parallel.h"

namespace easel::kernels::cuda {

/// How blocks share numbers [rows, places, channels] in packs of channels: a tile is some places of a row and
/// a chunk of their channels. A thread keeps to its pack of channels and takes every lanes-th place.
class Tiles {
public:
    struct Tile {
        std::int64_t row;
        std::int64_t part;   ///< which places of the row
        std::int64_t begin;  ///< the thread's first place, from the row's beginning
        std::int64_t end;    ///< the tile's end
        std::int64_t pack;   ///< the thread's
        int column;          ///< of the pack in the chunk
        int lane;
        bool isTaken;  ///< whether the thread has anything to do
    };

    /// Into how many parts to divide the places of a row, by the numbers in it.
    static std::int64_t partsOf(std::int64_t places, std::int64_t channels) {
        constexpr std::int64_t kNumbersOfPart = 1 << 13;
        constexpr std::int64_t kMostParts = 1024;
        const std::int64_t most = places < kMostParts ? places : kMostParts;
        const std::int64_t parts = quotientUp(places * channels, kNumbersOfPart);
        return parts < most ? parts : most;
    }

    /// `packs` of a place's channels.
    Tiles(std::int64_t rows, std::int64_t places, std::int64_t packs, std::int64_t parts)
        : m_rows(rows), m_places(places), m_packs(packs), m_parts(parts) {
        // As few threads without work as with the best of some widths; all are many bytes side by side.
        constexpr std::int64_t kMostChunks = 8;
        std::int64_t least = kThreads + 1;
        const std::int64_t fewest = quotientUp(packs, kThreads);
        for (std::int64_t chunks = fewest; chunks < fewest + kMostChunks && chunks <= packs; ++chunks) {
            const std::int64_t width = quotientUp(packs, chunks);
            const std::int64_t idle = kThreads - kThreads / width * width + width * chunks - packs;
            if (idle < least) {
                least = idle;
                m_chunks = quotientUp(packs, width);
                m_width = static_cast<int>(width);
            }
        }
    }

    std::int64_t count() const { return m_rows * m_parts * m_chunks; }

    EASEL_DEVICE std::int64_t tiles() const { return m_rows * m_parts * m_chunks; }
    EASEL_DEVICE std::int64_t parts() const { return m_parts; }
    EASEL_DEVICE int lanes() const { return kThreads / m_width; }
    EASEL_DEVICE int width() const { return m_width; }

    EASEL_DEVICE Tile at(std::int64_t index, int thread) const {
        Tile tile;
        const std::int64_t chunk = index % m_chunks;
        const std::int64_t range = index / m_chunks;
        tile.part = range % m_parts;
        tile.row = range / m_parts;
        tile.column = thread % m_width;
        tile.lane = thread / m_width;
        tile.begin = tile.part * m_places / m_parts + tile.lane;
        tile.end = (tile.part + 1) * m_places / m_parts;
        tile.pack = chunk * m_width + tile.column;
        tile.isTaken = tile.lane < lanes() && tile.pack < m_packs;
        return tile;
    }

private:
    std::int64_t m_rows;
    std::int64_t m_places;
    std::int64_t m_packs;
    std::int64_t m_chunks = 1;
    std::int64_t m_parts;
    int m_width = 1;
};

}  // namespace easel::kernels::cuda
