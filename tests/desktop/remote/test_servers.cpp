// SPDX-License-Identifier: Apache-2.0
#include <QHash>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/preferences/preferences.h"
#include "desktop/remote/desktop_keyring.h"
#include "desktop/remote/fingerprint.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"
#include "tests/desktop/remote/memory_keyring.h"
#include "tests/desktop/remote/quick_link.h"
#include "tests/desktop/studio/fake_easel.h"

using namespace easel;
using remote::ServerLink;
using tests::FakeEasel;
using tests::MemoryKeyring;
using State = ServerLink::State;

namespace {

const QByteArray kKey = "easel_0123456789abcdefghij";

/// The app's connection in a folder; destroying it and making another one is a restart.
struct Laptop {
    MemoryKeyring& keyring;
    QSettings settings;
    remote::Remote remote;
    ServerLink link{remote, tests::kQuick};
    remote::Servers servers;
    QSignalSpy paired{&servers, &remote::Servers::paired};
    QSignalSpy failed{&servers, &remote::Servers::pairingFailed};
    QSignalSpy notKept{&servers, &remote::Servers::keyNotKept};

    Laptop(const QString& folder, MemoryKeyring& keys)
        : keyring(keys),
          settings(folder + "/settings.ini", QSettings::IniFormat),
          servers(link, settings, &keys, nullptr) {}

    QString whyNot() const {
        return failed.isEmpty()
                   ? QString()
                   : QString::fromStdString(failed.last().first().value<protocol::Problem>().detail);
    }
};

QString codeFor(const FakeEasel& server, const QByteArray& fingerprint, const QString& name = {}) {
    return QStringLiteral("easel://127.0.0.1:%1?ticket=%2%3%4")
        .arg(server.url().port())
        .arg(QString::fromLatin1(server.ticket.value_or("a-ticket-of-before")))
        .arg(fingerprint.isEmpty() ? QString() : "&fingerprint=" + QString::fromLatin1(fingerprint))
        .arg(name.isEmpty() ? QString() : "&name=" + name);
}

}  // namespace

/// Servers by name, their keys and their certificates.
class TestServers : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void takesOverTheServerOfEarlierVersions();
    void pairsByACode();
    void keepsTheKeyForTheSessionWithoutAKeyring();
    void keepsNoKeyInTheSettings();
    void saysThatATicketHasRunOut();
    void sendsNoTicketToAnother();
    void trustsWhatAPersonTrusts();
    void stopsWhenTheCertificateChanges();
    void takesAKeyThatIsPasted();
    void pairsAgainAfterTheKeyWasRevoked();
    void namesAndForgets();
    void forgetsSlipsOfTheFingers();
    void followsThisComputersPort();
    void livesWithoutADesktop();

private:
    QString folder() const { return m_dir->path(); }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestServers::takesOverTheServerOfEarlierVersions() {
    {
        QSettings settings(folder() + "/settings.ini", QSettings::IniFormat);
        preferences::kServerAddress.set(settings, "gpu-box");
        preferences::kServerId.set(settings, "s_1");
    }
    MemoryKeyring keyring;
    QString id;
    {
        Laptop laptop(folder(), keyring);
        QCOMPARE(laptop.servers.all().size(), 1);
        QVERIFY(laptop.servers.current());
        QCOMPARE(laptop.servers.current()->address, "gpu-box");
        QCOMPARE(laptop.servers.current()->serverId, "s_1");
        QCOMPARE(laptop.servers.current()->title(), "gpu-box");
        QVERIFY(!preferences::kServerAddress.isSet(laptop.settings));
        id = laptop.servers.current()->id;
    }
    Laptop again(folder(), keyring);
    QCOMPARE(again.servers.all().size(), 1);
    QCOMPARE(again.servers.current()->id, id);
}

