// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "shared/protocol/generation_fields.h"
#include "shared/protocol/json.h"
#include "shared/protocol/log_lines.h"
#include "shared/protocol/timestamp.h"

using namespace easel::protocol;

namespace {

Job sampleJob() {
    Job job;
    job.id = "j_7";
    job.state = JobState::Running;
    job.settings.model = "starter";
    job.settings.prompt = "a \"fox\" under snow \xE2\x9D\x84\nsecond line";
    job.settings.negativePrompt = "blur";
    job.settings.width = 128;
    job.settings.height = 192;
    job.settings.guidance = 3.25;
    job.settings.sampler = "ddim";
    job.settings.seed = 9007199254740991;
    job.settings.count = 2;
    job.attempt = 2;
    job.ahead = 3;
    job.progress = {Stage::Denoising, 4, 50, 1.5};
    job.images = {{0, 41, 128, 192, 1234, "image/png", "In tiles."}};
    job.error = invalidField("width", "width must be a multiple of 8.");
    job.createdAt = 1795384489120;
    job.startedAt = 1795384490000;
    return job;
}

Preview samplePreview() {
    return {1, 4, 25, 96, 64, "image/jpeg", std::string("\xFF\xD8\0\xFF\xD9", 5)};
}

}  // namespace

class TestJson : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void jobsComeBackAsTheyWere() {
        const Job job = sampleJob();
        const auto back = parseJob(toJson(job));
        QVERIFY(back.has_value());
        QVERIFY(*back == job);

