// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include <QAbstractButton>
#include <QApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSignalSpy>
#include <QTest>

#include "tests/desktop/cloud/scenes.h"
#include "tests/end_to_end/app.h"
#include "tests/server/commands/program.h"
#include "tests/server/hub/stand_in_hub.h"

namespace {

using easel::protocol::ModelInfo;
using easel::remote::ServerLink;
using State = ServerLink::State;

constexpr int kPatience = 120'000;  // milliseconds; a slow machine is not a failure

}  // namespace

/// From a code to a picture, and out again: the real app and the real server with its worker over TLS, and a
/// model from a stand-in for the hub.
class TestPairing : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<easel::tests::StandInHub> m_hub;
    std::unique_ptr<Program> m_server;
    std::unique_ptr<App> m_app;
    int m_port = 0;

    QString data() const { return m_home->filePath("data"); }

    /// What a command beside the server prints; empty when it fails.
    QByteArray output(const QStringList& arguments) const {
        Program program(arguments);
        return program.waitForEnd() == 0 ? program.output() : QByteArray();
    }

    bool offers(const std::string& model) const {
        return std::ranges::find(m_app->link.models(), model, &ModelInfo::id) != m_app->link.models().end();
    }

private Q_SLOTS:
    void init() {
        m_home = std::make_unique<QTemporaryDir>();
        m_hub = std::make_unique<easel::tests::StandInHub>();
        QVERIFY(m_hub->isUp());
        m_hub->setEnvironment(m_home->filePath("cache"));
        m_server = std::make_unique<Program>(QStringList{"serve", "--tls", "--port", "0", "--device", "cpu",
                                                         "--model", EASEL_TINY_MODEL, "--data", data()});
        const QString url = m_server->waitForLine("Listening on ");
        QVERIFY(url.startsWith("https://"));
        m_port = QUrl(url).port();
        m_app = std::make_unique<App>(*qApp, *m_home);
        QVERIFY2(m_app->open(QUrl()), m_app->error.c_str());
    }

    void cleanup() {
        m_app.reset();
        m_server.reset();
        const int tokens = m_hub->tokensAtStorage();
        m_hub.reset();
        m_home.reset();
        QCOMPARE(tokens, 0);
    }

    void aDeviceIsLetInDrawsAndIsLetOut() {
        const QString link =
            QString::fromUtf8(output({"pair", "--scope", "admin", "--data", data()})).trimmed();
        QVERIFY2(link.startsWith("easel://127.0.0.1:"), qPrintable(link));
        QVERIFY(m_app->studio.setServerAddress(link));
        QTRY_VERIFY_WITH_TIMEOUT(m_app->link.state() == State::Connected, kPatience);
        const QByteArray keys = output({"keys", "list", "--json", "--data", data()});
        const QJsonObject key = QJsonDocument::fromJson(keys).object()["keys"].toArray()[0].toObject();
        QVERIFY2(key["id"].toString().startsWith("k_"), keys);
        QVERIFY(!m_app->studio.serverAddress().contains("ticket"));

        // A picture waits for its model, which the app has fetched.
        QVERIFY(!offers("test/tiny"));
        easel::protocol::GenerationRequest request;
        request.prompt = "a red fox";
        request.model = "test/tiny";
        request.width = request.height = 64;
        request.steps = 2;
        const QString id = m_app->studio.generate(request);
        const auto canFetch = [this] {
            return m_app->model.tileCount() == 1 && m_app->model.tileAt(0)->canFetchModel;
        };
        QTRY_VERIFY_WITH_TIMEOUT(canFetch(), kPatience);
        m_app->studio.fetchModel(id);
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 1, kPatience);
        QTRY_VERIFY_WITH_TIMEOUT(offers("test/tiny"), kPatience);

        QVERIFY(!m_app->studio.generate(request).isEmpty());
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 2, kPatience);
        Program revoke({"keys", "revoke", key["id"].toString(), "--data", data()});
        QCOMPARE(revoke.waitForEnd(), 0);
        QTRY_VERIFY_WITH_TIMEOUT(m_app->link.state() == State::KeyRefused, kPatience);
        m_app->studio.generate(request);  // waits, and is not lost
        QTest::qWait(500);
        QCOMPARE(m_app->model.tileCount(), 1);
        QCOMPARE(m_app->model.pictureCount(), 2);

        // Let in once more, it goes on.
        const QString again = QString::fromUtf8(output({"pair", "--data", data()})).trimmed();
        QVERIFY(m_app->studio.setServerAddress(again));
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 3, kPatience);
        QVERIFY(!m_server->errors().contains("easel_"));
    }

    /// The way of a machine on Google Cloud, with the real server at the end of a tunnel that a stand-in
    /// opens.
    void aMachineIsDrawnOnThroughItsTunnel() {
        const easel::tests::Scenes scenes(m_home->filePath("scenes"));
        const QString link =
            QString::fromUtf8(output({"pair", "--gcp", "my-project/us-central1-a/easel", "--address",
                                      "https://10.128.0.2:5000", "--data", data()}))
                .trimmed();
        QVERIFY2(link.startsWith("easel://10.128.0.2:5000?"), qPrintable(link));
        scenes.set("tunnel", {QStringLiteral(R"({"event":"tunnel","port":%1})").arg(m_port), "%wait"});
        scenes.succeed("status", {easel::tests::machineLine("running")});
        m_app.reset();
        m_app = std::make_unique<App>(*qApp, *m_home, easel::tests::Scenes::program());
        QVERIFY2(m_app->open(QUrl()), m_app->error.c_str());
        QVERIFY(m_app->studio.setServerAddress(link));
        QTRY_VERIFY_WITH_TIMEOUT(m_app->link.state() == State::Connected, kPatience);
        QVERIFY2(!m_app->link.title().contains("127.0.0.1"), qPrintable(m_app->link.title()));
        QVERIFY(m_app->cloud.keeper.place() == easel::tests::kMachinePlace);
        QTRY_VERIFY_WITH_TIMEOUT(m_app->cloud.keeper.isRunning(), kPatience);
        easel::protocol::GenerationRequest request;
        request.prompt = "a red fox";
        request.width = request.height = 64;
        request.steps = 2;
        QVERIFY(!m_app->studio.generate(request).isEmpty());
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 1, kPatience);
        QCOMPARE(m_app->cloud.keeper.pictures(), 1);
        // A code without --gcp's certificate would be for whoever is at the port.
        Program plain({"pair", "--gcp", "my-project/us-central1-a/easel", "--address",
                       "http://10.128.0.2:5000", "--data", data()});
        QCOMPARE(plain.waitForEnd(), 2);
    }
};

QTEST_MAIN(TestPairing)
#include "test_pairing.moc"
