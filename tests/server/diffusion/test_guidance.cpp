// SPDX-License-Identifier: Apache-2.0
// What is made of a network's answers, against sums in double precision.
#include "server/diffusion/conditioning/guidance.h"

#include <ATen/ATen.h>

#include <QTest>
#include <cmath>
#include <vector>

using namespace easel::diffusion;

namespace {

constexpr int kNumbers = 3 * 4 * 4;

at::Tensor answers() {
    return at::sin(at::arange(2 * kNumbers, at::kDouble) * 1.7).view({2, 3, 4, 4});
}

Speech speech() {
    return Conditioning{at::zeros({1, 3, 2}), {}, {}};
}

double deviation(const std::vector<double>& values) {
    double mean = 0;
    for (const double value : values) {
        mean += value / static_cast<double>(values.size());
    }
    double sum = 0;
    for (const double value : values) {
        sum += (value - mean) * (value - mean);
    }
    return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

}  // namespace

class GuidanceTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void thePromptAloneIsLeftAsItIs() {
        const at::Tensor one = answers().slice(0, 0, 1);
        const Guidance alone(speech(), 20);
        QCOMPARE(alone.branches(), std::int64_t{1});
        QVERIFY(alone.combined(one, {0, 1}).equal(one));
    }

    void theDeviationIsTakenBack_data() {
        QTest::addColumn<double>("rescale");
        QTest::newRow("not at all") << 0.0;
        QTest::newRow("some") << 0.7;
        QTest::newRow("wholly") << 1.0;
    }

    void theDeviationIsTakenBack() {
        QFETCH(double, rescale);
        const at::Tensor both = answers();
        const auto* const given = both.const_data_ptr<double>();
        std::vector<double> with(given + kNumbers, given + 2 * kNumbers);
        std::vector<double> guided;
        for (std::size_t i = 0; i < kNumbers; ++i) {
            guided.push_back(given[i] + 7.5 * (with[i] - given[i]));
        }
        const double factor = rescale * deviation(with) / deviation(guided) + (1 - rescale);
        QVERIFY(rescale == 0 || factor < 0.95);
        const at::Tensor combined =
            Guidance(speech(), {speech()}, 7.5, 20, rescale).combined(both, {0, 1}).flatten();
        QCOMPARE(combined.numel(), std::int64_t{kNumbers});
        for (std::size_t i = 0; i < kNumbers; ++i) {
            const double here = combined[static_cast<std::int64_t>(i)].item<double>();
            QVERIFY2(std::abs(here - factor * guided[i]) < 1e-12, qPrintable(QString::number(here)));
        }
    }
};

QTEST_GUILESS_MAIN(GuidanceTest)
#include "test_guidance.moc"
