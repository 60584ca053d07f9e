// SPDX-License-Identifier: Apache-2.0
#include <QSignalSpy>
#include <QSslConfiguration>
#include <QTest>

#include "desktop/remote/fingerprint.h"
#include "desktop/remote/network_problem.h"
#include "desktop/remote/remote.h"
#include "shared/protocol/json.h"
#include "tests/desktop/remote/fake_server.h"

using namespace easel;
using protocol::Expected;
using tests::FakeRequest;
using tests::FakeServer;

namespace {

const QByteArray kKey = "easel_0123456789abcdefghij";

FakeServer::Handler answering() {
    return [](const FakeRequest&, QTcpSocket& socket) {
        protocol::ServerInfo info;
        info.version = EASEL_VERSION;
        socket.write(tests::jsonAnswer(protocol::toJson(info)));
    };
}

std::optional<Expected<protocol::ServerInfo>> ask(remote::Remote& remote) {
    std::optional<Expected<protocol::ServerInfo>> result;
    QObject context;
    remote.server(&context, [&](Expected<protocol::ServerInfo> info) { result = std::move(info); });
    const bool came = QTest::qWaitFor([&] { return result.has_value(); }, 30'000);
    return came ? result : std::nullopt;
}

QString codeOf(const std::optional<Expected<protocol::ServerInfo>>& result) {
    return !result ? "no answer" : *result ? "fine" : QString::fromStdString(result->error().code);
}

/// What the system trusts, for the length of a test.
class Trusting {
public:
    explicit Trusting(const QSslCertificate& certificate)
        : m_before(QSslConfiguration::defaultConfiguration()) {
        QSslConfiguration more = m_before;
        more.addCaCertificate(certificate);
        QSslConfiguration::setDefaultConfiguration(more);
    }
    ~Trusting() { QSslConfiguration::setDefaultConfiguration(m_before); }

private:
    QSslConfiguration m_before;
};

}  // namespace

/// Who is on the other side, and that nothing is said before that is known.
class TestCertificate : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsFingerprints();
    void sendsNothingToAStranger();
    void goesOnWithTheCertificateThatWasTrusted();
    void stopsBeforeAnotherCertificate();
    void stopsEvenWhereTheSystemTrustsTheOther();
    void needsNoFingerprintWhereTheSystemTrusts();
    void holdsStreamsToItToo();
    void noticesAChangeWhileItRuns();
    void asksAnewAtAnotherEndpoint();
    void sendsTheKeyWithEveryRequest();
};

void TestCertificate::readsFingerprints() {
    const QByteArray plain = tests::makeIdentity().certificate.digest(QCryptographicHash::Sha256).toHex();
    const QString shown = remote::inGroups(plain);
    QCOMPARE(shown.count('\n'), 3);
    QCOMPARE(shown.section('\n', 0, 0).count(' '), 3);
    QCOMPARE(remote::parseFingerprint(shown).value(), plain);
    QCOMPARE(remote::parseFingerprint(QString::fromLatin1(plain.toUpper().toHex(':')).left(5)), std::nullopt);
    QCOMPARE(remote::parseFingerprint(QString::fromLatin1(plain).replace(3, 1, "g")), std::nullopt);
    QCOMPARE(remote::parseFingerprint(QString::fromLatin1(plain) + "0"), std::nullopt);
    QCOMPARE(remote::parseFingerprint(""), std::nullopt);
}

void TestCertificate::sendsNothingToAStranger() {
    const auto identity = tests::makeIdentity();
    FakeServer server(answering(), &identity);
    remote::Remote remote;
    remote.setEndpoint({server.url(), {}, kKey, {}});
    for (int i = 0; i < 3; ++i) {
        const auto result = ask(remote);
        QCOMPARE(codeOf(result), QString(remote::kCertificateUnknown));
        QVERIFY(!remote::isPassing(result->error()));
        QVERIFY(remote::isLockedOut(result->error()));
    }
    QCOMPARE(remote.presented()->fingerprint, remote::fingerprintOf(identity.certificate));
    QVERIFY(!remote.presented()->why.isEmpty());
    QVERIFY(server.requests().isEmpty());
}

void TestCertificate::goesOnWithTheCertificateThatWasTrusted() {
    const auto identity = tests::makeIdentity();
    FakeServer server(answering(), &identity);
    remote::Remote remote;
    remote.setEndpoint({server.url(), remote::fingerprintOf(identity.certificate), kKey, {}});
    QCOMPARE(codeOf(ask(remote)), "fine");
    QCOMPARE(codeOf(ask(remote)), "fine");
    QVERIFY(!remote.isTrustedAnyway());
    QCOMPARE(server.requests().size(), 2);
}

