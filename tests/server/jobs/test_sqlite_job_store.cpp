// SPDX-License-Identifier: Apache-2.0
#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <QTemporaryDir>
#include <QTest>

#include "server/jobs/sqlite_job_store.h"
#include "tests/server/jobs/job_store_conformance.h"
#include "tests/support/shared_log.h"

using namespace easel;
using namespace easel::jobs;

class TestSqliteJobStore : public JobStoreConformance {
    Q_OBJECT

protected:
    void openEmpty() override {
        m_folder = std::make_unique<QTemporaryDir>();
        reopen();
    }

    void reopen() override {
        m_store.reset();
        auto store = openSqliteJobStore(file(), m_log.writer(), [this] { return m_now; });
        QVERIFY2(store, store ? "" : store.error().detail.c_str());
        m_store = std::move(*store);
    }

    void pass(std::chrono::milliseconds time) override { m_now += time; }

private:
    std::filesystem::path file() const {
        return std::filesystem::path(m_folder->path().toStdString()) / "jobs.sqlite";
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    SteadyTime m_now{};
    tests::SharedLog m_log;

private Q_SLOTS:
    void isDurable() {
        m_store.reset();
        SQLite::Database other(file().string());
        QCOMPARE(other.execAndGet("PRAGMA journal_mode").getString(), std::string("wal"));
    }

    void olderFilesAreTakenOver_data() {
        QTest::addColumn<QString>("later");
        const QString second =
            "ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';"
            "ALTER TABLE jobs ADD COLUMN owner_used INTEGER NOT NULL DEFAULT 0;"
            "PRAGMA user_version = 2;";
        QTest::newRow("1") << QString();
        QTest::newRow("2") << second;
        QTest::newRow("3")
            << second +
                   "ALTER TABLE jobs ADD COLUMN finished_uptime INTEGER NOT NULL DEFAULT 0;"
                   "CREATE TABLE time (latest INTEGER NOT NULL, uptime INTEGER NOT NULL) STRICT;"
                   "INSERT INTO time VALUES (1763900010000, 10000);"
                   "PRAGMA user_version = 3;";
    }

    /// What the first version wrote, and the steps in which later ones changed it.
    void olderFilesAreTakenOver() {
        QFETCH(QString, later);
        m_store.reset();
        m_log = {};
        m_folder = std::make_unique<QTemporaryDir>();
        {
            std::ifstream script(EASEL_SOURCE_DIR "/tests/server/jobs/schema_1.sql");
            SQLite::Database older(file().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
            older.exec(std::string(std::istreambuf_iterator<char>(script), {}) + later.toStdString());
        }
        reopen();
        QCOMPARE(m_log.text(), std::string());  // It was not taken for damaged.
        QVERIFY(!std::filesystem::exists(file().parent_path() / "set-aside"));

        const auto page = m_store->list(10, {}, {}).value();
        QCOMPARE(page.jobs.size(), std::size_t{5});
        const auto& drawn = page.jobs[4];
        QCOMPARE(drawn.id, std::string("j_aaaaaaaaaaaaaaaa"));
        QVERIFY(drawn.state == protocol::JobState::Succeeded);
        QCOMPARE(drawn.settings.negativePrompt, std::string("blur"));
        QCOMPARE(drawn.images.size(), std::size_t{1});
        QCOMPARE(drawn.images[0].bytes, std::int64_t{31415});
        QCOMPARE(drawn.finishedAt, std::optional<std::int64_t>(1763900002300));
        QCOMPARE(m_store->findByKey("k").value()->job.id, drawn.id);
        QCOMPARE(page.jobs[3].error->code, std::string("worker_lost"));

        const auto records = m_store->unfinished().value();
        QCOMPARE(records.size(), std::size_t{3});
        QVERIFY(records[0].job.state == protocol::JobState::Running);
        QCOMPARE(records[0].losses, 1);
        QCOMPARE(records[0].owner, std::string());
        QCOMPARE(records[0].job.settings.seed, std::int64_t{9007199254740991});
        QVERIFY(records[1].rank < records[2].rank);
        QCOMPARE(records[1].job.priority, 0);
        QVERIFY(!records[1].job.hold);
        // It goes on like any other.
        QVERIFY(m_store->requeue(records[0].job.id, 2, Requeue::Lost).value());
        QVERIFY(m_store->claim(records[1].job.id, 1, {"w", std::chrono::seconds(1)}, 1, 0).value());
        QVERIFY(!m_store->paused().value());
        add("b");
        QVERIFY(m_store->unfinished().value().back().rank > records[2].rank);
    }

    void aNewerFileIsLeftAlone() {
        m_store.reset();
        SQLite::Database(file().string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 1000");
        const auto store = openSqliteJobStore(file());
        QVERIFY(!store);
        QVERIFY(store.error().detail.find("newer") != std::string::npos);
    }

    void isItsOwnersAlone() {
        m_store.reset();
        const auto before = ::umask(0);
        openEmpty();
        QVERIFY(m_store->add(JobRecord()));
        ::umask(before);
        for (const auto& entry : std::filesystem::directory_iterator(file().parent_path())) {
            QVERIFY((entry.status().permissions() & std::filesystem::perms(077)) ==
                    std::filesystem::perms::none);
        }
    }

    void aFolderThatIsNotThereIsAnError() { QVERIFY(!openSqliteJobStore("/nowhere/jobs.sqlite")); }
};

QTEST_APPLESS_MAIN(TestSqliteJobStore)
#include "moc_job_store_conformance.cpp"
#include "test_sqlite_job_store.moc"
