// SPDX-License-Identifier: Apache-2.0
#include <QGuiApplication>
#include <QRegularExpression>
#include <QTest>

#include "desktop/remote/servers.h"
#include "desktop/studio/diagnostics.h"
#include "shared/protocol/json.h"
#include "tests/desktop/gallery/pictures.h"
#include "tests/desktop/remote/memory_keyring.h"
#include "tests/desktop/studio/studio_test.h"

using namespace easel;
using tests::App;
using tests::FakeEasel;
using tests::FakeRequest;
using tests::FakeServer;
using tests::request;
using State = remote::ServerLink::State;

namespace {

const QByteArray kKey = "easel_0123456789abcdefghij";

/// A heading and what stands below it.
QString part(const QString& report, const QString& title) {
    const auto begin = report.indexOf('\n' + title + '\n');
    return begin < 0 ? QString() : report.mid(begin + 1, report.indexOf("\n\n", begin + 1) - begin);
}

QString serverLog(const App& app) {
    QString told;
    QObject context;
    app.studio.diagnostics().askServerLog(&context, [&](const QString& lines) { told += lines; });
    if (!told.isEmpty() || !QTest::qWaitFor([&] { return !told.isEmpty(); }, 30'000)) {
        return "not told, or at once";
    }
    return told;
}

}  // namespace

class TestDiagnostics : public tests::StudioTest {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        begin();
        qputenv("HOME", folder().toUtf8());
    }
    void cleanup() { qputenv("HOME", m_home); }
    void tellsOfTheApp();
    void tellsOfPicturesAndTasks();
    void tellsOfTheServer();
    void tellsWhatBecameOfTheConnection();
    void keepsTheLastChangesOnly();
    void tellsOfTheKeyring();
    void tellsTheServersLog();
    void saysWhyThereIsNoLog_data();
    void saysWhyThereIsNoLog();
    void saysThatTheServerIsAway();
    void tellsNobodyWhoHasGone();
    void neverTellsAPromptOrAKey();
    void neverTellsThemInAProblem();

private:
    const QByteArray m_home = qgetenv("HOME");
};

void TestDiagnostics::tellsOfTheApp() {
    const App app(folder());
    const QString report = app.studio.diagnostics().report();
    QVERIFY2(report.startsWith("Easel diagnostics, 20"), qPrintable(report));
    QVERIFY(report.endsWith('\n'));
    const QString own = part(report, "This app");
    for (const QString& line :
         {QStringLiteral("  Easel: " EASEL_VERSION),
          QStringLiteral("  Qt: %1, built with " QT_VERSION_STR).arg(qVersion()),
          "  System: " + QSysInfo::prettyProductName(), "  Kernel: linux " + QSysInfo::kernelVersion(),
          "  Processor: " + QSysInfo::currentCpuArchitecture(), "  Locale: " + QLocale().name(),
          QStringLiteral("  Time zone: "), "  Window system: " + QGuiApplication::platformName(),
          QStringLiteral("  Keyring: none; keys last until Easel closes")}) {
        QVERIFY2(own.contains('\n' + line), qPrintable(line + " in " + own));
    }
    static const QRegularExpression screens("\n  Screens: \\d+ x \\d+ pixels, scale [\\d.]+, \\d+ dpi");
    QVERIFY2(own.contains(screens), qPrintable(own));
    static const QRegularExpression settings("\n  Settings: ~/settings\\.ini, [\\d.]+ [KMGTP]iB free\n");
    QVERIFY2(own.contains(settings), qPrintable(own));
    QCOMPARE(part(report, "Server"), "Server\n  none chosen\n");
    QCOMPARE(part(report, "Tasks"), "Tasks\n  none\n");
}

void TestDiagnostics::tellsOfPicturesAndTasks() {
    FakeEasel server;
    App app(folder(), server.url());
    qint64 bytes = 0;
    for (const int seed : {1, 2}) {
        const auto made = tests::settings("a cat", seed);
        const auto picture = tests::addTo(app.store, tests::serverPng(made), made);
        QVERIFY(picture);
        bytes += picture->bytes;
    }
    QTRY_COMPARE(app.link.state(), State::Connected);
    const std::pair<const char*, const char*> wishes[] = {
        {"a cat", "j_1"}, {"a dog", "j_2"}, {"a cow", "j_3"}};
    for (const auto& [prompt, job] : wishes) {
        app.studio.generate(request(prompt));
        QTRY_COMPARE(server.streamCount(job), 1);
    }
    server.run("j_1");
    server.step("j_1", 1, 20);
    QTRY_COMPARE(app.model.tileAt(2)->step, 1);
    server.finish("j_2", protocol::JobState::Failed, protocol::generationFailed("a dog is too much"));
    QTRY_VERIFY(app.model.tileAt(1)->error);
    const QString report = app.studio.diagnostics().report();
    QCOMPARE(part(report, "Tasks"), "Tasks\n  Waiting: 1\n  Running: 1\n  Failed: 1: generation_failed\n");
    const QString pictures = part(report, "Pictures");
    QVERIFY2(pictures.startsWith("Pictures\n  In the library: 2, " + QLocale::c().formattedDataSize(bytes) +
                                 "\n  Recently deleted: 0\n  Folder: ~/pictures, "),
             qPrintable(pictures));
    QVERIFY2(pictures.endsWith(" free\n"), qPrintable(pictures));
    server.http().stop();
    QTRY_COMPARE(app.link.state(), State::Unreachable);
    QCOMPARE(part(app.studio.diagnostics().report(), "Tasks"),
             "Tasks\n  Waiting: 1, 1 of them out of reach\n  Running: 1, 1 of them out of reach\n"
             "  Failed: 1: generation_failed\n");
}

