// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

#include <algorithm>
#include <set>

#include "shared/protocol/generation_fields.h"
#include "shared/protocol/json.h"
#include "shared/protocol/key_info.h"
#include "shared/protocol/log_lines.h"
#include "shared/protocol/samplers.h"
#include "tests/server/api/api_server.h"

using namespace easel;
using namespace easel::tests;

namespace {

QJsonObject document() {
    QFile file(EASEL_SOURCE_DIR "/shared/openapi.json");
    return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject();
}

QJsonObject parsed(const std::string& json) {
    return QJsonDocument::fromJson(QByteArray::fromStdString(json)).object();
}

QJsonObject schema(const QString& name) {
    return document()["components"].toObject()["schemas"].toObject()[name].toObject();
}

QJsonArray parameters(const QString& path, const QString& method) {
    return document()["paths"].toObject()[path].toObject()[method].toObject()["parameters"].toArray();
}

QSet<QString> keysOf(const QJsonObject& object) {
    const QStringList keys = object.keys();
    return {keys.begin(), keys.end()};
}

/// A job with everything in it.
protocol::Job fullJob() {
    protocol::Job job;
    job.id = "j_1";
    job.settings.model = "tiny";
    job.settings.sampler = "ddim";
    job.hold = protocol::Hold{};
    job.images = {{0, 1, 64, 64, 100, "image/png"}};
    job.error = protocol::invalidField("width", "It is odd.");
    job.startedAt = job.finishedAt = 1'795'384'489'120;
    job.progress.etaSeconds = 1;
    return job;
}

/// With every field in it.
protocol::GenerationRequest fullRequest() {
    protocol::GenerationRequest request;
    protocol::forEachField([&](const auto& row) {
        auto& asked = row.of(request);
        if constexpr (requires { asked.emplace(); }) {
            asked.emplace();
        } else if constexpr (requires { asked.emplace_back(); }) {
            asked.emplace_back();
        }
    });
    return request;
}

}  // namespace

