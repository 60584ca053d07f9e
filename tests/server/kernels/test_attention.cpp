// SPDX-License-Identifier: Apache-2.0
// Attention in bfloat16 against its formula in double precision.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "server/kernels/attention.h"
#include "tests/server/kernels/numbers.h"

using namespace easel::kernels;
using easel::tests::bitsOf;
using easel::tests::numberOf;

namespace {

/// Memory whose ends the sanitizers watch, for [rows, places, heads, width].
struct Numbers {
    Numbers(const AttentionBf16::Shape& shape, std::int64_t count)
        : places(count),
          ofPlace(shape.heads * shape.width),
          bits(static_cast<std::size_t>(shape.rows * count * ofPlace)),
          width(shape.width) {}

    template <typename Number>
    Sequences<Number> sequences() {
        return {bits.data(), places * ofPlace, ofPlace, width};
    }

    std::int64_t places;
    std::int64_t ofPlace;
    std::vector<Bf16> bits;
    std::int64_t width;
};

struct Case {
    Case(const AttentionBf16::Shape& of, double spread, unsigned seed)
        : shape(of), q(of, of.queries), k(of, of.keys), v(of, of.keys), out(of, of.queries) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal;
        for (Numbers* const numbers : {&q, &k, &v}) {
            const double by = numbers == &v ? 1 : spread;
            std::ranges::generate(numbers->bits, [&] { return bitsOf(by * normal(random)); });
        }
    }

    void run() {
        AttentionBf16 attention(shape);
        for (std::int64_t i = 0; i < attention.packings(); ++i) {
            attention.pack(i, k.sequences<const Bf16>(), v.sequences<const Bf16>());
        }
        for (std::int64_t i = 0; i < attention.blocks(); ++i) {
            attention.run(i, q.sequences<const Bf16>(), out.sequences<Bf16>());
        }
    }

    /// The greatest difference from the formula.
    double off() {
        double greatest = 0;
        for (std::int64_t row = 0; row < shape.rows; ++row) {
            for (std::int64_t head = 0; head < shape.heads; ++head) {
                for (std::int64_t query = 0; query < shape.queries; ++query) {
                    greatest = std::max(greatest, offAt(row, head, query));
                }
            }
        }
        return greatest;
    }

    double offAt(std::int64_t row, std::int64_t head, std::int64_t query) {
        const auto width = static_cast<std::size_t>(shape.width);
        const Bf16* const asked = q.sequences<const Bf16>().at(row, query, head);
        std::vector<double> sums(width);
        double total = 0;
        std::vector<double> scores;
        for (std::int64_t key = 0; key < shape.keys; ++key) {
            const Bf16* const numbers = k.sequences<const Bf16>().at(row, key, head);
            double score = 0;
            for (std::size_t i = 0; i < width; ++i) {
                score += numberOf(asked[i]) * numberOf(numbers[i]);
            }
            scores.push_back(score / std::sqrt(static_cast<double>(width)));
        }
        const double highest = *std::ranges::max_element(scores);
        for (std::int64_t key = 0; key < shape.keys; ++key) {
            const double weight = std::exp(scores[static_cast<std::size_t>(key)] - highest);
            const Bf16* const numbers = v.sequences<const Bf16>().at(row, key, head);
            for (std::size_t i = 0; i < width; ++i) {
                sums[i] += weight * numberOf(numbers[i]);
            }
            total += weight;
        }
        const Bf16* const got = out.sequences<const Bf16>().at(row, query, head);
        double greatest = 0;
        for (std::size_t i = 0; i < width; ++i) {
            greatest = std::max(greatest, std::abs(numberOf(got[i]) - sums[i] / total));
        }
        return greatest;
    }

    AttentionBf16::Shape shape;
    Numbers q, k, v, out;
};

}  // namespace

class AttentionTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        if (!hasBf16()) {
            QSKIP("This processor does not multiply bfloat16.");
        }
    }

    void itIsTheFormula_data() {
        QTest::addColumn<AttentionBf16::Shape>("shape");
        for (const std::int64_t width :
             {16, 18, 32, 40, 48, 62, 64, 80, 96, 112, 128, 144, 160, 162, 256, 510, 512}) {
            QTest::addRow("width %d", int(width)) << AttentionBf16::Shape{2, 3, 30, 70, width};
        }
        for (const std::int64_t places : {1, 2, 5, 16, 23, 24, 25, 63, 64, 65, 255, 256, 257, 600}) {
            QTest::addRow("places %d", int(places)) << AttentionBf16::Shape{1, 2, places, places, 40};
            QTest::addRow("keys %d", int(places)) << AttentionBf16::Shape{1, 2, 3, places, 40};
        }
        QTest::newRow("the prompt") << AttentionBf16::Shape{2, 8, 100, 77, 40};
    }

    /// What weights and results lose in bfloat16, and no more.
    void itIsTheFormula() {
        QFETCH(AttentionBf16::Shape, shape);
        Case random(shape, 1, 1);
        random.run();
        QVERIFY2(random.off() < 0.012, qPrintable(QString::number(random.off())));
    }

    void sharpAndFlatScoresAreRight() {
        for (const double spread : {0.0, 1e-3, 4.0, 30.0}) {
            Case random({1, 2, 50, 300, 64}, spread, 2);
            random.run();
            QVERIFY2(random.off() < 0.02, qPrintable(QString::number(random.off())));
        }
    }

    void veryLargeScoresStayFinite() {
        Case random({1, 1, 30, 100, 64}, 1e6, 3);
        random.run();
        QVERIFY(
            std::ranges::all_of(random.out.bits, [](Bf16 bits) { return std::isfinite(numberOf(bits)); }));
    }

    /// What is wrong in a network must not look right behind it.
    void whatIsNoNumberStaysNone() {
        for (const int of : {0, 1, 2}) {
            Case random({1, 1, 30, 100, 64}, 1, 4);
            Numbers& numbers = of == 0 ? random.q : of == 1 ? random.k : random.v;
            numbers.bits[5] = bitsOf(std::numeric_limits<double>::quiet_NaN());
            random.run();
            QVERIFY2(std::isnan(numberOf(random.out.bits[5])), qPrintable(QString::number(of)));
        }
    }

    /// The queries' blocks know nothing of each other, so any part of them is the same alone.
    void aQueryIsTheSameInAnyCompany() {
        Case all({1, 1, 60, 90, 40}, 1, 5);
        all.run();
        Case few({1, 1, 7, 90, 40}, 1, 5);
        few.k.bits = all.k.bits;
        few.v.bits = all.v.bits;
        std::copy_n(all.q.bits.begin(), few.q.bits.size(), few.q.bits.begin());
        few.run();
        QVERIFY(std::equal(few.out.bits.begin(), few.out.bits.end(), all.out.bits.begin()));
    }
};

Q_DECLARE_METATYPE(easel::kernels::AttentionBf16::Shape)
QTEST_GUILESS_MAIN(AttentionTest)
#include "test_attention.moc"
