// SPDX-License-Identifier: Apache-2.0
#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "server/commands/materials.h"
#include "server/commands/token_counter.h"

using namespace easel;
using commands::ModelShelf;
using commands::TokenCounter;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures";

}  // namespace

class TestTokenCounter : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        const auto folder = std::filesystem::path(m_folder.path().toStdString()) / "embeddings";
        std::filesystem::create_directories(folder);
        std::filesystem::copy(kFixtures / "prompts/my-dog.safetensors", folder / "my-dog.safetensors");
        std::filesystem::copy(kFixtures / "prompts/my-dog-xl.safetensors", folder / "my-cat.safetensors");
        m_shelf = std::make_unique<ModelShelf>(
            kFixtures / "models/sd1-tiny", models::Places{{kFixtures / "models/sdxl-tiny"}, {}},
            std::vector{std::filesystem::path(m_folder.path().toStdString())});
        m_counter = std::make_unique<TokenCounter>(*m_shelf);
    }

    void aPromptIsCountedAsItIsRead() {
        const auto none = count("");
        QCOMPARE(none.tokens, 0);
        QCOMPARE(none.chunks, 1);
        QCOMPARE(none.limit, 75);
        QVERIFY(none.cuts.empty() && none.loras.empty() && none.warnings.empty());
        QCOMPARE(count("a red cat").tokens, 3);
        QCOMPARE(count("a (red:1.3) cat").tokens, 3);
        QVERIFY(count("a (red:1.3) cat", "plain").tokens > 3);
    }

    void cutsAreBytesOfThePrompt() {
        const auto cut = count("a red cat BREAK a dog");
        QCOMPARE(cut.chunks, 2);
        QCOMPARE(cut.limit, 150);
        QCOMPARE(cut.tokens, 5);
        QVERIFY(cut.cuts == std::vector<std::int64_t>{9});
        std::string text;
        for (int i = 0; i < 80; ++i) {
            text += "red ";
        }
        QVERIFY(count(text).cuts == std::vector<std::int64_t>{75 * 4 - 1});
        QVERIFY(count("<lora:x:1>" + text).cuts == std::vector<std::int64_t>{10 + 75 * 4 - 1});
    }

    void ofSeveralTextsTheLongestCounts() {
        QCOMPARE(count("a [red cat:dog:0.5]").tokens, 3);
        QCOMPARE(count("a [dog:red cat:0.5]").tokens, 3);
        QCOMPARE(count("a AND a red cat AND a dog").tokens, 3);
    }

    void tagsAndWarningsAreTold() {
        const auto tagged = count("a cat <lora:x:0.5:0.25> <lora:y:much>");
        QCOMPARE(tagged.loras.size(), std::size_t{1});
        QVERIFY((tagged.loras.front() == protocol::LoraUse{"x", 0.25, 0.5}));
        QCOMPARE(tagged.warnings.size(), std::size_t{1});
        std::string breaks = "a";
        for (int i = 0; i < 64; ++i) {
            breaks += " BREAK a";
        }
        QCOMPARE(count(breaks).chunks, 65);
        QVERIFY(count(breaks).warnings.front().find("64 chunks") != std::string::npos);
    }

    void wordsThatFilesTeachTakeTheirVectors() {
        QCOMPARE(count("a My-Dog").tokens, 4);
        const auto misfit = count("a my-cat");
        QVERIFY(misfit.tokens > 4);
        QCOMPARE(misfit.warnings.size(), std::size_t{1});
        QVERIFY(misfit.warnings.front().find("my-cat.safetensors") != std::string::npos);
    }

    void whatCannotBeCountedIsRefused() {
        const auto unknown = m_counter->count({"a", "none", {}});
        QVERIFY(!unknown);
        QCOMPARE(unknown.error().field, std::string("model"));
        const auto joined = m_counter->count({"a AND a AND a AND a AND a AND a AND a AND a AND a", {}, {}});
        QVERIFY(!joined);
        QCOMPARE(joined.error().field, std::string("prompt"));
        const ModelShelf pattern;
        QVERIFY(!TokenCounter(pattern).count({"a", {}, {}}));
    }

    void aRequestTakesTheWordsOfItsPromptsAndNoOthers() {
        protocol::GenerationSettings settings;
        settings.prompt = "a \\(dog\\)";
        QVERIFY(names(settings).empty());
        settings.negativePrompt = "(MY-DOG:1.2)";
        QVERIFY(names(settings) == std::vector<std::string>{"my-dog"});
        settings.prompt = "a my-cat";
        QVERIFY((names(settings) == std::vector<std::string>{"my-cat", "my-dog"}));
        settings.negativePrompt = "[0|1|2|3|4|5|6|7|8|9][0|1|2|3|4|5|6]";
        settings.steps = 100;
        const auto refused = commands::addonsFor(settings, *m_shelf);
        QVERIFY(!refused);
        QCOMPARE(refused.error().field, std::string("negative_prompt"));
    }

    /// They make numbers that are not finite, and no other bound holds them.
    void tagsOfLorasHoldToTheBoundsOfTheField() {
        protocol::GenerationSettings settings;
        for (const char* const prompt : {"<lora:x:1e300>", "<lora:x:9><lora:x:9>", "<lora:x:te=-11>"}) {
            settings.prompt = prompt;
            const auto refused = commands::addonsFor(settings, *m_shelf);
            QVERIFY2(!refused && refused.error().detail == "The weight of x must be between -10 and 10.",
                     prompt);
            QCOMPARE(refused.error().field, std::string("loras"));
        }
        settings.prompt.clear();
        for (int i = 0; i <= protocol::kMaxLoras; ++i) {
            settings.prompt += "<lora:" + std::to_string(i) + ":1>";
        }
        QVERIFY(commands::addonsFor(settings, *m_shelf).error().detail.starts_with("17 LoRAs are too many"));
    }

private:
    protocol::TokenCount count(const std::string& prompt, const std::string& syntax = "a1111") {
        return m_counter->count({prompt, {}, syntax}).value();
    }

    std::vector<std::string> names(const protocol::GenerationSettings& settings) {
        std::vector<std::string> names;
        const auto materials = commands::addonsFor(settings, *m_shelf).value();
        for (const auto& material : materials) {
            names.push_back(material.name);
        }
        return names;
    }

    QTemporaryDir m_folder;
    std::unique_ptr<ModelShelf> m_shelf;
    std::unique_ptr<TokenCounter> m_counter;
};

QTEST_APPLESS_MAIN(TestTokenCounter)
#include "test_token_counter.moc"
