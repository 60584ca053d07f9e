// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include "server/keys/key_store.h"
#include "shared/protocol/key_info.h"
#include "shared/text/secrets.h"
#include "tests/server/commands/program.h"

using namespace easel;

/// `easel-server keys`, as a person or a script uses it.
class TestKeys : public QObject {
    Q_OBJECT

    struct Ended {
        int status = -1;
        QByteArray output;
        QByteArray errors;
    };

    std::unique_ptr<QTemporaryDir> m_folder;

    QString data() const { return m_folder->filePath("data"); }

    Ended keys(const QStringList& arguments) const {
        Program program(QStringList{"keys"} + arguments + QStringList{"--data", data()});
        const int status = program.waitForEnd();
        return {status, program.output(), program.errors()};
    }

private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void printsASecretOnce() {
        const auto made = keys({"create", "Anna's laptop"});
        QCOMPARE(made.status, 0);
        const QByteArray secret = made.output.trimmed();
        QVERIFY(text::hasSecretsShape(secret.toStdString()));
        QCOMPARE(made.output, secret + "\n");
        QVERIFY(made.errors.contains("Anna's laptop"));
        QVERIFY(made.errors.contains("not shown again"));
        QVERIFY(!made.errors.contains(secret));
        const auto listed = keys({"list"});
        QCOMPARE(listed.status, 0);
        QVERIFY(listed.output.contains("Anna's laptop"));
        QVERIFY(listed.output.contains("generate"));
        QVERIFY(listed.output.contains("never"));
        QCOMPARE(keys({"create", "guest", "--rate", "6"}).status, 0);
        QVERIFY(keys({"list", "--json"}).output.contains("\"jobs_per_minute\":6"));
        QCOMPARE(keys({"create", "other", "--rate", "0"}).status, 2);
        QVERIFY(!listed.output.contains(secret));
        QFile file(data() + "/keys.json");
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY(!file.readAll().contains(secret.mid(6)));
        const auto store = keys::KeyStore::open(file.fileName().toStdString());
        QVERIFY((*store)->recognise(secret.toStdString()));
    }

    void keepsItsFilesToItself() {
        QCOMPARE(keys({"create", "a"}).status, 0);
        for (const char* name : {"", "/keys.json", "/keys.json.lock"}) {
            struct stat status {};
            QCOMPARE(::stat((data() + name).toUtf8().constData(), &status), 0);
            QCOMPARE(status.st_mode & 077, 0);
        }
    }

    void speaksToPrograms() {
        const auto made = keys({"create", "script", "--scope", "admin", "--json"});
        const auto key = protocol::parseKeyInfo(made.output.toStdString());
        QVERIFY(key);
        QVERIFY(key->scope == protocol::KeyScope::Admin);
        QVERIFY(text::hasSecretsShape(key->secret.value_or("")));
        QVERIFY(made.errors.isEmpty());
        const auto listed = protocol::parseKeyList(keys({"list", "--json"}).output.toStdString());
        QVERIFY(listed);
        QCOMPARE(listed->size(), std::size_t{1});
        QCOMPARE(listed->front().id, key->id);
        QVERIFY(!listed->front().secret);
        const auto revoked =
            protocol::parseKeyInfo(keys({"revoke", "script", "--json"}).output.toStdString());
        QVERIFY(revoked && revoked->revokedAt);
        QCOMPARE(keys({"list", "--json"}).output.trimmed(), QByteArray("{\"keys\":[]}"));
        QVERIFY(keys({"list", "--json", "--all"}).output.contains(QByteArray::fromStdString(key->id)));
    }

    void revokesByNameAndById() {
        QCOMPARE(keys({"create", "one"}).status, 0);
        const auto two = protocol::parseKeyInfo(keys({"create", "two", "--json"}).output.toStdString());
        QCOMPARE(keys({"revoke", "one"}).status, 0);
        QCOMPARE(keys({"revoke", QString::fromStdString(two->id)}).status, 0);
        const auto again = keys({"revoke", "one"});
        QCOMPARE(again.status, 2);
        QVERIFY(again.errors.contains("one"));
        QVERIFY(keys({"list"}).errors.contains("There are no keys"));
        QVERIFY(keys({"list", "--all"}).output.contains("revoked"));
    }

    void refusesWhatItCannotDo_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::newRow("nothing") << QStringList{};
        QTest::newRow("unknown") << QStringList{"forget"};
        QTest::newRow("no name") << QStringList{"create"};
        QTest::newRow("empty name") << QStringList{"create", ""};
        QTest::newRow("unknown scope") << QStringList{"create", "a", "--scope", "root"};
        QTest::newRow("unknown key") << QStringList{"revoke", "nobody"};
    }

    void refusesWhatItCannotDo() {
        QFETCH(QStringList, arguments);
        const auto ended = keys(arguments);
        QCOMPARE(ended.status, 2);
        QVERIFY(!ended.errors.isEmpty());
        QVERIFY(ended.output.isEmpty());
    }

    void refusesASecondKeyOfTheSameName() {
        QCOMPARE(keys({"create", "laptop"}).status, 0);
        const auto second = keys({"create", "laptop"});
        QCOMPARE(second.status, 2);
        QVERIFY(second.errors.contains("already"));
    }

    void touchesNoFolderThatIsNotEasels() {
        QVERIFY(QDir().mkpath(data()));
        QFile other(data() + "/thesis.txt");
        QVERIFY(other.open(QIODevice::WriteOnly));
        const auto ended = keys({"create", "laptop"});
        QCOMPARE(ended.status, 1);
        QVERIFY(ended.errors.contains("other files"));
        QCOMPARE(QDir(data()).entryList(QDir::Files), QStringList{"thesis.txt"});
    }

    void refusesADamagedFile() {
        QCOMPARE(keys({"create", "laptop"}).status, 0);
        QFile file(data() + "/keys.json");
        QVERIFY(file.resize(20));
        for (const QStringList& arguments :
             {QStringList{"list"}, {"create", "other"}, {"revoke", "laptop"}}) {
            const auto ended = keys(arguments);
            QCOMPARE(ended.status, 1);
            QVERIFY(ended.errors.contains("keys.json"));
        }
        QCOMPARE(file.size(), qint64{20});
    }

    void keepsNoKeyThatCouldNotBePrinted() {
        Program program = Program::redirected(">/dev/full", {"keys", "create", "lost", "--data", data()});
        QCOMPARE(program.waitForEnd(), 1);
        QVERIFY(keys({"list"}).output.isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestKeys)
#include "test_keys.moc"
