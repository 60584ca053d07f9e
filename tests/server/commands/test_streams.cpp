// SPDX-License-Identifier: Apache-2.0
// What easel-server makes of its standard streams, however little they are worth.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include <QEventLoop>
#include <QFile>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QProcess>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include "tests/server/commands/program.h"

namespace {

constexpr int kPatienceMs = 60'000;

/// What /proc says descriptor `number` of `process` is.
QString fileAt(qint64 process, int number) {
    return QFile::symLinkTarget(QStringLiteral("/proc/%1/fd/%2").arg(process).arg(number));
}

/// A named pipe that is full, with this test as the only reader.
class FullPipe {
public:
    explicit FullPipe(const QString& name) : m_name(name) {
        ::mkfifo(name.toUtf8().constData(), 0600);
        m_end = ::open(name.toUtf8().constData(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        const std::string page(4096, '.');
        while (::write(m_end, page.data(), page.size()) > 0) {
        }
    }
    ~FullPipe() { close(); }
    FullPipe(const FullPipe&) = delete;
    FullPipe& operator=(const FullPipe&) = delete;

    void close() {
        if (m_end >= 0) {
            ::close(m_end);
        }
        m_end = -1;
    }
    QString name() const { return m_name; }

private:
    const QString m_name;
    int m_end = -1;
};

}  // namespace

class TestStreams : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    QNetworkAccessManager m_network;
    QString m_url;

    QStringList serve(const QString& model = "test-pattern") const {
        return {"serve",  "--port",     "0",           "--model",   model,
                "--data", file("data"), "--port-file", file("port")};
    }
    QString file(const QString& name) const { return m_folder->filePath(name); }

    /// Standard output may be closed, so the port comes from its file.
    bool waitForPort() {
        return QTest::qWaitFor(
            [this] {
                QFile port(file("port"));
                if (!port.open(QIODevice::ReadOnly)) {
                    return false;
                }
                m_url = "http://127.0.0.1:" + QString::fromUtf8(port.readAll()).trimmed();
                return true;
            },
            kPatienceMs);
    }

    /// The status of the answer, and its body.
    int get(const QByteArray& path, QByteArray* body = nullptr) {
        QNetworkRequest request(QUrl::fromEncoded(m_url.toUtf8() + path));
        request.setTransferTimeout(kPatienceMs);
        QNetworkReply* reply = m_network.get(request);
        QEventLoop loop;
        connect(reply, &QNetworkReply::finished, &loop, &QEventLoop::quit);
        loop.exec();
        reply->deleteLater();
        if (body != nullptr) {
            *body = reply->readAll();
        }
        return reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    }

    QNetworkReply* draw() {
        return m_network.get(QNetworkRequest(QUrl(m_url + "/?prompt=fox&steps=50&width=64&height=64")));
    }

    bool waitUntilItDraws() {
        return QTest::qWaitFor(
            [this] {
                QByteArray body;
                get("/v1/server", &body);
                return body.contains("\"running\":1");
            },
            kPatienceMs);
    }

private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void aClosedStreamIsNobodyElsesFile_data() {
        QTest::addColumn<QString>("redirections");
        QTest::addColumn<QList<int>>("closed");
        QTest::newRow("no input") << "<&-" << QList<int>{0};
        QTest::newRow("no output") << ">&-" << QList<int>{1};
        QTest::newRow("no errors") << "2>&-" << QList<int>{2};
        QTest::newRow("none") << "<&- >&- 2>&-" << QList<int>{0, 1, 2};
    }

    void aClosedStreamIsNobodyElsesFile() {
        QFETCH(QString, redirections);
        QFETCH(QList<int>, closed);
        auto server = Program::redirected(redirections, serve());
        QVERIFY(waitForPort());
        for (const int stream : closed) {
            QCOMPARE(fileAt(server.pid(), stream), QString("/dev/null"));
        }
        QCOMPARE(get("/livez"), 200);
        server.signal(SIGTERM);
        QCOMPARE(server.waitForEnd(), 0);
        QCOMPARE(QFile(file("data/lock")).size(), 0);
    }

    void drawsWithoutStreams_data() { aClosedStreamIsNobodyElsesFile_data(); }

    void drawsWithoutStreams() {
        QFETCH(QString, redirections);
        auto program =
            Program::redirected(redirections, {"generate", "--prompt", "a fox", "--width", "64", "--height",
                                               "64", "--model", modelNamed("good", m_folder->path()),
                                               "--worker", FAKE_WORKER, "--output", file("fox.png")});
        QCOMPARE(program.waitForEnd(), 0);
        QVERIFY(QFile::exists(file("fox.png")));
    }

    void aLogThatNobodyReadsStopsNothing() {
        const FullPipe pipe(file("log"));
        auto server = Program::redirected(">" + pipe.name() + " 2>&1", serve());
        QVERIFY(waitForPort());
        for (int i = 0; i < 200; ++i) {
            QCOMPARE(get("/livez"), 200);
        }
        server.signal(SIGTERM);
        QCOMPARE(server.waitForEnd(), 0);
    }

    void aReaderOfTheLogMayLeave() {
        FullPipe pipe(file("log"));
        auto server = Program::redirected(">" + pipe.name() + " 2>&1", serve());
        QVERIFY(waitForPort());
        pipe.close();
        for (int i = 0; i < 20; ++i) {
            QCOMPARE(get("/livez"), 200);
        }
        server.signal(SIGTERM);
        QCOMPARE(server.waitForEnd(), 0);
    }

