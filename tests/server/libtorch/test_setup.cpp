// SPDX-License-Identifier: Apache-2.0
// libtorch from an index or a folder into a folder, and what of it is there afterwards.
#include "tests/server/libtorch/setup_test.h"

#include <fstream>

#include "server/hub/file_lock.h"

using namespace easel;
using namespace easel::tests;
using libtorch::SetupProgress;
using libtorch::SetupStage;

namespace {

const std::vector<std::string> kCpuFiles{"complete",
                                         "nvidia/cu13/lib/libcudart.so.13",
                                         "nvidia_cuda_runtime-13.0.dist-info/License.txt",
                                         "torch-2.0.0.dist-info/licenses/LICENSE",
                                         "torch/lib/libc10.so",
                                         "torch/lib/libtorch_cpu.so"};

void makeOlder(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder / "torch" / "lib");
    std::ofstream(folder / "complete").flush();
}

}  // namespace

class TestSetup : public SetupTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { m_index = std::make_unique<StandInIndex>(); }
    void init() { QVERIFY(begin()); }

    void itComesFromAnyGoodIndex_data() {
        QTest::addColumn<QString>("fault");
        QTest::addColumn<bool>("isEncrypted");
        QTest::newRow("JSON") << "json" << false;
        QTest::newRow("JSON under TLS") << "json" << true;
        QTest::newRow("HTML with relative addresses") << "html" << false;
        QTest::newRow("redirects") << "moved" << true;
        QTest::newRow("cut connections") << "cut" << false;
        QTest::newRow("busy for a moment") << "busy" << false;
    }

    void itComesFromAnyGoodIndex() {
        QFETCH(QString, fault);
        QFETCH(bool, isEncrypted);
        const std::string name = fault.toStdString();
        const auto done = setUp(isEncrypted ? m_index->encrypted(name) : m_index->plain(name));
        QVERIFY2(done, done ? "" : done.error().detail.c_str());
        QCOMPARE(done->folder, home());
        QVERIFY(!done->wasHere);
        QCOMPARE(filesIn(home()), kCpuFiles);
        QCOMPARE(std::filesystem::file_size(home() / "torch/lib/libtorch_cpu.so"), 400'000U);
        QVERIFY(!std::filesystem::exists(work()));
        const auto place =
            libtorch::find({.given = {}, .folders = {into()}, .names = {done->folder.filename(), ""}});
        QVERIFY(place);
        QCOMPARE(place->libraries, home() / "torch" / "lib");
    }

    void theHalfForTheGpuComesWithCuda() {
        const auto done = setUp(m_index->plain("json"), "good", [this](auto& options) {
            options.list = m_index->pins("good", libtorch::Kind::Cuda);
        });
        QVERIFY(done);
        const auto files = filesIn(done->folder);
        QVERIFY(std::ranges::count(files, "torch/lib/libtorch_cuda.so") == 1);
        QCOMPARE(files.size(), kCpuFiles.size() + 1);
    }

    void itIsTheSameFromAFolder() {
        const auto before = m_index->requests("missing").size();
        const auto done = setUpFrom("good");
        QVERIFY2(done, done ? "" : done.error().detail.c_str());
        QCOMPARE(filesIn(home()), kCpuFiles);
        QCOMPARE(filesIn(m_index->wheels("good")).size(), std::size_t{2});  // a person's wheels stay
        QCOMPARE(m_index->requests("missing").size(), before);
    }

    void whatIsHereIsLeftAlone() {
        QVERIFY(setUp(m_index->plain("json")));
        const auto before = m_index->requests("json").size();
        const auto again = setUp(m_index->plain("json"));
        QVERIFY(again && again->wasHere);
        QCOMPARE(m_index->requests("json").size(), before);
    }

    void progressOnlyGrows() {
        QVERIFY(setUp(m_index->plain("json")));
        const auto last = [this](SetupStage stage) {
            SetupProgress latest;
            for (const SetupProgress& each : m_progress) {
                if (each.stage == stage) {
                    [&] {
                        QVERIFY(each.bytesDone >= latest.bytesDone && each.filesDone >= latest.filesDone);
                    }();
                    latest = each;
                }
            }
            return latest;
        };
        const SetupProgress fetched = last(SetupStage::Fetching);
        QCOMPARE(fetched.files, 2);
        QCOMPARE(fetched.filesDone, 2);
        QVERIFY(fetched.bytes > 550'000);
        QCOMPARE(fetched.bytesDone, fetched.bytes);
        const SetupProgress unpacked = last(SetupStage::Unpacking);
        QCOMPARE(unpacked.filesDone, 2);
        QVERIFY(unpacked.bytes > 610'000);
        QCOMPARE(unpacked.bytesDone, unpacked.bytes);
    }

    void anInterruptedOneGoesOnWhereItWas() {
        std::stop_source stop;
        m_onProgress = [&stop](const SetupProgress& progress) {
            if (progress.stage == SetupStage::Fetching && progress.bytesDone > 100'000) {
                stop.request_stop();
            }
        };
        const auto stopped = setUp(m_index->plain("slow"), "good", {}, stop.get_token());
        QVERIFY(!stopped && stopped.error().code == "conflict");
        QVERIFY(!std::filesystem::exists(home()));
        QVERIFY(!filesIn(work()).empty());
        const std::int64_t before = m_progress.back().bytesDone;
        m_onProgress = {};

        const auto requests = m_index->requests("html").size();
        const auto done = setUp(m_index->plain("html"));
        QVERIFY2(done, done ? "" : done.error().detail.c_str());
        QCOMPARE(filesIn(home()), kCpuFiles);
        const auto first = std::ranges::find(m_progress, SetupStage::Fetching, &SetupProgress::stage);
        QVERIFY(first->bytesDone >= before);
        int resumed = 0;
        for (const QJsonObject& request : m_index->requests("html").mid(requests)) {
            const QString range = request["range"].toString();
            resumed +=
                range.startsWith("bytes=") && range.section('-', 0, 0).mid(6).toInt() % 150'000 != 0 ? 1 : 0;
        }
        QVERIFY(resumed > 0);
    }

    void whatIsUnpackedIsNotFetchedAgain() {
        std::stop_source stop;
        m_onProgress = [&stop](const SetupProgress& progress) {
            if (progress.stage == SetupStage::Unpacking && progress.filesDone == 1) {
                stop.request_stop();
            }
        };
        QVERIFY(!setUp(m_index->plain("json"), "good", {}, stop.get_token()));
        m_onProgress = {};
        const auto before = m_index->requests("html").size();
        QVERIFY(setUp(m_index->plain("html")));
        QCOMPARE(filesIn(home()), kCpuFiles);
        QCOMPARE(m_index->requests("html").size(), before);  // both were here: one unpacked, one fetched
    }

    void whatLacksOnlyItsNameGetsIt() {
        QVERIFY(setUp(m_index->plain("json")));
        std::filesystem::rename(home(), work());
        std::ofstream(work() / ".unpacked-left").flush();
        const auto before = m_index->requests("json").size();
        QVERIFY(setUp(m_index->plain("json")));
        QCOMPARE(filesIn(home()), kCpuFiles);
        QCOMPARE(m_index->requests("json").size(), before);
    }

    void whatHasLostItsMarkIsMadeAnew() {
        QVERIFY(setUp(m_index->plain("json")));
        std::filesystem::remove(home() / "complete");
        std::ofstream(home() / "torch" / "lib" / "libtorch_cpu.so") << "damaged";
        QVERIFY(setUp(m_index->plain("json")));
        QCOMPARE(filesIn(home()), kCpuFiles);
        QCOMPARE(std::filesystem::file_size(home() / "torch/lib/libtorch_cpu.so"), 400'000U);
    }

    void aPasswordGoesToTheIndexAlone() {
        std::string address = m_index->plain("private");
        address.insert(address.find("//") + 2, "me:s3cret%2F@");
        const auto done = setUp(address);
        QVERIFY2(done, done ? "" : done.error().detail.c_str());
        const auto asked = m_index->requests("private");
        QVERIFY(!asked.isEmpty() && asked.front()["authorization"].toString().startsWith("Basic "));
        for (const QJsonObject& request : m_index->requests("json")) {
            QCOMPARE(request["authorization"].toString(), QString());
        }
    }

    void olderOnesGoUnlessTheyAreInUse() {
        makeOlder(into() / "cpu-000000000000");
        makeOlder(into() / "cuda-000000000001");
        makeOlder(into() / "cpu-of-mine");
        std::filesystem::create_directories(into() / "cpu-000000000002.part");
        const auto inUse = hub::FileLock::share(into() / "cuda-000000000001" / "complete");
        QVERIFY(inUse);
        const auto done = setUp(m_index->plain("json"));
        QVERIFY(done);
        QCOMPARE(done->older.kept, std::vector<std::string>{"cuda-000000000001"});
        QCOMPARE(done->older.removed.size(), std::size_t{2});
        QVERIFY(!std::filesystem::exists(into() / "cpu-000000000000"));
        QVERIFY(!std::filesystem::exists(into() / "cpu-000000000002.part"));
        QVERIFY(std::filesystem::exists(into() / "cuda-000000000001" / "complete"));
        QVERIFY(std::filesystem::exists(into() / "cpu-of-mine" / "complete"));
    }

    void theOtherKindIsToldOfWhileItIsInUse() {
        const std::filesystem::path other = into() / libtorch::pinsOf(libtorch::Kind::Cuda).name;
        makeOlder(other);
        QCOMPARE(setUp(m_index->plain("json"))->otherInUse, std::string());
        const auto inUse = hub::FileLock::share(other / "complete");
        const auto again = setUp(m_index->plain("json"));
        QCOMPARE(again->otherInUse, other.filename().string());
        QVERIFY(again->older.removed.empty() && again->older.kept.empty());
    }

    void oneSetupWaitsForTheOther() {
        std::filesystem::create_directories(into());
        auto held = hub::FileLock::wait(into() / ".lock", {});
        QVERIFY(held);
        m_onProgress = [&held](const SetupProgress& progress) {
            if (progress.stage == SetupStage::Waiting) {
                const auto gone = std::move(*held);
            }
        };
        const auto done = setUp(m_index->plain("json"));
        QVERIFY(done);
        QVERIFY(m_progress.front().stage == SetupStage::Waiting);
    }
};

QTEST_GUILESS_MAIN(TestSetup)
#include "test_setup.moc"
