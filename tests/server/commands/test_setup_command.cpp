// SPDX-License-Identifier: Apache-2.0
// Setting libtorch up from the command line, and programs whose worker does not find it by itself.
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>

#include <signal.h>

#include <filesystem>
#include <fstream>

#include "server/hub/file_lock.h"
#include "server/libtorch/pins.h"
#include "server/libtorch/place.h"
#include "tests/server/commands/serve_test.h"
#include "tests/server/libtorch/stand_in_index.h"

using namespace easel;
using namespace easel::tests;
using libtorch::Kind;

namespace {

constexpr const char* kMissing = "libtorch is missing: run \"easel-server setup\".";

}  // namespace

class TestSetupCommand : public ServeTest {
    Q_OBJECT

private:
    std::unique_ptr<StandInIndex> m_index;

    struct Ran {
        int status;
        QByteArray output;
        QByteArray errors;
    };
    static Ran run(const QStringList& arguments) {
        Program program(arguments);
        const int status = program.waitForEnd();
        return {status, program.output(), program.errors()};
    }

    QString index(const char* fault) const { return QString::fromStdString(m_index->plain(fault)); }

    std::filesystem::path home() const {
        return std::filesystem::path(m_folder->filePath("easel/libtorch").toStdString()) /
               libtorch::pinsOf(Kind::Cpu).name;
    }

    /// As a setup leaves it, with what the fake worker needs of it.
    void makeLibtorch() const {
        std::filesystem::create_directories(home() / "torch" / "lib");
        std::filesystem::copy(STAND_IN_TORCH, home() / "torch" / "lib" / libtorch::kMainLibrary);
        std::ofstream(home() / libtorch::kComplete).flush();
    }

    static QStringList withTorch(QStringList arguments) {
        arguments[arguments.indexOf("--worker") + 1] = FAKE_WORKER_WITH_TORCH;
        return arguments;
    }

    QStringList generate() const {
        return {"generate",
                "--prompt",
                "fox",
                "--steps",
                "2",
                "--width",
                "64",
                "--height",
                "64",
                "--model",
                modelNamed("good", m_folder->path()),
                "--worker",
                FAKE_WORKER_WITH_TORCH,
                "-o",
                m_folder->filePath("fox.png")};
    }

private Q_SLOTS:
    void initTestCase() {
        for (const Kind kind : {Kind::Cpu, Kind::Cuda}) {
            if (std::filesystem::exists("/var/lib/easel/libtorch/" + libtorch::pinsOf(kind).name)) {
                QSKIP("This machine has libtorch where packages have it, so that it cannot be missing.");
            }
        }
        m_index = std::make_unique<StandInIndex>();
        QVERIFY(m_index->isUp());
        for (const char* const name :
             {"EASEL_LIBTORCH", "LD_LIBRARY_PATH", "http_proxy", "HTTP_PROXY", "ALL_PROXY"}) {
            qunsetenv(name);
        }
    }
    void init() {
        begin();
        qputenv("XDG_DATA_HOME", m_folder->path().toUtf8());
        qputenv("PIP_INDEX_URL", index("missing").toUtf8());
    }
    void cleanup() {
        qunsetenv("EASEL_LIBTORCH");
        end();
    }