/// The document says what the server does, no more and no less.
class TestOpenApi : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyRouteIsDescribed() {
        std::set<std::string> described;
        const QJsonObject paths = document()["paths"].toObject();
        for (const QString& path : paths.keys()) {
            for (const QString& method : paths[path].toObject().keys()) {
                if (method != "parameters") {
                    described.insert((method.toUpper() + " " + path).toStdString());
                }
            }
        }
        ApiServer server;
        std::set<std::string> served;
        for (const auto& route : api::makeRouter(server.service()).routes()) {
            served.insert(route.method + " " + route.pattern);
        }
        QCOMPARE(described, served);
    }

    void keysAgree_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<QJsonObject>("written");
        const QJsonObject job = parsed(toJson(fullJob()));
        const QJsonObject info = parsed(toJson(protocol::ServerInfo{}));
        QJsonObject image = job["images"].toArray().first().toObject();
        image.remove("url");  // that of a job's picture, on top of the rest
        const auto row = [](const char* name, const QJsonObject& written) {
            QTest::newRow(name) << QString(name) << written;
        };
        row("GenerationRequest", parsed(toJson(fullRequest())));
        row("GenerationSettings", job["request"].toObject());
        row("Job", job);
        row("Progress", job["progress"].toObject());
        row("Image", image);
        QJsonObject preview = parsed(protocol::eventData(protocol::JobEvent{0, {}, protocol::Preview{}}));
        preview.remove("job");  // that of an event, on top of the rest
        row("Preview", preview);
        row("Problem", job["error"].toObject());
        row("Estimate", parsed(toJson(protocol::Estimate{})));
        row("Hold", job["hold"].toObject());
        row("QueueState", parsed(toJson(protocol::QueueState{})));
        row("JobPage", parsed(toJson(protocol::JobPage{})));
        row("ServerInfo", info);
        row("Limits", info["limits"].toObject());
        const QJsonObject models =
            parsed(toJson(protocol::ModelPage{std::vector<protocol::ModelInfo>(1), {}}));
        const QJsonObject devices = parsed(toJson(std::vector<protocol::DeviceInfo>(1)));
        row("PairedKey", parsed(toJson(protocol::PairedKey{})));
        const QJsonObject addons = parsed(toJson(std::vector<protocol::AddonInfo>(1)));
        row("AddonList", addons);
        row("Addon", addons["addons"].toArray()[0].toObject());
        row("TokenQuestion", parsed(toJson(protocol::TokenQuestion{"a", "b", "plain"})));
        row("TokenCount", parsed(toJson(protocol::TokenCount{})));
        row("DeviceList", devices);
        row("Device", devices["devices"].toArray()[0].toObject());
        const auto key = [] {
            protocol::KeyInfo whole{"k_1", "n", protocol::KeyScope::Admin, 6, 1, 2, 3, "s", true};
            return parsed(toJson(whole));
        };
        row("Key", key());
        row("KeyList", parsed(toJson(std::vector<protocol::KeyInfo>{})));
        QJsonObject field;
        for (const auto& each : parsed(protocol::fieldsToJson({}))["fields"].toArray()) {
            const QJsonObject one = each.toObject();
            for (const QString& member : one.keys()) {
                field[member] = one[member];
            }
        }
        row("Field", field);
        protocol::GenerationRequest adding;
        adding.loras = {{"pen", 1, 0.5, {1, 0, 1}}};
        adding.controls.emplace_back();
        const QJsonObject added = parsed(toJson(adding));
        row("LoraUse", added["loras"][0].toObject());
        row("ControlUse", added["controls"][0].toObject());
        const QJsonObject pulls = parsed(toJson(std::vector<protocol::PullInfo>(1)));
        const QJsonObject pull = pulls["pulls"].toArray()[0].toObject();
        row("PullList", pulls);
        row("Pull", pull);
        row("PullProgress", pull["progress"].toObject());
        row("PullRequest", parsed(toJson(protocol::PullRequest{})));
        row("Input", parsed(toJson(protocol::InputInfo{})));
        row("LogLines", parsed(protocol::logLinesToJson({})));
        row("ModelPage", models);
        row("Model", models["models"].toArray()[0].toObject());
    }

    void keysAgree() {
        QFETCH(QString, name);
        QFETCH(QJsonObject, written);
        QVERIFY(!written.isEmpty());
        QCOMPARE(keysOf(written), keysOf(schema(name)["properties"].toObject()));
    }

    void boundsAndNamesAgree() {
        const protocol::Limits limits;
        const QJsonObject request = schema("GenerationRequest")["properties"].toObject();
        const auto of = [&](const char* field, const char* bound) {
            return request[field].toObject()[bound].toDouble(-2);
        };
        QCOMPARE(of("width", "minimum"), double(limits.minSide));
        QCOMPARE(of("height", "maximum"), double(limits.maxSide));
        QCOMPARE(of("width", "multipleOf"), double(limits.sideMultiple));
        QCOMPARE(of("steps", "minimum"), double(limits.minSteps));
        QCOMPARE(of("steps", "maximum"), double(limits.maxSteps));
        QCOMPARE(of("guidance", "minimum"), limits.minGuidance);
        QCOMPARE(of("guidance", "maximum"), limits.maxGuidance);
        QCOMPARE(of("count", "maximum"), double(limits.maxCount));
        QCOMPARE(of("seed", "maximum"), double(limits.maxSeed));

        const auto priority = [](const QJsonValue& schema, const char* bound) {
            return schema.toObject()[bound].toInt();
        };
        const QJsonValue move = schema("Move")["properties"].toObject()["priority"];
        const QJsonValue create = parameters("/v1/jobs", "post")[1].toObject()["schema"];
        for (const QJsonValue& bounds : {move, create}) {
            QCOMPARE(priority(bounds, "maximum"), protocol::kMaxPriority);
            QCOMPARE(priority(bounds, "minimum"), -protocol::kMaxPriority);
        }
        const QJsonObject preview = schema("Preview")["properties"].toObject();
        for (const char* const side : {"width", "height"}) {
            QCOMPARE(preview[side].toObject()["maximum"].toInt(), protocol::kMaxPreviewSide);
        }
        const QJsonValue limit = parameters("/v1/jobs", "get")[0].toObject()["schema"];
        QCOMPARE(limit["maximum"].toInt(), protocol::kMaxPage);

        const QJsonValue lines = parameters("/v1/log", "get")[0].toObject()["schema"];
        QCOMPARE(lines["maximum"].toInt(), protocol::kMaxLogLines);
        QCOMPARE(lines["default"].toInt(), protocol::kUsualLogLines);

        std::set<std::string_view> schedules;
        for (const protocol::SamplerKind& sampler : protocol::samplerKinds()) {
            schedules.insert(sampler.schedules.begin(), sampler.schedules.end());
        }
        // What was drawn has these names alone; a request may have others'.
        const QJsonObject drawn = schema("GenerationSettings")["properties"].toObject();
        QCOMPARE(drawn["schedule"].toObject()["enum"].toArray().size(), qsizetype(schedules.size()));
    }

    void examplesCanBeRead() {
        const auto example = [](const char* name) {
            return QJsonDocument(schema(name)["examples"].toArray()[0].toObject()).toJson().toStdString();
        };
        QVERIFY(protocol::parseJob(example("Job")).has_value());
        QVERIFY(protocol::parseProblem(example("Problem")).has_value());
        QVERIFY(protocol::parseRequest(example("GenerationRequest")).has_value());
    }

    /// Nothing refers to a schema that is not there.
    void referencesResolve() {
        QFile file(EASEL_SOURCE_DIR "/shared/openapi.json");
        QVERIFY(file.open(QIODevice::ReadOnly));
        static const QRegularExpression reference("#/components/schemas/(\\w+)");
        const QString text = QString::fromUtf8(file.readAll());
        int count = 0;
        for (auto found = reference.globalMatch(text); found.hasNext(); ++count) {
            const QString name = found.next().captured(1);
            QVERIFY2(!schema(name).isEmpty(), qPrintable(name));
        }
        QVERIFY(count > 20);
    }

    void theServerServesIt() {
        ApiServer server;
        QCOMPARE(parsed(server.get("/openapi.json").body), document());
    }
};

QTEST_GUILESS_MAIN(TestOpenApi)
#include "test_openapi.moc"
