// SPDX-License-Identifier: Apache-2.0
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/preferences/preferences.h"
#include "desktop/remote/fingerprint.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"
#include "tests/desktop/remote/fake_tunnels.h"
#include "tests/desktop/remote/memory_keyring.h"
#include "tests/desktop/remote/quick_link.h"
#include "tests/desktop/studio/fake_easel.h"

using namespace easel;
using remote::ServerLink;
using tests::FakeEasel;
using State = ServerLink::State;

namespace {

const QByteArray kKey = "easel_0123456789abcdefghij";
const protocol::GcpPlace kPlace{"my-project", "us-central1-a", "easel"};

struct Laptop {
    QSettings settings;
    tests::FakeTunnels tunnels;
    remote::Remote remote;
    ServerLink link{remote, tests::kQuick};
    remote::Servers servers;
    QSignalSpy paired{&servers, &remote::Servers::paired};
    QSignalSpy failed{&servers, &remote::Servers::pairingFailed};

    Laptop(const QString& folder, tests::MemoryKeyring& keys)
        : settings(folder + "/settings.ini", QSettings::IniFormat),
          servers(link, settings, &keys, &tunnels) {}

    QString whyNot() const {
        return failed.isEmpty()
                   ? QString()
                   : QString::fromStdString(failed.last().first().value<protocol::Problem>().detail);
    }
};

/// A machine's server, which only a tunnel leads to: its code names another address.
struct Machine {
    tests::Identity identity = tests::makeIdentity();
    FakeEasel server{identity};

    Machine() {
        server.info.id = "s_1";
        server.key = kKey;
        server.ticket = "ticket-0123456789";
    }
    int port() const { return server.url().port(); }
    QString code() const {
        return QStringLiteral("easel://10.128.0.2:5000?ticket=%1&fingerprint=%2&gcp=%3")
            .arg(QString::fromLatin1(server.ticket.value_or("a-ticket-of-before")),
                 QString::fromLatin1(remote::fingerprintOf(identity.certificate)),
                 QString::fromStdString(toString(kPlace)));
    }
};

protocol::Problem problemCalled(const char* code) {
    return {0, code, "stopped", "The machine is stopped.", std::nullopt};
}

}  // namespace

/// Servers at the end of a tunnel.
class TestTunnels : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void pairsThroughATunnel();
    void keepsItsKeyWhateverItsPort();
    void waitsForKeyAndTunnel();
    void endsTheTunnelWhenItGoesElsewhere();
    void saysWhyThereIsNoTunnel();
    void goesOnAfterACut();
    void comesBackToAnotherPort();
    void keepsTheTunnelWhenACodeFails();
    void turnsAwayWhoeverElseIsAtThePort();
    void tellsMachinesFromAddresses();
    void refusesAMachineThatIsNotKnown();
    void takesNoProfileWithoutACertificate();
    void livesWithoutTunnels();

