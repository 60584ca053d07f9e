// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <QTemporaryDir>
#include <QTest>

#include "server/commands/data_folder.h"

using namespace easel::commands;
using std::filesystem::path;

namespace {

void write(const path& file, const std::string& text = "x") {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
}

int modeOf(const path& place) {
    struct stat status {};
    return ::stat(place.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 0777) : -1;
}

}  // namespace

class TestDataFolder : public QObject {
    Q_OBJECT

private:
    std::unique_ptr<QTemporaryDir> m_temporary;

    path folder() const { return path(m_temporary->path().toStdString()) / "data"; }

private Q_SLOTS:
    void init() { m_temporary = std::make_unique<QTemporaryDir>(); }

    void takesItsOwnAndNobodyElses_data() {
        QTest::addColumn<QStringList>("files");
        QTest::addColumn<bool>("taken");
        QTest::newRow("not there") << QStringList() << true;
        QTest::newRow("a file system's root") << QStringList{"lost+found/x"} << true;
        QTest::newRow("a start that was cut off") << QStringList{"lock"} << true;
        QTest::newRow("keys from before the first start")
            << QStringList{"keys.json", "keys.json.lock"} << true;
        QTest::newRow("from before the mark") << QStringList{"lock", "jobs.sqlite"} << true;
        QTest::newRow("that with other files") << QStringList{"lock", "jobs.sqlite", "letter.txt"} << true;
        QTest::newRow("that without its database") << QStringList{"lock", "images/x", "letter.txt"} << true;
        QTest::newRow("marked, with other files") << QStringList{"easel-server-id", "letter.txt"} << true;
        QTest::newRow("a home") << QStringList{"images/holiday/beach.jpg", ".profile"} << false;
        QTest::newRow("one other file") << QStringList{"letter.txt"} << false;
    }

    void takesItsOwnAndNobodyElses() {
        QFETCH(QStringList, files);
        QFETCH(bool, taken);
        for (const QString& file : files) {
            write(folder() / file.toStdString());
        }
        QCOMPARE(DataFolder::check(folder()).has_value(), taken);
        QCOMPARE(std::filesystem::exists(folder()), !files.isEmpty());  // looking makes nothing
        const auto data = DataFolder::open(folder());
        QCOMPARE(data.has_value(), taken);
        if (!taken) {
            QVERIFY2(data.error().detail.find("--data") != std::string::npos, data.error().detail.c_str());
            QVERIFY(!std::filesystem::exists(folder() / "lock"));
        }
        for (const QString& file : files) {
            QVERIFY(std::filesystem::exists(folder() / file.toStdString()));
        }
    }

    void keepsItsId() {
        const auto id = DataFolder::open(folder()).value().id();
        QCOMPARE(id.size(), std::size_t{32});
        QCOMPARE(DataFolder::open(folder()).value().id(), id);
        write(folder() / "easel-server-id", "cut");
        const auto another = DataFolder::open(folder()).value().id();
        QCOMPARE(another.size(), std::size_t{32});
        QVERIFY(another != id);
        QCOMPARE(DataFolder::open(folder()).value().id(), another);
    }

    void isItsOwnersAlone() {
        for (const char* file : {"jobs.sqlite", "jobs.sqlite-wal", "lock", "images/x", "tls/key.pem"}) {
            write(folder() / file);
            ::chmod((folder() / file).c_str(), 0644);
        }
        ::chmod(folder().c_str(), 0755);
        ::chmod((folder() / "images").c_str(), 0777);
        ::chmod((folder() / "tls").c_str(), 0755);
        QVERIFY(DataFolder::open(folder()));
        for (const char* file : {"jobs.sqlite", "jobs.sqlite-wal", "lock", "easel-server-id"}) {
            QCOMPARE(modeOf(folder() / file), 0600);
        }
        QCOMPARE(modeOf(folder()), 0700);
        QCOMPARE(modeOf(folder() / "images"), 0700);
        QCOMPARE(modeOf(folder() / "tls"), 0700);
    }

    void leavesTheRightsOfOthersFiles() {
        write(folder() / "jobs.sqlite");
        write(folder() / "letter.txt");
        ::chmod((folder() / "letter.txt").c_str(), 0644);
        ::chmod(folder().c_str(), 0755);
        QVERIFY(DataFolder::open(folder()));
        QCOMPARE(modeOf(folder()), 0755);
        QCOMPARE(modeOf(folder() / "letter.txt"), 0644);
        QCOMPARE(modeOf(folder() / "jobs.sqlite"), 0600);
    }

    void isForOneAtATime() {
        auto first = std::make_unique<DataFolder>(DataFolder::open(folder()).value());
        for (const bool withLockFile : {true, false}) {
            if (!withLockFile) {
                std::filesystem::remove(folder() / "lock");
            }
            const auto second = DataFolder::open(folder());
            QVERIFY(!second);
            QVERIFY(second.error().detail.find("another easel-server uses it") != std::string::npos);
        }
        first.reset();
        QVERIFY(DataFolder::open(folder()));
    }
};

QTEST_APPLESS_MAIN(TestDataFolder)
#include "test_data_folder.moc"
