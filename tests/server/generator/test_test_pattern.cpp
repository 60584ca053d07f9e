// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <QTest>

#include "server/generator/test_pattern.h"

using namespace easel;
using namespace easel::generator;
using namespace std::chrono_literals;

namespace {

protocol::GenerationSettings settings(int steps, int count) {
    protocol::GenerationSettings made;
    made.width = 72;
    made.height = 64;
    made.steps = steps;
    made.count = count;
    made.seed = 7;
    return made;
}

using Ended = std::optional<protocol::Problem>;

}  // namespace

class TestTestPattern : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void thePictureIsTheSeeds() {
        const auto one = testPattern(72, 64, 7);
        QCOMPARE(one.rgb.size(), std::size_t{72 * 64 * 3});
        QVERIFY(one == testPattern(72, 64, 7));
        QVERIFY(one.rgb != testPattern(72, 64, 8).rgb);
    }

    void drawsStepByStep() {
        TestPattern generator;
        QVERIFY(QTest::qWaitFor([&] { return generator.status().ready; }));
        std::vector<int> steps;
        std::vector<std::int64_t> seeds;
        std::promise<Ended> end;
        generator.submit("a", settings(3, 2),
                         {[&](const protocol::Progress& progress) { steps.push_back(progress.step); },
                          [&](int, std::int64_t seed, const image::Image&) { seeds.push_back(seed); },
                          [&](Ended problem) { end.set_value(std::move(problem)); }});
        QVERIFY(!end.get_future().get());
        QCOMPARE(steps, (std::vector<int>{0, 1, 2, 3, 3, 4, 5, 6, 6}));
        QCOMPARE(seeds, (std::vector<std::int64_t>{7, 8}));
    }

    void showsWhatItDraws() {
        TestPattern generator;
        QVERIFY(QTest::qWaitFor([&] { return generator.status().ready; }));
        std::vector<Preview> previews;
        const auto drawn = [&](int every) {
            std::promise<Ended> end;
            auto wish = settings(4, 2);
            wish.previewEvery = every;
            generator.submit(std::to_string(every), wish,
                             {[](const protocol::Progress&) {}, [](int, std::int64_t, const image::Image&) {},
                              [&](Ended problem) { end.set_value(std::move(problem)); },
                              [&](Preview preview) { previews.push_back(std::move(preview)); }});
            return !end.get_future().get();
        };
        QVERIFY(drawn(0));
        QVERIFY(previews.empty());
        QVERIFY(drawn(3));
        const std::vector<Preview> expected{{0, 3, 4, previewPattern(72, 64, 7)},
                                            {1, 3, 4, previewPattern(72, 64, 8)}};
        QVERIFY(previews == expected);
        QCOMPARE(previews[0].picture.width, 9);
        QCOMPARE(previews[0].picture.height, 8);
        // After the last step comes the picture itself.
        QVERIFY(drawn(4));
        QCOMPARE(previews.size(), std::size_t{2});
    }

    void cancelsWhatRunsAndWhatWaits() {
        TestPattern generator({.startTime = 0ms, .stepTime = 20ms});
        QVERIFY(QTest::qWaitFor([&] { return generator.status().ready; }));
        std::promise<Ended> first;
        std::promise<Ended> second;
        for (auto* end : {&first, &second}) {
            generator.submit(end == &first ? "a" : "b", settings(500, 1),
                             {[](const protocol::Progress&) {}, [](int, std::int64_t, const image::Image&) {},
                              [end](Ended problem) { end->set_value(std::move(problem)); }});
        }
        generator.cancel("b");
        generator.cancel("a");
        QCOMPARE(first.get_future().get().value_or(protocol::Problem{}).code, std::string(kCancelled));
        QCOMPARE(second.get_future().get().value_or(protocol::Problem{}).code, std::string(kCancelled));
    }
};

QTEST_GUILESS_MAIN(TestTestPattern)
#include "test_test_pattern.moc"
