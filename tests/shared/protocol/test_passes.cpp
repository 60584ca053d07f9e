// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <functional>

#include "shared/protocol/passes.h"
#include "shared/protocol/validation.h"
#include "shared/protocol/work.h"

using namespace easel::protocol;

Q_DECLARE_METATYPE(std::function<void(GenerationRequest&)>)

class TestPasses : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void strengthLeavesStepsOut() {
        GenerationSettings settings;
        settings.steps = 50;
        settings.strength = 0.58;
        QCOMPARE(firstPassOf(settings).first, 0);  // there is no picture
        settings.initImage = "a";
        QCOMPARE(firstPassOf(settings).taken(), 28);  // 50 x 0.58 is less than 29 in binary
        QCOMPARE(stepsOf(settings), 28);
        settings.strength = 1;
        QCOMPARE(stepsOf(settings), 50);
    }

    void aSecondPassTakesTheStepsThatWereAskedFor_data() {
        QTest::addColumn<int>("asked");
        QTest::addColumn<double>("strength");
        QTest::addColumn<int>("steps");
        QTest::newRow("as many as the first") << 0 << 0.7 << 28;
        QTest::newRow("fewer") << 10 << 0.5 << 20;
        QTest::newRow("all may change") << 10 << 1.0 << 10;
        QTest::newRow("hardly anything may") << 10 << 0.01 << 1000;
    }

    void aSecondPassTakesTheStepsThatWereAskedFor() {
        QFETCH(int, asked);
        QFETCH(double, strength);
        QFETCH(int, steps);
        GenerationSettings settings;
        settings.steps = 20;
        settings.width = 512;
        settings.height = 344;
        QVERIFY(!secondPassOf(settings));
        settings.hiresScale = 1.7;
        settings.hiresSteps = asked;
        settings.hiresStrength = strength;
        const auto pass = secondPassOf(settings);
        QVERIFY(pass.has_value());
        QCOMPARE(pass->steps, steps);
        QCOMPARE(pass->taken(), asked > 0 ? asked : 20);
        QCOMPARE(pass->width, 864);   // of 870.4
        QCOMPARE(pass->height, 584);  // of 584.8
        QCOMPARE(stepsOf(settings), 20 + pass->taken());
    }

    void workIsThatOfBothPasses() {
        GenerationSettings settings;
        settings.steps = 20;
        settings.sampler = "euler";
        const double once = workOf(settings);
        auto controlled = settings;
        controlled.controls.resize(1);
        QCOMPARE(workOf(controlled), 1.5 * once);
        controlled.controls.resize(2);
        QCOMPARE(workOf(controlled), 2 * once);
        controlled.guidance = 1;
        QCOMPARE(workOf(controlled), once);
        settings.hiresScale = 2;
        settings.hiresSteps = 10;
        QCOMPARE(workOf(settings), once * (1 + 4 * 0.5));
        settings.controls.resize(2);
        QCOMPARE(workOf(settings), once * (1 + 4 * 0.5) * 2);
        settings.controls.clear();
        Limits limits;
        limits.maxWork = once;
        const auto refused = checkWork(settings, limits);
        QVERIFY(!refused);
        QVERIFY2(
            refused.error().detail.find("20 steps at 512x512 and 10 steps at 1024x1024") != std::string::npos,
            refused.error().detail.c_str());
        // Fewer steps of the first pass are not enough, so nobody is told so.
        QVERIFY(refused.error().detail.find("at most 6 steps") == std::string::npos);

        GenerationSettings half;
        half.steps = 20;
        half.sampler = "euler";
        half.initImage = "a";
        half.strength = 0.5;
        QCOMPARE(workOf(half), once / 2);
    }

    void variationsHaveOneSeed() {
        GenerationSettings settings;
        settings.seed = 5;
        settings.count = 3;
        settings.variationSeed = 9;
        QCOMPARE(settingsOf(settings, 2).seed, std::int64_t{7});
        QCOMPARE(settingsOf(settings, 2).variationSeed, std::int64_t{9});
        settings.variationStrength = 0.1;
        QCOMPARE(settingsOf(settings, 2).seed, std::int64_t{5});
        QCOMPARE(settingsOf(settings, 2).variationSeed, std::int64_t{11});
        QCOMPARE(settingsOf(settings, 2).count, 1);
    }

    void whatDoesNotGoTogetherIsRefused_data() {
        QTest::addColumn<std::function<void(GenerationRequest&)>>("change");
        QTest::addColumn<QString>("field");
        using Change = std::function<void(GenerationRequest&)>;
        QTest::newRow("no step") << Change([](auto& asked) {
            asked.initImage = "a";
            asked.strength = 0.04;
            asked.steps = 20;
        }) << "strength";
        QTest::newRow("no strength") << Change([](auto& asked) {
            asked.initImage = "a";
            asked.strength = 0;
        }) << "strength";
        QTest::newRow("too wide") << Change([](auto& asked) {
            asked.initImage = "a";
            asked.extendRight = 1600;
        }) << "extend_right";
        QTest::newRow("too high") << Change([](auto& asked) {
            asked.initImage = "a";
            asked.extendTop = 1600;
        }) << "extend_top";
        QTest::newRow("a part of what grows") << Change([](auto& asked) {
            asked.initImage = "a";
            asked.extendTop = 8;
            asked.inpaintArea = "masked";
        }) << "inpaint_area";
        QTest::newRow("larger than any picture") << Change([](auto& asked) {
            asked.width = 1024;
            asked.hiresScale = 2.1;
        }) << "hires_scale";
        QTest::newRow("a second pass of a picture") << Change([](auto& asked) {
            asked.initImage = "a";
            asked.hiresScale = 2;
        }) << "hires_scale";
        QTest::newRow("a second pass that changes nothing") << Change([](auto& asked) {
            asked.hiresScale = 2;
            asked.hiresStrength = 0;
        }) << "hires_strength";
        QTest::newRow("more steps than there are") << Change([](auto& asked) {
            asked.hiresScale = 2;
            asked.hiresSteps = 20;
            asked.hiresStrength = 0.01;
        }) << "hires_strength";
    }

    void whatDoesNotGoTogetherIsRefused() {
        QFETCH(std::function<void(GenerationRequest&)>, change);
        QFETCH(QString, field);
        GenerationRequest request;
        request.prompt = "fox";
        const auto resolved = [&] { return resolve(request, {}, {}, [] { return std::int64_t{1}; }); };
        QVERIFY(resolved());
        change(request);
        const auto refused = resolved();
        QVERIFY(!refused);
        QCOMPARE(QString::fromStdString(refused.error().field.value_or("")), field);
    }

    void modelsOfOneStepTakeOneFromAPictureToo() {
        ModelInfo turbo;
        turbo.steps = 1;
        turbo.strength = 0.5;
        GenerationRequest request;
        request.prompt = "fox";
        request.initImage = "a";
        const auto settings = resolve(request, turbo, {}, [] { return std::int64_t{1}; });
        QVERIFY(settings.has_value());
        QCOMPARE(settings->steps, 2);
        QCOMPARE(firstPassOf(*settings).taken(), 1);
    }
};

QTEST_APPLESS_MAIN(TestPasses)
#include "test_passes.moc"
