// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>
#include <thread>
#include <vector>

#include "server/commands/recent_lines.h"

using easel::commands::RecentLines;
using Lines = std::vector<std::string>;

class TestRecentLines : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void handsOutTheLastOnesInOrder() {
        RecentLines recent;
        QCOMPARE(recent.last(5), Lines());
        for (const char* line : {"one", "two", "three"}) {
            recent.add(line);
        }
        QCOMPARE(recent.last(2), (Lines{"two", "three"}));
        QCOMPARE(recent.last(3), (Lines{"one", "two", "three"}));
        QCOMPARE(recent.last(1000), (Lines{"one", "two", "three"}));
        QCOMPARE(recent.last(0), Lines());
    }

    void keepsNoMoreLinesThanItMay() {
        RecentLines recent;
        for (std::size_t i = 0; i <= RecentLines::kMostLines; ++i) {
            recent.add(std::to_string(i));
        }
        const Lines lines = recent.last(2000);
        QCOMPARE(lines.size(), RecentLines::kMostLines);
        QCOMPARE(lines.front(), std::string("1"));
        QCOMPARE(lines.back(), std::to_string(RecentLines::kMostLines));
    }

    void keepsNoMoreBytesThanItMay() {
        RecentLines recent;
        constexpr std::size_t kLong = RecentLines::kMostBytes / 4;
        for (const char letter : {'a', 'b', 'c', 'd'}) {
            recent.add(std::string(kLong, letter));
        }
        QCOMPARE(recent.last(10).size(), std::size_t{4});  // They just fit.
        recent.add("e");
        const Lines lines = recent.last(10);
        QCOMPARE(lines.size(), std::size_t{4});
        QCOMPARE(lines.front().front(), 'b');
        QCOMPARE(lines.back(), std::string("e"));
    }

    void doesNotKeepALineThatIsTooLong() {
        RecentLines recent;
        recent.add("before");
        recent.add(std::string(RecentLines::kMostBytes + 1, 'x'));
        QCOMPARE(recent.last(10), Lines());
        recent.add("after");
        QCOMPARE(recent.last(10), Lines{"after"});
    }

    void manyMayWriteAndRead() {
        RecentLines recent;
        std::vector<std::thread> writers;
        for (int writer = 0; writer < 4; ++writer) {
            writers.emplace_back([&recent] {
                for (int i = 0; i < 500; ++i) {
                    recent.add(std::to_string(i));
                    recent.last(10);
                }
            });
        }
        for (std::thread& writer : writers) {
            writer.join();
        }
        QCOMPARE(recent.last(3000).size(), RecentLines::kMostLines);
    }
};

QTEST_APPLESS_MAIN(TestRecentLines)
#include "test_recent_lines.moc"
