// SPDX-License-Identifier: Apache-2.0
// Easel's kernels for GPUs beside ATen, in their host build: whole tensors, the examination, and a picture.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "server/diffusion/device.h"
#include "server/diffusion/gpu/examination.h"
#include "server/diffusion/networks/ops.h"
#include "server/diffusion/pipeline.h"
#include "tests/server/diffusion/small_drawing.h"

using namespace easel;
using namespace easel::diffusion;
using namespace easel::diffusion::gpu;
using namespace easel::tests;
namespace cuda = easel::kernels::cuda;

namespace {

constexpr double kAnyTime = std::numeric_limits<double>::infinity();

std::vector<Skill> allSkills() {
    std::vector<Skill> all = skillsFor(at::kHalf);
    const auto others = skillsFor(at::kBFloat16);
    std::ranges::copy_if(others, std::back_inserter(all),
                         [&](const Skill& skill) { return skill.dtype == at::kBFloat16; });
    return all;
}

std::vector<Verdict> verdictsOf(const cuda::Functions& functions, const std::vector<Skill>& skills,
                                double slowest = kAnyTime) {
    std::vector<Verdict> verdicts;
    std::vector<Skill> begun;
    examine(
        Kernels(functions), at::kCPU, skills, slowest, [&](const Skill& skill) { begun.push_back(skill); },
        [&](const Verdict& verdict) { verdicts.push_back(verdict); });
    const bool isInOrder = std::ranges::equal(begun, verdicts, {}, {}, &Verdict::skill);
    return isInOrder ? verdicts : std::vector<Verdict>();
}

/// What is trusted in a test ends with it.
struct TrustInAll {
    explicit TrustInAll(const cuda::Functions& functions) {
        std::vector<std::pair<Op, c10::ScalarType>> ops;
        for (const Skill& skill : allSkills()) {
            ops.emplace_back(skill.op, skill.dtype);
        }
        trust(&functions, ops, at::kCPU);
    }
    ~TrustInAll() { trust(nullptr, {}); }
};

image::Image draw(const char* model) {
    const c10::InferenceMode inference;
    Pipeline pipeline(kFixtures + "models/" + model, openDevice("cpu", "fp32"));
    auto settings = small();
    settings.steps = 1;
    settings.sampler = "euler";
    Drawing drawing = pipeline.drawingFor(settings, 0, pipeline.guidance(settings));
    while (!drawing.done()) {
        pipeline.advance(std::array{&drawing});
    }
    return toImage(pipeline.decode(drawing.latents()));
}

int calls = 0;

}  // namespace

class GpuKernelsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsRightIsFoundRight() {
        const auto verdicts = verdictsOf(*easel_cuda_functions(), allSkills());
        QCOMPARE(verdicts.size(), allSkills().size());
        for (const Verdict& verdict : verdicts) {
            QVERIFY2(verdict.state == Verdict::State::Right, lineOf(verdict).c_str());
        }
    }

    void whatIsSlowIsFoundSlow() {
        const auto verdicts = verdictsOf(*easel_cuda_functions(), {{Op::Guide, at::kHalf}}, 1e-6);
        QCOMPARE(verdicts.size(), std::size_t{1});
        QVERIFY(verdicts.front().state == Verdict::State::Slow);
        QVERIFY(verdicts.front().ratio > 1e-6);
    }

    /// Each of them in another way.
    void whatIsWrongIsFoundWrong() {
        cuda::Functions wrong = *easel_cuda_functions();
        wrong.groupNorm = [](const cuda::GroupNormCall& call, void* stream) {
            cuda::GroupNormCall other = call;
            other.eps = 0.1F;
            return cuda::groupNorm(other, stream);
        };
        wrong.layerNorm = [](const cuda::LayerNormCall& call, void* stream) {
            cuda::LayerNormCall other = call;
            --other.rows;
            return cuda::layerNorm(other, stream);
        };
        wrong.geglu = [](const cuda::GegluCall& call, void*) {
            return cuda::sum({call.kind, call.x, nullptr, nullptr, call.out, 1, call.rows, call.width, false},
                             nullptr);
        };
        wrong.sum = [](const cuda::SumCall& call, void* stream) {
            cuda::SumCall other = call;
            other.residual = nullptr;
            return cuda::sum(other, stream);
        };
        wrong.guide = [](const cuda::GuideCall& call, void* stream) {
            cuda::GuideCall other = call;
            other.direction[0].scale *= 1.01F;
            return cuda::guide(other, stream);
        };
        wrong.pixels = [](const cuda::PixelsCall& call, void* stream) {
            cuda::PixelsCall other = call;
            std::swap(other.rowStride, other.columnStride);
            return cuda::pixels(other, stream);
        };
        wrong.resample = [](const cuda::ResampleCall& call, void* stream) {
            cuda::ResampleCall other = call;
            other.outer = std::max<std::int64_t>(call.outer - 1, 1);
            const int error = cuda::resample(other, stream);
            call.out[0] ^= 1;
            return error;
        };
        const auto verdicts = verdictsOf(wrong, allSkills());
        QCOMPARE(verdicts.size(), allSkills().size());
        for (const Verdict& verdict : verdicts) {
            QVERIFY2(verdict.state == Verdict::State::Differs, lineOf(verdict).c_str());
        }
    }

    void nothingIsTriedBehindAnError() {
        cuda::Functions broken = *easel_cuda_functions();
        calls = 0;
        broken.layerNorm = [](const cuda::LayerNormCall&, void*) { return ++calls, 700; };
        broken.geglu = [](const cuda::GegluCall&, void*) { return ++calls, 0; };
        const auto verdicts = verdictsOf(broken, {{Op::LayerNorm, at::kHalf}, {Op::Geglu, at::kHalf}});
        QCOMPARE(verdicts.size(), std::size_t{1});
        QVERIFY(verdicts.front().state == Verdict::State::Failed);
        QCOMPARE(calls, 1);
    }

    void whatTheyAreNotForIsLeftToAten() {
        const Kernels own(*easel_cuda_functions());
        const at::Tensor map = at::randn({2, 8, 5, 5});
        const at::Tensor weight = at::ones({8});
        QVERIFY(!own.groupNorm(map, 2, weight, weight, 1e-5, true).defined());  // not channels last
        const at::Tensor last = map.contiguous(at::MemoryFormat::ChannelsLast);
        QVERIFY(own.groupNorm(last, 2, weight, weight, 1e-5, true).defined());
        QVERIFY(!own.groupNorm(last, 2, weight.to(at::kHalf), weight, 1e-5, true).defined());
        QVERIFY(!own.groupNorm(last.to(at::kDouble), 2, weight, weight, 1e-5, true).defined());
        QVERIFY(!own.layerNorm(map, at::ones({4}), at::ones({4}), 1e-5).defined());
        QVERIFY(!own.geglu(at::randn({4, 6}).t()).defined());
        QVERIFY(!own.sum(last, weight, map).defined());
        QVERIFY(!own.guide(map.transpose(0, 1), {}).defined());
        QVERIFY(!own.pixels(at::full({1, 3, 2, 2}, std::numeric_limits<float>::infinity())).defined());
    }

    void onlyWhatIsTrustedIsUsed() {
        const at::Tensor x = at::randn({3, 8});
        QVERIFY(trusted(Op::Geglu, x) == nullptr);
        const std::array some{std::pair{Op::Geglu, at::kFloat}};
        trust(easel_cuda_functions(), some, at::kCPU);
        QVERIFY(trusted(Op::Geglu, x) != nullptr);
        QVERIFY(trusted(Op::LayerNorm, x) == nullptr);
        QVERIFY(trusted(Op::Geglu, x.to(at::kHalf)) == nullptr);
        trust(easel_cuda_functions(), some, at::kCUDA);
        QVERIFY(trusted(Op::Geglu, x) == nullptr);
        trust(nullptr, {});
    }

    void theNetworksUseThem() {
        cuda::Functions counting = *easel_cuda_functions();
        counting.geglu = [](const cuda::GegluCall& call, void* stream) {
            return ++calls, cuda::geglu(call, stream);
        };
        const at::Tensor x = at::randn({3, 5, 16});
        const at::Tensor right = ops::geglu(x);
        const TrustInAll trusting(counting);
        calls = 0;
        QVERIFY(at::allclose(ops::geglu(x), right, 1e-5, 1e-6));
        QCOMPARE(calls, 1);
    }

    /// Channels last and kernel by kernel the same picture, but for what sums in another order come to.
    void picturesAreTheSame() {
        for (const char* const model : {"sd1-tiny", "sdxl-tiny"}) {
            const image::Image right = draw(model);
            const TrustInAll trusting(*easel_cuda_functions());
            const image::Image made = draw(model);
            QCOMPARE(made.rgb.size(), right.rgb.size());
            int most = 0;
            for (std::size_t i = 0; i < made.rgb.size(); ++i) {
                most = std::max(most, std::abs(made.rgb[i] - right.rgb[i]));
            }
            QVERIFY2(most <= 1, qPrintable(QString("%1: %2").arg(model).arg(most)));
        }
    }
};

QTEST_GUILESS_MAIN(GpuKernelsTest)
#include "test_kernels.moc"
