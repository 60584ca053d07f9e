// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <QTest>

#include "server/doctor/likeness.h"

using namespace easel;
using namespace easel::doctor;
using generator::Stage;

namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinite = std::numeric_limits<float>::infinity();

Stage latents(std::vector<float> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return {"latents", {count}, std::move(values)};
}

}  // namespace

class TestLikeness : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatIsEqualIsInfinitelyLike() {
        const auto likeness = compare(latents({-1, 0, 2}), latents({-1, 0, 2}), 1000);
        QVERIFY(likeness.isRight());
        QVERIFY(std::isinf(likeness.decibels));
        QCOMPARE(inWords({likeness}), std::string("latents equal"));
    }

    void theSpanOfTheReferenceIsThePeak() {
        // A tenth of a span of 4 is 20 dB, a hundredth 40 dB.
        QVERIFY(std::abs(compare(latents({-1, 3}), latents({-1.4F, 3.4F}), 0).decibels - 20) < 1e-5);
        QVERIFY(std::abs(compare(latents({-1, 3}), latents({-1.04F, 3.04F}), 0).decibels - 40) < 1e-4);
        // The greatest difference is not all: half of the numbers off is 3 dB better than all of them.
        const double half = compare(latents({-1, 3}), latents({-1.4F, 3}), 0).decibels;
        QVERIFY(std::abs(half - 20 - 10 * std::log10(2)) < 1e-5);
    }

    void aPicturesPeakIs255() {
        const Stage grey{"picture", {1, 1, 3}, {100, 100, 100}};
        const Stage lighter{"picture", {1, 1, 3}, {101, 101, 101}};
        QVERIFY(std::abs(compare(grey, lighter, 0).decibels - 20 * std::log10(255)) < 1e-9);
    }

    void theLeastIsEnoughAndLessIsNot() {
        const double decibels = compare(latents({0, 1}), latents({0.1F, 1}), 0).decibels;
        QVERIFY(compare(latents({0, 1}), latents({0.1F, 1}), decibels).isRight());
        QVERIFY(!compare(latents({0, 1}), latents({0.1F, 1}), decibels + 0.001).isRight());
    }

    void aReferenceWithoutContrastIsLikeItselfAlone() {
        QVERIFY(compare(latents({1, 1}), latents({1, 1}), 30).isRight());
        const auto likeness = compare(latents({1, 1}), latents({1, 1.0001F}), 30);
        QVERIFY(!likeness.isRight());
        QCOMPARE(inWords({likeness}), std::string("latents unlike"));
    }

    void whatCannotBeComparedIsWrong_data() {
        QTest::addColumn<QList<float>>("reference");
        QTest::addColumn<QList<float>>("other");
        QTest::addColumn<QString>("word");
        using Values = QList<float>;
        QTest::newRow("no number") << Values{0, 1} << Values{0, kNone}
                                   << "it has numbers that are not finite";
        QTest::newRow("infinite") << Values{0, 1} << Values{-kInfinite, 1} << "it has numbers";
        QTest::newRow("no number there") << Values{0, kNone} << Values{0, 1} << "the CPU's has numbers";
        QTest::newRow("both none") << Values{kNone} << Values{kNone} << "the CPU's has numbers";
        QTest::newRow("longer") << Values{0, 1} << Values{0, 1, 2} << "3 instead of 2";
        QTest::newRow("empty") << Values{} << Values{} << "empty";
    }

    void whatCannotBeComparedIsWrong() {
        QFETCH(QList<float>, reference);
        QFETCH(QList<float>, other);
        QFETCH(QString, word);
        const auto likeness =
            compare(latents({reference.begin(), reference.end()}), latents({other.begin(), other.end()}), 0);
        QVERIFY(!likeness.isRight());
        QVERIFY2(QString::fromStdString(likeness.problem).contains(word), likeness.problem.c_str());
        QCOMPARE(inWords({likeness}), std::string("latents not comparable"));
    }

    void anotherShapeOfAsManyNumbersIsWrong() {
        const auto likeness =
            compare({"text", {2, 3}, {0, 1, 2, 3, 4, 5}}, {"text", {3, 2}, {0, 1, 2, 3, 4, 5}}, 0);
        QVERIFY(!likeness.isRight());
        QVERIFY(likeness.problem.find("3x2 instead of 2x3") != std::string::npos);
    }

    void aStageThatIsMissingIsWrong() {
        const auto all = compareAll({latents({0, 1}), {"picture", {1}, {7}}}, {latents({0, 1})}, "fp32");
        QCOMPARE(all.size(), std::size_t{2});
        QVERIFY(all[0].isRight());
        QVERIFY(!all[1].isRight());
        QCOMPARE(all[1].problem, std::string("it is missing"));
    }

    void aCoarserPrecisionNeedsNoMore() {
        for (const char* stage : generator::kStages) {
            const double fp16 = leastDecibels(stage, "fp16");
            QVERIFY(leastDecibels(stage, "fp32") > fp16);
            QVERIFY(fp16 >= leastDecibels(stage, "bf16"));
            QVERIFY(leastDecibels(stage, "bf16") >= 20);
        }
        QCOMPARE(leastDecibels("picture", "fp16"), 30.0);
        QCOMPARE(leastDecibels("picture", "bf16"), 30.0);
        QVERIFY(std::isinf(leastDecibels("a stage of another worker's", "fp32")));
    }
};

QTEST_APPLESS_MAIN(TestLikeness)
#include "test_likeness.moc"
