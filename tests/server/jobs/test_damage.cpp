// SPDX-License-Identifier: Apache-2.0
#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <QTemporaryDir>
#include <QTest>

#include "server/generator/test_pattern.h"
#include "server/jobs/job_queue.h"
#include "server/jobs/sqlite_job_store.h"
#include "tests/support/shared_log.h"

using namespace easel;
using namespace easel::jobs;
using protocol::JobState;
using std::filesystem::path;

namespace {

constexpr int kPatienceMs = 60'000;
constexpr int kJobs = 60;

std::string bytesOf(const path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void write(const path& file, const std::string& bytes) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

/// Puts `bytes` over what is at `offset`.
void overwrite(const path& file, std::size_t offset, const std::string& bytes) {
    std::string all = bytesOf(file);
    all.replace(offset, bytes.size(), bytes);
    write(file, all);
}

std::multiset<std::string> picturesIn(const path& folder) {
    std::multiset<std::string> pictures;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() == ".png") {
            pictures.insert(bytesOf(entry.path()));
        }
    }
    return pictures;
}

void copyFolder(const path& from, const path& to) {
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

protocol::GenerationSettings settings(int seed) {
    protocol::GenerationSettings made;
    made.model = "test-pattern";
    made.prompt = "a fox " + std::to_string(seed);
    made.width = made.height = 64;
    made.steps = 1;
    made.sampler = "pndm";
    made.seed = seed;
    return made;
}

/// A server's data with the marks of each moment.
struct Server {
    path folder;
    tests::SharedLog log;
    std::unique_ptr<JobQueue> queue;

    explicit Server(path where) : folder(std::move(where)) {
        auto store = openSqliteJobStore(folder / "jobs.sqlite", log.writer());
        if (!store) {
            log.writer()(store.error().detail);
            return;
        }
        QueueOptions options;
        options.log = log.writer();
        queue = JobQueue::open(std::move(*store), ImageFolder::open(folder / "images").value(),
                               InputFolder::open(folder / "inputs").value(),
                               std::make_unique<generator::TestPattern>(), options)
                    .value();
    }

    std::string draw(int seed) {
        const auto job = queue->submit(settings(seed), "somebody");
        const auto isDone = [&] { return queue->find(job->id)->state == JobState::Succeeded; };
        return job && QTest::qWaitFor(isDone, kPatienceMs) ? job->id : "";
    }

    std::vector<protocol::Job> list() const {
        std::vector<protocol::Job> jobs;
        std::optional<std::string> next;
        do {
            const auto page = queue->list(25, next).value();
            jobs.insert(jobs.end(), page.jobs.begin(), page.jobs.end());
            next = page.next;
        } while (next);
        return jobs;
    }
};

using Damage = std::function<void(const path& folder)>;

Damage sql(const std::string& statement) {
    return [statement](const path& folder) {
        SQLite::Database((folder / "jobs.sqlite").string(), SQLite::OPEN_READWRITE).exec(statement);
    };
}

/// Where a leaf of a table or an index is in the file.
std::size_t offsetOf(const path& file, const std::string& name, int leaf) {
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
    SQLite::Statement find(database,
                           "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' "
                           "ORDER BY path LIMIT 1 OFFSET ?");
    find.bind(1, name);
    find.bind(2, leaf);
    if (!find.executeStep()) {
        qFatal("There is no such page.");
    }
    return static_cast<std::size_t>(find.getColumn(0).getInt() - 1) * 4096;
}

Damage noiseOver(const std::string& name, int leaf) {
    return [=](const path& folder) {
        const path file = folder / "jobs.sqlite";
        overwrite(file, offsetOf(file, name, leaf), std::string(4096, '\x5a'));
    };
}

}  // namespace

Q_DECLARE_METATYPE(Damage)

/// Whatever happens to the database, no picture is lost, and every job that can be read is listed.
class TestDamage : public QObject {
    Q_OBJECT

private:
    QTemporaryDir m_temporary;
    std::multiset<std::string> m_pictures;

