// SPDX-License-Identifier: Apache-2.0
// Prompts with weights, chunks, taught words and scripts, against the formulas with transformers' encoders.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>
#include <string>

#include "server/diffusion/failure.h"
#include "server/diffusion/pipeline.h"
#include "server/prompt/script.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures";
const Placement kCpu{c10::Device(c10::kCPU), c10::kFloat};

QJsonObject cases() {
    QFile file(EASEL_SOURCE_DIR "/tests/fixtures/prompts/cases.json");
    return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject();
}

/// The text encoders of `models`, side by side.
TextStack stackOf(const QJsonArray& models) {
    std::vector<TextPart> parts;
    for (const QJsonValue& name : models) {
        const auto model = models::openModelFolder(kFixtures / "models" / name.toString().toStdString());
        const auto& text = model.value().texts.front();
        const auto load = [model, text]() -> ResidentNetwork<TextEncoder>::Loaded {
            const Weights weights(models::openWeights(*model, text.name).value(), kCpu);
            return {std::make_shared<const TextEncoder>(weights, text.encoder)};
        };
        parts.push_back({prompt::Tokenizer::of(text).value(),
                         std::make_shared<ResidentNetwork<TextEncoder>>(load), text.encoder.vocabSize});
    }
    return TextStack(std::move(parts), kCpu.device);
}

}  // namespace

class PromptsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void areRead_data();
    void areRead();
    void areDrawn_data();
    void areDrawn();
    void aWordOfAnotherFamilyIsRefused();

private:
    const c10::InferenceMode m_inference;
    const tests::TensorFile m_golden{kFixtures / "prompts/prompts.safetensors"};
};

void PromptsTest::init() {
    at::globalContext().setSDPUseFlash(false);
    at::globalContext().setSDPUseMemEfficient(false);
}

void PromptsTest::areRead_data() {
    QTest::addColumn<QJsonObject>("how");
    for (const QJsonValue& each : cases()["read"].toArray()) {
        QTest::newRow(qPrintable(each["name"].toString())) << each.toObject();
    }
}

void PromptsTest::areRead() {
    QFETCH(QJsonObject, how);
    TextStack stack = stackOf(how["models"].toArray());
    const auto syntax = prompt::syntaxOf(how["prompt_syntax"].toString("a1111").toStdString());
    const auto script = prompt::scriptOf(how["prompt"].toString().toStdString(), syntax, 20);
    ReadingManner manner{how["clip_skip"].toInt(1) - 1, how["emphasis"].toString() != "no_norm"};
    TaughtWords taught;
    if (how.contains("taught")) {
        const bool isPair = how["models"].toArray().size() == 2;
        taught = stack.learn(
            std::vector<Lesson>{{"my-dog", kFixtures / "prompts" /
                                               (isPair ? "my-dog-xl.safetensors" : "my-dog.safetensors")}},
            {&*script, 1});
    }
    const auto read = [&] { return stack.speeches(script.value(), manner, taught).front().at(0).context; };
    const at::Tensor& expected = m_golden[std::string(QTest::currentDataTag()) + "/context"];
    const double off = tests::greatestDifference(read(), expected);
    QVERIFY2(off <= tests::gate("prompt"), qPrintable(QString("off by %1").arg(off)));
    for (const char* const error : {"factor", "place", "comma"}) {
        const std::string wrong = std::string(QTest::currentDataTag()) + "/wrong/" + error;
        QVERIFY(std::string_view(QTest::currentDataTag()) != "weights" || error == std::string("comma") ||
                m_golden.has(wrong));
        QVERIFY2(!m_golden.has(wrong) ||
                     tests::greatestDifference(read(), m_golden[wrong]) > tests::gate("prompt"),
                 error);
    }
    // The other emphasis would be seen, where there are weights to be seen.
    manner.keepsMean = !manner.keepsMean;
    if (how["prompt"].toString().contains(':') && syntax == prompt::Syntax::A1111) {
        QVERIFY(tests::greatestDifference(read(), expected) > 10 * tests::gate("prompt"));
    }
}

void PromptsTest::areDrawn_data() {
    QTest::addColumn<QString>("prompt");
    QTest::addColumn<QString>("negative");
    for (const QJsonValue& each : cases()["drawn"].toObject()["cases"].toArray()) {
        QTest::newRow(qPrintable(each["name"].toString()))
            << each["prompt"].toString() << each["negative_prompt"].toString();
    }
}

void PromptsTest::areDrawn() {
    QFETCH(QString, prompt);
    QFETCH(QString, negative);
    const QJsonObject drawing = cases()["drawn"].toObject();
    protocol::GenerationSettings settings;
    settings.prompt = prompt.toStdString();
    settings.negativePrompt = negative.toStdString();
    settings.width = settings.height = 64;
    settings.steps = drawing["steps"].toInt();
    settings.guidance = drawing["guidance"].toDouble();
    settings.seed = drawing["seed"].toInt();
    settings.sampler = "ddim";
    Pipeline pipeline(kFixtures / "models/sd1-tiny", openDevice("cpu", "fp32"));
    const auto draw = [&] {
        Drawing picture = pipeline.drawingFor(settings, 0, pipeline.guidance(settings));
        Drawing* const one = &picture;
        while (!picture.done()) {
            pipeline.advance({&one, 1});
        }
        return picture.latents();
    };
    const at::Tensor& expected = m_golden[std::string(QTest::currentDataTag()) + "/latents"];
    const double unit = expected.std().item<double>();
    const double off = tests::greatestDifference(draw(), expected) / unit;
    QVERIFY2(off <= tests::gate("latents"), qPrintable(QString("off by %1").arg(off)));
    settings.promptSyntax = "plain";
    QVERIFY(tests::greatestDifference(draw(), expected) / unit > 10 * tests::gate("latents"));
}

void PromptsTest::aWordOfAnotherFamilyIsRefused() {
    const TextStack stack = stackOf({"sd1-tiny"});
    const auto learn = [&](const char* file, const char* text = "draw it") {
        const auto script = prompt::scriptOf(text, prompt::Syntax::A1111, 10);
        return stack.learn(std::vector<Lesson>{{"it", kFixtures / "prompts" / file}}, {&*script, 1});
    };
    QVERIFY_EXCEPTION_THROWN(learn("my-dog-xl.safetensors"), Failure);
    QVERIFY_EXCEPTION_THROWN(learn("prompts.safetensors"), Failure);  // no embedding at all
    QVERIFY_EXCEPTION_THROWN(learn("none.safetensors"), Failure);
    // What only holds its letters does not mean it.
    QVERIFY(learn("my-dog-xl.safetensors", "a kitten, titanium, with").parts.empty());
}

QTEST_GUILESS_MAIN(PromptsTest)
#include "test_prompts.moc"
