// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QNetworkCookieJar>
#include <QTest>

#include "server/keys/secret.h"
#include "tests/server/commands/serve_test.h"

using namespace easel;
using namespace easel::tests;

/// A running server whose keys the command line changes.
class TestServeKeys : public ServeTest {
    Q_OBJECT

    /// Runs `easel-server keys` on the server's data and answers what it prints.
    QByteArray keys(const QStringList& arguments) const {
        Program program(QStringList{"keys"} + arguments + QStringList{"--data", m_folder->filePath("data")});
        return program.waitForEnd() == 0 ? program.output().trimmed() : QByteArray();
    }

    QNetworkRequest asked(const QString& target, const QByteArray& authorization) const {
        QNetworkRequest request(QUrl(m_url + target));
        request.setTransferTimeout(kPatienceMs);
        request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
        if (!authorization.isEmpty()) {
            request.setRawHeader("Authorization", authorization);
        }
        return request;
    }

    int statusOf(const QString& target, const QByteArray& authorization = {}) {
        return wait(m_network.get(asked(target, authorization))).status;
    }

private Q_SLOTS:
    void init() {
        begin();
        m_network.setCookieJar(new QNetworkCookieJar);
    }
    void cleanup() { end(); }

    void takesUpWhatTheCommandLineDoes() {
        QVERIFY(start());
        QCOMPARE(statusOf("/v1/jobs"), 200);
        const QByteArray secret = keys({"create", "laptop"});
        QVERIFY(!secret.isEmpty());
        QTRY_COMPARE(statusOf("/v1/jobs"), 401);
        QCOMPARE(statusOf("/v1/jobs", "Bearer " + secret), 200);
        QVERIFY(keys({"list"}).contains("laptop"));
        QVERIFY(!keys({"revoke", "laptop", "--json"}).isEmpty());
        QTRY_COMPARE(statusOf("/v1/jobs", "Bearer " + secret), 401);
        QCOMPARE(statusOf("/v1/jobs"), 401);
    }

    void knowsItsKeysAfterARestartAndWhenTheyWereUsed() {
        const QByteArray secret = keys({"create", "laptop"});
        QVERIFY(keys({"list"}).contains("never"));
        QVERIFY(start());
        QCOMPARE(statusOf("/v1/jobs", "Bearer " + secret), 200);
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
        QVERIFY(!keys({"list"}).contains("never"));
        QVERIFY(start());
        QCOMPARE(statusOf("/v1/jobs"), 401);
        QCOMPARE(statusOf("/v1/jobs", "Bearer " + secret), 200);
    }

    void letsNobodyInBeforeThereIsAKey() {
        QVERIFY(start({"--require-key"}));
        QVERIFY(m_server->waitForError("no key yet"));
        QCOMPARE(statusOf("/v1/jobs"), 401);
        QCOMPARE(statusOf("/livez"), 200);
        const QByteArray secret = keys({"create", "laptop"});
        QTRY_COMPARE(statusOf("/v1/jobs", "Bearer " + secret), 200);
    }

    void doesNotStartWithAFileOfKeysThatIsDamaged() {
        keys({"create", "laptop"});
        QFile file(m_folder->filePath("data/keys.json"));
        QVERIFY(file.resize(file.size() / 2));
        Program server(command());
        QCOMPARE(server.waitForEnd(), 1);
        QVERIFY2(server.errors().contains("keys.json"), server.errors());
        QVERIFY2(server.errors().contains("who may come in"), server.errors());
    }

    void goesOnWhenTheFileIsDamagedMeanwhile() {
        const QByteArray secret = keys({"create", "laptop"});
        QVERIFY(start());
        QFile file(m_folder->filePath("data/keys.json"));
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write("{");
        file.close();
        QVERIFY(m_server->waitForError("keys.json"));
        QCOMPARE(statusOf("/v1/jobs", "Bearer " + secret), 200);
        QCOMPARE(statusOf("/v1/jobs"), 401);
    }

    void refusesAnAddressThatOthersReachAndSaysWhatToDo() {
        Program open(command({"--bind", "0.0.0.0"}));
        QCOMPARE(open.waitForEnd(), 2);
        QVERIFY2(open.errors().contains("easel-server keys create"), open.errors());
        QVERIFY2(open.errors().contains("neither a key nor encryption"), open.errors());
        keys({"create", "laptop"});
        Program keyed(command({"--bind", "0.0.0.0"}));
        QCOMPARE(keyed.waitForEnd(), 2);
        QVERIFY2(keyed.errors().contains("there is no encryption"), keyed.errors());
        QVERIFY2(!keyed.errors().contains("keys create"), keyed.errors());
        QVERIFY2(keyed.errors().contains("--allow-insecure"), keyed.errors());
    }

