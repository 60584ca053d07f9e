// SPDX-License-Identifier: Apache-2.0
// Pulls that cannot end well: what the person is told, and that nothing wrong stays.
#include "tests/server/hub/pull_test.h"

#include <algorithm>

using namespace easel;
using namespace easel::tests;

class TestPullFailures : public PullTest {
    Q_OBJECT

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

    void thePersonIsToldWhy_data() {
        QTest::addColumn<QString>("fault");
        QTest::addColumn<QString>("token");
        QTest::addColumn<QString>("code");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* fault, const char* token, const char* code, const char* words) {
            QTest::addRow("%s with %s", fault, *token != 0 ? token : "no token")
                << fault << token << code << words;
        };
        row("gated", "", "licence_not_accepted",
            "Open https://huggingface.co/test/gated, sign in and accept it");
        row("gated", "hf_wrong", "licence_not_accepted", "the token is wrong or may not read gated models");
        row("gated", "hf_not_listed", "licence_not_accepted",
            "The token is good, but its account is not among them");
        row("private", "", "not_on_hub", "there is none of this name, or it is private");
        row("nowhere", "", "not_on_hub", "there is none of this name, or it is private");
        row("nowhere", "hf_good", "not_on_hub", "the token is not of an account that may see it");
        row("bad-token", "hf_wrong", "refused_by_hub", "The hub does not know the token");
        row("disabled", "", "refused_by_hub", "has switched the model test/disabled off");
        row("busy-for-long", "", "hub_unavailable", "too many requests");
        row("ill", "", "hub_unavailable", "trouble of its own (500, request: Root=1-abc), several times");
        row("cut-forever", "", "hub_unavailable", "failed, several times");
        row("stalled", "", "hub_unavailable", "failed, several times");
        row("wrong-hash", "", "download_untrue", "has another hash than was announced");
        row("short", "", "download_untrue", "bytes, and now has");
        row("long", "", "download_untrue", "");
        row("two-sizes", "", "download_untrue", "was announced with");
        row("two-hashes", "", "download_untrue", "with one hash and gives it with another");
        row("to-http", "hf_good", "download_untrue", "not encrypted");
        row("to-file", "hf_good", "download_untrue", "not encrypted");
        row("to-password", "hf_good", "download_untrue", "not encrypted");
        row("in-circles", "", "hub_unavailable", "from one place to the next");
        row("escape", "", "download_untrue", "leads out of the model's folder");
        row("nonsense", "", "download_untrue", "does not speak as the hub does");
        row("huge", "", "no_space", "Nothing was fetched");
        row("pickles", "", "model_unusable", "Pickle files can run code");
        row("checkpoint", "", "model_unusable",
            "checkpoints of one file (model-v1.ckpt, model-v1.safetensors) and no model_index.json. What is "
            "pulled are models in diffusers' layout: look on the hub for the same model with a "
            "model_index.json, or download the .safetensors file");
        row("empty", "", "model_unusable", "has no model_index.json");
        row("other-family", "", "model_unusable", "test/other-family/model_index.json");
        row("missing-shard", "", "model_unusable",
            "has no unet/diffusion_pytorch_model-00002-of-00002.safetensors");
    }

    void thePersonIsToldWhy() {
        QFETCH(QString, fault);
        QFETCH(QString, token);
        QFETCH(QString, code);
        QFETCH(QString, words);
        const auto pulled = pull(fault.toStdString(), token.toStdString());
        QVERIFY(!pulled);
        const QString detail = QString::fromStdString(pulled.error().detail);
        qInfo().noquote() << detail;
        QCOMPARE(QString::fromStdString(pulled.error().code), code);
        QVERIFY2(detail.contains(words), qPrintable(detail));
        QVERIFY(token.isEmpty() || !detail.contains(token));
        // There is no model, and no blob that is not what its name says.
        const auto folder = folderOf(fault.toStdString());
        QVERIFY(!std::filesystem::exists(folder / "refs" / "main"));
        QVERIFY(filesIn(folder / "snapshots").empty());
        QVERIFY(!std::filesystem::exists(cache() / "evil"));
        if (code == "model_unusable" || code == "licence_not_accepted" || code == "no_space") {
            QVERIFY(filesIn(folder / "blobs").empty());
        }
    }

    void whoIsAskedToWaitIsToldHowLong() {
        const auto pulled = pull("busy-for-long");
        QVERIFY(!pulled);
        QCOMPARE(pulled.error().retryAfter.value_or(0), 3601);
    }

    void whatDoesNotPassIsTriedFiveTimes() {
        const auto before = m_hub->requests("ill").size();
        QVERIFY(!pull("ill"));
        QCOMPARE(m_hub->requests("ill").size() - before, 5);
    }

    void namesAreNamesAndNeverAddresses() {
        for (const char* const name :
             {"", "tiny", "a/b/c", "../tiny", "https://huggingface.co/test/tiny", "test/..", "test/a--b",
              "test/x.git", "test/ti ny", "test/tiny?x", "-test/tiny", "test/tiny/../../x"}) {
            const auto pulled = pull("", {}, [name](auto& options) { options.model = name; });
            QVERIFY2(!pulled && pulled.error().field == "model", name);
        }
        for (const char* const revision :
             {"", "..", "a/../b", "/main", "main/", "a b", "a?b", "a\nb", "a..b"}) {
            const auto pulled = pull("tiny", {}, [revision](auto& options) { options.revision = revision; });
            QVERIFY2(!pulled && pulled.error().field == "revision", revision);
        }
        const auto variant = pull("tiny", {}, [](auto& options) { options.wish.variant = "../x"; });
        QVERIFY(!variant && variant.error().field == "variant");
        QVERIFY(m_hub->requests("tiny").isEmpty());
    }

    void whatIsNotThereIsNamed() {
        const auto revision = pull("tiny", {}, [](auto& options) { options.revision = "v9"; });
        QVERIFY(!revision && revision.error().detail == "The model test/tiny has no revision \"v9\".");
        const auto variant = pull("variants", {}, [](auto& options) { options.wish.variant = "bf16"; });
        QVERIFY(!variant && variant.error().field == "variant");
        QVERIFY(variant.error().detail.find("there is: fp16, the plain one") != std::string::npos);
        const auto part = pull("tiny", {}, [](auto& options) { options.wish.only = {"transformer"}; });
        QVERIFY(!part && part.error().field == "only");
        QVERIFY(part.error().detail.find("scheduler, text_encoder, tokenizer, unet, vae") !=
                std::string::npos);
    }

    void aDiskWithoutRoomIsSaidBeforeTheFirstByte() {
        const auto pulled = pull(
            "tiny", {}, [](auto& options) { options.freeBytes = [] { return std::int64_t{65} << 20; }; });
        QVERIFY(!pulled && pulled.error().code == "no_space");
        QVERIFY(pulled.error().detail.find("68.2 MB are free") != std::string::npos);
        QVERIFY(filesIn(folderOf("tiny") / "blobs").empty());
    }

    void aHubThatIsNotTrustedGetsNoToken() {
        hub::Settings settings = m_hub->settings("hf_good");
        settings.certificates.clear();
        const auto pulled = hub::pull(settings, {.cache = cache(), .model = "test/tiny"},
                                      {[](const auto&) {}, [](const auto&) {}}, {});
        QVERIFY(!pulled && pulled.error().code == "hub_unavailable");
        QVERIFY2(pulled.error().detail.find("is not trusted") != std::string::npos,
                 pulled.error().detail.c_str());
    }

    void aHubThatIsNotThereIsSaid() {
        hub::Settings settings = m_hub->settings();
        settings.endpoint = "https://127.0.0.1:1";
        const auto pulled = hub::pull(settings, {.cache = cache(), .model = "test/tiny"},
                                      {[](const auto&) {}, [](const auto&) {}}, {});
        QVERIFY(!pulled && pulled.error().code == "hub_unavailable");
    }
};

QTEST_GUILESS_MAIN(TestPullFailures)
#include "test_pull_failures.moc"
