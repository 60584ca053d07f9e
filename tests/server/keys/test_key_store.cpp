// SPDX-License-Identifier: Apache-2.0
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <atomic>
#include <set>
#include <thread>

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "server/keys/key_store.h"
#include "shared/text/secrets.h"

using namespace easel;
using keys::Key;
using keys::KeyStore;
using keys::KeyStoreOptions;
using protocol::KeyScope;

class TestKeyStore : public QObject {
    Q_OBJECT

    std::unique_ptr<QTemporaryDir> m_folder;

    std::filesystem::path file() const { return m_folder->filePath("keys.json").toStdString(); }

    std::unique_ptr<KeyStore> open(KeyStoreOptions options = {}) const {
        auto store = KeyStore::open(file(), std::move(options));
        return store ? std::move(*store) : nullptr;
    }

    void write(const QByteArray& text) const {
        QFile out(QString::fromStdString(file().string()));
        QVERIFY(out.open(QIODevice::WriteOnly));
        out.write(text);
    }

    QByteArray text() const {
        QFile in(QString::fromStdString(file().string()));
        return in.open(QIODevice::ReadOnly) ? in.readAll() : QByteArray();
    }

    static std::vector<std::string> names(const std::vector<Key>& keys) {
        std::vector<std::string> names;
        for (const Key& key : keys) {
            names.push_back(key.name);
        }
        return names;
    }

private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void beginsWithoutKeysAndWithoutAFile() {
        const auto store = open();
        QVERIFY(store);
        QVERIFY(!store->hasLiving());
        QVERIFY(store->all().empty());
        QVERIFY(!std::filesystem::exists(file()));
    }

