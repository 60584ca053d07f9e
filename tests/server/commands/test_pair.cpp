// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <QTest>

#include <string>

#include <QJsonDocument>
#include <QJsonObject>
#include <QUrl>
#include <QUrlQuery>

#include "server/commands/pair.h"
#include "server/commands/qr_code.h"
#include "shared/protocol/key_info.h"
#include "tests/server/commands/serve_test.h"

using namespace easel;
using namespace easel::tests;

/// Codes that let one device in.
class TestPair : public ServeTest {
    Q_OBJECT

private:
    QJsonObject pair(const QStringList& more = {}) {
        Program program(QStringList{"pair", "--data", m_folder->filePath("data"), "--json"} + more);
        return program.waitForEnd() == 0 ? QJsonDocument::fromJson(program.output()).object() : QJsonObject();
    }

    static QUrlQuery queryOf(const QJsonObject& code) { return QUrlQuery(QUrl(code["link"].toString())); }

    Answer redeem(const QString& ticket, const char* name = "laptop") {
        auto post = request("/v1/pair");
        post.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
        const QJsonObject body{{"ticket", ticket}, {"name", name}};
        return wait(m_network.post(post, QJsonDocument(body).toJson()));
    }

    Answer jobsWith(const QString& key) {
        auto get = request("/v1/jobs");
        get.setRawHeader("Authorization", "Bearer " + key.toUtf8());
        return wait(m_network.get(get));
    }

private Q_SLOTS:
    void init() { begin(); }
    void cleanup() { end(); }

    void aCodeIsExchangedForAKeyOnce() {
        QVERIFY(start());
        const QJsonObject code = pair();
        QCOMPARE(code["url"].toString(), m_url);
        QVERIFY(code["link"].toString().startsWith("easel://127.0.0.1:"));
        const QString ticket = queryOf(code).queryItemValue("ticket");
        QVERIFY(!ticket.isEmpty());
        QCOMPARE(get("/v1/jobs").status, 200);  // without any key nobody needs one

        const auto paired = redeem(ticket);
        QCOMPARE(paired.status, 201);
        const QJsonObject device = QJsonDocument::fromJson(paired.body).object();
        QCOMPARE(device["name"].toString(), QString("laptop"));
        QCOMPARE(device["scope"].toString(), QString("generate"));
        QCOMPARE(jobsWith(device["key"].toString()).status, 200);
        QCOMPARE(get("/v1/jobs").status, 401);

        const auto again = redeem(ticket);
        QCOMPARE(again.status, 410);
        QVERIFY2(again.body.contains("ticket_invalid"), again.body);
        QVERIFY(!m_server->errors().contains("easel_"));
        QVERIFY(!m_server->errors().contains(ticket.toUtf8()));
    }

    void devicesOfOneNameAreTold() {
        QVERIFY(start());
        for (const char* const expected : {"laptop", "laptop 2", "laptop 3"}) {
            const auto paired = redeem(queryOf(pair()).queryItemValue("ticket"));
            QCOMPARE(QJsonDocument::fromJson(paired.body).object()["name"].toString(), QString(expected));
        }
    }

    void aWrongNameDoesNotUseTheCodeUp() {
        QVERIFY(start());
        const QString ticket = queryOf(pair({"--scope", "admin"})).queryItemValue("ticket");
        QCOMPARE(redeem(ticket, "").status, 422);
        QCOMPARE(redeem(ticket, " blank ").status, 422);
        const auto paired = redeem(ticket);
        QCOMPARE(paired.status, 201);
        QVERIFY(paired.body.contains("\"admin\""));
    }