    void whatIsWrongIsSaid_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("words");
        const auto row = [](const char* name, const QStringList& arguments, int status, const char* words) {
            QTest::newRow(name) << arguments << status << QByteArray(words);
        };
        row("no such kind", {"rocm"}, 2, "{cpu,cuda}");
        row("a number", {"1"}, 2, "{cpu,cuda}");
        row("no index", {"cpu", "--index", "nowhere"}, 2, "is no address of a Python package index");
        row("no folder", {"cpu", "--from", "/nowhere"}, 2, "/nowhere");
        row("two sources", {"cpu", "--from", "/", "--index", "https://index.example/simple"}, 2, "--from");
        row("not on the index", {"cpu"}, 1, "does not have torch ");
        row("not a folder", {"cpu", "--into", "/dev/null/x"}, 1, "/dev/null/x cannot be written");
    }

    void whatIsWrongIsSaid() {
        QFETCH(QStringList, arguments);
        QFETCH(int, status);
        QFETCH(QByteArray, words);
        const auto ran = run(QStringList{"setup"} + arguments);
        QVERIFY2(ran.status == status, ran.errors);
        QVERIFY2(ran.errors.contains(words), ran.errors);
    }

    void theIndexThatWasNamedIsAsked() {
        const auto before = m_index->requests("other").size();
        const auto ran = run({"setup", "cuda", "--index", index("other"), "--json"});
        QCOMPARE(ran.status, 1);
        QVERIFY(m_index->requests("other").size() > before);
        const QList<QByteArray> lines = ran.output.trimmed().split('\n');
        const QJsonObject first = QJsonDocument::fromJson(lines.first()).object();
        QCOMPARE(first["state"].toString(), QString("chosen"));
        QCOMPARE(first["name"].toString(), QString::fromStdString(libtorch::pinsOf(Kind::Cuda).name));
        QCOMPARE(QJsonDocument::fromJson(lines.value(1)).object()["state"].toString(), QString("looking_up"));
        const QJsonObject last = QJsonDocument::fromJson(lines.last()).object();
        QCOMPARE(last["state"].toString(), QString("failed"));
        QCOMPARE(last["problem"].toObject()["code"].toString(), QString("not_on_index"));
    }

    void thePlaceAndTheReasonAreSaid() {
        const auto ran = run({"setup"});
        QVERIFY2(ran.output.contains("taking libtorch for the "), ran.output);
        QVERIFY2(ran.output.contains("goes into " + m_folder->path().toUtf8()), ran.output);
    }

    void wheelsThatAreMissingAreNamed() {
        const auto ran = run({"setup", "cpu", "--from", m_folder->path()});
        QCOMPARE(ran.status, 2);
        for (const libtorch::Pin& pin : libtorch::pinsOf(Kind::Cpu).pins) {
            QVERIFY2(ran.errors.contains(pin.title().c_str()), ran.errors);
        }
    }

    void theListIsWhatPipTakes() {
        const auto ran = run({"setup", "cpu", "--list"});
        QCOMPARE(ran.status, 0);
        QCOMPARE(ran.output.toStdString(), std::string(libtorch::listOf(Kind::Cpu)));
    }

    void whatIsHereIsSaid() {
        makeLibtorch();
        const auto ran = run({"setup", "cpu"});
        QVERIFY2(ran.status == 0, ran.errors);
        QVERIFY2(ran.output.contains("libtorch is here already: " + QByteArray(home().c_str()) + "\n"),
                 ran.output);
        const QString elsewhere = m_folder->filePath("elsewhere");
        std::filesystem::create_directories(elsewhere.toStdString());
        std::filesystem::rename(home(), elsewhere.toStdString() / home().filename());
        const auto other = run({"setup", "cpu", "--into", elsewhere});
        QVERIFY2(other.status == 0, other.errors);
        const QByteArray setting = "EASEL_LIBTORCH=" + elsewhere.toUtf8() + "/" + home().filename().c_str();
        QVERIFY2(other.output.contains(setting), other.output);
    }

    void anInterruptedSetupSaysThatItCanGoOn() {
        Program setup({"setup", "cpu", "--index", index("ill")});
        QVERIFY(QTest::qWaitFor([&] { return !m_index->requests("ill").isEmpty(); }, kPatienceMs));
        setup.signal(SIGINT);
        QCOMPARE(setup.waitForEnd(), 130);
        QVERIFY2(setup.errors().contains("the same command goes on from there"), setup.errors());
    }

    void aServerTakesItUpWhenItIsThere() {
        m_server = std::make_unique<Program>(withTorch(command()));
        m_url = m_server->waitForLine("Listening on ");
        QVERIFY(!m_url.isEmpty());
        QVERIFY(QTest::qWaitFor([&] { return get("/readyz").body.contains("libtorch is missing"); },
                                kPatienceMs));
        QCOMPARE(get("/readyz").status, 503);
        QVERIFY(get("/readyz").body.contains("easel-server setup"));
        makeLibtorch();
        QVERIFY(waitForReady());
        const std::string drawn = submit("fox");
        QVERIFY(waitForState(drawn, protocol::JobState::Succeeded));
        QVERIFY(hub::FileLock::isTaken(home() / libtorch::kComplete));
        m_server.reset();
        QVERIFY(!hub::FileLock::isTaken(home() / libtorch::kComplete));
    }

    void generateFindsItOrSaysWhatToDo() {
        const auto missing = run(generate());
        QCOMPARE(missing.status, 1);
        QVERIFY2(missing.errors.contains(kMissing), missing.errors);
        makeLibtorch();
        const auto drawn = run(generate());
        QVERIFY2(drawn.status == 0, drawn.errors);
    }

    void oneThatWasNamedIsTaken() {
        qputenv("EASEL_LIBTORCH", m_folder->path().toUtf8());
        const auto wrong = run(generate());
        QCOMPARE(wrong.status, 1);
        QVERIFY2(wrong.errors.contains("EASEL_LIBTORCH names"), wrong.errors);
        std::filesystem::copy(STAND_IN_TORCH, m_folder->filePath(libtorch::kMainLibrary).toStdString());
        const auto drawn = run(generate());
        QVERIFY2(drawn.status == 0, drawn.errors);
    }

    void foldersThatTheLoaderCannotTakeAreRefused() {
        const std::filesystem::path odd = m_folder->filePath("a:b").toStdString();
        std::filesystem::create_directories(odd);
        std::filesystem::copy(STAND_IN_TORCH, odd / libtorch::kMainLibrary);
        qputenv("EASEL_LIBTORCH", odd.c_str());
        const auto ran = run(generate());
        QCOMPARE(ran.status, 1);
        QVERIFY2(ran.errors.contains("colon"), ran.errors);
    }
};

QTEST_GUILESS_MAIN(TestSetupCommand)
#include "test_setup_command.moc"
