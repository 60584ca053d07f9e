// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include <openssl/ssl.h>

#include <string>

#include "server/tls/channel.h"
#include "tests/server/tls/client_end.h"

using namespace easel::tls;
using easel::tests::ClientEnd;

namespace {

/// Carries what each has for the other until both are done or one has failed.
void shakeHands(ClientEnd& client, Channel& channel) {
    for (int round = 0; round < 10; ++round) {
        const bool goesOn = client.shakeHands();
        channel.feed(client.takeOutput());
        const State state = channel.shakeHands();
        client.feed(channel.takeOutput());
        if (!goesOn || state == State::Failed) {
            client.shakeHands();  // hears of it
            return;
        }
    }
}

std::string readAll(Channel& channel, State* last = nullptr) {
    std::string text;
    std::array<char, 1000> block{};
    Channel::Read read;
    do {
        read = channel.read(block);
        text.append(block.data(), read.count);
    } while (read.count > 0);
    if (last) {
        *last = read.state;
    }
    return text;
}

}  // namespace

/// The server's side of TLS against a client's, without a connection.
class TestTlsChannel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        m_files = ownCertificate(m_folder.filePath("tls").toStdString(), ownNames("192.0.2.7")).value();
        m_context = Context::load(m_files).value();
    }

    void bothVersionsCarryTextBothWays_data() {
        QTest::addColumn<int>("version");
        QTest::newRow("1.2") << TLS1_2_VERSION;
        QTest::newRow("1.3") << TLS1_3_VERSION;
    }

    void bothVersionsCarryTextBothWays() {
        QFETCH(int, version);
        ClientEnd client({.newest = version, .protocol = "http/1.1"});
        Channel channel(m_context);
        shakeHands(client, channel);
        QVERIFY2(client.isReady() && channel.isReady(), client.failure().c_str());
        QCOMPARE(client.version(), version);
        QCOMPARE(client.protocol(), std::string("http/1.1"));
        QVERIFY(client.fingerprint() == m_context->certificate().fingerprint);
        QVERIFY(!client.hasResumableSession());

        const std::string large(100'000, 'x');
        client.write(large);
        channel.feed(client.takeOutput());
        QCOMPARE(readAll(channel), large);
        QVERIFY(channel.write(large));
        client.feed(channel.takeOutput());
        QCOMPARE(client.read(), large);
    }

    /// Each may end while the other goes on.
    void endsAreHalves() {
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            ClientEnd client({.newest = version});
            Channel channel(m_context);
            shakeHands(client, channel);
            client.write("last");
            client.endSending();
            channel.feed(client.takeOutput());
            State state = State::Open;
            QCOMPARE(readAll(channel, &state), std::string("last"));
            QCOMPARE(state, State::Ended);
            QVERIFY(channel.write("still here"));
            client.feed(channel.takeOutput());
            QCOMPARE(client.read(), std::string("still here"));
            QVERIFY(!client.hasEnded());
            channel.endSending();
            client.feed(channel.takeOutput());
            QCOMPARE(client.read(), std::string());
            QVERIFY(client.hasEnded());
        }
    }

    void whoIsToldOfTheEndMaySendMore() {
        ClientEnd client;
        Channel channel(m_context);
        shakeHands(client, channel);
        channel.endSending();
        client.feed(channel.takeOutput());
        client.write("I had not heard");
        channel.feed(client.takeOutput());
        QCOMPARE(readAll(channel), std::string("I had not heard"));
        QVERIFY(channel.failure().empty());
    }

    void whatIsOldIsRefused_data() {
        QTest::addColumn<int>("version");
        QTest::addColumn<QByteArray>("ciphers");
        QTest::newRow("1.0") << TLS1_VERSION << QByteArray("ALL");
        QTest::newRow("1.1") << TLS1_1_VERSION << QByteArray("ALL");
        for (const char* ciphers :
             {"ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-NULL-SHA",
              "AES128-GCM-SHA256", "DHE-RSA-AES128-GCM-SHA256"}) {
            QTest::newRow(ciphers) << TLS1_2_VERSION << QByteArray(ciphers);
        }
    }

    void whatIsOldIsRefused() {
        QFETCH(int, version);
        QFETCH(QByteArray, ciphers);
        ClientEnd client(
            {.oldest = version, .newest = version, .ciphers = ciphers.toStdString() + "@SECLEVEL=0"});
        Channel channel(m_context);
        shakeHands(client, channel);
        QVERIFY(!client.isReady() && !channel.isReady());
        QVERIFY(!channel.failure().empty());
        QVERIFY2(client.failure().find("alert") != std::string::npos, client.failure().c_str());
    }

    void otherProtocolsAreRefused() {
        ClientEnd client({.protocol = "h2"});
        Channel channel(m_context);
        shakeHands(client, channel);
        QVERIFY(!channel.isReady());
        QVERIFY2(client.failure().find("no application protocol") != std::string::npos,
                 client.failure().c_str());
    }

    void theServersPreferenceCounts() {
        ClientEnd client({.newest = TLS1_2_VERSION,
                          .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"});
        Channel channel(m_context);
        shakeHands(client, channel);
        QCOMPARE(client.cipher(), std::string("ECDHE-ECDSA-AES256-GCM-SHA384"));
    }

    void nothingIsNegotiatedAgain() {
        ClientEnd client({.newest = TLS1_2_VERSION});
        Channel channel(m_context);
        shakeHands(client, channel);
        client.renegotiate();
        channel.feed(client.takeOutput());
        readAll(channel);
        client.feed(channel.takeOutput());
        client.shakeHands();
        QVERIFY2(client.failure().find("no renegotiation") != std::string::npos, client.failure().c_str());
    }

    void keysMayBeRenewed() {
        ClientEnd client;
        Channel channel(m_context);
        shakeHands(client, channel);
        client.updateKeys();
        client.write("with new keys");
        channel.feed(client.takeOutput());
        QCOMPARE(readAll(channel), std::string("with new keys"));
        QVERIFY(channel.write("so have I"));
        client.feed(channel.takeOutput());
        QCOMPARE(client.read(), std::string("so have I"));
    }

    /// Its own certificate can be checked by what checks any: it has the names, and vouches for itself.
    void namesAreInTheCertificate() {
        for (const auto& [name, isThere] : {std::pair{"localhost", true},
                                            {"127.0.0.1", true},
                                            {"::1", true},
                                            {"192.0.2.7", true},
                                            {"192.0.2.8", false},
                                            {"evil.example", false}}) {
            ClientEnd client({.trusted = m_files.certificate.string(), .name = name});
            Channel channel(m_context);
            shakeHands(client, channel);
            QVERIFY2(client.isReady() == isThere, name);
        }
    }

    void junkFailsIt() {
        ClientEnd client;
        Channel before(m_context);
        before.feed("GET / HTTP/1.1\r\n\r\n");
        QCOMPARE(before.shakeHands(), State::Failed);

        Channel channel(m_context);
        shakeHands(client, channel);
        client.write("some text");
        std::string damaged = client.takeOutput();
        damaged.back() = static_cast<char>(damaged.back() ^ 1);
        channel.feed(damaged);
        State state = State::Open;
        QCOMPARE(readAll(channel, &state), std::string());
        QCOMPARE(state, State::Failed);
        QVERIFY(channel.hasOutput());  // an alert
        QVERIFY(!channel.failure().empty());
    }

private:
    QTemporaryDir m_folder;
    Files m_files;
    std::shared_ptr<const Context> m_context;
};

QTEST_GUILESS_MAIN(TestTlsChannel)
#include "test_tls_channel.moc"
