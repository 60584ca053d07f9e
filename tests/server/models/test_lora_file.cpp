// SPDX-License-Identifier: Apache-2.0
// Files of LoRAs: what kinds there are, what is refused, and what stands beside their tensors.
#include <QTest>
#include <cmath>

#include "server/models/lora/lora_facts.h"
#include "tests/server/models/made_lora.h"

using namespace easel;
using namespace easel::tests;
using models::LoraFile;
using models::LoraKind;

namespace {

const std::string kFixtures = EASEL_SOURCE_DIR "/tests/fixtures/";

}  // namespace

class TestLoraFile : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void kindsAreToldByTheirParts_data() {
        QTest::addColumn<QByteArrayList>("parts");
        QTest::addColumn<int>("kind");
        const auto row = [](const char* name, const QByteArrayList& parts, LoraKind kind) {
            QTest::newRow(name) << parts << static_cast<int>(kind);
        };
        row("LoRA", {".lora_down.weight", ".lora_up.weight"}, LoraKind::LowRank);
        row("LoHa", {".hada_w1_a", ".hada_w1_b", ".hada_w2_a", ".hada_w2_b"}, LoraKind::Hadamard);
        row("LoKr", {".lokr_w1", ".lokr_w2_a", ".lokr_w2_b"}, LoraKind::Kronecker);
        row("LoKr, whole", {".lokr_w1", ".lokr_w2"}, LoraKind::Kronecker);
        row("whole", {".diff"}, LoraKind::Whole);
    }

    void kindsAreToldByTheirParts() {
        QFETCH(QByteArrayList, parts);
        QFETCH(int, kind);
        std::vector<std::pair<QByteArray, Shape>> tensors;
        for (const QByteArray& part : parts) {
            tensors.push_back({"lora_unet_conv_in" + part, {2, 2}});
        }
        const auto file = MadeLora(tensors).open();
        QVERIFY2(file, qPrintable(messageOf(file)));
        QCOMPARE(static_cast<int>(file->modules().front().kind), kind);
        if (parts.size() > 1) {  // each of them is needed
            for (std::size_t missing = 0; missing < tensors.size(); ++missing) {
                auto fewer = tensors;
                fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(missing));
                QVERIFY2(messageOf(MadeLora(fewer).open()).contains("not whole"),
                         tensors[missing].first.constData());
            }
        }
    }

    void whatIsNoLoraIsRefused_data() {
        QTest::addColumn<QByteArray>("tensor");
        QTest::addColumn<QString>("message");
        QTest::newRow("a model's") << QByteArray("down_blocks.0.conv.weight") << "of no kind of LoRA";
        QTest::newRow("a bias") << QByteArray("unet.conv_in.lora_B.bias") << "of no kind of LoRA";
        QTest::newRow("no layer") << QByteArray(".alpha") << "of no kind of LoRA";
        QTest::newRow("alpha alone") << QByteArray("lora_unet_conv_in.alpha") << "not whole";
    }

    void whatIsNoLoraIsRefused() {
        QFETCH(QByteArray, tensor);
        QFETCH(QString, message);
        const auto file = MadeLora({{tensor, {1}}}).open();
        QVERIFY2(messageOf(file).contains(message), qPrintable(messageOf(file)));
        QCOMPARE(file.error().field.value_or(""), "loras");
    }

    void oneLayerTwiceIsRefused() {
        const auto file = MadeLora({{"unet.conv_in.lora_A.weight", {2, 4}},
                                    {"unet.conv_in.lora.down.weight", {2, 4}},
                                    {"unet.conv_in.lora_B.weight", {8, 2}}})
                              .open();
        QVERIFY2(messageOf(file).contains("are the same of one layer"), qPrintable(messageOf(file)));
    }

    void nothingIsRefused() { QVERIFY(messageOf(MadeLora({}).open()).contains("no tensors")); }

    void alphaOfPeft_data() {
        QTest::addColumn<QByteArray>("config");
        QTest::addColumn<double>("scale");
        QTest::newRow("alpha") << QByteArray(R"({"lora_alpha":8})") << 4.0;
        QTest::newRow("none") << QByteArray(R"({})") << 1.0;
        QTest::newRow("by the root") << QByteArray(R"({"lora_alpha":8,"use_rslora":true})")
                                     << 8 / std::sqrt(2.0);
        QTest::newRow("of one layer")
            << QByteArray(R"({"lora_alpha":8,"alpha_pattern":{"attn1.to_q":3}})") << 1.5;
        QTest::newRow("of another") << QByteArray(R"({"lora_alpha":8,"alpha_pattern":{"xattn1.to_q":3}})")
                                    << 4.0;
    }

    void alphaOfPeft() {
        QFETCH(QByteArray, config);
        QFETCH(double, scale);
        const auto tensors =
            factors("base_model.model.down_blocks.0.attn1.to_q", ".lora_A.weight", ".lora_B.weight", 8, 8);
        const MadeLora made(tensors, "{}", "adapter_model.safetensors");
        made.writeBeside("adapter_config.json", config);
        const auto file = made.open();
        QVERIFY2(file, qPrintable(messageOf(file)));
        QCOMPARE(file->modules().front().scale, scale);
        const MadeLora other(tensors);
        other.writeBeside("adapter_config.json", config);
        QCOMPARE(other.open()->modules().front().scale, 1.0);  // which is another file's

        auto packed =
            QString(config).replace("\"lora_alpha", "\"unet.lora_alpha").replace("\"use", "\"unet.use");
        packed.replace("\"alpha_pattern", "\"unet.alpha_pattern").replace("\"", "\\\"");
        const auto inside =
            MadeLora(factors("unet.down_blocks.0.attn1.to_q", ".lora_A.weight", ".lora_B.weight", 8, 8),
                     "{\"lora_adapter_metadata\":\"" + packed.toUtf8() + "\"}")
                .open();
        QVERIFY2(inside, qPrintable(messageOf(inside)));
        QCOMPARE(inside->modules().front().scale, scale);
    }

    void settingsThatCannotBeReadAreRefused() {
        const MadeLora made(factors("base_model.model.conv_in", ".lora_A.weight", ".lora_B.weight", 8, 8),
                            "{}", "adapter_model.safetensors");
        made.writeBeside("adapter_config.json", R"({"lora_alpha":"eight"})");
        QVERIFY2(messageOf(made.open()).contains("lora_alpha"), qPrintable(messageOf(made.open())));
        made.writeBeside("adapter_config.json", R"({"alpha_pattern":{"to_q":-1}})");
        QVERIFY(!made.open());
        made.writeBeside("adapter_config.json", R"({"lora_alpha":1e300})");
        QVERIFY2(messageOf(made.open()).contains("alpha for base_model.model.conv_in is beyond all reason"),
                 qPrintable(messageOf(made.open())));
    }

    void settingsWithinAreNoLongerThanThoseBeside() {
        const QByteArray blanks(qsizetype{17} << 20, ' ');
        const MadeLora made(factors("unet.conv_in", ".lora_A.weight", ".lora_B.weight", 8, 8),
                            "{\"lora_adapter_metadata\":\"{" + blanks + "}\"}");
        QVERIFY2(messageOf(made.open()).contains("at most 16777216 are read"),
                 qPrintable(messageOf(made.open()).left(200)));
    }

    void theLongestEndOfANameTellsItsAlpha() {
        const MadeLora made(
            factors("base_model.model.down_blocks.0.attn1.to_q", ".lora_A.weight", ".lora_B.weight", 8, 8),
            "{}", "adapter_model.safetensors");
        made.writeBeside(
            "adapter_config.json",
            R"({"alpha_pattern":{"attn1.to_q":3,"to_q":1,"q":4,"blocks.0":5,"x.attn1.to_q":6}})");
        QCOMPARE(made.open()->modules().front().scale, 1.5);
    }

    void factsForPeople() {
        const auto file = LoraFile::open(kFixtures + "loras/kohya.safetensors");
        QVERIFY2(file, qPrintable(messageOf(file)));
        const models::LoraFacts facts = models::factsOf(*file);
        QCOMPARE(facts.title, std::string("made-for-tests"));
        QCOMPARE(facts.family, std::string("Stable Diffusion 1"));
        QCOMPARE(facts.rank, std::int64_t{3});
        QCOMPARE(facts.triggers, (std::vector<std::string>{"red circle", "square", "cat"}));
    }
};

QTEST_GUILESS_MAIN(TestLoraFile)
#include "test_lora_file.moc"
