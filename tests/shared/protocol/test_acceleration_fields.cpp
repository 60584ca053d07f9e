// SPDX-License-Identifier: Apache-2.0
#include <QTest>
#include <cmath>
#include <functional>
#include <string>

#include "shared/protocol/accelerations.h"
#include "shared/protocol/generation_fields.h"
#include "shared/protocol/infotext.h"
#include "shared/protocol/json.h"
#include "shared/protocol/validation.h"
#include "shared/protocol/work.h"

using namespace easel::protocol;

namespace {

using Change = std::function<void(GenerationRequest&)>;

/// One that can all of it but what stands in `without`.
ModelInfo modelWithout(std::string_view without = "") {
    ModelInfo model;
    model.id = "model";
    model.operations = {"text_to_image"};
    for (const std::string_view each : {kGuidanceInterval, kDeepCache, kTokenMerging, kTinyDecoder}) {
        if (each != without) {
            model.accelerations.emplace_back(each);
        }
    }
    return model;
}

Expected<GenerationSettings> resolved(const Change& change, const ModelInfo& model = modelWithout()) {
    GenerationRequest request;
    request.prompt = "fox";
    change(request);
    return resolve(request, model, Limits{}, [] { return std::int64_t{1}; });
}

/// With everything on.
GenerationSettings hurried() {
    GenerationSettings settings;
    settings.prompt = "fox";
    settings.sampler = "euler";
    settings.guidanceFrom = 0.2;
    settings.guidanceTo = 0.8;
    settings.deepcacheInterval = 3;
    settings.tokenMerging = 0.5;
    settings.decoder = "tiny";
    return settings;
}

}  // namespace

Q_DECLARE_METATYPE(Change)

class AccelerationFieldsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void nothingIsHurriedUnlessItIsAskedFor() {
        const auto settings = resolved([](GenerationRequest&) {});
        QVERIFY(settings);
        QCOMPARE(settings->guidanceFrom, 0.0);
        QCOMPARE(settings->guidanceTo, 1.0);
        QCOMPARE(settings->deepcacheInterval, 1);
        QCOMPARE(settings->tokenMerging, 0.0);
        QCOMPARE(settings->decoder, "full");
        // And older servers are not told of what they do not know.
        const GenerationRequest request = requestFor(*settings);
        QVERIFY(!request.guidanceFrom && !request.guidanceTo && !request.deepcacheInterval &&
                !request.tokenMerging && !request.decoder);
        const std::string infotext = toInfotext(*settings, "1");
        for (const char* const key : {"CFG from", "CFG to", "DeepCache", "Token merging", "Decoder"}) {
            QVERIFY2(infotext.find(key) == std::string::npos, key);
        }
    }

    void whatIsOutOfBoundsIsRefusedByItsName_data() {
        QTest::addColumn<Change>("change");
        QTest::addColumn<QString>("field");
        QTest::addColumn<QString>("limit");
        const auto row = [](const char* name, const Change& change, const char* field, const char* limit) {
            QTest::newRow(name) << change << field << limit;
        };
        row(
            "from", [](auto& it) { it.guidanceFrom = -0.1; }, "guidance_from", "between 0 and 1");
        row(
            "to", [](auto& it) { it.guidanceTo = 1.5; }, "guidance_to", "between 0 and 1");
        row(
            "no steps", [](auto& it) { it.guidanceFrom = it.guidanceTo = 0.5; }, "guidance_to",
            "greater than guidance_from");
        row(
            "backwards", [](auto& it) { it.guidanceFrom = 0.7, it.guidanceTo = 0.2; }, "guidance_to",
            "greater than guidance_from");
        row(
            "never", [](auto& it) { it.deepcacheInterval = 0; }, "deepcache_interval", "between 1 and 20");
        row(
            "seldom", [](auto& it) { it.deepcacheInterval = 21; }, "deepcache_interval", "between 1 and 20");
        row(
            "few", [](auto& it) { it.tokenMerging = -0.5; }, "token_merging", "between 0 and 0.75");
        row(
            "too many", [](auto& it) { it.tokenMerging = 0.8; }, "token_merging", "between 0 and 0.75");
        row(
            "a number that is none", [](auto& it) { it.tokenMerging = std::nan(""); }, "token_merging",
            "between 0 and 0.75");
        row(
            "another", [](auto& it) { it.decoder = "small"; }, "decoder", "full, tiny");
        row(
            "two", [](auto& it) { it.decoder = "tiny", it.vae = "other"; }, "decoder",
            "leave decoder or vae");
    }

    void whatIsOutOfBoundsIsRefusedByItsName() {
        QFETCH(Change, change);
        QFETCH(QString, field);
        QFETCH(QString, limit);
        const auto settings = resolved(change);
        QVERIFY(!settings);
        QCOMPARE(settings.error().status, 422);
        QCOMPARE(QString::fromStdString(settings.error().field.value_or("")), field);
        const QString detail = QString::fromStdString(settings.error().detail);
        QVERIFY2(detail.contains(limit), qPrintable(detail));
    }

    void whatAModelCannotDoIsRefused_data() {
        QTest::addColumn<QString>("without");
        QTest::addColumn<Change>("change");
        QTest::addColumn<QString>("field");
        QTest::newRow("from") << "guidance_interval" << Change([](auto& it) { it.guidanceFrom = 0.1; })
                              << "guidance_from";
        QTest::newRow("to") << "guidance_interval" << Change([](auto& it) { it.guidanceTo = 0.9; })
                            << "guidance_to";
        QTest::newRow("cache") << "deepcache" << Change([](auto& it) { it.deepcacheInterval = 2; })
                               << "deepcache_interval";
        QTest::newRow("tokens") << "token_merging" << Change([](auto& it) { it.tokenMerging = 0.1; })
                                << "token_merging";
        QTest::newRow("decoder") << "tiny_decoder" << Change([](auto& it) { it.decoder = "tiny"; })
                                 << "decoder";
    }

    void whatAModelCannotDoIsRefused() {
        QFETCH(QString, without);
        QFETCH(Change, change);
        QFETCH(QString, field);
        QVERIFY(resolved(change));
        const ModelInfo model = modelWithout(without.toStdString());
        const auto refused = resolved(change, model);
        QVERIFY(!refused);
        QCOMPARE(refused.error().status, 422);
        QCOMPARE(QString::fromStdString(refused.error().field.value_or("")), field);
        QVERIFY2(refused.error().detail.find("eave it out") != std::string::npos,
                 refused.error().detail.c_str());
        // What is usual is no wish.
        QVERIFY(resolved(
            [](auto& it) {
                it.guidanceFrom = 0, it.guidanceTo = 1, it.deepcacheInterval = 1, it.tokenMerging = 0;
                it.decoder = "full";
            },
            model));
    }

    void sharesOfTheStepsAreCountedAsDiffusersDoes() {
        GenerationSettings settings;
        settings.guidanceFrom = 0.25;
        settings.guidanceTo = 0.75;
        const auto guided = [&settings](int steps) {
            QString shown;
            for (int step = 0; step < steps; ++step) {
                shown += isGuided(settings, step, steps) ? '2' : '1';
            }
            return shown;
        };
        QCOMPARE(guided(8), "11222211");
        QCOMPARE(guided(5), "12211");
        QCOMPARE(guided(1), "1");
        settings.guidanceTo = 1;
        QCOMPARE(guided(5), "12222");
        settings.guidanceFrom = 0;
        QCOMPARE(guided(3), "222");
    }

    void workIsWhatIsLeft() {
        GenerationSettings settings;
        settings.sampler = "euler";
        settings.steps = 16;
        settings.guidance = 7;
        const double once = workOf(settings);
        auto late = settings;
        late.guidanceFrom = 0.5;
        QCOMPARE(workOf(late), 0.75 * once);
        late.guidance = 1;
        QCOMPARE(workOf(late), 0.5 * once);
        auto cached = settings;
        cached.deepcacheInterval = 4;
        QCOMPARE(workOf(cached), once * (4 + 12 / 8.0) / 16);
        cached.controls.resize(2);
        QCOMPARE(workOf(cached), once * (2 * 4 + 12 / 8.0) / 16);
        cached.controls.clear();
        // A whole step more: where guidance begins its other branch has nothing to use again.
        cached.guidanceFrom = 3 / 8.0;
        QCOMPARE(workOf(cached), once * ((2 + 4 / 8.0) / 2 + 3 + 7 / 8.0) / 16);
        cached.initImage = "a";
        cached.strength = 0.5;
        cached.guidanceFrom = 0;
        QCOMPARE(workOf(cached), once * (2 + 6 / 8.0) / 16);
        auto merged = settings;
        merged.tokenMerging = 0.5;
        merged.decoder = "tiny";
        QCOMPARE(workOf(merged), once);
    }

    void infotextsSayIt() {
        const GenerationSettings settings = hurried();
        const std::string infotext = toInfotext(settings, "1");
        const char* const said =
            ", CFG from: 0.2, CFG to: 0.8, DeepCache interval: 3, Token merging ratio: 0.5, VAE Decoder: "
            "TAESD,";
        QVERIFY2(infotext.find(said) != std::string::npos, infotext.c_str());
        QVERIFY(*fromInfotext(infotext) == settings);
        QVERIFY(unsupportedIn(infotext).empty());
    }

    void infotextsOfOthersAreRead() {
        const std::string line = "fox\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 512x512";
        const auto theirs =
            fromInfotext(line + ", Token merging ratio: 0.4, Skip Early CFG: 0.2, VAE Decoder: TAESD");
        QCOMPARE(theirs->tokenMerging, 0.4);
        QCOMPARE(theirs->guidanceFrom, 0.2);
        QCOMPARE(theirs->decoder, "tiny");
        QCOMPARE(fromInfotext(line + ", VAE Decoder: Full")->decoder, "full");
        QVERIFY(unsupportedIn(line + ", Token merging ratio: 0.4").empty());
        QCOMPARE(unsupportedIn(line + ", Token merging ratio hr: 0.5"),
                 std::vector<std::string>{"hires token merging"});
    }

    void resultsNameIt() {
        Job job;
        job.id = "j_1";
        job.settings = hurried();
        const auto back = parseJob(toJson(job));
        QVERIFY2(back, back ? "" : back.error().detail.c_str());
        QVERIFY(back->settings == job.settings);
        for (const char* const member :
             {R"("deepcache_interval":3)", R"("guidance_from":0.2)", R"("guidance_to":0.8)",
              R"("token_merging":0.5)", R"("decoder":"tiny")"}) {
            QVERIFY2(toJson(job).find(member) != std::string::npos, member);
        }
        QVERIFY(requestFor(job.settings).deepcacheInterval == 3);
    }
};

QTEST_GUILESS_MAIN(AccelerationFieldsTest)
#include "test_acceleration_fields.moc"