private:
    QString folder() const { return m_dir->path(); }
    /// A laptop that has been paired with the machine.
    void pairWith(Machine& machine, tests::MemoryKeyring& keyring) {
        Laptop laptop(folder(), keyring);
        QVERIFY(laptop.servers.enter(machine.code()));
        Q_EMIT laptop.tunnels.last()->opened(machine.port());
        QTRY_COMPARE(laptop.link.state(), State::Connected);
        QTRY_VERIFY(laptop.servers.current()->hasKey);
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestTunnels::pairsThroughATunnel() {
    Machine machine;
    tests::MemoryKeyring keyring;
    Laptop laptop(folder(), keyring);
    QVERIFY(laptop.servers.enter(machine.code()));
    QVERIFY(laptop.servers.isPairing());
    QCOMPARE(laptop.tunnels.open(), 1);
    QVERIFY(laptop.tunnels.last()->place == kPlace);
    QVERIFY(machine.server.http().requests().isEmpty());
    Q_EMIT laptop.tunnels.last()->opened(machine.port());
    QTRY_COMPARE(laptop.paired.size(), 1);
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QCOMPARE(laptop.tunnels.made.size(), 1U);  // The same goes on.
    const remote::ServerProfile& profile = *laptop.servers.current();
    QVERIFY(profile.gcp == kPlace);
    QCOMPARE(profile.title(), "easel");
    QCOMPARE(laptop.link.title(), "easel");
    laptop.servers.rename(profile.id, "My cloud");
    QCOMPARE(laptop.link.title(), "My cloud");
    laptop.servers.rename(profile.id, "");
    QCOMPARE(laptop.link.title(), "easel");
    QCOMPARE(profile.typed(), "gcp:my-project/us-central1-a/easel");
    QCOMPARE(profile.fingerprint, remote::fingerprintOf(machine.identity.certificate));
    QCOMPARE(laptop.remote.address().host(), "127.0.0.1");
    QCOMPARE(keyring.keys.value(profile.id), kKey);
}

void TestTunnels::keepsItsKeyWhateverItsPort() {
    Machine machine;
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    // Another process has the port now.
    Machine elsewhere;
    elsewhere.server.http().setIdentity(machine.identity);
    Laptop laptop(folder(), keyring);
    laptop.servers.start();
    QCOMPARE(laptop.link.state(), State::OpeningTunnel);
    Q_EMIT laptop.tunnels.last()->opened(elsewhere.port());
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QCOMPARE(laptop.servers.all().size(), 1);
    QCOMPARE(laptop.remote.address().port(), elsewhere.port());
    QVERIFY(!elsewhere.server.http().requests().isEmpty());
    QCOMPARE(elsewhere.server.http().requests().last().headers.value("authorization"), "Bearer " + kKey);
    QVERIFY(laptop.servers.enter("gcp:my-project/us-central1-a/easel"));
    QCOMPARE(laptop.servers.all().size(), 1);
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QCOMPARE(laptop.tunnels.made.size(), 1U);
}

void TestTunnels::waitsForKeyAndTunnel() {
    Machine machine;
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    QTest::qWait(100);  // What the laptop had still asked has arrived.
    const qsizetype before = machine.server.http().requests().size();
    Laptop laptop(folder(), keyring);
    laptop.servers.start();
    laptop.link.tryNow();
    laptop.link.resume();
    QTest::qWait(50);  // The key has come.
    QCOMPARE(laptop.link.state(), State::OpeningTunnel);
    QCOMPARE(machine.server.http().requests().size(), before);
    Q_EMIT laptop.tunnels.last()->opened(machine.port());
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    // And the other way round: the tunnel is there before the key.
    Laptop quick(folder(), keyring);
    const qsizetype then = machine.server.http().requests().size();
    quick.servers.start();
    Q_EMIT quick.tunnels.last()->opened(machine.port());
    QCOMPARE(quick.link.state(), State::OpeningTunnel);
    QTRY_COMPARE(quick.link.state(), State::Connected);
    for (qsizetype i = then; i < machine.server.http().requests().size(); ++i) {
        QCOMPARE(machine.server.http().requests().at(i).headers.value("authorization"), "Bearer " + kKey);
    }
}

void TestTunnels::endsTheTunnelWhenItGoesElsewhere() {
    Machine machine;
    FakeEasel other;
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    Laptop laptop(folder(), keyring);
    laptop.servers.start();
    Q_EMIT laptop.tunnels.last()->opened(machine.port());
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    const QString id = laptop.servers.current()->id;
    QVERIFY(laptop.servers.enter(other.url().toString()));
    QTRY_COMPARE(laptop.tunnels.open(), 0);
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QCOMPARE(laptop.remote.address(), other.url());
    laptop.servers.use(id);
    QCOMPARE(laptop.tunnels.open(), 1);
    QCOMPARE(laptop.link.state(), State::OpeningTunnel);
    laptop.servers.forget(id);
    QTRY_COMPARE(laptop.tunnels.open(), 0);
    QCOMPARE(laptop.link.state(), State::NoAddress);
}

void TestTunnels::saysWhyThereIsNoTunnel() {
    Machine machine;
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    Laptop laptop(folder(), keyring);
    laptop.servers.start();
    Q_EMIT laptop.tunnels.last()->failed(problemCalled(remote::kMachineStopped));
    QCOMPARE(laptop.link.state(), State::NoTunnel);
    QCOMPARE(laptop.link.words(), "stopped");
    QCOMPARE(laptop.link.advice(), "The machine is stopped.");
    QVERIFY(!laptop.link.needsHelp());  // It is off, and nothing is wrong with it.
    QVERIFY(laptop.link.triesHelp());
    laptop.link.tryNow();
    QCOMPARE(laptop.link.state(), State::OpeningTunnel);
    QCOMPARE(laptop.tunnels.last()->reopened, 1);
    Q_EMIT laptop.tunnels.last()->failed(problemCalled("not_logged_in"));
    QVERIFY(laptop.link.needsHelp());
    // As when the computer wakes.
    laptop.servers.resume();
    laptop.link.resume();
    QCOMPARE(laptop.tunnels.last()->reopened, 2);
    Q_EMIT laptop.tunnels.last()->opened(machine.port());
    QTRY_COMPARE(laptop.link.state(), State::Connected);
}

void TestTunnels::goesOnAfterACut() {
    Machine machine;
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    Laptop laptop(folder(), keyring);
    laptop.servers.start();
    Q_EMIT laptop.tunnels.last()->opened(machine.port());
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QSignalSpy moved(&laptop.remote, &remote::Remote::addressChanged);
    laptop.servers.resume();
    QCOMPARE(laptop.tunnels.last()->reopened, 1);
    Q_EMIT laptop.tunnels.last()->opened(machine.port());
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QVERIFY(moved.isEmpty());  // What is under way goes on.
    QVERIFY(laptop.link.info());
}

void TestTunnels::comesBackToAnotherPort() {
    Machine machine;
    Machine later;
    later.server.http().setIdentity(machine.identity);
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    Laptop laptop(folder(), keyring);
    laptop.servers.start();
    Q_EMIT laptop.tunnels.last()->opened(machine.port());
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    Q_EMIT laptop.tunnels.last()->opened(later.port());
    QTRY_VERIFY(!later.server.http().requests().isEmpty());
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QCOMPARE(laptop.servers.all().size(), 1);
}

void TestTunnels::keepsTheTunnelWhenACodeFails() {
    Machine machine;
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    Laptop laptop(folder(), keyring);
    laptop.servers.start();
    tests::FakeTunnel* own = laptop.tunnels.last();
    Q_EMIT own->opened(machine.port());
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    // A code for another machine, to which no tunnel leads.
    QString code = machine.code().replace("a/easel", "a/other");
    QVERIFY(laptop.servers.enter(code));
    QCOMPARE(laptop.tunnels.open(), 2);
    Q_EMIT laptop.tunnels.last()->failed(problemCalled("not_found"));
    QCOMPARE(laptop.failed.size(), 1);
    QVERIFY(!laptop.servers.isPairing());
    QTRY_COMPARE(laptop.tunnels.open(), 1);
    QCOMPARE(laptop.link.state(), State::Connected);
    QCOMPARE(laptop.servers.all().size(), 1);
    // One for the same machine goes through the tunnel that is there.
    machine.server.ticket = "ticket-of-later";
    QVERIFY(laptop.servers.enter(machine.code()));
    QCOMPARE(laptop.tunnels.open(), 1);
    QTRY_COMPARE(laptop.paired.size(), 1);
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QCOMPARE(laptop.servers.all().size(), 1);
}

void TestTunnels::turnsAwayWhoeverElseIsAtThePort() {
    Machine machine;
    Machine stranger;
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    Laptop laptop(folder(), keyring);
    laptop.servers.start();
    Q_EMIT laptop.tunnels.last()->opened(stranger.port());
    QTRY_COMPARE(laptop.link.state(), State::CertificateChanged);
    QVERIFY(stranger.server.http().requests().isEmpty());
    QVERIFY(laptop.servers.enter(machine.code().replace("a/easel", "a/other")));
    Q_EMIT laptop.tunnels.last()->opened(stranger.port());
    QTRY_COMPARE(laptop.failed.size(), 1);
    QVERIFY2(laptop.whyNot().contains("other does not show"), qPrintable(laptop.whyNot()));
    QVERIFY(stranger.server.http().requests().isEmpty());
}

void TestTunnels::tellsMachinesFromAddresses() {
    Machine machine;
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    Laptop laptop(folder(), keyring);
    // The same port is somebody else's as soon as the tunnel has gone.
    QVERIFY(laptop.servers.enter(machine.server.url().toString()));
    QCOMPARE(laptop.servers.all().size(), 2);
    QVERIFY(!laptop.servers.current()->gcp);
    QTRY_COMPARE(laptop.link.state(), State::CertificateUnknown);
    QVERIFY(machine.server.http().requests().last().headers.value("authorization") != "Bearer " + kKey ||
            !laptop.servers.current()->hasKey);
}

void TestTunnels::refusesAMachineThatIsNotKnown() {
    tests::MemoryKeyring keyring;
    Laptop laptop(folder(), keyring);
    const auto refused = laptop.servers.enter("gcp:my-project/us-central1-a/easel");
    QVERIFY(!refused);
    QVERIFY(QString::fromStdString(refused.error().detail).contains("easel-gcp pair"));
    QVERIFY(laptop.servers.all().isEmpty());
    QCOMPARE(laptop.tunnels.open(), 0);
}

void TestTunnels::takesNoProfileWithoutACertificate() {
    remote::ServerProfile profile;
    profile.id = "1";
    profile.address = "https://127.0.0.1:5000";
    profile.gcp = kPlace;
    QVERIFY(remote::profilesFrom(remote::toJson({profile})).isEmpty());
    profile.fingerprint = QByteArray(64, 'a');
    QCOMPARE(remote::profilesFrom(remote::toJson({profile})), QList{profile});
    QByteArray json = remote::toJson({profile});
    QVERIFY(remote::profilesFrom(json.replace("us-central1-a", "-o")).isEmpty());
    profile.gcp.reset();
    QVERIFY(!remote::toJson({profile}).contains("gcp"));
    QCOMPARE(remote::profilesFrom(remote::toJson({profile})), QList{profile});
}

void TestTunnels::livesWithoutTunnels() {
    Machine machine;
    tests::MemoryKeyring keyring;
    pairWith(machine, keyring);
    QSettings settings(folder() + "/settings.ini", QSettings::IniFormat);
    remote::Remote remote;
    ServerLink link(remote, tests::kQuick);
    remote::Servers servers(link, settings, &keyring, nullptr);
    servers.start();
    QCOMPARE(link.state(), State::NoTunnel);
    QVERIFY(!servers.enter(machine.code()));
    link.tryNow();
    QCOMPARE(link.state(), State::NoTunnel);
}

QTEST_GUILESS_MAIN(TestTunnels)
#include "test_tunnels.moc"
