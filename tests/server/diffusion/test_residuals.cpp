// SPDX-License-Identifier: Apache-2.0
// What ControlNets add to the maps of a UNet.
#include <ATen/CPUGeneratorImpl.h>
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <cmath>

#include "server/diffusion/failure.h"
#include "server/diffusion/networks/unet/unet.h"
#include "server/models/model_folder.h"
#include "tests/server/diffusion/tensor_file.h"
#include "tests/support/gates.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

const std::filesystem::path kFixtures = EASEL_SOURCE_DIR "/tests/fixtures";

Weights weightsOf(const models::ModelFolder& folder) {
    return {*models::openWeights(folder, models::kUNet), {c10::Device(c10::kCPU), c10::kFloat}};
}

}  // namespace

class ResidualsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void residualsAreAddedToTheSkipsAndTheMiddle_data();
    void residualsAreAddedToTheSkipsAndTheMiddle();
    void residualsMustBeAsManyAsTheSkips();

private:
    const c10::InferenceMode m_inference;
    const tests::TensorFile m_stages{kFixtures / "diffusion/stages.safetensors"};
};

void ResidualsTest::residualsAreAddedToTheSkipsAndTheMiddle_data() {
    QTest::addColumn<bool>("withMid");
    QTest::newRow("with a middle block") << true;
    QTest::newRow("without") << false;
}

// By hand: the same blocks one after another, with the residuals on the maps between the way down and the way
// up.
void ResidualsTest::residualsAreAddedToTheSkipsAndTheMiddle() {
    QFETCH(bool, withMid);
    auto folder = *models::openModelFolder(kFixtures / "models/sd1-tiny");
    const Weights weights = weightsOf(folder);
    if (!withMid) {
        folder.unet.mid.reset();
    }
    const UNet unet(weights, folder.unet);
    const std::string stage = "sd1-tiny/unet/9x13";
    const at::Tensor sample = m_stages[stage + "/sample"];
    const at::Tensor timesteps = m_stages[stage + "/timestep"].expand(2);
    const at::Tensor context = m_stages["sd1-tiny/text"];

    // Each map of the way down as the blocks leave it.
    const auto config = folder.unet;
    const auto shapeOf = [&config](const models::UNetBlock& block) {
        UNetBlockShape shape{block.channels,    block.layers,   config.timeEmbedDim(),
                             config.normGroups, config.normEps, {}};
        if (block.attention) {
            shape.attention = {block.channels,         config.crossAttentionDim, block.heads,
                               block.transformerDepth, config.normGroups,        config.linearProjection};
        }
        return shape;
    };
    const Linear first(weights / "time_embedding.linear_1", config.timeChannels(), config.timeEmbedDim());
    const Linear second(weights / "time_embedding.linear_2", config.timeEmbedDim(), config.timeEmbedDim());
    const auto half = config.timeChannels() / 2;
    const at::Tensor angles =
        timesteps.unsqueeze(1) * at::exp(at::arange(half, at::kFloat) * (-std::log(10000.0) / half));
    const at::Tensor wave = at::cat({at::cos(angles), at::sin(angles)}, 1);
    const BlockInputs given{at::silu(second.forward(at::silu(first.forward(wave)))), context};

    at::Tensor x = Conv2d(weights / "conv_in", config.inChannels, config.timeChannels(), 3).forward(sample);
    Skips skips{x};
    std::int64_t inputs = config.timeChannels();
    for (std::size_t i = 0; i < config.down.size(); ++i) {
        const bool last = i + 1 == config.down.size();
        x = DownBlock(weights / "down_blocks" / i, inputs, shapeOf(config.down[i]), !last)
                .forward(x, given, skips);
        inputs = config.down[i].channels;
    }
    if (config.mid) {
        x = MidBlock(weights / "mid_block", shapeOf(*config.mid)).forward(x, given);
    }

    const auto generator = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t{4});
    Residuals residuals;
    for (at::Tensor& skip : skips) {
        residuals.skips.push_back(at::randn(skip.sizes(), generator, at::kFloat));
        skip = skip + residuals.skips.back();
    }
    residuals.mid = at::randn(x.sizes(), generator, at::kFloat);
    x = x + residuals.mid;

    for (std::size_t i = 0; i < config.up.size(); ++i) {
        const std::size_t mirror = config.down.size() - 1 - i;
        const bool last = i + 1 == config.up.size();
        x = UpBlock(weights / "up_blocks" / i, inputs, config.down[mirror == 0 ? 0 : mirror - 1].channels,
                    shapeOf(config.up[i]), !last)
                .forward(x, given, skips);
        inputs = config.up[i].channels;
    }
    x = at::silu(GroupNorm(weights / "conv_norm_out", config.normGroups, inputs, config.normEps).forward(x));
    x = Conv2d(weights / "conv_out", inputs, config.outChannels, 3).forward(x);

    const double off = tests::greatestDifference(unet.forward(sample, timesteps, {context}, residuals), x);
    QVERIFY2(off <= tests::gate("unet"), qPrintable(QString::number(off)));
    const at::Tensor plain = unet.forward(sample, timesteps, {context});
    QVERIFY(tests::greatestDifference(plain, x) > tests::gate("unet"));
    QVERIFY(unet.forward(sample, timesteps, {context}).equal(plain));  // and nothing of them stays
}

void ResidualsTest::residualsMustBeAsManyAsTheSkips() {
    const auto folder = *models::openModelFolder(kFixtures / "models/sd1-tiny");
    const UNet unet(weightsOf(folder), folder.unet);
    Residuals residuals;
    residuals.skips.push_back(at::zeros({1, 16, 8, 8}));
    const std::string stage = "sd1-tiny/unet/8x8";
    QVERIFY_EXCEPTION_THROWN(
        unet.forward(m_stages[stage + "/sample"], m_stages[stage + "/timestep"].expand(2),
                     {m_stages["sd1-tiny/text"]}, residuals),
        Failure);
}

QTEST_GUILESS_MAIN(ResidualsTest)
#include "test_residuals.moc"
