// SPDX-License-Identifier: Apache-2.0
// That the host runs blocks and threads as a GPU does.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "server/kernels/cuda/tiles.h"

using namespace easel::kernels::cuda;

namespace {

/// Each thread of each block leaves its mark, seen by its neighbour behind the barrier.
struct Neighbours {
    std::int64_t work;
    std::int64_t* seen;

    void operator()(const Block& block) const {
        for (std::int64_t i = block.index(); i < work; i += block.count()) {
            block.shared()[block.thread()] = static_cast<float>(i * kThreads + block.thread());
            block.barrier();
            const int next = (block.thread() + 1) % kThreads;
            seen[i * kThreads + block.thread()] = static_cast<std::int64_t>(block.shared()[next]);
            block.barrier();
        }
    }
};

struct Untouched {
    bool* isNoNumber;

    void operator()(const Block& block) const {
        isNoNumber[block.index() * kThreads + block.thread()] = std::isnan(block.shared()[block.thread()]);
        block.barrier();
        block.shared()[block.thread()] = 1;
    }
};

struct WarpSums {
    float* sums;

    void operator()(const Block& block) const {
        float sum = block.sumOfWarp(static_cast<float>(block.thread()));
        sums[block.thread()] = block.sumOfWarp(sum);
    }
};

struct Raised {
    std::int32_t* flag;
    bool raises;

    void operator()(const Block& block) const {
        if (raises && block.thread() % 3 == 0) {
            block.raise(flag);
        }
    }
};

struct Touched {
    Tiles tiles;
    std::int64_t places;
    std::int64_t packs;
    int* times;

    void operator()(const Block& block) const {
        for (std::int64_t i = block.index(); i < tiles.tiles(); i += block.count()) {
            const Tiles::Tile tile = tiles.at(i, block.thread());
            for (std::int64_t place = tile.begin; tile.isTaken && place < tile.end; place += tiles.lanes()) {
                ++times[(tile.row * places + place) * packs + tile.pack];
            }
        }
    }
};

}  // namespace

class CudaParallelTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void threadsMeetAtTheBarrier() {
        constexpr std::int64_t kWork = 60;  // more than there are blocks
        std::vector<std::int64_t> seen(kWork * kThreads, -1);
        QCOMPARE(launch(Neighbours{kWork, seen.data()}, {kWork, kThreads}, nullptr), 0);
        for (std::int64_t i = 0; i < kWork * kThreads; ++i) {
            QCOMPARE(seen[static_cast<std::size_t>(i)], i / kThreads * kThreads + (i + 1) % kThreads);
        }
    }

    void nothingIsLeftOfTheBlockBefore() {
        constexpr std::int64_t kBlocks = 3;
        std::array<bool, kBlocks * kThreads> isNoNumber{};
        launch(Untouched{isNoNumber.data()}, {kBlocks, kThreads}, nullptr);
        QVERIFY(std::ranges::all_of(isNoNumber, [](bool is) { return is; }));
    }

    void aWarpSumsUpByItself() {
        std::array<float, kThreads> sums{};
        launch(WarpSums{sums.data()}, {1}, nullptr);
        for (int thread = 0; thread < kThreads; ++thread) {
            const int first = thread / kWarp * kWarp;
            const int sum = kWarp * first + kWarp * (kWarp - 1) / 2;
            QCOMPARE(sums[static_cast<std::size_t>(thread)], static_cast<float>(kWarp * sum));
        }
    }

    void aFlagIsRaisedByAny() {
        std::int32_t flag = 0;
        launch(Raised{&flag, false}, {4}, nullptr);
        QCOMPARE(flag, 0);
        launch(Raised{&flag, true}, {4}, nullptr);
        QCOMPARE(flag, 1);
    }

    void noBlocksAreNoThreads() {
        std::int32_t flag = 0;
        launch(Raised{&flag, true}, {0}, nullptr);
        QCOMPARE(flag, 0);
    }

    void tilesCoverEachNumberOnce_data() {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("places");
        QTest::addColumn<int>("packs");
        for (const int packs : {1, 7, 40, 80, 127, 128, 129, 160, 321, 1031}) {
            QTest::addRow("%d packs", packs) << 2 << 13 << packs;
        }
        for (const int places : {1, 3, 50, 333, 5000}) {
            QTest::addRow("%d places", places) << 1 << places << 20;
        }
    }

    void tilesCoverEachNumberOnce() {
        QFETCH(int, rows);
        QFETCH(int, places);
        QFETCH(int, packs);
        const Tiles tiles(rows, places, packs, Tiles::partsOf(places, packs * 8));
        std::vector<int> times(static_cast<std::size_t>(rows * places * packs));
        launch(Touched{tiles, places, packs, times.data()}, {tiles.count()}, nullptr);
        QVERIFY(std::ranges::all_of(times, [](int count) { return count == 1; }));
    }
};

QTEST_GUILESS_MAIN(CudaParallelTest)
#include "test_parallel.moc"
