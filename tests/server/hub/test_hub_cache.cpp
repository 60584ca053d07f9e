// SPDX-License-Identifier: Apache-2.0
// The hub's cache on the disk, and blobs that are on their way.
#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <fstream>
#include <thread>

#include "server/hub/cache.h"
#include "server/hub/file_lock.h"
#include "server/hub/partial_file.h"

using namespace easel;
using hub::CachedRepository;
using hub::PartialFile;
using std::filesystem::path;

namespace {

const std::string kOne(40, '1');
const std::string kTwo(40, '2');
const std::string kShared(64, 'a');
const std::string kOld(64, 'b');
const std::string kNew(64, 'c');

}  // namespace

class TestHubCache : public QObject {
    Q_OBJECT

private:
    path root() const { return m_folder->path().toStdString(); }

    /// Two snapshots that share a blob; main is the second.
    CachedRepository twoSnapshots() {
        CachedRepository cache(root(), "test/model");
        if (!cache.prepare()) {
            return cache;
        }
        for (const auto& [commit, blob] : {std::pair{kOne, kOld}, std::pair{kTwo, kNew}}) {
            for (const std::string& name : {blob, kShared}) {
                std::ofstream(cache.blob(name)) << name;
            }
            static_cast<void>(cache.link(commit, "unet/weights", blob));
            static_cast<void>(cache.link(commit, "config.json", kShared));
        }
        static_cast<void>(cache.writeRef("v1", kOne));
        static_cast<void>(cache.writeRef("main", kTwo));
        return cache;
    }

    static bool exists(const path& place) {
        return std::filesystem::exists(std::filesystem::symlink_status(place));
    }

    std::unique_ptr<QTemporaryDir> m_folder;

private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void revisionsAreFound() {
        const auto cache = twoSnapshots();
        QVERIFY(cache.exists());
        QCOMPARE(cache.commits(), (std::vector<std::string>{kOne, kTwo}));
        QVERIFY(cache.commitOf("main") == kTwo);
        QVERIFY(cache.commitOf("v1") == kOne);
        QVERIFY(cache.commitOf("1111111") == kOne);
        for (const char* const none : {"111", "v2", "../refs/main", ""}) {
            QVERIFY2(!cache.commitOf(none), none);
        }
        QCOMPARE(cache.filesOf(kOne),
                 (std::map<std::string, std::string>{{"config.json", kShared}, {"unet/weights", kOld}}));
    }

    void severalMayNameTheSameAtOnce() {
        const auto cache = twoSnapshots();
        std::atomic<int> failures = 0;
        const auto name = [&](const std::string& commit, const std::string& blob) {
            for (int i = 0; i < 30; ++i) {
                const bool isNamed = cache.link(kOne, "unet/weights", blob) && cache.writeRef("main", commit);
                failures += isNamed ? 0 : 1;
            }
        };
        {
            const std::jthread one([&] { name(kOne, kOld); });
            const std::jthread other([&] { name(kTwo, kNew); });
        }
        QCOMPARE(failures, 0);
        QVERIFY(cache.commitOf("main").has_value());
        QVERIFY(!cache.isBusy());
    }

    void linksThatLeadElsewhereAreNoBlobs() {
        const auto cache = twoSnapshots();
        std::filesystem::create_symlink(path("../../../") / kShared, cache.snapshot(kOne) / "x");
        std::ofstream(cache.snapshot(kOne) / "y") << "a file";
        QCOMPARE(cache.filesOf(kOne).at("x"), std::string());
        QCOMPARE(cache.filesOf(kOne).at("y"), std::string());
    }

    void aSnapshotGoesWithWhatNoOtherUses() {
        const auto cache = twoSnapshots();
        QCOMPARE(cache.remove(kOne).value(), std::int64_t{64});
        QVERIFY(!exists(cache.snapshot(kOne)));
        QVERIFY(!exists(cache.folder() / "refs" / "v1"));
        QVERIFY(!exists(cache.blob(kOld)));
        QVERIFY(exists(cache.blob(kShared)));
        QVERIFY(exists(cache.blob(kNew)));
        QVERIFY(cache.commitOf("main") == kTwo);
        QCOMPARE(cache.remove(kTwo).value(), std::int64_t{128});  // the last one takes all along
        QVERIFY(!cache.exists());
    }

    void aModelGoesAsAWholeAndNothingElse() {
        const auto cache = twoSnapshots();
        const CachedRepository other(root(), "test/model-2");
        QVERIFY(other.prepare().has_value());
        QCOMPARE(cache.remove({}).value(), std::int64_t{192});
        QVERIFY(!cache.exists());
        QVERIFY(!exists(cache.lockOf(kOld).parent_path()));
        QVERIFY(other.exists());
    }

    void whatIsBeingFetchedIsNotRemoved() {
        const auto cache = twoSnapshots();
        {
            const auto lock = hub::FileLock::wait(cache.lockOf(kNew), {});
            QVERIFY(lock.has_value());
            QVERIFY(cache.isBusy());
            QVERIFY(!cache.remove({}));
        }
        QVERIFY(!cache.isBusy());
        QVERIFY(cache.remove({}).has_value());
    }

    void aBlobIsTakenUpWhereItWas() {
        const path blob = root() / "blob";
        {
            auto file = PartialFile::open(blob, 25, 10);
            QVERIFY(file.has_value());
            QCOMPARE((*file)->parts(), std::size_t{3});
            QCOMPARE((*file)->endOf(2), std::int64_t{25});
            QVERIFY((*file)->append(1, std::string_view("bbbbbbb")).has_value());
            QVERIFY((*file)->append(2, std::string_view("ccccc")).has_value());
            QVERIFY(!(*file)->isResumed());
        }
        QCOMPARE(PartialFile::bytesOf(blob, 25, 10), std::int64_t{12});
        QCOMPARE(PartialFile::bytesOf(blob, 25, 5), std::int64_t{0});  // other parts
        QCOMPARE(PartialFile::bytesOf(blob, 24, 10), std::int64_t{0});
        auto file = PartialFile::open(blob, 25, 10);
        QVERIFY((*file)->isResumed());
        QCOMPARE((*file)->doneOf(0), std::int64_t{0});
        QCOMPARE((*file)->doneOf(1), std::int64_t{17});
        QVERIFY((*file)->append(0, std::string_view("aaaaaaaaaa")).has_value());
        QVERIFY((*file)->append(1, std::string_view("bbb")).has_value());
        QVERIFY((*file)->finish().has_value());
        std::string text;
        std::ifstream(blob) >> text;
        QCOMPARE(text, std::string("aaaaaaaaaabbbbbbbbbbccccc"));
        QVERIFY(!exists(root() / "blob.easel.incomplete"));
        QVERIFY(!exists(root() / "blob.easel.parts"));
    }

    void aRecordThatLiesIsNotBelieved() {
        const path blob = root() / "blob";
        QVERIFY((*PartialFile::open(blob, 25, 10))->append(0, std::string_view("aaa")).has_value());
        std::fstream record(root() / "blob.easel.parts", std::ios::in | std::ios::out | std::ios::binary);
        record.seekp(24);
        record.write("\xFF\0\0\0\0\0\0\0", 8);  // of a part of ten
        record.close();
        QVERIFY(!(*PartialFile::open(blob, 25, 10))->isResumed());
        QCOMPARE(PartialFile::bytesOf(blob, 25, 10), std::int64_t{0});
    }
};

QTEST_GUILESS_MAIN(TestHubCache)
#include "test_hub_cache.moc"
