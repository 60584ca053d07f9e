// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QSslCertificate>
#include <QSslConfiguration>
#include <QTest>

#include "tests/server/commands/serve_test.h"

using namespace easel;
using namespace easel::tests;
using protocol::JobState;

/// A server that speaks HTTPS, asked by a client that checks its certificate.
class TestServeTls : public ServeTest {
    Q_OBJECT

    QString certificateFile() const { return m_folder->filePath("data/tls/certificate.pem"); }
    QString keyFile() const { return m_folder->filePath("data/tls/key.pem"); }

    QSslCertificate certificate() const { return QSslCertificate::fromPath(certificateFile()).value(0); }

    /// Believes the server's own certificate and no other.
    void trustIt() {
        m_ssl.setCaCertificates({certificate()});
        m_network.clearConnectionCache();
    }

    /// Starts one that ends by itself, with a sentence.
    QByteArray refusal(const QStringList& more, int status) {
        Program program(command(more));
        const int answered = program.waitForEnd();
        return answered == status ? program.errors() : "ended with " + QByteArray::number(answered);
    }

private Q_SLOTS:
    void initTestCase() {
        if (!QSslSocket::supportsSsl()) {
            QSKIP("Qt has no TLS here");
        }
    }
    void init() { begin(); }
    void cleanup() { end(); }

    void drawsUnderItsOwnCertificate() {
        QVERIFY(start({"--tls"}));
        QVERIFY2(m_url.startsWith("https://127.0.0.1:"), qPrintable(m_url));
        QCOMPARE(get("/livez").status, 0);  // nobody vouches for it
        trustIt();
        QCOMPARE(get("/livez").status, 200);
        QVERIFY(waitForReady());
        QVERIFY(waitForState(submit("a fox"), JobState::Succeeded));
    }

    void tellsTheFingerprintAndKeepsIt() {
        QByteArray line;
        for (int round = 0; round < 2; ++round) {
            QVERIFY(start({"--tls"}));
            const QByteArray digest = certificate().digest(QCryptographicHash::Sha256).toHex();
            QVERIFY2(m_server->waitForError("SHA-256: " + digest), m_server->errors());
            QVERIFY(m_server->errors().contains("fingerprint in words: "));
            QVERIFY(line.isEmpty() || line == digest);
            line = digest;
            m_server.reset();
        }
        QCOMPARE(QFile::permissions(keyFile()) & (QFile::ReadGroup | QFile::ReadOther), QFile::Permissions());
    }

    void takesACertificateFromFiles() {
        QVERIFY(start({"--tls"}));
        trustIt();
        m_server.reset();
        QVERIFY(start({"--tls-cert", certificateFile(), "--tls-key", keyFile()}));
        QVERIFY(m_url.startsWith("https://"));
        QCOMPARE(get("/livez").status, 200);
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
        QVERIFY2(said.contains("no encryption") && said.contains("--tls") && said.contains("no login"), said);
        said = refusal({"--bind", "0.0.0.0", "--tls"}, 2);
        QVERIFY2(!said.contains("no encryption") && said.contains("no login"), said);
    }
};

QTEST_GUILESS_MAIN(TestServeTls)
#include "test_serve_tls.moc"