    void keepsKeysButNotTheirSecrets() {
        std::string secret;
        Key key;
        {
            const auto made = open({.now = [] { return 5'000; }})->create("laptop", KeyScope::Admin);
            QVERIFY(made);
            secret = made->secret;
            key = made->key;
        }
        QVERIFY(text::hasSecretsShape(secret));
        QVERIFY(!text().contains(QByteArray::fromStdString(secret.substr(6))));
        struct stat status {};
        QCOMPARE(::stat(file().c_str(), &status), 0);
        QCOMPARE(status.st_mode & 0777, 0600);
        const auto store = open();
        QVERIFY(store->living() == std::vector{key});
        QCOMPARE(key.createdAt, std::int64_t{5'000});
        const auto known = store->recognise(secret);
        QVERIFY(known);
        QCOMPARE(known->id, key.id);
        QVERIFY(known->scope == KeyScope::Admin);
        QVERIFY(known->lastUsedAt);
    }

    void knowsNoOtherSecret() {
        const auto store = open();
        const auto made = store->create("laptop", KeyScope::Generate);
        std::string other = made->secret;
        other.back() = other.back() == 'A' ? 'B' : 'A';
        for (const std::string& wrong : {other, keys::newSecret(), std::string(), made->key.id,
                                         made->key.name, made->secret + "\n", made->secret.substr(1)}) {
            QVERIFY(!store->recognise(wrong));
        }
        QVERIFY(!store->all().front().lastUsedAt);
    }

    void revokesByIdAndByName() {
        const auto store = open();
        const auto one = store->create("one", KeyScope::Generate);
        const auto two = store->create("two", KeyScope::Generate);
        QVERIFY(store->revoke(one->key.id));
        QVERIFY(store->revoke("two"));
        QVERIFY(!store->recognise(one->secret));
        QVERIFY(!store->recognise(two->secret));
        QVERIFY(!store->hasLiving());
        QCOMPARE(store->all().size(), std::size_t{2});
        QCOMPARE(store->revoke("two").error().status, 404);
        QCOMPARE(store->revoke(one->key.id).error().status, 404);
        QVERIFY(!open()->hasLiving());
    }

    void neverRepeatsASecretThatWasGivenForAName() {
        const auto store = open();
        const auto made = store->create("one", KeyScope::Generate);
        const auto refused = store->revoke(made->secret);
        QVERIFY(!refused);
        QVERIFY(refused.error().detail.find(made->secret) == std::string::npos);
        QVERIFY(!store->create(made->secret, KeyScope::Generate));
    }

    void refusesNames_data() {
        QTest::addColumn<QString>("name");
        QTest::addColumn<bool>("isGood");
        QTest::newRow("empty") << "" << false;
        QTest::newRow("one") << "a" << true;
        QTest::newRow("64") << QString(64, 'a') << true;
        QTest::newRow("65") << QString(65, 'a') << false;
        QTest::newRow("64 of more bytes") << QString(64, QChar(0x00e4)) << true;
        QTest::newRow("spaces inside") << "Anna's old laptop" << true;
        QTest::newRow("space before") << " a" << false;
        QTest::newRow("space behind") << "a " << false;
        QTest::newRow("line end") << "a\nb" << false;
        QTest::newRow("escape") << "a\x1b[31m" << false;
        QTest::newRow("turns the direction") << QString("a") + QChar(0x202e) + "b" << false;
    }

    void refusesNames() {
        QFETCH(QString, name);
        QFETCH(bool, isGood);
        const auto made = open()->create(name.toStdString(), KeyScope::Generate);
        QCOMPARE(made.has_value(), isGood);
        if (!isGood) {
            QCOMPARE(made.error().status, 422);
            QCOMPARE(made.error().field.value_or(""), std::string("name"));
        }
    }

    void refusesNamesThatAreNoText() { QVERIFY(!open()->create("a\xff", KeyScope::Generate)); }

    void givesANameToOneLivingKey() {
        const auto store = open();
        QVERIFY(store->create("laptop", KeyScope::Generate));
        QCOMPARE(store->create("laptop", KeyScope::Admin).error().status, 422);
        QVERIFY(store->revoke("laptop"));
        QVERIFY(store->create("laptop", KeyScope::Admin));
    }

    void hasSoManyKeysAndNoMore() {
        const auto store = open({.maxKeys = 3});
        for (const char* name : {"a", "b", "c"}) {
            QVERIFY(store->create(name, KeyScope::Generate));
        }
        QCOMPARE(store->create("d", KeyScope::Generate).error().status, 409);
        QVERIFY(store->revoke("b"));
        QVERIFY(store->create("d", KeyScope::Generate));
        QVERIFY(names(store->all()) == (std::vector<std::string>{"a", "c", "d"}));
    }

    void carriesTenThousandKeys() {
        std::vector<Key> many(10'000);
        for (std::size_t i = 0; i < many.size(); ++i) {
            many[i] = {keys::newKeyId(),
                       std::string(60, 'n') + std::to_string(i),
                       KeyScope::Generate,
                       i % 2 == 0 ? std::optional(60) : std::nullopt,
                       keys::hashOf(std::to_string(i)),
                       1'800'000'000'000,
                       1'800'000'000'000,
                       {}};
        }
        QVERIFY(keys::writeKeys(file(), many));
        const auto store = open();
        QVERIFY(store);
        QVERIFY(store->all() == many);
        QCOMPARE(store->create("one more", KeyScope::Generate).error().status, 409);
    }

    void refusesAFileThatIsNotWhole_data() {
        QTest::addColumn<QByteArray>("text");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("no JSON") << QByteArray("keys");
        QTest::newRow("no object") << QByteArray("[]");
        QTest::newRow("nothing in it") << QByteArray("{}");
        QTest::newRow("no keys") << QByteArray(R"({"version": 1})");
        QTest::newRow("no version") << QByteArray(R"({"keys": []})");
        QTest::newRow("newer") << QByteArray(R"({"version": 2, "keys": []})");
        QTest::newRow("keys are no list") << QByteArray(R"({"version": 1, "keys": {}})");
        QTest::newRow("a key without anything") << QByteArray(R"({"version": 1, "keys": [{}]})");
        const QByteArray hash(64, 'a');
        const auto fileOf = [](const QByteArray& keys) {
            return "{\"version\": 1, \"keys\": [" + keys + "]}";
        };
        const auto key = [](const QByteArray& scope, const QByteArray& digest, const QByteArray& more = {}) {
            return "{\"id\": \"k_1\", \"name\": \"n\", \"scope\": \"" + scope + "\", \"sha256\": \"" +
                   digest + "\"" + more + "}";
        };
        QTest::newRow("no hash") << fileOf(key("admin", {}));
        QTest::newRow("short hash") << fileOf(key("admin", hash.left(63)));
        QTest::newRow("no hex") << fileOf(key("admin", hash.left(63) + "g"));
        QTest::newRow("unknown scope") << fileOf(key("root", hash));
        QTest::newRow("unknown field") << fileOf(key("admin", hash, ", \"expires\": 5"));
        QTest::newRow("the same id twice") << fileOf(key("admin", hash) + "," + key("admin", hash));
    }

    void refusesAFileThatIsNotWhole() {
        QFETCH(QByteArray, text);
        write(text);
        const auto store = KeyStore::open(file());
        QVERIFY(!store);
        QVERIFY(store.error().detail.find(file().string()) != std::string::npos);
        QVERIFY(store.error().detail.find("easel-server keys create") != std::string::npos);
        QCOMPARE(this->text(), text);  // left as it is
    }

    void takesAFileThatIsWhole() {
        write(
            "{\"version\": 1, \"keys\": [{\"id\": \"k_1\", \"name\": \"n\", \"scope\": \"admin\", "
            "\"sha256\": \"" +
            QByteArray(64, 'a') + "\"}]}");
        QVERIFY(open());
    }

    void refusesAFileThatWasCutAnywhere() {
        QVERIFY(open()->create("laptop", KeyScope::Generate));
        const QByteArray whole = text();
        for (qsizetype length = 0; length < whole.size() - 2; ++length) {
            write(whole.left(length));
            QVERIFY2(!KeyStore::open(file()), whole.left(length));
        }
    }

    void refusesAFolder() {
        QVERIFY(std::filesystem::create_directory(file()));
        QVERIFY(!KeyStore::open(file()));
    }

    void seesWhatAnotherProcessChanges() {
        const auto server = open({.lookEvery = std::chrono::milliseconds(20)});
        std::atomic<int> changes = 0;
        server->watch([&] { ++changes; });
        const auto other = open();
        const auto made = other->create("laptop", KeyScope::Generate);
        QTRY_COMPARE(changes, 1);
        QVERIFY(server->recognise(made->secret));
        QVERIFY(other->revoke("laptop"));
        QTRY_COMPARE(changes, 2);
        QVERIFY(!server->recognise(made->secret));
    }

    void tellsOfItsOwnChangesBeforeTheyAreAnswered() {
        const auto store = open();
        int changes = 0;
        store->watch([&] { ++changes; });
        QVERIFY(store->create("laptop", KeyScope::Generate));
        QCOMPARE(changes, 1);
        QVERIFY(store->revoke("laptop"));
        QCOMPARE(changes, 2);
    }

    void goesOnToKnowWhomItKnowsWhenTheFileIsDamaged() {
        std::atomic<int> told = 0;
        const auto store =
            open({.lookEvery = std::chrono::milliseconds(20), .log = [&](const auto&) { ++told; }});
        const auto made = store->create("laptop", KeyScope::Generate);
        const QByteArray whole = text();
        store->watch({});
        write("{");
        QTRY_COMPARE(told, 1);
        QVERIFY(store->recognise(made->secret));
        QVERIFY(!store->create("other", KeyScope::Generate));
        QCOMPARE(text(), QByteArray("{"));
        QVERIFY(QFile::remove(QString::fromStdString(file().string())));
        QTRY_COMPARE(told, 2);
        QVERIFY(store->recognise(made->secret));
        QVERIFY(!store->create("other", KeyScope::Generate));
        write(whole);
        QVERIFY(store->create("other", KeyScope::Generate));
        QCOMPARE(told, 2);
    }

    void keepsWhenAKeyWasUsedWithoutAWriteForEach() {
        const auto store = open({.lookEvery = std::chrono::milliseconds(10),
                                 .keepUseEvery = std::chrono::hours(1),
                                 .now = [] { return 7'000; }});
        const auto made = store->create("laptop", KeyScope::Generate);
        const QByteArray before = text();
        store->watch({});
        for (int i = 0; i < 100; ++i) {
            QVERIFY(store->recognise(made->secret));
        }
        QCOMPARE(store->all().front().lastUsedAt.value_or(0), std::int64_t{7'000});
        QCOMPARE(text(), before);
    }

    void keepsUseInTheFileFromTimeToTimeAndAtTheEnd() {
        std::int64_t now = 7'000;
        std::string secret;
        {
            const auto store = open({.lookEvery = std::chrono::milliseconds(10),
                                     .keepUseEvery = std::chrono::milliseconds(10),
                                     .now = [] { return 7'000; }});
            secret = store->create("laptop", KeyScope::Generate)->secret;
            store->watch({});
            QVERIFY(store->recognise(secret));
            QTRY_COMPARE(open()->all().front().lastUsedAt.value_or(0), now);
        }
        {
            const auto store = open({.now = [] { return 9'000; }});
            QVERIFY(store->recognise(secret));
        }
        QCOMPARE(open()->all().front().lastUsedAt.value_or(0), std::int64_t{9'000});
    }

    void usingAKeyDoesNotBringBackOneThatWasRevoked() {
        const auto server = open();
        const auto made = server->create("laptop", KeyScope::Generate);
        QVERIFY(server->recognise(made->secret));
        QVERIFY(open()->revoke("laptop"));
        server->noteUse(made->key.id);
        QVERIFY(server->create("other", KeyScope::Generate));
        QVERIFY(!server->recognise(made->secret));
        QVERIFY(!open()->recognise(made->secret));
    }

    void losesNoKeyWhenProcessesRace() {
        constexpr int kProcesses = 4;
        constexpr int kKeys = 12;
        std::vector<pid_t> children;
        for (int process = 0; process < kProcesses; ++process) {
            const pid_t child = ::fork();
            if (child == 0) {
                const auto store = open();
                bool isGood = store != nullptr;
                for (int i = 0; i < kKeys && isGood; ++i) {
                    const std::string name = std::to_string(process) + "-" + std::to_string(i);
                    isGood = store->create(name, KeyScope::Generate).has_value();
                    isGood = isGood && (i % 2 == 0 || store->revoke(name));
                }
                ::_exit(isGood ? 0 : 1);
            }
            children.push_back(child);
        }
        for (const pid_t child : children) {
            int status = -1;
            QCOMPARE(::waitpid(child, &status, 0), child);
            QCOMPARE(status, 0);
        }
        const auto store = open();
        QCOMPARE(store->all().size(), std::size_t{kProcesses * kKeys});
        QCOMPARE(store->living().size(), std::size_t{kProcesses * kKeys / 2});
    }

    void losesNoKeyWhenThreadsRace() {
        const auto store =
            open({.lookEvery = std::chrono::milliseconds(1), .keepUseEvery = std::chrono::milliseconds(1)});
        store->watch({});
        const auto used = store->create("used", KeyScope::Generate);
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 3; ++thread) {
            threads.emplace_back([&, thread] {
                for (int i = 0; i < 10; ++i) {
                    (void)store->create(std::to_string(thread) + "-" + std::to_string(i), KeyScope::Generate);
                    (void)store->recognise(used->secret);
                }
            });
        }
        threads.clear();
        QCOMPARE(store->living().size(), std::size_t{31});
        QCOMPARE(open()->living().size(), std::size_t{31});
    }

    void doesNotWaitForEverForTheLock() {
        const auto store = open();
        const std::string lock = file().string() + ".lock";
        const int held = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        QVERIFY(held >= 0);
        QCOMPARE(::flock(held, LOCK_EX), 0);
        QCOMPARE(store->create("laptop", KeyScope::Generate).error().status, 503);
        ::close(held);
        QVERIFY(store->create("laptop", KeyScope::Generate));
    }

    void anUnwritableFolderIsToldAndChangesNothing() {
        if (::geteuid() == 0) {
            QSKIP("root may write everywhere");
        }
        const auto store = open();
        QVERIFY(store->create("laptop", KeyScope::Generate));
        QCOMPARE(::chmod(m_folder->path().toUtf8().constData(), 0500), 0);
        QVERIFY(!store->revoke("laptop"));
        QVERIFY(store->hasLiving());
        QCOMPARE(::chmod(m_folder->path().toUtf8().constData(), 0700), 0);
    }
};

QTEST_GUILESS_MAIN(TestKeyStore)
#include "test_key_store.moc"
