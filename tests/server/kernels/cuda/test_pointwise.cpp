// SPDX-License-Identifier: Apache-2.0
// GEGLU, sums and guidance as a GPU computes them, against their formulas in double precision.
#include <QTest>
#include <cmath>
#include <limits>

#include "tests/server/kernels/cuda/stored.h"

using namespace easel::kernels::cuda;
using namespace easel::tests;

namespace {

double gelu(double x) {
    return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
}

}  // namespace

class CudaPointwiseTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void gegluIsTheFormula() {
        for (const NumberKind kind : kKinds) {
            for (const auto& [rows, width, skew] : {std::tuple{1, 1, 0},
                                                    {3, 7, 0},
                                                    {5, 40, 0},
                                                    {5, 40, 1},
                                                    {2, 1280, 0},
                                                    {77, 8, 0},
                                                    {300, 129, 0}}) {
                Stored x(kind, std::int64_t{2} * rows * width, skew);
                Stored out(kind, std::int64_t{rows} * width, skew);
                x.fillNormal(1, 0, 2);
                QCOMPARE(geglu({kind, x.data(), out.data(), rows, width}, nullptr), 0);
                for (std::int64_t i = 0; i < out.count(); ++i) {
                    const std::int64_t at = i / width * 2 * width + i % width;
                    const double right = x.at(at) * gelu(x.at(at + width));
                    QVERIFY2(out.off(i, right, 1e-6) <= 1, nameOf(kind));
                }
            }
        }
    }

    void gegluKnowsExtremes() {
        const double infinity = std::numeric_limits<double>::infinity();
        for (const NumberKind kind : kKinds) {
            const std::vector<double> gates{0, -0.0, 30, -30, infinity, std::nan(""), 6e4, 1e-7};
            Stored x(kind, 2 * static_cast<std::int64_t>(gates.size()));
            x.fill([&](std::int64_t i) { return i < 8 ? 1 : gates[static_cast<std::size_t>(i - 8)]; });
            Stored out(kind, 8);
            QCOMPARE(geglu({kind, x.data(), out.data(), 1, 8}, nullptr), 0);
            for (std::int64_t i = 0; i < 8; ++i) {
                QVERIFY2(out.off(i, gelu(x.at(8 + i)), 1e-6) <= 1, qPrintable(QString::number(out.at(i))));
            }
        }
    }

    void sumsAreTheFormula() {
        for (const NumberKind kind : kKinds) {
            for (const auto& [rows, places, channels, skew] : {std::tuple{1, 1, 1, 0},
                                                               {2, 9, 7, 0},
                                                               {2, 33, 40, 0},
                                                               {2, 33, 40, 1},
                                                               {3, 2, 1280, 0},
                                                               {1, 400, 24, 0}}) {
                for (int what = 0; what < 8; ++what) {
                    const bool hasBias = (what & 1) != 0;
                    const bool hasResidual = (what & 2) != 0;
                    const bool ofEachRow = (what & 4) != 0;
                    const std::int64_t count = std::int64_t{rows} * places * channels;
                    Stored x(kind, count, skew);
                    Stored bias(kind, std::int64_t{ofEachRow ? rows : 1} * channels, skew);
                    Stored residual(kind, count, skew);
                    Stored out(kind, count, skew);
                    x.fillNormal(1);
                    bias.fillNormal(2);
                    residual.fillNormal(3);
                    const SumCall call{kind,
                                       x.data(),
                                       hasBias ? bias.data() : nullptr,
                                       hasResidual ? residual.data() : nullptr,
                                       out.data(),
                                       rows,
                                       places,
                                       channels,
                                       ofEachRow};
                    QCOMPARE(sum(call, nullptr), 0);
                    for (std::int64_t i = 0; i < count; ++i) {
                        const std::int64_t row = ofEachRow ? i / channels / places : 0;
                        const double right = x.at(i) +
                                             (hasBias ? bias.at(row * channels + i % channels) : 0) +
                                             (hasResidual ? residual.at(i) : 0);
                        QVERIFY2(out.off(i, right, 1e-6) <= 1, nameOf(kind));
                    }
                }
            }
        }
    }

    /// Rounded once, where two additions in half precision round twice.
    void aSumIsRoundedOnce() {
        Stored x(NumberKind::Float16, 1);
        Stored bias(NumberKind::Float16, 1);
        Stored out(NumberKind::Float16, 1);
        x.set(0, 2048);
        bias.set(0, 1);
        QCOMPARE(sum({NumberKind::Float16, x.data(), bias.data(), bias.data(), out.data(), 1, 1, 1, false},
                     nullptr),
                 0);
        QCOMPARE(out.at(0), 2050.0);
    }

    void guidanceIsTheFormula() {
        for (const NumberKind kind : kKinds) {
            for (const std::int64_t count : {1, 63, 3200}) {
                for (const int directions : {0, 1, 3, GuideCall::kMostDirections}) {
                    for (const bool steps : {false, true}) {
                        guide(kind, count, directions, steps);
                    }
                }
            }
        }
    }

private:
    static void guide(NumberKind kind, std::int64_t count, int directions, bool steps) {
        Stored answers(kind, (directions + 1) * count);
        answers.fillNormal(1);
        Stored latents(NumberKind::Float32, count);
        latents.fillNormal(2, 0, 10);
        Stored out(steps ? NumberKind::Float32 : kind, count);
        GuideCall call{.kind = kind,
                       .answers = answers.data(),
                       .latents = steps ? static_cast<float*>(latents.data()) : nullptr,
                       .out = out.data(),
                       .count = count,
                       .own = 0.9F,
                       .taken = -0.3F,
                       .directions = directions,
                       .direction = {}};
        for (int i = 0; i < directions; ++i) {
            call.direction[i] = {i % 2, i + 1, 7.5F / static_cast<float>(1 + i)};
        }
        QCOMPARE(easel::kernels::cuda::guide(call, nullptr), 0);
        for (std::int64_t i = 0; i < count; ++i) {
            double right = answers.at(i);
            double part = 0;
            for (int k = 0; k < directions; ++k) {
                const auto& way = call.direction[k];
                const double from = answers.at(way.from * count + i);
                const double to = answers.at(way.to * count + i);
                right += double{way.scale} * (to - from);
                part += double{way.scale} * (std::abs(to) + std::abs(from));
            }
            if (steps) {
                right = double{call.own} * latents.at(i) + double{call.taken} * right;
            }
            QVERIFY2(out.off(i, right, 1e-6, 1 + part) <= 1, nameOf(kind));
        }
    }
};

QTEST_GUILESS_MAIN(CudaPointwiseTest)
#include "test_pointwise.moc"