    void theDiskOfTheLogMayBeFull() {
        auto server = Program::redirected(">/dev/full 2>&1", serve());
        QVERIFY(waitForPort());
        QCOMPARE(get("/livez"), 200);
        server.signal(SIGTERM);
        QCOMPARE(server.waitForEnd(), 0);
    }

    void drawsForAReaderThatHasLeft() {
        QProcess shell;
        shell.setWorkingDirectory(m_folder->path());
        shell.start("/bin/sh",
                    {"-c", R"({ "$0" "$@"; echo $? >status; } | true)", EASEL_SERVER, "generate", "--prompt",
                     "slow", "--count", "2", "--width", "64", "--height", "64", "--model",
                     modelNamed("good", m_folder->path()), "--worker", FAKE_WORKER, "--output", "fox.png"});
        QVERIFY(shell.waitForFinished(kPatienceMs));
        QFile status(file("status"));
        QVERIFY(status.open(QIODevice::ReadOnly));
        QCOMPARE(status.readAll(), QByteArray("0\n"));
        QVERIFY(QFile::exists(file("fox-1.png")));
    }

    void theLogIsWrittenToItsLastLine() {
        Program server(serve());
        QVERIFY(waitForPort());
        QCOMPARE(get("/livez"), 200);
        server.signal(SIGTERM);
        QCOMPARE(server.waitForEnd(), 0);
        QVERIFY2(server.errors().contains(" GET /livez\n"), server.errors());
        QVERIFY2(server.errors().contains("Ending: "), server.errors());
    }

    void ofAPathOnlyWhatARouteCanHoldIsLogged_data() {
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<QByteArray>("logged");
        const auto row = [](const char* name, const QByteArray& path, const QByteArray& logged) {
            QTest::newRow(name) << path << logged;
        };
        row("no route's, but like one", "/v2/jobs/j_1.png~", "/v2/jobs/j_1.png~");
        row("fields of its own", "/x%20200%20200%20ms", "/x…");
        row("line separator", "/x%E2%80%A8y", "/x…");
        row("8-bit escape sequence", "/x%C2%9B31my", "/x…");
        row("turned around", "/x%E2%80%AEy", "/x…");
        row("a query that was escaped", "/%3Fprompt=a%20fox", "/…");
        row("a query without its mark", "/&prompt=a%20fox", "/…");
        row("words", "/fox%20on%20blue", "/fox…");
        row("escaped twice", "/x%2565asel", "/x…");
    }

    void ofAPathOnlyWhatARouteCanHoldIsLogged() {
        QFETCH(QByteArray, path);
        QFETCH(QByteArray, logged);
        Program server(serve());
        QVERIFY(waitForPort());
        QCOMPARE(get(path), 404);
        server.signal(SIGTERM);
        QCOMPARE(server.waitForEnd(), 0);
        static const QRegularExpression line(R"(127\.0\.0\.1 404 \d+ ms [0-9a-f]{16} GET ([^\n]*)\n)");
        QCOMPARE(line.match(QString::fromUtf8(server.errors())).captured(1), QString::fromUtf8(logged));
    }

    void whatAWorkerPrintsIsLoggedAsText() {
        Program server({"serve", "--port", "0", "--data", file("data"), "--port-file", file("port"),
                        "--worker", FAKE_WORKER, "--model", modelNamed("good", m_folder->path())});
        QVERIFY(waitForPort());
        QVERIFY(QTest::qWaitFor([this] { return get("/readyz") == 200; }, kPatienceMs));
        QCOMPARE(get("/?prompt=print:a%1B%5B31m%C2%9B%E2%80%AEb&steps=3&width=64&height=64"), 200);
        server.signal(SIGTERM);
        QCOMPARE(server.waitForEnd(), 0);
        QVERIFY2(server.errors().contains("worker: a\\x1b[31m\\u009b\\u202eb\n"), server.errors());
    }

    void aTerminalThatClosesEndsItInOrder() {
        Program server(serve("test-pattern:20") + QStringList{"--drain-seconds", "60"});
        QVERIFY(waitForPort());
        QNetworkReply* picture = draw();
        QVERIFY(waitUntilItDraws());
        server.signal(SIGHUP);
        QVERIFY(QTest::qWaitFor([&] { return get("/readyz") == 503; }, kPatienceMs));
        server.signal(SIGHUP);
        QCOMPARE(server.waitForEnd(), 0);
        QVERIFY(QTest::qWaitFor([&] { return picture->isFinished(); }, kPatienceMs));
        QCOMPARE(picture->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt(), 200);
        picture->deleteLater();
    }

    void nohupIsObeyed() {
        auto server = Program::redirected("trap '' HUP;",
                                          serve("test-pattern:20") + QStringList{"--drain-seconds", "60"});
        QVERIFY(waitForPort());
        QNetworkReply* picture = draw();
        QVERIFY(waitUntilItDraws());
        server.signal(SIGHUP);
        server.signal(SIGTERM);  // A second signal would end it at once.
        QCOMPARE(server.waitForEnd(), 0);
        picture->deleteLater();
    }
};

QTEST_GUILESS_MAIN(TestStreams)
#include "test_streams.moc"