void TestServers::pairsByACode() {
    const auto identity = tests::makeIdentity();
    FakeEasel server(identity);
    server.info.id = "s_1";
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    MemoryKeyring keyring;
    {
        Laptop laptop(folder(), keyring);
        const QString code = codeFor(server, remote::fingerprintOf(identity.certificate), "GPU%20box");
        QVERIFY(laptop.servers.enter(code));
        QVERIFY(laptop.servers.isPairing());
        QTRY_COMPARE(laptop.paired.size(), 1);
        QVERIFY(!laptop.servers.isPairing());
        QTRY_COMPARE(laptop.link.state(), State::Connected);
        QVERIFY2(laptop.link.describe().startsWith("GPU box · "), qPrintable(laptop.link.describe()));
        const remote::ServerProfile& profile = *laptop.servers.current();
        QCOMPARE(profile.title(), "GPU box");
        QCOMPARE(profile.fingerprint, remote::fingerprintOf(identity.certificate));
        QCOMPARE(profile.keyId, "k_ghij");
        QCOMPARE(keyring.keys.value(profile.id), kKey);
        QVERIFY(profile.hasKey);
        QVERIFY(laptop.notKept.isEmpty());
    }
    // The next start reads the key before it asks.
    const qsizetype before = server.http().requests().size();
    Laptop again(folder(), keyring);
    again.servers.start();
    QCOMPARE(again.link.state(), State::Connecting);
    QTRY_COMPARE(again.link.state(), State::Connected);
    for (qsizetype i = before; i < server.http().requests().size(); ++i) {
        QCOMPARE(server.http().requests().at(i).headers.value("authorization"), "Bearer " + kKey);
    }
}

void TestServers::keepsTheKeyForTheSessionWithoutAKeyring() {
    FakeEasel server;
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    MemoryKeyring keyring;
    keyring.isThere = false;
    {
        Laptop laptop(folder(), keyring);
        QVERIFY(laptop.servers.enter(codeFor(server, {})));
        QTRY_COMPARE(laptop.link.state(), State::Connected);
        QTRY_COMPARE(laptop.notKept.size(), 1);
        // It lasts while the app goes elsewhere and back.
        const QString id = laptop.servers.current()->id;
        QVERIFY(laptop.servers.enter("http://127.0.0.1:1"));
        QTRY_COMPARE(laptop.link.state(), State::Unreachable);
        laptop.servers.use(id);
        QTRY_COMPARE(laptop.link.state(), State::Connected);
    }
    Laptop again(folder(), keyring);
    again.servers.start();
    QTRY_COMPARE(again.link.state(), State::KeyMissing);
}

void TestServers::keepsNoKeyInTheSettings() {
    FakeEasel server;
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    for (const bool hasKeyring : {true, false}) {
        MemoryKeyring keyring;
        keyring.isThere = hasKeyring;
        server.ticket = "ticket-0123456789";
        Laptop laptop(folder(), keyring);
        QVERIFY(laptop.servers.enter(codeFor(server, {})));
        QTRY_COMPARE(laptop.link.state(), State::Connected);
        laptop.settings.sync();
        QFile file(folder() + "/settings.ini");
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray text = file.readAll();
        QVERIFY(text.contains("127.0.0.1"));
        QVERIFY(!text.contains(kKey.mid(6)));
        QVERIFY(!text.contains("ticket-0123456789"));
        QVERIFY(!laptop.link.describe().contains(kKey.mid(6)));
    }
}

void TestServers::saysThatATicketHasRunOut() {
    FakeEasel server;
    server.key = kKey;
    MemoryKeyring keyring;
    Laptop laptop(folder(), keyring);
    QVERIFY(laptop.servers.enter(codeFor(server, {})));
    QTRY_COMPARE(laptop.failed.size(), 1);
    QCOMPARE(laptop.failed.first().first().value<protocol::Problem>().code, "ticket_invalid");
    QVERIFY(!laptop.servers.isPairing());
    QVERIFY(laptop.servers.all().isEmpty());
}

