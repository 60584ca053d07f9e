// SPDX-License-Identifier: Apache-2.0
#include <clocale>
#include <cstdio>
#include <functional>
#include <limits>

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include "shared/protocol/json.h"
#include "shared/protocol/samplers.h"
#include "shared/protocol/validation.h"
#include "shared/protocol/work.h"

using namespace easel::protocol;

namespace {

std::vector<ModelInfo> models() {
    ModelInfo starter;
    starter.id = "starter";
    starter.width = starter.height = 128;
    starter.steps = 20;
    starter.guidance = 3.5;
    starter.sampler = "ddim";
    starter.knownNames = {"red fox", "cat"};
    starter.knownWords = {"on", "a", "blue", "background"};
    ModelInfo other;
    other.id = "other";
    return {starter, other};
}

GenerationSettings wish(int width, int height, int steps, int count) {
    GenerationSettings made;
    made.width = width;
    made.height = height;
    made.steps = steps;
    made.count = count;
    return made;
}

Expected<GenerationSettings> resolved(const std::function<void(GenerationRequest&)>& change) {
    GenerationRequest request;
    request.prompt = "fox";
    change(request);
    const auto all = models();
    return resolve(request, request.model ? all.back() : all.front(), Limits{},
                   [] { return std::int64_t(42); });
}

}  // namespace