    path at(const char* name) const { return path(m_temporary.path().toStdString()) / name; }

private Q_SLOTS:
    /// "half": a copy from before, made while the server ran; "killed": with its log; "ended": in order.
    void initTestCase() {
        std::filesystem::create_directory(at("data"));
        {
            Server server(at("data"));
            for (int seed = 0; seed < kJobs; ++seed) {
                QVERIFY(!server.draw(seed).empty());
                if (seed == kJobs / 2 - 1) {
                    copyFolder(at("data"), at("half"));
                }
            }
            copyFolder(at("data"), at("killed"));
        }
        copyFolder(at("data"), at("ended"));
        m_pictures = picturesIn(at("ended"));
        QCOMPARE(m_pictures.size(), std::size_t{kJobs});
        QVERIFY(std::filesystem::file_size(at("killed") / "jobs.sqlite-wal") > 0);
        QVERIFY(!std::filesystem::exists(at("ended") / "jobs.sqlite-wal"));
    }

    void nothingIsLost_data() {
        QTest::addColumn<QString>("moment");
        QTest::addColumn<Damage>("damage");
        QTest::addColumn<int>("listed");  // at least
        const auto row = [](const char* name, const char* moment, const Damage& damage, int listed) {
            QTest::newRow(name) << QString(moment) << damage << listed;
        };
        const auto remove = [](const char* file) -> Damage {
            return [=](const path& folder) { std::filesystem::remove(folder / file); };
        };
        const auto cutTo = [](const char* file, unsigned percent) -> Damage {
            return [=](const path& folder) {
                const auto size = std::filesystem::file_size(folder / file);
                std::filesystem::resize_file(folder / file, size * percent / 100);
            };
        };
        const auto noise = [](const char* file, std::size_t offset, std::size_t length) -> Damage {
            return [=](const path& folder) { overwrite(folder / file, offset, std::string(length, '\x5a')); };
        };
        row(
            "none, killed", "killed", [](const path&) {}, kJobs);
        row(
            "none, ended", "ended", [](const path&) {}, kJobs);
        row("database removed", "ended", remove("jobs.sqlite"), 0);
        row("database removed, its log there", "killed", remove("jobs.sqlite"), 0);
        row("database emptied", "ended", cutTo("jobs.sqlite", 0), 0);
        row("database emptied, its log there", "killed", cutTo("jobs.sqlite", 0), 0);
        row("database cut", "ended", cutTo("jobs.sqlite", 85), kJobs / 3);
        row(
            "database is noise", "ended",
            [](const path& folder) { write(folder / "jobs.sqlite", std::string(10'000, 'x')); }, 0);
        row("noise over the header", "ended", noise("jobs.sqlite", 0, 100), 0);
        row("noise over the schema", "ended", noise("jobs.sqlite", 100, 3'996), 0);
        row("noise over jobs", "ended", noiseOver("jobs", 1), kJobs / 2);
        row("noise over the first jobs", "ended", noiseOver("jobs", 0), kJobs / 2);
        row("noise over images", "ended", noiseOver("images", 0), kJobs);
        row("noise over an index", "ended", noiseOver("finished_jobs", 0), kJobs);
        row(
            "an index that disagrees", "ended",
            [](const path& folder) {
                const path file = folder / "jobs.sqlite";
                const std::string all = bytesOf(file);
                const std::size_t id = all.find("j_", offsetOf(file, "sqlite_autoindex_jobs_1", 0));
                overwrite(file, id + 17, all[id + 17] == 'z' ? "y" : "z");
            },
            kJobs);
        row("log removed", "killed", remove("jobs.sqlite-wal"), kJobs * 3 / 4);
        row("log emptied", "killed", cutTo("jobs.sqlite-wal", 0), kJobs * 3 / 4);
        row("log cut in the middle", "killed", cutTo("jobs.sqlite-wal", 50), kJobs * 3 / 4);
        row("noise over the log", "killed", noise("jobs.sqlite-wal", 5'000, 100), kJobs * 3 / 4);
        row(
            "noise for shared memory", "killed",
            [](const path& folder) { write(folder / "jobs.sqlite-shm", std::string(32'768, 'x')); }, kJobs);
        row(
            "an older database", "ended",
            [this](const path& folder) {
                for (const char* file : {"jobs.sqlite", "jobs.sqlite-wal"}) {
                    std::filesystem::copy_file(at("half") / file, folder / file,
                                               std::filesystem::copy_options::overwrite_existing);
                }
            },
            kJobs / 2);
        row("jobs dropped", "ended", sql("PRAGMA foreign_keys = OFF; DROP TABLE jobs"), 0);
        row("images dropped", "ended", sql("DROP TABLE images"), kJobs);
        row("jobs deleted", "ended", sql("DELETE FROM jobs WHERE number > 20"), 20);
        row("unreadable settings", "ended", sql("UPDATE jobs SET settings = '{' WHERE number = 5"),
            kJobs - 1);
        row("unknown state", "ended", sql("UPDATE jobs SET state = 'paused' WHERE number = 5"), kJobs - 1);
        row("unreadable, queued", "ended",
            sql("UPDATE jobs SET settings = '{', state = 'queued', finished_at = NULL WHERE number = 5"),
            kJobs);
        row("unknown state, unfinished", "ended",
            sql("UPDATE jobs SET state = 'paused', finished_at = NULL WHERE number = 5"), kJobs);
        row("finished, but not when", "ended", sql("UPDATE jobs SET finished_at = NULL WHERE number = 5"),
            kJobs);
        row("unreadable problem", "ended", sql("UPDATE jobs SET error = '{' WHERE number = 5"), kJobs);
        row("an id that leads elsewhere", "ended", sql("UPDATE jobs SET id = '../../x' WHERE number = 5"),
            kJobs);
        row("that of a waiting job", "ended",
            sql("UPDATE jobs SET id = '../../x', state = 'queued', finished_at = NULL WHERE number = 5"),
            kJobs);
        for (unsigned seed = 1; seed <= 20; ++seed) {
            QTest::addRow("bytes changed at random, %u", seed)
                << QString("ended") << Damage([=](const path& folder) {
                       std::mt19937 random(seed);
                       std::string all = bytesOf(folder / "jobs.sqlite");
                       for (int i = 0; i < 20; ++i) {
                           char& byte = all[4096 + random() % (all.size() - 4096)];
                           byte = static_cast<char>(byte ^ static_cast<char>(1 + random() % 255));
                       }
                       write(folder / "jobs.sqlite", all);
                   })
                << 0;
        }
    }

    void nothingIsLost() {
        QFETCH(QString, moment);
        QFETCH(Damage, damage);
        QFETCH(int, listed);
        QTemporaryDir temporary;
        const path folder = path(temporary.path().toStdString()) / "data";
        copyFolder(at(moment.toUtf8()), folder);
        write(folder / "images" / "holiday" / "beach.jpg", "sand");
        damage(folder);
        for (int start = 0; start < 2; ++start) {  // The second one finds nothing left to mend.
            Server server(folder);
            QVERIFY2(server.queue, server.log.text().c_str());
            const auto jobs = server.list();
            QVERIFY2(static_cast<int>(jobs.size()) >= listed, server.log.text().c_str());
            for (const auto& job : jobs) {
                for (const auto& image : job.images) {
                    const auto stored = server.queue->image(job.id, image.index);
                    QVERIFY(stored);
                    // Where an id was damaged, its pictures have lost their job.
                    QVERIFY(listed == 0 || !job.id.starts_with("j_") ||
                            std::filesystem::file_size(stored->path) ==
                                static_cast<std::uint64_t>(image.bytes));
                }
            }
            if (start == 0) {
                QVERIFY(!server.draw(kJobs).empty());
            }
        }
        auto expected = m_pictures;
        for (const std::string& picture : picturesIn(folder)) {
            if (const auto found = expected.find(picture); found != expected.end()) {
                expected.erase(found);
            }
        }
        QCOMPARE(expected.size(), std::size_t{0});
        QCOMPARE(bytesOf(folder / "images" / "holiday" / "beach.jpg"), std::string("sand"));
        QVERIFY(!std::filesystem::exists(path(temporary.path().toStdString()) / "x"));
    }

    void saysWhatItDid() {
        QTemporaryDir temporary;
        const path folder = path(temporary.path().toStdString()) / "data";
        copyFolder(at("ended"), folder);
        const std::string before = [&] {
            noiseOver("jobs", 1)(folder);
            return bytesOf(folder / "jobs.sqlite");
        }();
        Server server(folder);
        QVERIFY(server.queue);
        const int kept = static_cast<int>(server.list().size());
        QVERIFY(kept < kJobs);
        QVERIFY2(server.log.contains("was damaged"), server.log.text().c_str());
        QVERIFY2(server.log.contains(std::to_string(kept) + " jobs could be read"),
                 server.log.text().c_str());
        QVERIFY2(server.log.contains(std::to_string(kJobs - kept) + " pictures"), server.log.text().c_str());
        QCOMPARE(server.queue->load().setAside, kJobs - kept);
        QVERIFY(bytesOf(folder / "set-aside" / "database" / "jobs.sqlite") == before);
    }

    void aJobThatCannotBeReadIsTold() {
        QTemporaryDir temporary;
        const path folder = path(temporary.path().toStdString()) / "data";
        copyFolder(at("ended"), folder);
        sql("UPDATE jobs SET settings = '{', state = 'queued', finished_at = NULL WHERE number = 5")(folder);
        sql("UPDATE jobs SET settings = '{' WHERE number = 6")(folder);
        Server server(folder);
        const auto jobs = server.list();
        const auto failed = std::ranges::find(jobs, JobState::Failed, &protocol::Job::state);
        QVERIFY(failed != jobs.end());
        QVERIFY(failed->error->detail.find("ask for it again") != std::string::npos);
        QVERIFY2(server.log.contains(failed->id), server.log.text().c_str());
        QVERIFY2(server.log.contains("cannot be read from the server's database"), server.log.text().c_str());
        QVERIFY(server.queue->remove(failed->id));
    }

    void picturesComeBackWithTheirDatabase() {
        QTemporaryDir temporary;
        const path folder = path(temporary.path().toStdString()) / "data";
        copyFolder(at("ended"), folder);
        std::filesystem::remove(folder / "jobs.sqlite");
        QCOMPARE(Server(folder).queue->load().setAside, kJobs);
        std::filesystem::remove(folder / "jobs.sqlite");
        std::filesystem::copy_file(at("ended") / "jobs.sqlite", folder / "jobs.sqlite");
        Server server(folder);
        QCOMPARE(server.queue->load().setAside, 0);
        const auto job = server.list().front();
        QVERIFY(std::filesystem::exists(server.queue->image(job.id, 0)->path));
    }

    void removedWhileItRuns_data() {
        QTest::addColumn<QStringList>("files");
        QTest::newRow("the database") << QStringList{"jobs.sqlite"};
        QTest::newRow("its log") << QStringList{"jobs.sqlite-wal"};
        QTest::newRow("both") << QStringList{"jobs.sqlite", "jobs.sqlite-wal"};
        QTest::newRow("the pictures") << QStringList{"images"};
    }

    /// What is accepted is on the disk under its name, whatever was removed before.
    void removedWhileItRuns() {
        QFETCH(QStringList, files);
        QTemporaryDir temporary;
        const path folder = path(temporary.path().toStdString()) / "data";
        copyFolder(at("ended"), folder);
        path killed = path(temporary.path().toStdString()) / "killed";
        std::string id;
        {
            Server server(folder);
            QVERIFY(!server.draw(kJobs).empty());
            for (const QString& file : files) {
                std::filesystem::remove_all(folder / file.toStdString());
            }
            id = server.draw(kJobs + 1);
            QVERIFY(!id.empty());
            copyFolder(folder, killed);
        }
        for (const path& after : {folder, killed}) {
            Server server(after);
            QCOMPARE(static_cast<int>(server.list().size()), kJobs + 2);
            QVERIFY(std::filesystem::exists(server.queue->image(id, 0)->path));
        }
    }

    void replacedWhileItRuns() {
        QTemporaryDir temporary;
        const path folder = path(temporary.path().toStdString()) / "data";
        copyFolder(at("ended"), folder);
        Server server(folder);
        // At once: a missing database is written again by whoever notices it first.
        std::filesystem::copy_file(at("half") / "jobs.sqlite", folder / "other.sqlite");
        std::filesystem::rename(folder / "other.sqlite", folder / "jobs.sqlite");
        const auto job = server.queue->submit(settings(1), "somebody");
        QVERIFY(!job);
        QVERIFY2(job.error().detail.find("restart the server") != std::string::npos,
                 job.error().detail.c_str());
    }
};

QTEST_GUILESS_MAIN(TestDamage)
#include "test_damage.moc"
