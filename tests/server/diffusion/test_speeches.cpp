// SPDX-License-Identifier: Apache-2.0
// Prompts that change, are joined or are long, while a picture is drawn.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "server/diffusion/conditioning/emphasis.h"
#include "server/diffusion/failure.h"
#include "server/diffusion/pipeline.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

protocol::GenerationSettings small(const std::string& prompt) {
    protocol::GenerationSettings settings;
    settings.prompt = prompt;
    settings.width = 64;
    settings.height = 64;
    settings.steps = 6;
    settings.guidance = 5;
    settings.sampler = "ddim";
    settings.seed = 3;
    return settings;
}

}  // namespace

class SpeechesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void shorterPromptsGetEmptyChunks();
    void joinedPromptsNeedTheNegativeOne();
    void samplersThatAskTwiceAreAtOneStep();
    void weightsThatLeaveNothingLeaveNoMean();
    void tooLongAPromptIsRefused();
    void picturesInCompanyAreTheSame();

private:
    Drawing begun(const std::string& prompt) {
        const auto settings = small(prompt);
        return m_pipeline.drawingFor(settings, 0, m_pipeline.guidance(settings));
    }
    at::Tensor alone(const std::string& prompt) {
        Drawing drawing = begun(prompt);
        const auto shape = drawing.shape();
        while (!drawing.done()) {
            m_pipeline.advance(std::array{&drawing});
            if (drawing.shape() != shape) {
                throw std::runtime_error("the shape has changed");
            }
        }
        return drawing.latents();
    }

    const c10::InferenceMode m_inference;
    Pipeline m_pipeline{EASEL_SOURCE_DIR "/tests/fixtures/models/sd1-tiny", openDevice("cpu", "fp32")};
};

void SpeechesTest::shorterPromptsGetEmptyChunks() {
    const auto conditions = [this](const std::string& prompt, const std::string& negative) {
        auto settings = small(prompt);
        settings.negativePrompt = negative;
        return m_pipeline.guidance(settings)->conditions({0, 6});
    };
    const auto three = conditions("a BREAK b BREAK c", "a cat");
    const auto one = conditions("", "a cat");
    QCOMPARE(three.size(), std::size_t{2});
    QVERIFY(one[0].context.sizes() == at::IntArrayRef({1, 77, 32}));
    for (const Conditioning& condition : three) {
        QVERIFY(condition.context.sizes() == at::IntArrayRef({1, 231, 32}));
    }
    const at::Tensor expected = at::cat({one[0].context, one[1].context, one[1].context}, 1);
    QVERIFY(tests::greatestDifference(three[0].context, expected) <= tests::gate("prompt"));
}

void SpeechesTest::joinedPromptsNeedTheNegativeOne() {
    const auto branches = [this](const std::string& prompt, double scale) {
        auto settings = small(prompt);
        settings.guidance = scale;
        return m_pipeline.guidance(settings)->branches();
    };
    QCOMPARE(branches("a cat", 1), 1);
    QCOMPARE(branches("a cat", 7), 2);
    QCOMPARE(branches("a cat AND a dog", 1), 3);
    QCOMPARE(branches("a cat AND a dog AND a horse", 7), 4);

    std::vector<Speech> joined(2);
    joined[1].weight = -0.5;
    const Guidance guidance(Speech{}, joined, 2, 1);
    const at::Tensor answers = at::tensor({1.0F, 2.0F, 5.0F}).view({3, 1, 1, 1});
    QCOMPARE(guidance.combined(answers, {0, 1}).item<float>(), 1 + 2 * (2 - 1) - 0.5F * 2 * (5 - 1));
}

void SpeechesTest::samplersThatAskTwiceAreAtOneStep() {
    Speech speech;
    for (const float value : {0.0F, 1.0F, 2.0F}) {
        speech.conditions.push_back({.context = at::full({1, 1, 1}, value)});
    }
    speech.stretches = {{1, 0}, {2, 1}, {4, 2}};
    const Guidance guidance(speech, 4);
    const auto said = [&](std::size_t all) {
        std::vector<int> values;
        for (std::size_t done = 0; done < all; ++done) {
            values.push_back(guidance.conditions({done, all}).front().context.item<int>());
        }
        return values;
    };
    QVERIFY((said(4) == std::vector{0, 1, 2, 2}));
    QVERIFY((said(5) == std::vector{0, 0, 1, 2, 2}));
    QVERIFY((said(7) == std::vector{0, 0, 1, 1, 2, 2, 2}));
    QCOMPARE(guidance.conditions({4, 4}).front().context.item<int>(), 2);  // of a picture that is done
}

void SpeechesTest::weightsThatLeaveNothingLeaveNoMean() {
    const at::Tensor features = at::tensor({1.0F, 2.0F, 3.0F, 6.0F}).view({2, 2});
    const std::array<float, 2> none{0, 0};
    QCOMPARE(emphasized(features, none, true).abs().max().item<float>(), 0.0F);
    const std::array<float, 2> twice{1, 2};
    const at::Tensor kept = emphasized(features, twice, true);
    QVERIFY(std::abs(kept.mean().item<float>() - 3) < 1e-6);
    QVERIFY(std::abs(kept[1][0].item<float>() / kept[0][0].item<float>() - 6) < 1e-5);
    QCOMPARE(emphasized(features, twice, false)[1][1].item<float>(), 12.0F);
    QVERIFY(emphasized(features.to(at::kHalf), twice, true).scalar_type() == at::kHalf);
}

void SpeechesTest::tooLongAPromptIsRefused() {
    std::string breaks = "a";
    for (std::size_t i = 1; i < prompt::kMaxChunks; ++i) {
        breaks += " BREAK a";
    }
    const auto context = m_pipeline.guidance(small(breaks))->conditions({0, 6}).front().context;
    QCOMPARE(context.size(1), static_cast<std::int64_t>(77 * prompt::kMaxChunks));
    try {
        m_pipeline.guidance(small(breaks + " BREAK a"));
        QFAIL("too long a prompt was read");
    } catch (const Failure& failure) {
        QVERIFY(failure.problem().detail.find("65 chunks") != std::string::npos);
    }
}

void SpeechesTest::picturesInCompanyAreTheSame() {
    const std::string joined = "a [red|blue] circle AND a dog:0.5";
    const std::string changing = "a [cat:dog:3]";
    Drawing one = begun(joined);
    Drawing other = begun(changing);
    while (!one.done()) {
        m_pipeline.advance(std::array{&other, &one});
    }
    for (const auto& [drawing, prompt] : {std::pair{&one, joined}, {&other, changing}}) {
        const at::Tensor expected = alone(prompt);
        QVERIFY(tests::greatestDifference(drawing->latents(), expected) <=
                tests::gate("latents") * expected.std().item<double>());
    }
    QVERIFY(tests::greatestDifference(alone(changing), alone("a cat")) > 0.01);
}

QTEST_GUILESS_MAIN(SpeechesTest)
#include "test_speeches.moc"