    void theLinkSaysHowToComeIn() {
        const commands::PublicAddress own{"https://example.org:8443/easel", std::string(64, 'a'),
                                          "Anna's vm"};
        const QUrl link(QString::fromStdString(commands::pairingLink(own, "ticket")));
        QCOMPARE(link.scheme(), QString("easel"));
        QCOMPARE(link.authority(), QString("example.org:8443"));
        QCOMPARE(link.path(), QString("/easel"));
        const QUrlQuery query(link);
        QCOMPARE(query.queryItemValue("fingerprint"), QString(64, 'a'));
        QCOMPARE(query.queryItemValue("name", QUrl::FullyDecoded), QString("Anna's vm"));
        QVERIFY(!query.hasQueryItem("tls"));
        const std::string known = commands::pairingLink({"https://example.org", "", ""}, "t");
        QCOMPARE(known, std::string("easel://example.org?ticket=t&tls=1"));
        QCOMPARE(commands::pairingLink({"http://127.0.0.1:5000", "", ""}, "t"),
                 std::string("easel://127.0.0.1:5000?ticket=t"));
    }

    void underTlsTheFingerprintIsInIt() {
        m_server = std::make_unique<Program>(command({"--tls"}));
        const QString url = m_server->waitForLine("Listening on ");
        QVERIFY(url.startsWith("https://"));
        const QJsonObject code = pair();
        QCOMPARE(code["fingerprint"].toString().size(), 64);
        QCOMPARE(queryOf(code).queryItemValue("fingerprint"), code["fingerprint"].toString());
        QVERIFY(m_server->waitForError(code["fingerprint"].toString().toUtf8()));  // which the log tells, too
    }

    void aMachineOnGoogleCloudIsNamed() {
        m_server = std::make_unique<Program>(command({"--tls"}));
        QVERIFY(m_server->waitForLine("Listening on ").startsWith("https://"));
        const QString place = "my-project/us-central1-a/easel";
        QCOMPARE(queryOf(pair({"--gcp", place})).queryItemValue("gcp"), place);
        QVERIFY(!queryOf(pair()).hasQueryItem("gcp"));
        for (const QString wrong : {"easel", "my-project/us-central1-a/-x", "P/us-central1-a/easel"}) {
            Program program({"pair", "--data", m_folder->filePath("data"), "--gcp", wrong});
            QCOMPARE(program.waitForEnd(), 2);
            QVERIFY2(program.errors().contains("--gcp"), program.errors());
            QVERIFY(program.output().isEmpty());
        }
    }

    /// A tunnel's near end is any port of the laptop's.
    void aMachineOnGoogleCloudIsNamedWithItsCertificateOnly() {
        QVERIFY(start());
        Program program(
            {"pair", "--data", m_folder->filePath("data"), "--gcp", "my-project/us-central1-a/easel"});
        QCOMPARE(program.waitForEnd(), 2);
        QVERIFY2(program.errors().contains("--tls"), program.errors());
        QVERIFY(program.output().isEmpty());
    }

    void withoutAServerThereIsNoCode() {
        Program program({"pair", "--data", m_folder->filePath("data")});
        QCOMPARE(program.waitForEnd(), 2);
        QVERIFY2(program.errors().contains("easel-server serve"), program.errors());
        QVERIFY(start());
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
        QVERIFY(pair().isEmpty());
    }

    /// Rows of the same length, with finder patterns in three corners, and nothing for what does not fit.
    void aQrCodeHasItsForm() {
        const QStringList rows =
            QString::fromStdString(commands::qrCode("easel://127.0.0.1:5000?ticket=t")).split("\x1b[0m\n");
        QVERIFY(rows.size() > 15);
        QVERIFY(rows[2].contains("█▀▀▀▀▀█"));
        QCOMPARE(rows[2].count("█▀▀▀▀▀█"), 2);
        QVERIFY(rows[0].endsWith("    "));
        for (qsizetype i = 1; i + 1 < rows.size(); ++i) {
            QCOMPARE(rows[i].size(), rows[0].size());
        }
        QVERIFY(commands::qrCode(std::string(4000, 'x')).empty());
    }
};

QTEST_GUILESS_MAIN(TestPair)
#include "test_pair.moc"
