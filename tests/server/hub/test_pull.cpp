// SPDX-License-Identifier: Apache-2.0
// Pulls that end well, whatever happens on the way.
#include "tests/server/hub/pull_test.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "server/hub/hashing.h"
#include "server/models/model_folder.h"

using namespace easel;
using namespace easel::tests;
using std::filesystem::path;

namespace {

const path kTiny = EASEL_SOURCE_DIR "/tests/fixtures/models/sd1-tiny";
constexpr const char* kUnet = "unet/diffusion_pytorch_model.safetensors";

}  // namespace

class TestPull : public PullTest {
    Q_OBJECT

private:
    /// All that the engine reads, byte for byte as the hub has it.
    bool isWhole(const path& snapshot) {
        for (const auto& file : std::filesystem::recursive_directory_iterator(kTiny)) {
            const path place = file.path().lexically_relative(kTiny);
            if (file.is_regular_file() && read(file.path()) != read(snapshot / place)) {
                qWarning("%s differs", place.c_str());
                return false;
            }
        }
        return models::openModelFolder(snapshot).has_value();
    }

private Q_SLOTS:
    void initTestCase() {
        m_hub = std::make_unique<StandInHub>();
        QVERIFY(m_hub->isUp());
    }
    void init() { QVERIFY(begin()); }
    void cleanupTestCase() {
        const int tokens = m_hub->tokensAtStorage();
        m_hub.reset();
        QCOMPARE(tokens, 0);
    }

    void aProxyIsUsedAndGetsNoToken() {
        const auto through = [this](const char* variable, const QString& proxy, const char* name) {
            qputenv(variable, proxy.toUtf8());
            const bool isPulled = pull(name, "hf_good").has_value();
            qunsetenv(variable);
            return isPulled;
        };
        QVERIFY(through("HTTPS_PROXY", m_hub->proxy(), "paged"));
        for (const char* host : {"localhost", "127.0.0.1"}) {  // the hub and its storage
            const auto asked = m_hub->requests(host);
            QVERIFY2(!asked.isEmpty(), host);
            QVERIFY(std::ranges::none_of(asked, [](const auto& each) { return each["token"].toBool(); }));
        }
        const auto before = m_hub->requests("localhost").size();
        qputenv("NO_PROXY", "localhost,127.0.0.1");
        QVERIFY(through("HTTPS_PROXY", m_hub->proxy(), "steady"));
        qunsetenv("NO_PROXY");
        QCOMPARE(m_hub->requests("localhost").size(), before);
        QVERIFY(!through("HTTPS_PROXY", "http://127.0.0.1:1", "tiny"));
    }

    void aModelIsPulledAndOpened() {
        const auto pulled = pull("tiny", "hf_good");
        QVERIFY2(pulled.has_value(), pulled ? "" : pulled.error().detail.c_str());
        QVERIFY(isWhole(pulled->snapshot));
        QCOMPARE(m_plan.licence, std::string("creativeml-openrail-m"));
        QCOMPARE(m_plan.files, int(filesIn(pulled->snapshot).size()));
        const auto& last = m_progress.back();
        QCOMPARE(last.filesDone, last.files);
        QCOMPARE(last.bytesDone, last.bytes);
        QVERIFY(last.bytes > 2'000'000);
        for (const QJsonObject& request : m_hub->requests("tiny")) {
            QCOMPARE(request["token"].toBool(), request["host"] == "hub");
            if (request["host"] == "hub") {
                QCOMPARE(request["encoding"].toString(), QString("identity"));
                QVERIFY(request["agent"].toString().startsWith("easel/"));
            }
        }
    }