        const JobPage page{{job, job}, "j_7"};
        QVERIFY(parseJobPage(toJson(page)) == page);
    }

    void everyFieldComesBack() {
        GenerationSettings settings;
        int next = 2;
        forEachField([&](const auto& row) {
            if constexpr (requires { row.of(settings).emplace_back(); }) {
                row.of(settings).resize(1);
            } else if constexpr (requires { row.of(settings).empty(); }) {
                row.of(settings) = row.name;
            } else {
                row.of(settings) += next++;
            }
            QVERIFY(row.of(settings) != row.of(GenerationSettings()));
        });
        QVERIFY(parseSettings(toJson(settings)) == settings);
        const GenerationRequest request = requestFor(settings);
        QVERIFY(parseRequest(toJson(request)) == request);
        forEachField([&](const auto& row) { QVERIFY(row.of(request) == row.of(settings)); });

        settings.negativePrompt.clear();
        settings.model.clear();
        settings.schedule = "default";
        const GenerationRequest less = requestFor(settings);
        QVERIFY(!less.negativePrompt && !less.model && !less.schedule);
    }

    void requestsComeBackAsTheyWere() {
        GenerationRequest request;
        request.prompt = "fox";
        QVERIFY(parseRequest(toJson(request)) == request);
        request.seed = -1;
        request.steps = 12;
        request.guidance = 0;
        request.negativePrompt = "";
        request.sampler = "euler_a";
        QVERIFY(parseRequest(toJson(request)) == request);
    }

    void serverAndModelsComeBackAsTheyWere() {
        ServerInfo info;
        info.version = "0.1.0";
        info.id = "0123456789abcdef";
        info.device = "cpu";
        info.deviceWarning = "The NVIDIA device has no driver.";
        info.kernels = "GPU kernels of Easel's own: 13 of 13 in use.";
        info.ready = true;
        info.setAside = 3;
        info.paused = true;
        info.held = 2;
        info.limits.maxCount = 4;
        info.samplers = {{"euler", "Euler", {"default", "karras"}}, {"ddim", "DDIM", {"default"}, true}};
        info.previews = true;
        QVERIFY(parseServerInfo(toJson(info)) == info);
        info.limits.maxWork = 3'600.5;
        QVERIFY(parseServerInfo(toJson(info)) == info);

        const ModelInfo model{"hub/starter",
                              "Starter",
                              "d",
                              "l",
                              128,
                              128,
                              20,
                              3.5,
                              0.6,
                              "ddim",
                              {"fox"},
                              {"fox"},
                              {"blue"},
                              {"odd"},
                              "stable-diffusion",
                              {"text_to_image"},
                              {"deepcache", "tiny_decoder"},
                              36'000'000,
                              ModelState::Failed,
                              "It is damaged."};
        const ModelPage page{{model}, "hub/starter"};
        QVERIFY(parseModelPage(toJson(page)) == page);
    }

    void estimatesComeBackAsTheyWere() {
        Estimate estimate;
        estimate.settings.prompt = "fox";
        estimate.work = 6.5536;
        estimate.ahead = 3;
        QVERIFY(parseEstimate(toJson(estimate)) == estimate);
        estimate.seconds = 1.5;
        estimate.waitSeconds = 60;
        estimate.memory = MemoryEstimate{.weights = 2000, .drawing = 500, .least = 100, .available = {}};
        QVERIFY(toJson(estimate).find(R"("fits":null)") != std::string::npos);
        estimate.memory->available = 2099;
        QVERIFY(parseEstimate(toJson(estimate)) == estimate);
        QCOMPARE(estimate.memory->fits(), std::optional(false));
        estimate.memory->available = 2100;
        QCOMPARE(estimate.memory->fits(), std::optional(true));
        estimate.problem = queueShareTaken(75, 100);
        QVERIFY(parseEstimate(toJson(estimate)) == estimate);
    }

    void eventsCarryJustTheirPart() {
        const Job job = sampleJob();
        const std::vector<std::pair<std::string, JobEvent>> events{{"state", {0, job.id, job}},
                                                                   {"progress", {0, job.id, job.progress}},
                                                                   {"image", {0, job.id, job.images.front()}},
                                                                   {"preview", {0, job.id, samplePreview()}}};
        for (const auto& [name, event] : events) {
            QCOMPARE(std::string(nameOf(event)), name);
            QVERIFY(!isLast(event));
            const auto back = parseEvent(name, eventData(event));
            QVERIFY(back.has_value());
            QVERIFY(*back == event);
        }
        Job done = job;
        done.state = JobState::Cancelled;
        QCOMPARE(std::string(nameOf({0, job.id, done})), std::string("done"));
        QVERIFY(isLast({0, job.id, done}));
        QVERIFY(!parseEvent("surprise", "{}").has_value());
        // An older server does not say whose step it was.
        QCOMPARE(parseEvent("progress", R"({"step":3})")->job, std::string());
    }

    void previewsAreSmallPictures() {
        const auto read = [](const Preview& preview) {
            return parseEvent("preview", eventData({0, "j_7", preview}));
        };
        const auto with = [](auto change) {
            Preview preview = samplePreview();
            change(preview);
            return preview;
        };
        QVERIFY(eventData({0, "j_7", samplePreview()}).find(R"("data":"/9gA/9k=")") != std::string::npos);
        QVERIFY(read(with([](Preview& preview) {
            preview.width = kMaxPreviewSide;
            preview.bytes.resize(kMaxPreviewBytes);
        })));
        QVERIFY(!read(with([](Preview& preview) { preview.bytes.resize(kMaxPreviewBytes + 1); })));
        QVERIFY(!read(with([](Preview& preview) { preview.bytes.clear(); })));
        QVERIFY(!read(with([](Preview& preview) { preview.height = 0; })));
        QVERIFY(!read(with([](Preview& preview) { preview.height = kMaxPreviewSide + 1; })));
        QVERIFY(!parseEvent("preview", R"({"job":"j_7","width":8,"height":8,"data":"no base64!"})"));
        QVERIFY(!parseEvent("preview", R"({"job":"j_7","width":8,"height":8,"data":7})"));
    }

    void logLinesComeBackAsTheyWere() {
        const std::vector<std::string> lines{"", "GET /v1/jobs", "\"two\" \\x1b \xE2\x9D\x84"};
        QVERIFY(parseLogLines(logLinesToJson(lines)) == lines);
        QVERIFY(parseLogLines("{\"lines\":[],\"since\":1}") == std::vector<std::string>());
        QCOMPARE(logLinesToJson({"\xFF"}), std::string("{\"lines\":[\"\xEF\xBF\xBD\"]}"));
        for (const char* const odd : {"[]", "{\"lines\":\"a\"}", "{\"lines\":[1]}", "{\"lines\":[null]}"}) {
            QVERIFY2(!parseLogLines(odd), odd);
        }
    }

    void holdsComeBackAsTheyWere() {
        Job job = sampleJob();
        job.state = JobState::Held;
        job.priority = -7;
        job.hold = Hold{HoldReason::ModelMissing, "It is not here.", "Bring it."};
        QVERIFY(parseJob(toJson(job)) == job);
        QVERIFY(parseHold(toJson(*job.hold)) == *job.hold);
        const QueueState queue{true, 3, 2, 1};
        QVERIFY(parseQueueState(toJson(queue)) == queue);
    }

    /// What a newer server may say must not cost an older client the job.
    void newerStatesAreReadAsTheNearest() {
        const auto job = [](const char* more) {
            return parseJob(std::string(R"({"id":"j_1",)") + more + "}").value();
        };
        QVERIFY(job(R"("state":"dreaming")").state == JobState::Queued);
        QVERIFY(job(R"("state":"lost","finished_at":"2026-11-22T20:15:00.000Z")").state == JobState::Failed);
        const Job held = job(R"("state":"held","hold":{"reason":"full moon","detail":"It is full."})");
        QVERIFY(held.state == JobState::Held);
        QVERIFY(held.hold->reason == HoldReason::Other);
        QCOMPARE(held.hold->detail, std::string("It is full."));
    }

    void movesSayOneThing() {
        QVERIFY(parseMove(R"({"first":true})") == Move());
        QVERIFY(parseMove(R"({"before":"j_1"})") == (Move{"j_1", {}}));
        QVERIFY(parseMove(R"({"priority":-100})") == (Move{{}, -100}));
        const auto field = [](const char* body) { return parseMove(body).error().field.value_or(""); };
        QCOMPARE(field("{}"), std::string("first"));
        QCOMPARE(field(R"({"first":false})"), std::string("first"));
        QCOMPARE(field(R"({"first":true,"priority":1})"), std::string("first"));
        QCOMPARE(field(R"({"before":7})"), std::string("before"));
        QCOMPARE(field(R"({"priority":101})"), std::string("priority"));
        QCOMPARE(field(R"({"last":true})"), std::string("last"));
        QCOMPARE(parseMove("[]").error().status, 400);
    }

    void requestsAreReadStrictly_data() {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("status");
        QTest::addColumn<QString>("field");
        QTest::newRow("unknown field") << QByteArray(R"({"prompt":"a","stepz":3})") << 422 << "stepz";
        QTest::newRow("no prompt") << QByteArray(R"({"steps":3})") << 422 << "prompt";
        QTest::newRow("null for the prompt") << QByteArray(R"({"prompt":null})") << 422 << "prompt";
        QTest::newRow("text for a number") << QByteArray(R"({"prompt":"a","steps":"3"})") << 422 << "steps";
        QTest::newRow("fraction") << QByteArray(R"({"prompt":"a","steps":3.5})") << 422 << "steps";
        QTest::newRow("too large for int")
            << QByteArray(R"({"prompt":"a","steps":3000000000})") << 422 << "steps";
        QTest::newRow("too large for any")
            << QByteArray(R"({"prompt":"a","seed":18446744073709551615})") << 422 << "seed";
        QTest::newRow("overflowing number") << QByteArray(R"({"prompt":"a","guidance":1e999})") << 400 << "";
        QTest::newRow("number for a text") << QByteArray(R"({"prompt":5})") << 422 << "prompt";
        QTest::newRow("twice") << QByteArray(R"({"prompt":"a","prompt":"b"})") << 400 << "";
        QTest::newRow("not an object") << QByteArray("[1]") << 400 << "";
        QTest::newRow("not JSON") << QByteArray("{prompt:fox}") << 400 << "";
        QTest::newRow("trailing text") << QByteArray(R"({"prompt":"a"} x)") << 400 << "";
        QTest::newRow("empty") << QByteArray() << 400 << "";
        QTest::newRow("deep") << QByteArray("{\"prompt\":") + QByteArray(10000, '[') << 400 << "";
        QTest::newRow("bad UTF-8") << QByteArray("{\"prompt\":\"\xff\"}") << 400 << "";
    }

    void requestsAreReadStrictly() {
        QFETCH(QByteArray, body);
        QFETCH(int, status);
        QFETCH(QString, field);
        const auto request = parseRequest(std::string_view(body.constData(), std::size_t(body.size())));
        QVERIFY(!request.has_value());
        QCOMPARE(request.error().status, status);
        QCOMPARE(QString::fromStdString(request.error().field.value_or("")), field);
    }

    void whatIsNoJsonIsToldWhereTheReaderStopped_data() {
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<QByteArray>("words");
        const auto row = [](const char* name, const QByteArray& body, const char* words) {
            QTest::newRow(name) << body << QByteArray(words);
        };
        const auto brokenAt = [&](const char* name, const QByteArray& body, int byte) {
            row(name, body,
                qPrintable(QString("This is not valid JSON: it goes wrong at byte %1.").arg(byte)));
        };
        const char* const deep = "The JSON is nested more than 16 deep.";
        const char* const large = "The JSON has a number that is too large to be read.";
        const QByteArray open16(16, '[');
        const QByteArray close16(16, ']');
        row("17 lists", open16 + '[', deep);
        row("16 lists and an object", open16 + '{', deep);
        row("17 objects", QByteArray("{\"a\":").repeated(17), deep);
        row("17 lists after 16 that ended", '[' + open16.mid(1) + close16.mid(1) + ',' + open16 + ']', deep);
        row("too deep, then no JSON at all", open16 + "[?", deep);
        row("too deep, then a key twice", open16 + R"([{"a":1,"a":2}])", deep);
        brokenAt("16 lists, then no JSON", open16 + "?", 17);
        brokenAt("no JSON, then too deep", '?' + open16 + '[', 1);
        brokenAt("brackets in a text that does not end", "{\"prompt\":\"" + open16 + "[", 29);
        brokenAt("nothing", "", 1);
        brokenAt("text after the value", R"({"prompt":"a"} x)", 16);
        brokenAt("bad UTF-8", "{\"prompt\":\"\xff\"}", 12);
        brokenAt("a comment", "{/**/}", 2);
        row("a key twice", R"({"prompt":"a","prompt":"a"})", "The JSON has the key \"prompt\" twice.");
        row("a key twice, written otherwise", R"({"a":{"b":1,"\u0062":[]}})",
            "The JSON has the key \"b\" twice.");
        row("a key twice after an object", R"({"a":{"b":1},"c":{"b":1},"a":1})",
            "The JSON has the key \"a\" twice.");
        row("a key twice, then no JSON", R"({"a":1,"a":2}?)", "The JSON has the key \"a\" twice.");
        row("a million lists and one", '[' + QByteArray("[],").repeated(1'000'000) + "[]]",
            "The JSON has more than 1000000 values.");
        row("a number too large", R"({"prompt":"a","guidance":1e999})", large);
        row("a number too far below zero", R"({"prompt":"a","guidance":-1e999})", large);
    }

    void whatIsNoJsonIsToldWhereTheReaderStopped() {
        QFETCH(QByteArray, body);
        QFETCH(QByteArray, words);
        const auto request = parseRequest(std::string_view(body.constData(), std::size_t(body.size())));
        QVERIFY(!request.has_value());
        QCOMPARE(QByteArray::fromStdString(request.error().detail), words);
    }

    void whatIsNotTooDeepIsReadWhole() {
        const std::string bottom = R"([null,true,-1,18446744073709551615,0.5,"\u00e4",{"b":[]},{}])";
        const std::string lists = std::string(12, '[') + bottom + std::string(12, ']');
        const auto info = parseServerInfo(R"({"version":"9","limits":{"max_count":2},"x":)" + lists + '}');
        QVERIFY2(info.has_value(), info ? "" : info.error().detail.c_str());
        QCOMPARE(info->limits.maxCount, 2);
    }

    void wholeNumbersMayBeWrittenAsFloats() {
        const auto request = parseRequest(R"({"prompt":"a","steps":20.0,"guidance":7,"width":null})");
        QVERIFY(request.has_value());
        QCOMPARE(request->steps.value(), 20);
        QCOMPARE(request->guidance.value(), 7.0);
        QVERIFY(!request->width);
    }

    void answersToleratesKeysOfANewerServer() {
        const auto info =
            parseServerInfo(R"({"version":"9","colour":"teal","limits":{"max_count":2,"x":1}})");
        QVERIFY(info.has_value());
        QCOMPARE(info->limits.maxCount, 2);
        QVERIFY(!info->limits.maxWork);  // nor does an older one know it
        QVERIFY(info->id.empty());       // An older server tells none.
        QVERIFY(!parseServerInfo(R"({"hello":"world"})").has_value());
    }

    void bracketsInsideTextsAreNotNesting() {
        const std::string brackets(1000, '[');
        const auto request = parseRequest("{\"prompt\":\"\\\"" + brackets + "\"}");
        QVERIFY(request.has_value());
        QCOMPARE(request->prompt, "\"" + brackets);
    }

    void timesAreRfc3339() {
        QCOMPARE(formatTimestamp(0), "1970-01-01T00:00:00.000Z");
        QCOMPARE(formatTimestamp(1795384489120), "2026-11-22T21:54:49.120Z");
        QVERIFY(parseTimestamp("2026-11-22T21:54:49.120Z") == 1795384489120);
        QVERIFY(!parseTimestamp("2026-02-30T21:54:49.120Z"));
        QVERIFY(!parseTimestamp("2026-11-22T21:54:49.120Z and more"));
        QVERIFY(!parseTimestamp("2026-11-22T24:00:00.000Z"));
        QVERIFY(!parseTimestamp("2026-11-22T21:54:-9.120Z"));
        QVERIFY(!parseTimestamp(""));
    }
};

QTEST_APPLESS_MAIN(TestJson)
#include "test_json.moc"