void TestDiagnostics::tellsOfTheServer() {
    FakeEasel server;
    server.info.device = "cuda:0";
    server.info.precision = "fp16";
    server.info.queued = 3;
    server.info.running = 1;
    server.info.paused = true;
    App app(folder(), server.url());
    QTRY_VERIFY(!app.link.models().empty());
    QCOMPARE(part(app.studio.diagnostics().report(), "Server"),
             "Server\n  Address: " + server.url().toString() +
                 "\n  Encrypted: no\n  Key: none\n  State: busy (queue paused)\n"
                 "  Version: 0.1.0\n  Device: cuda:0, a pencil, fp16\n"
                 "  Queue: 3 waiting, 0 on hold, 1 running, paused\n"
                 "  Models: 1\n    starter (family not told), available\n");
}

void TestDiagnostics::tellsWhatBecameOfTheConnection() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), State::Connected);
    server.http().stop();
    QTRY_COMPARE(app.link.state(), State::Unreachable);
    QTest::qWait(200);  // It tries again and again.
    server.http().start();
    QTRY_COMPARE(app.link.state(), State::Connected);
    const QString report = app.studio.diagnostics().report();
    static const QRegularExpression time("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(Z|[+-]\\d\\d:\\d\\d)");
    QCOMPARE(part(report + '\n', "The connection since Easel was opened").replace(time, "TIME"),
             "The connection since Easel was opened\n  TIME  connecting\n  TIME  connected\n"
             "  TIME  unreachable (unreachable)\n  TIME  connected\n");
    // What was wrong is still worth knowing.
    static const QRegularExpression trouble(
        "\n  Last problem: \\S+, unreachable: Nothing listens at 127.0.0.1");
    QVERIFY2(report.contains(trouble), qPrintable(report));
}

void TestDiagnostics::keepsTheLastChangesOnly() {
    remote::Remote remote;
    remote::ServerLink link(remote);
    const studio::ConnectionHistory history(link);
    for (int i = 0; i < studio::ConnectionHistory::kMost; ++i) {
        link.prepare({QUrl("http://127.0.0.1:1"), {}, {}, {}});
        link.prepare({QUrl("http://127.0.0.1:2"), {}, {}, {}});  // no change
        link.leave();
    }
    QCOMPARE(history.changes().size(), studio::ConnectionHistory::kMost);
    QCOMPARE(history.changes().last().state, State::NoAddress);
    QCOMPARE(history.changes().first().state, State::Connecting);
    QVERIFY(history.changes().first().at <= history.changes().last().at);
    QVERIFY(!history.lastTrouble());
}

void TestDiagnostics::tellsOfTheKeyring() {
    FakeEasel server;
    server.key = kKey;
    App app(folder());
    tests::MemoryKeyring keyring;
    studio::Studio studio({app.remote, app.link, app.store, app.model, app.settings, &keyring},
                          folder() + "/other-tasks.json");
    const auto told = [&] {
        return part(studio.diagnostics().report(), "This app").section("Keyring: ", 1).section('\n', 0, 0);
    };
    QVERIFY(studio.start(server.url().toString()));
    QCOMPARE(told(), "keys kept: 0, not taken: 0");
    QTRY_COMPARE(app.link.state(), State::KeyMissing);
    QVERIFY(studio.setServerAddress(kKey));
    QTRY_COMPARE(told(), "keys kept: 1, not taken: 0");
    keyring.isThere = false;
    QVERIFY(studio.setServerAddress(kKey));
    QTRY_COMPARE(told(), "keys kept: 0, not taken: 1");
    QVERIFY(part(studio.diagnostics().report(), "Server").contains("\n  Key: one is used\n"));
}

void TestDiagnostics::tellsTheServersLog() {
    FakeEasel server;
    server.log = std::vector<std::string>{"one", "“two”"};
    App app(folder(), server.url());
    QCOMPARE(serverLog(app), "\nThe server's log, last lines: 2\n  one\n  “two”\n");
    server.log = std::vector<std::string>();
    QCOMPARE(serverLog(app), "\nThe server's log, last lines: 0\n");
}

void TestDiagnostics::saysWhyThereIsNoLog_data() {
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("why");
    QTest::newRow("no admin") << 403 << "This key is not an admin's, and only such a one may read it.";
    QTest::newRow("older server") << 404 << "The server is an older one, which does not tell it.";
    QTest::newRow("no key") << 401 << "A title. It says why.";
    QTest::newRow("trouble") << 500 << "A title. It says why.";
}