void TestServers::sendsNoTicketToAnother() {
    FakeEasel server(tests::makeIdentity());
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    MemoryKeyring keyring;
    Laptop laptop(folder(), keyring);
    QVERIFY(laptop.servers.enter(codeFor(server, remote::fingerprintOf(tests::makeIdentity().certificate))));
    QTRY_COMPARE(laptop.failed.size(), 1);
    QVERIFY2(laptop.whyNot().contains("the code names"), qPrintable(laptop.whyNot()));
    QVERIFY(laptop.servers.enter(codeFor(server, {}) + "&tls=1"));
    QTRY_COMPARE(laptop.failed.size(), 2);
    QVERIFY(server.http().requests().isEmpty());
    QVERIFY(laptop.servers.all().isEmpty());
}

void TestServers::trustsWhatAPersonTrusts() {
    const auto identity = tests::makeIdentity();
    FakeEasel server(identity);
    MemoryKeyring keyring;
    {
        Laptop laptop(folder(), keyring);
        QVERIFY(laptop.servers.enter(server.url().toString()));
        laptop.servers.trust();  // Nothing has been shown yet.
        QTRY_COMPARE(laptop.link.state(), State::CertificateUnknown);
        QVERIFY(laptop.servers.current()->fingerprint.isEmpty());
        QCOMPARE(laptop.link.presented(), remote::fingerprintOf(identity.certificate));
        QTest::qWait(100);
        QVERIFY(server.http().requests().isEmpty());
        laptop.servers.trust();
        QTRY_COMPARE(laptop.link.state(), State::Connected);
    }
    Laptop again(folder(), keyring);
    again.servers.start();
    QTRY_COMPARE(again.link.state(), State::Connected);
}

void TestServers::stopsWhenTheCertificateChanges() {
    const auto identity = tests::makeIdentity();
    const auto other = tests::makeIdentity();
    FakeEasel server(identity);
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    MemoryKeyring keyring;
    Laptop laptop(folder(), keyring);
    QVERIFY(laptop.servers.enter(codeFor(server, remote::fingerprintOf(identity.certificate))));
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    server.http().setIdentity(other);
    QTRY_COMPARE(laptop.link.state(), State::CertificateChanged);
    const qsizetype before = server.http().requests().size();
    laptop.servers.trust();
    QTest::qWait(100);
    QCOMPARE(laptop.link.state(), State::CertificateChanged);
    QCOMPARE(laptop.servers.current()->fingerprint, remote::fingerprintOf(identity.certificate));
    QCOMPARE(laptop.link.presented(), remote::fingerprintOf(other.certificate));
    // Not even a code goes on before the server is forgotten.
    server.ticket = "ticket-of-the-other";
    const QString code = codeFor(server, remote::fingerprintOf(other.certificate));
    const auto refused = laptop.servers.enter(code);
    QVERIFY(!refused);
    QVERIFY(QString::fromStdString(refused.error().detail).contains("forget"));
    QCOMPARE(server.http().requests().size(), before);

    const QString id = laptop.servers.current()->id;
    laptop.servers.forget(id);
    QCOMPARE(laptop.link.state(), State::NoAddress);
    QVERIFY(!keyring.keys.contains(id));
    QVERIFY(laptop.servers.enter(code));
    QTRY_COMPARE(laptop.link.state(), State::Connected);
}

void TestServers::takesAKeyThatIsPasted() {
    FakeEasel server;
    server.key = kKey;
    MemoryKeyring keyring;
    Laptop laptop(folder(), keyring);
    QVERIFY(!laptop.servers.enter(kKey));  // For whom?
    QVERIFY(laptop.servers.enter(server.url().toString()));
    QTRY_COMPARE(laptop.link.state(), State::KeyMissing);
    const auto refused = laptop.servers.enter("easel_short");
    QVERIFY(!refused);
    QVERIFY(!QString::fromStdString(refused.error().detail).contains("easel_short"));
    QVERIFY(laptop.servers.enter(kKey));
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QCOMPARE(keyring.keys.value(laptop.servers.current()->id), kKey);
}

