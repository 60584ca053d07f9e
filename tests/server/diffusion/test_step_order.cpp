// SPDX-License-Identifier: Apache-2.0
// Whose turn it is, with drawings that are numbers and a clock that the test says.
#include "server/diffusion/step_order.h"

#include <QTest>
#include <map>
#include <set>

using easel::diffusion::StepOrder;

namespace {

int atMost(int width, std::size_t inLine) {
    return std::min(width, static_cast<int>(inLine));
}

StepOrder<int>::Turn next(StepOrder<int>& order, int width) {
    return order.next([width](const int&, std::size_t inLine) { return atMost(width, inLine); });
}

}  // namespace

class StepOrderTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyoneInTurn() {
        StepOrder<int> order;
        int a = 0;
        int b = 1;
        int c = 2;
        for (int* each : {&a, &b, &c}) {
            order.join("small", each);
        }
        QVERIFY((next(order, 2).drawings == std::vector<int*>{&a, &b}));
        QVERIFY((next(order, 2).drawings == std::vector<int*>{&c, &a}));
        QVERIFY((next(order, 8).drawings == std::vector<int*>{&b, &c, &a}));
        QCOMPARE(order.size("small"), std::size_t{3});
        QCOMPARE(order.size("large"), std::size_t{0});
    }

    void whoComesIsNextButNotBeforeWhoCameBefore() {
        StepOrder<int> order;
        int drawings[5] = {};
        order.join("small", &drawings[0]);
        order.join("small", &drawings[1]);
        QVERIFY((next(order, 1).drawings == std::vector<int*>{&drawings[0]}));
        order.join("small", &drawings[2]);
        order.join("small", &drawings[3]);
        QVERIFY((next(order, 1).drawings == std::vector<int*>{&drawings[1]}));
        QVERIFY((next(order, 1).drawings == std::vector<int*>{&drawings[2]}));
        order.leave(&drawings[3]);
        order.join("small", &drawings[4]);
        QVERIFY((next(order, 1).drawings == std::vector<int*>{&drawings[4]}));
        QVERIFY((next(order, 1).drawings == std::vector<int*>{&drawings[0]}));
    }

    void aNewGroupHasTheNextTurn() {
        StepOrder<int> order;
        int small = 0;
        int large = 0;
        order.join("small", &small);
        for (int i = 0; i < 10; ++i) {
            QCOMPARE(next(order, 8).group, std::string("small"));
            order.spent("small", 0.1);
        }
        order.join("large", &large);
        QCOMPARE(next(order, 8).group, std::string("large"));
    }

    void timeIsSharedByDrawings_data() {
        QTest::addColumn<int>("smallOnes");
        QTest::addColumn<int>("width");
        QTest::newRow("one and one") << 1 << 8;
        QTest::newRow("six together") << 6 << 8;
        QTest::newRow("six by twos") << 6 << 2;
        QTest::newRow("six one by one") << 6 << 1;
    }

    void timeIsSharedByDrawings() {
        QFETCH(int, smallOnes);
        QFETCH(int, width);
        StepOrder<int> order;
        std::vector<int> small(static_cast<std::size_t>(smallOnes));
        int large = 0;
        order.join("large", &large);
        for (int& each : small) {
            order.join("small", &each);
        }
        std::map<std::string, double> spent;
        int longestWait = 0;
        int wait = 0;
        for (int i = 0; i < 20'000; ++i) {
            const auto turn = next(order, width);
            const double cost =
                turn.group == "large" ? 2.0 : 0.02 * static_cast<double>(turn.drawings.size());
            order.spent(turn.group, cost);
            spent[turn.group] += cost;
            wait = turn.group == "large" ? wait + 1 : 0;
            longestWait = std::max(longestWait, wait);
        }
        const double share = spent["small"] / spent["large"];
        QVERIFY2(share > 0.9 * smallOnes && share < 1.1 * smallOnes, qPrintable(QString::number(share)));
        QCOMPARE(longestWait, 1);  // no two turns of the large one without a small one between them
    }

    void newcomersDoNotWaitForTheirGroupsDebt() {
        StepOrder<int> order;
        int small[3] = {};
        int large[3] = {};
        order.join("small", &small[0]);
        order.join("large", &large[0]);
        for (int i = 0; i < 4; ++i) {
            const auto turn = next(order, 1);
            order.spent(turn.group, turn.group == "large" ? 100 : 0.01);
        }
        order.join("large", &large[1]);
        QVERIFY((next(order, 1).drawings == std::vector<int*>{&large[1]}));
        order.spent("large", 100);
        // A stream of them holds up nobody for longer than a turn.
        order.join("large", &large[2]);
        QVERIFY((next(order, 1).drawings == std::vector<int*>{&small[0]}));
        order.spent("small", 0.01);
        QVERIFY((next(order, 1).drawings == std::vector<int*>{&large[2]}));
    }

    void nobodyIsLeftOut() {
        StepOrder<int> order;
        int drawings[6] = {};
        for (int i = 0; i < 6; ++i) {
            order.join(std::to_string(i % 3), &drawings[i]);
        }
        std::map<const int*, int> turns;
        for (int i = 0; i < 600; ++i) {
            const auto turn = next(order, 1);
            ++turns[turn.drawings.front()];
            order.spent(turn.group, 0.01);
        }
        for (const int& each : drawings) {
            QVERIFY2(turns[&each] >= 95, qPrintable(QString::number(turns[&each])));
        }
    }

    void whoHasLeftHasNoTurn() {
        StepOrder<int> order;
        int stays = 0;
        int leaves = 0;
        order.join("small", &stays);
        order.join("large", &leaves);
        order.leave(&leaves);
        order.leave(&leaves);  // not there: nothing happens
        order.spent("large", 1);
        for (int i = 0; i < 3; ++i) {
            QVERIFY((next(order, 8).drawings == std::vector<int*>{&stays}));
        }
        order.leave(&stays);
        QVERIFY(order.empty());
    }
};

QTEST_GUILESS_MAIN(StepOrderTest)
#include "test_step_order.moc"