void TestCertificate::stopsBeforeAnotherCertificate() {
    const auto identity = tests::makeIdentity();
    const auto other = tests::makeIdentity();
    FakeServer server(answering(), &identity);
    remote::Remote remote;
    remote.setEndpoint({server.url(), remote::fingerprintOf(other.certificate), kKey, {}});
    const auto result = ask(remote);
    QCOMPARE(codeOf(result), QString(remote::kCertificateChanged));
    QVERIFY(remote::isLockedOut(result->error()));
    QCOMPARE(remote.presented()->fingerprint, remote::fingerprintOf(identity.certificate));
    QVERIFY(server.requests().isEmpty());
}

void TestCertificate::stopsEvenWhereTheSystemTrustsTheOther() {
    const auto identity = tests::makeIdentity();
    const Trusting system(identity.certificate);
    FakeServer server(answering(), &identity);
    remote::Remote remote;
    remote.setEndpoint({server.url(), remote::fingerprintOf(tests::makeIdentity().certificate), kKey, {}});
    QCOMPARE(codeOf(ask(remote)), QString(remote::kCertificateChanged));
    QVERIFY(server.requests().isEmpty());
}

void TestCertificate::needsNoFingerprintWhereTheSystemTrusts() {
    const auto identity = tests::makeIdentity();
    const Trusting system(identity.certificate);
    FakeServer server(answering(), &identity);
    remote::Remote remote;
    remote.setEndpoint({server.url(), {}, kKey, {}});
    QCOMPARE(codeOf(ask(remote)), "fine");
    remote.setEndpoint({server.url(), remote::fingerprintOf(identity.certificate), kKey, {}});
    QCOMPARE(codeOf(ask(remote)), "fine");
    QVERIFY(remote.isTrustedAnyway());
    // It is for this name only.
    QUrl elsewhere = server.url();
    elsewhere.setHost("127.0.0.2");
    remote.setEndpoint({elsewhere, {}, kKey, {}});
    QVERIFY(codeOf(ask(remote)) != "fine");
    QCOMPARE(server.requests().size(), 2);
}

void TestCertificate::holdsStreamsToItToo() {
    const auto identity = tests::makeIdentity();
    FakeServer server(answering(), &identity);
    remote::Remote remote;
    remote.setEndpoint({server.url(), {}, kKey, {}});
    QNetworkReply* stream = remote.openEvents("j_1", {});
    QSignalSpy ended(stream, &QNetworkReply::finished);
    QVERIFY(ended.wait(30'000));
    QCOMPARE(remote::problemOf(*stream, {})->code, std::string(remote::kCertificateUnknown));
    stream->deleteLater();
    QVERIFY(server.requests().isEmpty());
}

void TestCertificate::noticesAChangeWhileItRuns() {
    const auto identity = tests::makeIdentity();
    FakeServer server(answering(), &identity);
    remote::Remote remote;
    remote.setEndpoint({server.url(), remote::fingerprintOf(identity.certificate), kKey, {}});
    QCOMPARE(codeOf(ask(remote)), "fine");
    const qsizetype before = server.requests().size();
    server.setIdentity(tests::makeIdentity());
    QTRY_COMPARE(codeOf(ask(remote)), QString(remote::kCertificateChanged));
    QCOMPARE(server.requests().size(), before);
    server.setIdentity(identity);
    QTRY_COMPARE(codeOf(ask(remote)), "fine");
}

void TestCertificate::asksAnewAtAnotherEndpoint() {
    const auto identity = tests::makeIdentity();
    FakeServer server(answering(), &identity);
    remote::Remote remote;
    remote.setEndpoint({server.url(), remote::fingerprintOf(identity.certificate), kKey, {}});
    QCOMPARE(codeOf(ask(remote)), "fine");
    // The connection is still open, but it was made under another agreement.
    remote.setEndpoint({server.url(), {}, kKey, {}});
    QCOMPARE(codeOf(ask(remote)), QString(remote::kCertificateUnknown));
    QCOMPARE(server.requests().size(), 1);
}

void TestCertificate::sendsTheKeyWithEveryRequest() {
    FakeServer server(answering());
    remote::Remote remote;
    remote.setEndpoint({server.url(), {}, kKey, {}});
    QCOMPARE(codeOf(ask(remote)), "fine");
    QNetworkReply* stream = remote.openEvents("j_1", {});
    QTRY_COMPARE(server.requests().size(), 2);
    for (const FakeRequest& request : server.requests()) {
        QCOMPARE(request.headers.value("authorization"), "Bearer " + kKey);
        QVERIFY(!request.path.contains(kKey));
    }
    stream->deleteLater();
    remote.setAddress(QUrl(server.url().toString() + "/other"));
    QCOMPARE(codeOf(ask(remote)), "fine");
    QVERIFY(!server.requests().last().headers.contains("authorization"));
}

QTEST_GUILESS_MAIN(TestCertificate)
#include "test_certificate.moc"