    /// What other clients of the hub's cache expect to find.
    void theCacheIsLaidOutAsTheHubsOwnToolsDo() {
        const auto pulled = pull("tiny");
        QVERIFY(pulled.has_value());
        const std::string& commit = pulled->plan.commit;
        QCOMPARE(read(folderOf("tiny") / "refs" / "main"), commit);  // 40 bytes, no line's end
        QCOMPARE(pulled->snapshot, folderOf("tiny") / "snapshots" / commit);
        std::vector<std::string> blobs;
        for (const std::string& name : filesIn(pulled->snapshot)) {
            const path link = pulled->snapshot / name;
            QVERIFY(std::filesystem::is_symlink(link));
            const path target = std::filesystem::read_symlink(link);
            const path up = name.find('/') == std::string::npos ? "../../blobs" : "../../../blobs";
            QCOMPARE(target.parent_path(), up);
            const std::string blob = target.filename().string();
            QCOMPARE(blob.size(), name.ends_with(".safetensors") ? std::size_t{64} : std::size_t{40});
            QCOMPARE(hub::hashAs(blob, read(link)), blob);
            blobs.push_back(blob);
        }
        std::sort(blobs.begin(), blobs.end());
        QCOMPARE(filesIn(folderOf("tiny") / "blobs"), blobs);  // nothing half done is left
        for (const std::string& blob : blobs) {
            QVERIFY(std::filesystem::exists(cache() / ".locks" / "models--test--tiny" / (blob + ".lock")));
        }
        QVERIFY(read(cache() / "CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
        QCOMPARE(filesIn(folderOf("tiny") / "snapshots").size(), blobs.size());  // no file beside the folders
    }

    void itEndsWellInSpiteOf_data() {
        QTest::addColumn<QString>("fault");
        for (const char* const fault :
             {"cut", "ill-for-a-moment", "expired", "no-ranges", "paged", "renamed"}) {
            QTest::newRow(fault) << QString(fault);
        }
    }

    void itEndsWellInSpiteOf() {
        QFETCH(QString, fault);
        const auto pulled =
            pull(fault.toStdString(), "hf_good", [](auto& options) { options.downloads.partSize = 300'000; });
        QVERIFY2(pulled.has_value(), pulled ? "" : pulled.error().detail.c_str());
        QVERIFY(isWhole(pulled->snapshot));
        QCOMPARE(m_progress.back().bytesDone, m_progress.back().bytes);
    }

    void afterACutItGoesOnWhereItWas() {
        QVERIFY(pull("cut", {}, [](auto& options) { options.downloads.connections = 1; }).has_value());
        QStringList ranges;
        for (const QJsonObject& request : m_hub->requests("cut")) {
            if (request["host"] == "storage" && request["path"].toString().endsWith(kUnet)) {
                ranges += request["range"].toString();
            }
        }
        QVERIFY(ranges.size() > 10);
        QVERIFY(ranges.contains("bytes=0-2277431"));
        QVERIFY(ranges.contains("bytes=100000-2277431"));
        QVERIFY(ranges.contains("bytes=2200000-2277431"));
    }

    void largeFilesComeInSeveralPartsAtOnce() {
        QVERIFY(pull("tiny", {}, [](auto& options) { options.downloads.partSize = 500'000; }).has_value());
        QStringList ranges;
        for (const QJsonObject& request : m_hub->requests("tiny")) {
            if (request["host"] == "storage" && request["path"].toString().endsWith(kUnet)) {
                ranges += request["range"].toString();
            }
        }
        for (const char* const part : {"bytes=0-499999", "bytes=500000-999999", "bytes=2000000-2277431"}) {
            QVERIFY2(ranges.contains(part), part);
        }
    }

    void aBusyHubIsLeftAloneForAsLongAsItSays() {
        QVERIFY(pull("busy").has_value());
        double refused = -1;
        for (const QJsonObject& request : m_hub->requests("busy")) {
            if (request["path"].toString().contains("/revision/")) {
                if (refused < 0) {
                    refused = request["at"].toDouble();
                } else {
                    QVERIFY(request["at"].toDouble() - refused >= 1);
                }
            }
        }
        QVERIFY(refused >= 0);
    }

    void whatIsThereIsNotFetchedAgain() {
        QVERIFY(pull("tiny").has_value());
        const auto before = m_hub->requests("tiny").size();
        const auto again = pull("tiny");
        QVERIFY(again.has_value());
        for (const QJsonObject& request : m_hub->requests("tiny").mid(before)) {
            QVERIFY(request["host"] == "hub");
            QVERIFY(request["path"].toString().startsWith("/api/") ||
                    request["path"].toString().endsWith("model_index.json"));
        }
        QCOMPARE(m_progress.back().bytesDone, m_progress.back().bytes);
    }

    void aCancelledPullKeepsWhatIsThereAndGoesOn() {
        std::stop_source stop;
        m_onProgress = [&](const auto& progress) {
            if (progress.bytesDone > 400'000) {
                stop.request_stop();
            }
        };
        const auto cancelled = pull("steady", {}, {}, stop.get_token());
        QVERIFY(!cancelled && cancelled.error().code == "conflict");
        QVERIFY(!std::filesystem::exists(folderOf("steady") / "refs" / "main"));
        m_progress.clear();
        m_onProgress = {};
        const auto pulled = pull("steady");
        QVERIFY(pulled && isWhole(pulled->snapshot));
        QVERIFY(m_progress.front().bytesDone > 400'000);
        bool isResumed = false;
        for (const QJsonObject& request : m_hub->requests("steady")) {
            isResumed = isResumed ||
                        (request["host"] == "storage" && !request["range"].toString().startsWith("bytes=0-"));
        }
        QVERIFY(isResumed);
    }

    /// As after a power cut that lost what had been written.
    void whatWasDamagedBetweenTwoPullsIsFetchedAgain() {
        std::stop_source stop;
        m_onProgress = [&](const auto& progress) {
            if (progress.bytesDone > 700'000) {
                stop.request_stop();
            }
        };
        QVERIFY(!pull("steady", {}, {}, stop.get_token()));
        int damaged = 0;
        for (const std::string& name : filesIn(folderOf("steady") / "blobs")) {
            if (name.ends_with(".incomplete")) {
                std::fstream file(folderOf("steady") / "blobs" / name, std::ios::in | std::ios::out);
                file.seekp(10);
                file << "damaged";
                ++damaged;
            }
        }
        QVERIFY(damaged > 0);
        m_onProgress = {};
        const auto pulled = pull("steady");
        QVERIFY2(pulled.has_value(), pulled ? "" : pulled.error().detail.c_str());
        QVERIFY(isWhole(pulled->snapshot));
        QCOMPARE(m_progress.back().bytesDone, m_progress.back().bytes);
    }

    void twoPullsOfOneModelShareTheWork() {
        protocol::Expected<hub::Pulled> other = tl::unexpected(protocol::Problem());
        std::thread second([&] {
            const hub::Settings settings = m_hub->settings();
            other = hub::pull(settings, {.cache = cache(), .model = "test/steady"},
                              {[](const auto&) {}, [](const auto&) {}}, {});
        });
        const auto before = m_hub->requests("steady").size();
        const auto one = pull("steady");
        second.join();
        QVERIFY2(one, one ? "" : one.error().detail.c_str());
        QVERIFY2(other, other ? "" : other.error().detail.c_str());
        QVERIFY(isWhole(one->snapshot) && isWhole(other->snapshot));
        int fetched = 0;
        for (const QJsonObject& request : m_hub->requests("steady").mid(before)) {
            fetched += request["host"] == "storage" && request["path"].toString().endsWith(kUnet) ? 1 : 0;
        }
        QCOMPARE(fetched, 1);
    }

    /// Python's client locks with flock, too.
    void whoHoldsABlobsLockIsWaitedFor() {
        const auto first = pull("tiny");
        QVERIFY(first.has_value());
        const std::string blob = std::filesystem::read_symlink(first->snapshot / kUnet).filename().string();
        std::filesystem::remove(folderOf("tiny") / "blobs" / blob);
        const int fd = ::open((cache() / ".locks" / "models--test--tiny" / (blob + ".lock")).c_str(), O_RDWR);
        QCOMPARE(::flock(fd, LOCK_EX | LOCK_NB), 0);
        bool isFree = false;
        bool cameTooSoon = false;
        int ticks = 0;
        m_onProgress = [&](const auto& progress) {
            cameTooSoon = cameTooSoon || (!isFree && progress.bytesDone == progress.bytes);
            if (++ticks == 3) {
                isFree = true;
                ::close(fd);
            }
        };
        QVERIFY(pull("tiny").has_value());
        QVERIFY(isFree);
        QVERIFY(!cameTooSoon);
    }

    void onlyWhatIsNeededIsFetched() {
        const auto plain = pull("variants");
        QVERIFY2(plain.has_value(), plain ? "" : plain.error().detail.c_str());
        const std::vector<std::string> wanted{"LICENSE.md",
                                              "README.md",
                                              "model_index.json",
                                              "scheduler/scheduler_config.json",
                                              "text_encoder/config.json",
                                              "text_encoder/model.safetensors",
                                              "tokenizer/merges.txt",
                                              "tokenizer/special_tokens_map.json",
                                              "tokenizer/tokenizer_config.json",
                                              "tokenizer/vocab.json",
                                              "unet/config.json",
                                              kUnet,
                                              "vae/config.json",
                                              "vae/diffusion_pytorch_model.safetensors"};
        QCOMPARE(filesIn(plain->snapshot), wanted);
        QVERIFY(plain->plan.notes.empty());
    }

    void aVariantIsChosenWhereThereIsOne() {
        const auto half = pull("variants", {}, [](auto& options) { options.wish.variant = "fp16"; });
        QVERIFY2(half.has_value(), half ? "" : half.error().detail.c_str());
        const auto files = filesIn(half->snapshot);
        const auto has = [&](const char* name) { return std::ranges::count(files, name) == 1; };
        QVERIFY(has("unet/diffusion_pytorch_model.fp16.safetensors"));
        QVERIFY(!has(kUnet));
        QVERIFY(has("text_encoder/model.safetensors"));
        QCOMPARE(half->plan.notes.size(), std::size_t{1});
        QVERIFY(half->plan.notes[0].starts_with("text_encoder has no variant fp16"));
    }

    void partsAloneArePulled() {
        const auto some = pull("tiny", {}, [](auto& options) {
            options.wish.only = {"tokenizer", "scheduler"};
        });
        QVERIFY(some.has_value());
        const auto files = filesIn(some->snapshot);
        QVERIFY(std::ranges::none_of(files, [](const auto& name) { return name.ends_with(".safetensors"); }));
        QCOMPARE(std::ranges::count(files, "tokenizer/vocab.json"), 1);
    }

    void weightsInPiecesComeWithTheirIndex() {
        const auto pulled = pull("sharded");
        QVERIFY2(pulled.has_value(), pulled ? "" : pulled.error().detail.c_str());
        const auto files = filesIn(pulled->snapshot / "unet");
        QCOMPARE(files, (std::vector<std::string>{"config.json",
                                                  "diffusion_pytorch_model-00001-of-00002.safetensors",
                                                  "diffusion_pytorch_model-00002-of-00002.safetensors",
                                                  "diffusion_pytorch_model.safetensors.index.json"}));
    }

    void anotherRevisionHasItsOwnName() {
        const auto pulled = pull("tiny", {}, [](auto& options) { options.revision = "refs/pr/1"; });
        QVERIFY(pulled.has_value());
        QCOMPARE(read(folderOf("tiny") / "refs" / "refs" / "pr" / "1"), pulled->plan.commit);
        QVERIFY(!std::filesystem::exists(folderOf("tiny") / "refs" / "main"));
        const auto byCommit =
            pull("tiny", {}, [&](auto& options) { options.revision = pulled->plan.commit; });
        QVERIFY(byCommit.has_value());
        QCOMPARE(filesIn(folderOf("tiny") / "refs"), std::vector<std::string>{"refs/pr/1"});
    }

    void gatedFilesComeWithTheRightToken() {
        const auto pulled = pull("gated", "hf_good");
        QVERIFY(pulled.has_value());
        QVERIFY(pulled->plan.isGated);
        QVERIFY(pull("private", "hf_good").has_value());
    }
};

QTEST_GUILESS_MAIN(TestPull)
#include "test_pull.moc"