void TestServers::pairsAgainAfterTheKeyWasRevoked() {
    FakeEasel server;
    server.key = kKey;
    server.ticket = "ticket-0123456789";
    MemoryKeyring keyring;
    Laptop laptop(folder(), keyring);
    QVERIFY(laptop.servers.enter(codeFor(server, {})));
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    const QString id = laptop.servers.current()->id;
    server.key = "easel_another-key-of-another-time";
    QTRY_COMPARE(laptop.link.state(), State::KeyRefused);
    server.ticket = "ticket-of-later";
    QVERIFY(laptop.servers.enter(codeFor(server, {})));
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QCOMPARE(laptop.servers.current()->id, id);
    QCOMPARE(laptop.servers.all().size(), 1);
    QCOMPARE(keyring.keys.value(id), *server.key);
}

void TestServers::namesAndForgets() {
    FakeEasel server;
    FakeEasel other;
    MemoryKeyring keyring;
    {
        Laptop laptop(folder(), keyring);
        QVERIFY(laptop.servers.enter(server.url().toString()));
        QTRY_COMPARE(laptop.link.state(), State::Connected);
        laptop.servers.rename(laptop.servers.current()->id, "  the big\none ");
        QVERIFY(laptop.link.describe().startsWith("the big one · "));
        QVERIFY(laptop.servers.enter(other.url().toString()));
        QTRY_COMPARE(laptop.link.state(), State::Connected);
        QCOMPARE(laptop.servers.all().size(), 2);
    }
    Laptop again(folder(), keyring);
    QCOMPARE(again.servers.all().first().title(), "the big one");
    again.servers.use(again.servers.all().first().id);
    QTRY_COMPARE(again.link.state(), State::Connected);
    QCOMPARE(again.remote.address(), server.url());
    again.servers.forget(again.servers.all().last().id);
    QCOMPARE(again.link.state(), State::Connected);
    again.servers.forget(again.servers.all().first().id);
    QCOMPARE(again.link.state(), State::NoAddress);
    QVERIFY(again.servers.all().isEmpty());
    QVERIFY(!again.servers.current());
}

void TestServers::forgetsSlipsOfTheFingers() {
    FakeEasel server;
    MemoryKeyring keyring;
    Laptop laptop(folder(), keyring);
    QVERIFY(laptop.servers.enter("http://127.0.0.1:1"));
    QVERIFY(laptop.servers.enter(server.url().toString()));
    QCOMPARE(laptop.servers.all().size(), 1);
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QVERIFY(laptop.servers.enter("http://127.0.0.1:1"));
    QCOMPARE(laptop.servers.all().size(), 2);
}

void TestServers::followsThisComputersPort() {
    FakeEasel server;
    FakeEasel later;
    MemoryKeyring keyring;
    Laptop laptop(folder(), keyring);
    QVERIFY(laptop.servers.useThisComputer(server.url().toString()));
    QTRY_COMPARE(laptop.link.state(), State::Connected);
    QVERIFY(laptop.servers.useThisComputer(later.url().toString()));
    QCOMPARE(laptop.servers.all().size(), 1);
    QCOMPARE(laptop.servers.current()->title(), "This computer");
    QCOMPARE(laptop.remote.address(), later.url());
}

void TestServers::livesWithoutADesktop() {
    qputenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    remote::DesktopKeyring keyring;
    std::optional<bool> kept;
    keyring.write("easel-test", kKey, this, [&](bool isKept) { kept = isKept; });
    QTRY_VERIFY_WITH_TIMEOUT(kept.has_value(), 60'000);
    QVERIFY(!*kept);
    bool asked = false;
    keyring.read("easel-test", this, [&](const std::optional<QByteArray>& key) { asked = !key; });
    QTRY_VERIFY_WITH_TIMEOUT(asked, 60'000);
    keyring.remove("easel-test");
}

QTEST_GUILESS_MAIN(TestServers)
#include "test_servers.moc"
