// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QTcpServer>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/cloud/gcp_tunnel.h"
#include "desktop/remote/server_link.h"
#include "tests/desktop/cloud/scenes.h"

using namespace easel;
using namespace easel::cloud;
using tests::Scenes;

namespace {

constexpr int kPatience = 20'000;  // milliseconds
const QString kOpen = R"({"event":"tunnel","port":PORT})";

/// A tunnel and what it has told.
struct Way {
    GcpTunnelMaker maker{Scenes::program(), {std::chrono::milliseconds(10), std::chrono::milliseconds(20)}};
    std::unique_ptr<remote::Tunnel> tunnel = maker.tunnelTo(tests::kMachinePlace);
    QSignalSpy opened{tunnel.get(), &remote::Tunnel::opened};
    QSignalSpy failed{tunnel.get(), &remote::Tunnel::failed};

    int port() const { return opened.isEmpty() ? 0 : opened.last().first().toInt(); }
    protocol::Problem problem() const {
        return failed.isEmpty() ? protocol::Problem() : failed.last().first().value<protocol::Problem>();
    }
};

}  // namespace

class TestGcpTunnel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_dir = std::make_unique<QTemporaryDir>();
        m_scenes = std::make_unique<Scenes>(m_dir->path());
    }
    void opensAndEnds();
    void opensAgainAfterACut();
    void opensAnewWhenItIsToldTo();
    void takesAnotherPortWhereItsOwnIsTaken();
    void givesUpWhereAPersonHasToHelp();
    void saysThatTheMachineIsOff_data();
    void saysThatTheMachineIsOff();
    void waitsForAMachineThatStarts();
    void doesNotTryForEver();

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Scenes> m_scenes;
};

void TestGcpTunnel::opensAndEnds() {
    m_scenes->set("tunnel", {kOpen, "%child", "%wait"});
    {
        Way way;
        QTRY_COMPARE_WITH_TIMEOUT(way.opened.size(), 1, kPatience);
        QVERIFY(way.port() > 1024);
        QCOMPARE(m_scenes->calls(),
                 QStringList(
                     QStringLiteral("tunnel easel --project my-project --zone us-central1-a --port %1 --json")
                         .arg(way.port())));
        QTRY_VERIFY_WITH_TIMEOUT(!m_scenes->read("child").isEmpty(), kPatience);
    }
    QTRY_VERIFY_WITH_TIMEOUT(!tests::isAlive(*m_scenes, "child"), kPatience);
}

void TestGcpTunnel::opensAgainAfterACut() {
    m_scenes->set("tunnel",
                  {kOpen, "%until cut", R"({"event":"error","code":"network","detail":"Cut."})", "%exit 1"});
    Way way;
    QTRY_COMPARE_WITH_TIMEOUT(way.opened.size(), 1, kPatience);
    const int port = way.port();
    m_scenes->set("tunnel", {kOpen, "%wait"});
    m_scenes->write("cut", {});
    QTRY_COMPARE_WITH_TIMEOUT(way.opened.size(), 2, kPatience);
    QCOMPARE(way.port(), port);  // What is under way finds its server there.
    QVERIFY(way.failed.isEmpty());
}

void TestGcpTunnel::opensAnewWhenItIsToldTo() {
    m_scenes->set("tunnel", {kOpen, "%wait"});
    Way way;
    QTRY_COMPARE_WITH_TIMEOUT(way.opened.size(), 1, kPatience);
    const int port = way.port();
    way.tunnel->reopen();
    way.tunnel->reopen();
    QTRY_COMPARE_WITH_TIMEOUT(way.opened.size(), 2, kPatience);
    QCOMPARE(way.port(), port);
    QCOMPARE(m_scenes->calls("tunnel").size(), 2);
    QVERIFY(way.failed.isEmpty());
}

void TestGcpTunnel::takesAnotherPortWhereItsOwnIsTaken() {
    m_scenes->set("tunnel",
                  {kOpen, "%until cut", R"({"event":"error","code":"network","detail":"Cut."})", "%exit 1"});
    Way way;
    QTRY_COMPARE_WITH_TIMEOUT(way.opened.size(), 1, kPatience);
    const int port = way.port();
    QTcpServer other;
    QVERIFY(other.listen(QHostAddress::LocalHost, static_cast<quint16>(port)));
    m_scenes->set("tunnel", {kOpen, "%wait"});
    m_scenes->write("cut", {});
    QTRY_COMPARE_WITH_TIMEOUT(way.opened.size(), 2, kPatience);
    QVERIFY(way.port() != port);
}

void TestGcpTunnel::givesUpWhereAPersonHasToHelp() {
    m_scenes->fail("tunnel", "not_logged_in", "gcloud is not signed in.", "Sign in.");
    Way way;
    QTRY_COMPARE_WITH_TIMEOUT(way.failed.size(), 1, kPatience);
    QCOMPARE(way.problem().code, "not_logged_in");
    QCOMPARE(way.problem().detail, "gcloud is not signed in. Sign in.");
    QCOMPARE(m_scenes->calls().size(), 1);
    // After that it is tried when it is asked for.
    m_scenes->set("tunnel", {kOpen, "%wait"});
    way.tunnel->reopen();
    QTRY_COMPARE_WITH_TIMEOUT(way.opened.size(), 1, kPatience);
}

void TestGcpTunnel::saysThatTheMachineIsOff_data() {
    QTest::addColumn<QString>("code");
    QTest::addColumn<QString>("state");
    QTest::addColumn<QString>("problem");
    QTest::addColumn<QString>("words");
    QTest::newRow("stopped") << "not_ready"
                             << "stopped" << remote::kMachineStopped << "switched off";
    QTest::newRow("its time is up") << "expired"
                                    << "stopped" << remote::kMachineStopped << "switched off";
    QTest::newRow("taken back") << "preempted"
                                << "preempted" << remote::kMachineStopped << "Spot";
    QTest::newRow("gone") << "not_ready"
                          << "missing"
                          << "not_found"
                          << "any more";
}

void TestGcpTunnel::saysThatTheMachineIsOff() {
    QFETCH(QString, code);
    QFETCH(QString, state);
    QFETCH(QString, words);
    m_scenes->fail("tunnel", code);
    m_scenes->succeed("status", {tests::machineLine(state)});
    Way way;
    QTRY_COMPARE_WITH_TIMEOUT(way.failed.size(), 1, kPatience);
    QTEST(QString::fromStdString(way.problem().code), "problem");
    QVERIFY2(QString::fromStdString(way.problem().detail).contains(words), way.problem().detail.c_str());
    QCOMPARE(m_scenes->calls().size(), 2);
}

void TestGcpTunnel::waitsForAMachineThatStarts() {
    m_scenes->fail("tunnel", "not_ready");
    m_scenes->succeed("status", {tests::machineLine("starting")});
    Way way;
    QTRY_VERIFY_WITH_TIMEOUT(m_scenes->calls("status").size() > 1, kPatience);
    m_scenes->set("tunnel", {kOpen, "%wait"});
    QTRY_COMPARE_WITH_TIMEOUT(way.opened.size(), 1, kPatience);
    QVERIFY(way.failed.isEmpty());
}

void TestGcpTunnel::doesNotTryForEver() {
    m_scenes->fail("tunnel", "network", "No line.");
    Way way;
    QTRY_COMPARE_WITH_TIMEOUT(way.failed.size(), 1, kPatience);
    QCOMPARE(way.problem().code, "network");
    QCOMPARE(m_scenes->calls("tunnel").size(), 8);
}

QTEST_GUILESS_MAIN(TestGcpTunnel)
#include "test_gcp_tunnel.moc"