void TestDiagnostics::saysWhyThereIsNoLog() {
    QFETCH(int, status);
    QFETCH(QString, why);
    FakeEasel server;
    if (status != 404) {
        server.log = tl::unexpected(protocol::Problem{status, "code", "A title", "It says why.", {}});
    }
    App app(folder(), server.url());
    QCOMPARE(serverLog(app), "\nThe server's log\n  Not here: " + why + '\n');
}

void TestDiagnostics::saysThatTheServerIsAway() {
    App app(folder(), QUrl("http://127.0.0.1:1"));
    const QString told = serverLog(app);
    QVERIFY2(
        told.startsWith("\nThe server's log\n  Not here: The server can't be reached. Nothing listens at "),
        qPrintable(told));
    const QTemporaryDir other;
    const App nowhere(other.path());
    QCOMPARE(serverLog(nowhere), "\nThe server's log\n  Not here: No server is chosen.\n");
}

void TestDiagnostics::tellsNobodyWhoHasGone() {
    FakeEasel server;
    server.log = std::vector<std::string>{"one"};
    App app(folder(), server.url());
    bool wasTold = false;
    {
        QObject context;
        app.studio.diagnostics().askServerLog(&context, [&](const QString&) { wasTold = true; });
    }
    QTRY_COMPARE(server.http().count("GET", "/v1/log"), 1);
    QCOMPARE(serverLog(app), "\nThe server's log, last lines: 1\n  one\n");
    QVERIFY(!wasTold);
}

/// In settings, in tasks of every kind, and in what the server says.
void TestDiagnostics::neverTellsAPromptOrAKey() {
    FakeEasel server;
    server.key = kKey;
    App app(folder(), server.url());
    QTRY_COMPARE(app.link.state(), State::KeyMissing);
    QVERIFY(app.studio.setServerAddress(kKey));
    QTRY_COMPARE(app.link.state(), State::Connected);
    auto remembered = request("a heron in the reeds");
    remembered.negativePrompt = "ugly frogs";
    app.studio.remember(remembered);
    app.studio.generate(request("a zebra crossing"));
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    app.studio.generate(request("two okapis\non a hill"));
    QTRY_COMPARE(server.streamCount("j_2"), 1);
    server.finish("j_1", protocol::JobState::Failed,
                  protocol::Problem{500, "two okapis on a hill", "Title", "a zebra crossing", {}});
    QTRY_VERIFY(app.model.tileAt(1)->error);
    server.info.ready = false;
    server.info.status = "Loading a heron in the reeds with " + kKey.toStdString();
    server.info.deviceName = "a zebra crossing";
    server.info.deviceWarning = "No driver for " + kKey.toStdString();
    server.info.defaultModel = "two okapis on a hill";
    server.log = std::vector<std::string>{
        "GET /A%20Heron%20in%20the%20reeds",
        "ugly frogs, two okapis on a hill: " + kKey.toStdString(),
        "GET /?prompt=unheard+of",
        R"(worker: {"steps": 4, "prompt": "unheard of"})",
        "easel://gpu-box?ticket=Zm94IG9uIGEgYmx1ZSBi&tls=1",
        "the last line",
    };
    QTRY_VERIFY(!app.link.models().empty() && app.link.models().front().id == server.info.defaultModel &&
                app.link.info()->status == server.info.status);
    const QString all = app.studio.diagnostics().report() + serverLog(app);
    QVERIFY2(all.contains("\n  Key: one is used\n"), qPrintable(all));
    QVERIFY2(all.contains("(Loading *** with easel_***)"), qPrintable(all));
    QVERIFY2(all.contains("\n  Not on the GPU: No driver for easel_***\n"), qPrintable(all));
    QVERIFY2(all.contains("\n  Failed: 1: ***\n"), qPrintable(all));
    QVERIFY2(all.endsWith("\n  the last line\n"), qPrintable(all));
    for (const char* word :
         {"heron", "frogs", "zebra", "okapis", "unheard", "0123456789", "Zm94IG9u", "j_1"}) {
        QVERIFY2(!all.contains(word, Qt::CaseInsensitive), qPrintable(word + (" in " + all)));
    }
}

void TestDiagnostics::neverTellsThemInAProblem() {
    const protocol::Problem problem{403,
                                    "zebra_refused",
                                    "No zebras",
                                    "The zebra is not for " + kKey.toStdString() + ": prompt=unheard of",
                                    {}};
    FakeServer server([&](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::answer(418, "application/problem+json",
                                   QByteArray::fromStdString(protocol::toJson(problem))));
    });
    App app(folder(), server.url());
    app.studio.generate(request("zebra"));
    QTRY_COMPARE(app.link.state(), State::Refused);
    const QString all = app.studio.diagnostics().report() + serverLog(app);
    QVERIFY2(all.contains("The *** is not for easel_***: prompt=***"), qPrintable(all));
    for (const char* word : {"zebra ", "0123456789", "unheard"}) {
        QVERIFY2(!all.contains(word, Qt::CaseInsensitive), qPrintable(word + (" in " + all)));
    }
}

QTEST_MAIN(TestDiagnostics)
#include "test_diagnostics.moc"
