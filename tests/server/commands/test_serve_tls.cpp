// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTest>
#include <QUrl>

#include "server/tls/certificate.h"
#include "shared/protocol/fingerprint.h"
#include "tests/server/commands/serve_test.h"
#include "tests/server/http/raw_client.h"

using namespace easel;
using namespace easel::tests;
using protocol::JobState;

/// A server that speaks HTTPS, asked by a client that checks its certificate.
class TestServeTls : public ServeTest {
    Q_OBJECT

    QString certificateFile() const { return m_folder->filePath("data/tls/certificate.pem"); }
    QString keyFile() const { return m_folder->filePath("data/tls/key.pem"); }
    std::uint16_t port() const { return static_cast<std::uint16_t>(QUrl(m_url).port()); }

    /// By a client that believes the server's own certificate and no other.
    RawResponse ask(const std::string& method, const std::string& path, const std::string& body = {}) {
        RawClient client(port(),
                         ClientEnd::Options{.trusted = certificateFile().toStdString(), .name = "127.0.0.1"});
        client.send(method + " " + path +
                    " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        return client.receive().value_or(RawResponse());
    }

    /// Starts one that ends by itself, with a sentence.
    QByteArray refusal(const QStringList& more, int status) {
        Program program(command(more));
        const int answered = program.waitForEnd();
        return answered == status ? program.errors() : "ended with " + QByteArray::number(answered);
    }

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void drawsUnderItsOwnCertificate() {
        QVERIFY(start({"--tls"}));
        QVERIFY2(m_url.startsWith("https://127.0.0.1:"), qPrintable(m_url));
        QCOMPARE(ask("GET", "/livez").status, 200);
        const auto handedIn = ask("POST", "/v1/jobs", R"({"prompt": "a fox", "width": 64, "height": 64})");
        QCOMPARE(handedIn.status, 202);
        const std::string id = protocol::parseJob(handedIn.body).value().id;
        const auto isDrawn = [&] {
            return protocol::parseJob(ask("GET", protocol::routes::job(id)).body).value().state ==
                   JobState::Succeeded;
        };
        QTRY_VERIFY_WITH_TIMEOUT(isDrawn(), kPatienceMs);
        QVERIFY(ask("GET", protocol::routes::jobImage(id, 0)).body.starts_with("\x89PNG"));
    }

    void tellsTheFingerprintAndKeepsIt() {
        std::string before;
        for (int round = 0; round < 2; ++round) {
            QVERIFY(start({"--tls"}));
            const auto fingerprint =
                tls::readCertificate(certificateFile().toStdString()).value().fingerprint;
            const std::string hex = protocol::fingerprintInHex(fingerprint);
            QVERIFY2(m_server->waitForError(QByteArray::fromStdString("SHA-256: " + hex)),
                     m_server->errors());
            QVERIFY(m_server->errors().contains(
                QByteArray::fromStdString("in words: " + protocol::fingerprintInWords(fingerprint))));
            QVERIFY(before.empty() || before == hex);
            before = hex;
            m_server.reset();
        }
        QCOMPARE(QFile::permissions(keyFile()) & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
    }

    void takesACertificateFromFiles() {
        QVERIFY(start({"--tls"}));
        m_server.reset();
        QVERIFY(start({"--tls-cert", certificateFile(), "--tls-key", keyFile()}));
        QVERIFY(m_url.startsWith("https://"));
        QCOMPARE(ask("GET", "/livez").status, 200);
    }

    void wrongFilesAreNamed() {
        QVERIFY(start({"--tls"}));
        m_server.reset();
        QVERIFY(refusal({"--tls-cert", certificateFile()}, 2).contains("--tls-key"));
        QVERIFY(refusal({"--tls-key", keyFile()}, 2).contains("--tls-cert"));
        QVERIFY(
            refusal({"--tls", "--tls-cert", certificateFile(), "--tls-key", keyFile()}, 2).contains("--tls"));
        QByteArray said = refusal({"--tls-cert", "/nowhere/c.pem", "--tls-key", keyFile()}, 1);
        QVERIFY2(said.contains("The certificate /nowhere/c.pem cannot be read"), said);
        said = refusal({"--tls-cert", certificateFile(), "--tls-key", certificateFile()}, 1);
        QVERIFY2(said.contains("is not in PEM form: it has no line BEGIN PRIVATE KEY"), said);
    }

    void plainClientsAreTold() {
        QVERIFY(start({"--tls"}));
        m_url.replace("https", "http");
        const auto answer = get("/livez");
        QCOMPARE(answer.status, 400);
        QVERIFY2(answer.body.contains("https://"), answer.body);
    }

    void whatIsMissingForOthersIsSaid() {
        QByteArray said = refusal({"--bind", "0.0.0.0"}, 2);
        QVERIFY2(said.contains("neither a key nor encryption") && said.contains("--tls") &&
                     said.contains("keys create"),
                 said);
        said = refusal({"--bind", "0.0.0.0", "--tls"}, 2);
        QVERIFY2(!said.contains("encryption") && said.contains("no key yet"), said);
    }
};

QTEST_GUILESS_MAIN(TestServeTls)
#include "test_serve_tls.moc"
