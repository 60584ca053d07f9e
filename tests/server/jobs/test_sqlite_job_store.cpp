// SPDX-License-Identifier: Apache-2.0
#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include <QTemporaryDir>
#include <QTest>

#include "server/jobs/sqlite_job_store.h"
#include "tests/server/jobs/job_store_conformance.h"

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
        auto store = openSqliteJobStore(file());
        QVERIFY2(store, store ? "" : store.error().detail.c_str());
        m_store = std::move(*store);
    }

private:
    std::filesystem::path file() const {
        return std::filesystem::path(m_folder->path().toStdString()) / "jobs.sqlite";
    }

    std::unique_ptr<QTemporaryDir> m_folder;

private Q_SLOTS:
    void isDurable() {
        m_store.reset();
        SQLite::Database other(file().string());
        QCOMPARE(other.execAndGet("PRAGMA journal_mode").getString(), std::string("wal"));
    }

    /// The first version knew no owners: its jobs have none, and take turns as one client.
    void anOlderFileIsTakenOver() {
        add("a");
        m_store.reset();
        {
            SQLite::Database older(file().string(), SQLite::OPEN_READWRITE);
            older.exec("ALTER TABLE jobs DROP COLUMN owner");
            older.exec("ALTER TABLE jobs DROP COLUMN owner_used");
            older.exec("PRAGMA user_version = 1");
        }
        reopen();
        QCOMPARE(m_store->unfinished().value().front().owner, std::string());
        add("b");
        QCOMPARE(m_store->unfinished().value().size(), std::size_t{2});
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
