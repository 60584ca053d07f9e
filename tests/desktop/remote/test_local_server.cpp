// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QSettings>
#include <QSignalSpy>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <memory>

#include "desktop/remote/local_server.h"
#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"

using namespace easel;
using remote::LocalServer;
using tests::FakeRequest;
using tests::FakeServer;
using State = LocalServer::State;

namespace {

FakeServer::Handler easelServer() {
    return [](const FakeRequest&, QTcpSocket& socket) {
        protocol::ServerInfo info;
        info.version = "0.1.0";
        socket.write(tests::jsonAnswer(protocol::toJson(info)));
    };
}

int freePort() {
    QTcpServer server;
    server.listen(QHostAddress::LocalHost);
    return server.serverPort();
}

}  // namespace

/// Programs that behave as easel-server does, or does not, stand for it; the real one is started in
/// test_end_to_end.
class TestLocalServer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_settings = std::make_unique<QSettings>(m_dir->filePath("settings.ini"), QSettings::IniFormat);
        m_port = freePort();
    }
    void usesTheOneThatIsThere();
    void startsOneAndEndsIt();
    void noticesItsEnd();
    void takesAnotherPortFromAnotherProgram();
    void keepsItRunning();
    void saysWhyItEnded();
    void saysThatThereIsNone();

private:
    /// A program that writes down its arguments and then runs `script`; its port file is "$5".
    QString program(const QByteArray& script) const {
        const QString path = m_dir->filePath("easel-server");
        QFile file(path);
        const QByteArray text = "#!/bin/sh\necho \"$@\" > '" + m_dir->filePath("arguments").toUtf8() +
                                "'\necho $$ > '" + m_dir->filePath("pid").toUtf8() + "'\n" + script + "\n";
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() ||
            !file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner)) {
            qFatal("no program");
        }
        return path;
    }
    QByteArray read(const char* name) const {
        QFile file(m_dir->filePath(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll().trimmed() : QByteArray();
    }
    bool isAlive() const {
        QFile file("/proc/" + read("pid") + "/cmdline");
        return file.open(QIODevice::ReadOnly) && file.readAll().contains("easel-server");
    }
    LocalServer::Place place(const QString& path) const { return {path, m_port, m_dir->filePath("data")}; }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<QSettings> m_settings;
    int m_port = 0;
};

constexpr char kRuns[] = "echo $3 > \"$5\"\nsleep 600 & trap 'kill $!' TERM; wait";

void TestLocalServer::usesTheOneThatIsThere() {
    FakeServer there(easelServer());
    m_port = there.url().port();
    LocalServer local(*m_settings, place(program(kRuns)));
    QSignalSpy ready(&local, &LocalServer::ready);
    QVERIFY(!local.wasUsed());
    local.start();
    QCOMPARE(local.state(), State::Looking);
    QTRY_COMPARE(ready.size(), 1);
    QCOMPARE(ready[0][0].toString(), QString("127.0.0.1:%1").arg(m_port));
    QVERIFY(!local.isOurs());
    QVERIFY(read("arguments").isEmpty());
    QVERIFY(local.wasUsed());
    local.leave();
    QVERIFY(!local.wasUsed());
}

void TestLocalServer::startsOneAndEndsIt() {
    {
        LocalServer local(*m_settings, place(program(kRuns)));
        QSignalSpy ready(&local, &LocalServer::ready);
        local.start();
        local.start();  // Once is enough.
        QTRY_COMPARE(local.state(), State::Starting);
        QTRY_COMPARE(ready.size(), 1);
        QCOMPARE(ready[0][0].toString(), QString("127.0.0.1:%1").arg(m_port));
        QVERIFY(local.isOurs());
        QVERIFY2(read("arguments").startsWith("serve --port " + QByteArray::number(m_port) + " --port-file "),
                 read("arguments"));
        QVERIFY(isAlive());
    }
    QTRY_VERIFY(!isAlive());
}

void TestLocalServer::noticesItsEnd() {
    LocalServer local(*m_settings, place(program(kRuns)));
    local.start();
    QTRY_COMPARE(local.state(), State::Running);
    QVERIFY(::kill(pid_t(read("pid").toInt()), SIGTERM) == 0);
    QTRY_COMPARE(local.state(), State::Failed);
    QVERIFY(local.problem()->detail.starts_with("The server on this computer has ended. "));
    QVERIFY(!local.isOurs());
}

void TestLocalServer::takesAnotherPortFromAnotherProgram() {
    FakeServer router([](const FakeRequest&, QTcpSocket& socket) {
        socket.write(tests::answer(200, "text/html", "<h1>"));
    });
    m_port = router.url().port();
    LocalServer local(*m_settings,
                      place(program("echo 4711 > \"$5\"\nsleep 600 & trap 'kill $!' TERM; wait")));
    QSignalSpy ready(&local, &LocalServer::ready);
    local.start();
    QTRY_COMPARE(ready.size(), 1);
    QVERIFY2(read("arguments").startsWith("serve --port 0 "), read("arguments"));
    QCOMPARE(ready[0][0].toString(), "127.0.0.1:4711");
}

void TestLocalServer::keepsItRunning() {
    {
        LocalServer local(*m_settings, place(program(kRuns)));
        local.start();
        QTRY_COMPARE(local.state(), State::Running);
        local.setKeepsRunning(true);
    }
    QTest::qWait(100);
    QVERIFY(isAlive());
    {
        // The next app finds it, and may end it.
        FakeServer there(easelServer());
        m_settings->setValue("local/port", there.url().port());
        LocalServer::Place again = place(m_dir->filePath("easel-server"));
        again.port = there.url().port();
        LocalServer local(*m_settings, again);
        local.start();
        QTRY_COMPARE(local.state(), State::Running);
        QVERIFY(local.isOurs());
        local.setKeepsRunning(false);
    }
    QTRY_VERIFY(!isAlive());
}

void TestLocalServer::saysWhyItEnded() {
    LocalServer local(*m_settings,
                      place(program("echo 'easel-server: The data folder is in use.' >&2\nexit 1")));
    local.start();
    QTRY_COMPARE(local.state(), State::Failed);
    const QString detail = QString::fromStdString(local.problem()->detail);
    QVERIFY2(detail.contains("ended at once. The data folder is in use. All that it said is in"),
             qPrintable(detail));
    QVERIFY(!local.isOurs());
    // It can be tried again.
    program(kRuns);
    local.start();
    QTRY_COMPARE(local.state(), State::Running);
    QVERIFY(!local.problem());
}

void TestLocalServer::saysThatThereIsNone() {
    LocalServer local(*m_settings, place({}));
    local.start();
    QTRY_COMPARE(local.state(), State::Failed);
    QVERIFY(local.problem()->detail.find("not beside Easel") != std::string::npos);
    QVERIFY(!local.wasUsed());
}

QTEST_GUILESS_MAIN(TestLocalServer)
#include "test_local_server.moc"