    void aDifferentAddressWithKeysNeedsOne() {
        const QByteArray secret = keys({"create", "laptop"});
        QVERIFY(start({"--bind", "0.0.0.0", "--allow-insecure"}));
        QVERIFY(m_server->waitForError("no encryption"));
        QVERIFY(!m_server->errors().contains("no key is needed"));
        m_url.replace("0.0.0.0", "127.0.0.1");
        QCOMPARE(statusOf("/v1/jobs"), 401);
        QCOMPARE(statusOf("/v1/jobs", "Bearer " + secret), 200);
    }

    /// In each place where a client can put one, right or wrong.
    void noSecretIsEverLogged() {
        QVERIFY(start());
        const QByteArray right = keys({"create", "laptop", "--scope", "admin"});
        QTRY_COMPARE(statusOf("/v1/jobs"), 401);
        const QByteArray wrong = QByteArray::fromStdString(keys::newSecret());
        QByteArray answers;
        for (const QByteArray& secret : {right, wrong}) {
            const auto note = [&](QNetworkReply* reply) { QVERIFY(wait(reply).status != 0); };
            const auto get = [&](const QByteArray& target, const QByteArray& authorization) {
                const auto answer = wait(m_network.get(asked(target, authorization)));
                QVERIFY(answer.status != 0);
                answers += answer.body;
            };
            const QByteArray bearer = "Bearer " + secret;
            for (const QByteArray& authorization :
                 {QByteArray(), bearer, "Basic " + ("me:" + secret).toBase64(), "Digest " + secret, secret}) {
                get("/v1/jobs", authorization);
                get("/v1/jobs?key=" + secret, authorization);
                get("/v1/jobs?" + secret, authorization);
                get("/?prompt=a+" + secret, authorization);
                get("/" + secret, authorization);
                get("/v1/jobs/" + secret, authorization);
                get("/v1/keys/" + secret, authorization);
                get("/login?next=" + secret, authorization);
            }
            note(m_network.deleteResource(asked("/v1/keys/" + secret, bearer)));
            auto form = asked("/login", {});
            form.setHeader(QNetworkRequest::ContentTypeHeader, "application/x-www-form-urlencoded");
            note(m_network.post(form, "key=" + secret));
            note(m_network.post(form, "key=" + secret + "&key=" + secret));
            form.setUrl(QUrl(m_url + "/login?key=" + secret));
            note(m_network.post(form, "key=" + secret));
            auto json = asked("/v1/jobs", bearer);
            json.setHeader(QNetworkRequest::ContentTypeHeader, "application/json");
            note(m_network.post(json, "{\"prompt\":\"x\",\"model\":\"" + secret + "\"}"));
            json.setUrl(QUrl(m_url + "/v1/keys"));
            note(m_network.post(json, "{\"name\":\"" + secret + "\"}"));
            note(m_network.sendCustomRequest(asked("/v1/jobs", bearer), secret));
        }
        QVERIFY(!keys({"revoke", "laptop", "--json"}).isEmpty());
        QTRY_COMPARE(statusOf("/v1/jobs", "Bearer " + right), 401);
        m_server->signal(SIGTERM);
        QCOMPARE(m_server->waitForEnd(), 0);
        const QByteArray said = m_server->output() + m_server->errors() + answers;
        QVERIFY(said.contains("/v1/jobs"));  // there is a log at all
        QVERIFY(said.contains("easel_***"));
        for (const QByteArray& secret : {right, wrong}) {
            QVERIFY2(!said.contains(secret.mid(6)), said);
            QVERIFY(!said.contains(("me:" + secret).toBase64()));
        }
        // Nor is one kept anywhere.
        QDirIterator files(m_folder->path(), QDir::Files | QDir::Hidden, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QByteArray text = file.readAll();
            QVERIFY2(!text.contains(right.mid(6)) && !text.contains(wrong.mid(6)),
                     qPrintable(file.fileName()));
        }
    }
};

QTEST_GUILESS_MAIN(TestServeKeys)
#include "test_serve_keys.moc"