class TestValidation : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsNotThereYetIsRefused() {
        const auto close = resolved([](GenerationRequest& request) {
            request.initImage = request.mask = std::string(64, 'a');
            request.inpaintArea = "masked";
            request.controls = {{"canny", std::string(64, 'b')}};
        });
        QVERIFY(!close && close.error().field == "inpaint_area");
    }

    void previewsComeEverySoManySteps() {
        const auto every = [](int steps) {
            return resolved([steps](GenerationRequest& request) { request.previewEvery = steps; });
        };
        const int most = Limits().maxSteps;
        for (const int steps : {0, 1, most}) {
            QCOMPARE(every(steps).value().previewEvery, steps);
        }
        for (const int steps : {-1, most + 1}) {
            const auto made = every(steps);
            QVERIFY(!made && made.error().field == "preview_every");
            QVERIFY(made.error().detail.find("between 0 and") != std::string::npos);
        }
    }

    void aModelThatIsNotHereIsNamedBesideThoseThatAre() {
        const Problem problem = noSuchModel("../etc", {"starter", "hub/other"});
        QCOMPARE(problem.status, 422);
        QVERIFY(problem.field == "model");
        for (const char* word : {"\"../etc\"", "starter", "hub/other"}) {
            QVERIFY2(problem.detail.find(word) != std::string::npos, problem.detail.c_str());
        }
    }

    void gapsAreFilledFromTheModel() {
        auto settings = resolved([](GenerationRequest&) {});
        QVERIFY(settings.has_value());
        QCOMPARE(settings->model, "starter");
        QCOMPARE(settings->width, 128);
        QCOMPARE(settings->steps, 20);
        QCOMPARE(settings->sampler, "ddim");
        QCOMPARE(settings->schedule, "default");
        QCOMPARE(settings->seed, 42);

        settings = resolved([](GenerationRequest& r) { r.model = "other"; });
        QVERIFY(settings.has_value());
        QCOMPARE(settings->width, 512);
    }

    void boundsAreInclusive() {
        QVERIFY(resolved([](GenerationRequest& r) {
                    r.width = 64;
                    r.height = 2048;
                    r.steps = 500;
                    r.guidance = 30;
                    r.count = 16;
                    r.seed = 9007199254740991;
                }).has_value());
        QVERIFY(resolved([](GenerationRequest& r) {
                    r.steps = 1;
                    r.guidance = 0;
                    r.count = 1;
                    r.seed = 0;
                }).has_value());
    }

    void aPromptMayBeEmpty() {
        for (const char* const prompt : {"", " \n\t", "\u3000"}) {
            const auto settings = resolved([prompt](GenerationRequest& r) {
                r.prompt = prompt;
                r.negativePrompt = "blurry";
            });
            QVERIFY(settings.has_value());
            QCOMPARE(settings->prompt, std::string(prompt));
        }
    }

    void blankIsWhatHasNoWords() {
        for (const char* const text : {"", " ", "\t\n\v\f\r", "\u3000", "\u00a0\u2003 \u2029"}) {
            QVERIFY2(isBlank(text), text);
        }
        for (const char* const text : {"a", " a", "\u3000\u732b", "\u200b", "\xe3\x80", "."}) {
            QVERIFY2(!isBlank(text), text);
        }
    }

    void everyBoundNamesItsField_data() {
        QTest::addColumn<QString>("field");
        QTest::addColumn<std::function<void(GenerationRequest&)>>("change");
        const auto row = [](const char* name, const char* field,
                            const std::function<void(GenerationRequest&)>& change) {
            QTest::newRow(name) << QString(field) << change;
        };
        row("width low", "width", [](auto& r) { r.width = 56; });
        row("width high", "width", [](auto& r) { r.width = 2056; });
        row("width off the grid", "width", [](auto& r) { r.width = 130; });
        row("height negative", "height", [](auto& r) { r.height = -64; });
        row("no steps", "steps", [](auto& r) { r.steps = 0; });
        row("steps high", "steps", [](auto& r) { r.steps = 501; });
        row("guidance low", "guidance", [](auto& r) { r.guidance = -0.1; });
        row("guidance high", "guidance", [](auto& r) { r.guidance = 30.5; });
        row("guidance not a number", "guidance",
            [](auto& r) { r.guidance = std::numeric_limits<double>::quiet_NaN(); });
        row("no pictures", "count", [](auto& r) { r.count = 0; });
        row("too many pictures", "count", [](auto& r) { r.count = 17; });
        row("seed low", "seed", [](auto& r) { r.seed = -2; });
        row("seed high", "seed", [](auto& r) { r.seed = 9007199254740992; });
        row("sampler", "sampler", [](auto& r) { r.sampler = "magic"; });
        row("schedule", "schedule", [](auto& r) { r.schedule = "magic"; });
        row("long prompt", "prompt", [](auto& r) { r.prompt = std::string(16385, 'a'); });
        row("prompt with NUL", "prompt", [](auto& r) { r.prompt = std::string("a\0b", 3); });
        row("surrogate", "negative_prompt", [](auto& r) { r.negativePrompt = "\xED\xA0\x80"; });
        row("overlong UTF-8", "negative_prompt", [](auto& r) { r.negativePrompt = "\xC0\xAF"; });
        row("cut UTF-8", "negative_prompt", [](auto& r) { r.negativePrompt = "\xF0\x9F\x90"; });
    }

    void everyBoundNamesItsField() {
        QFETCH(QString, field);
        QFETCH(std::function<void(GenerationRequest&)>, change);
        const auto settings = resolved(change);
        QVERIFY(!settings.has_value());
        QCOMPARE(settings.error().status, 422);
        QCOMPARE(QString::fromStdString(settings.error().field.value_or("")), field);
        QVERIFY(!settings.error().detail.empty());
    }

    void othersNamesAreUnderstood() {
        const auto drawn = [](const char* sampler, std::optional<std::string> schedule) {
            const auto made = resolved([&](GenerationRequest& r) {
                r.sampler = sampler;
                r.schedule = std::move(schedule);
            });
            return made ? made->sampler + " " + made->schedule : made.error().field.value_or("");
        };
        QCOMPARE(drawn("dpmpp_2m", "karras"), std::string("dpmpp_2m karras"));
        QCOMPARE(drawn("DPM++ 2M Karras", {}), std::string("dpmpp_2m karras"));
        QCOMPARE(drawn("DPM++ 2M Karras", "Karras"), std::string("dpmpp_2m karras"));
        QCOMPARE(drawn("k_euler_a", "SGM Uniform"), std::string("euler_a sgm_uniform"));
        QCOMPARE(drawn("DPM++ 2M Karras", "exponential"), std::string("schedule"));
        QCOMPARE(drawn("LCM Karras", {}), std::string("schedule"));
        QCOMPARE(drawn("magic karras", {}), std::string("sampler"));
        QVERIFY(!findSamplerKind("magic"));
        QCOMPARE(findSamplerKind("lcm")->schedules.size(), 1u);
    }

    void etaGoesWithSamplersThatDrawNoise() {
        const auto refused = [](const char* sampler, double eta) {
            const auto made = resolved([&](GenerationRequest& r) {
                r.sampler = sampler;
                r.eta = eta;
            });
            return made ? "" : made.error().field.value_or("?");
        };
        for (const SamplerKind& kind : samplerKinds()) {
            const std::string name(kind.name);
            QCOMPARE(refused(name.c_str(), 0.5), std::string(kind.takesEta ? "" : "eta"));
            QCOMPARE(refused(name.c_str(), -1), std::string());
            QCOMPARE(refused(name.c_str(), -0.5), std::string("eta"));
        }
    }

    void workIsCounted() {
        auto made = wish(2048, 2048, 500, 16);
        QCOMPARE(workOf(made), 33'554.432);
        made.guidance = 1;
        QCOMPARE(workOf(made), 16'777.216);
        made.sampler = "heun";  // asks twice in a step
        QCOMPARE(workOf(made), 33'554.432);
        QCOMPARE(workOf(models().front()), 128 * 128 * 20 / 1e6);
    }

    void tooMuchWorkSaysWhatFits() {
        Limits limits;
        QVERIFY(checkWork(wish(2048, 2048, 500, 16), limits));  // there is none
        limits.maxWork = 3'600;
        QVERIFY(checkWork(wish(512, 512, 50, 16), limits));
        const auto refused = checkWork(wish(2048, 2048, 500, 16), limits).error();
        QCOMPARE(refused.status, 422);
        QCOMPARE(refused.field.value_or(""), std::string("count"));
        QCOMPARE(refused.detail,
                 std::string("16 pictures of 500 steps at 2048x2048 are 33,554 megapixel-steps; this server "
                             "takes at most 3,600 in one request. Ask for at most 1 picture, 53 steps or "
                             "664x664."));
        limits.maxWork = 13.1072;
        QCOMPARE(checkWork(wish(512, 768, 50, 1), limits).error().detail,
                 std::string("1 picture of 50 steps at 512x768 is 19.7 megapixel-steps; this server takes at "
                             "most 13.1 in one request. Ask for at most 33 steps or 416x624."));
        const auto hopeless = checkWork(wish(2048, 2048, 500, 16), limits).error();
        QCOMPARE(hopeless.field.value_or(""), std::string("steps"));
        QVERIFY(hopeless.detail.ends_with("Ask for fewer and smaller pictures with fewer steps."));
    }

    void unicodePromptsPass() {
        QVERIFY(resolved([](GenerationRequest& r) {
                    r.prompt = "\xF0\x9F\xA6\x8A caf\xC3\xA9 \xE7\x8C\xAB";
                }).has_value());
    }

    void unknownWordsAreNoted() {
        auto starter = models().front();
        QVERIFY(unknownWords("Penguins? a red fox on a blue background", starter) ==
                std::vector<std::string>{"penguins"});
        QVERIFY(unknownWords("cats, foxes", starter).empty());
        starter.knownNames.emplace_back("cherry");
        QVERIFY(unknownWords("cherries", starter).empty());
        QVERIFY(unknownWords("s es ies", starter) == (std::vector<std::string>{"s", "es", "ies"}));
        QVERIFY(unknownWords("anything at all", ModelInfo{}).empty());
        QVERIFY(unknownWords("", starter).empty());
    }

    void theLocaleIsNoMatter_data() {
        QTest::addColumn<QString>("locale");
        QTest::newRow("a comma for a point") << "de_DE";
        QTest::newRow("an I that is not i's") << "tr_TR";
    }

    void theLocaleIsNoMatter() {
        QFETCH(QString, locale);
        QTemporaryDir made;
        const QString name = locale + ".UTF-8";
        if (QProcess::execute("localedef", {"-i", locale, "-f", "UTF-8", made.filePath(name)}) != 0) {
            QSKIP("The package \"locales\" is not here.");
        }
        qputenv("LOCPATH", made.path().toUtf8());
        QVERIFY(std::setlocale(LC_ALL, name.toUtf8().constData()));
        char printed[8];
        std::snprintf(printed, sizeof printed, "%.1f", 1.5);
        QCOMPARE(QByteArray(printed), "1,5");

        GenerationRequest request;
        request.prompt = "CAT IN A BIG BED";
        request.guidance = 12.5;
        QVERIFY(toJson(request).find("12.5") != std::string::npos);
        QCOMPARE(parseRequest(toJson(request)).value().guidance, 12.5);
        Limits narrow;
        narrow.maxGuidance = 7.5;
        const auto refused = resolve(request, models().front(), narrow, [] { return std::int64_t(42); });
        QVERIFY(!refused.has_value());
        QVERIFY2(refused.error().detail.find("between 0 and 7.5") != std::string::npos,
                 refused.error().detail.c_str());
        ModelInfo model = models().front();
        model.knownWords = {"in", "a", "big", "bed"};
        QCOMPARE(unknownWords(request.prompt, model), std::vector<std::string>());
        std::setlocale(LC_ALL, "C");
        qunsetenv("LOCPATH");
    }
};

QTEST_APPLESS_MAIN(TestValidation)
#include "test_validation.moc"
