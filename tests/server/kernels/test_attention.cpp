// SPDX-License-Identifier: Apache-2.0
// Attention against its formula in double precision, in each form that this processor has.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "server/kernels/attention.h"
#include "server/kernels/processor.h"
#include "tests/server/kernels/numbers.h"

using namespace easel::kernels;
using easel::tests::bitsOf;

namespace {

double value(float number) {
    return double{number};
}

double value(Bf16 bits) {
    return easel::tests::numberOf(bits);
}

/// Rounded as Number is.
template <typename Number>
Number rounded(double number) {
    if constexpr (std::is_same_v<Number, Bf16>) {
        return bitsOf(number);
    } else {
        return static_cast<float>(number);
    }
}

struct Shape {
    std::int64_t rows;
    std::int64_t heads;
    std::int64_t queries;
    std::int64_t keys;
    std::int64_t width;
};

/// Memory whose ends the sanitizers watch, for [rows, places, heads, width].
template <typename Number>
struct Numbers {
    Numbers(const Shape& shape, std::int64_t count)
        : places(count),
          ofPlace(shape.heads * shape.width),
          all(static_cast<std::size_t>(shape.rows * count * ofPlace)),
          width(shape.width) {}

    template <typename Kind>
    Sequences<Kind> sequences() {
        return {all.data(), places * ofPlace, ofPlace, width};
    }

    std::int64_t places;
    std::int64_t ofPlace;
    std::vector<Number> all;
    std::int64_t width;
};

template <typename Number>
struct Case {
    Case(const Shape& of, double spread, unsigned seed)
        : shape(of), q(of, of.queries), k(of, of.keys), v(of, of.keys), out(of, of.queries) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal;
        for (Numbers<Number>* const numbers : {&q, &k, &v}) {
            const double by = numbers == &v ? 1 : spread;
            std::ranges::generate(numbers->all, [&] { return rounded<Number>(by * double{normal(random)}); });
        }
    }

    void run(const AttentionForm<Number>& form) {
        Attention<Number> attention({shape.rows, shape.heads, shape.queries, shape.keys, shape.width}, form);
        for (std::int64_t i = 0; i < attention.packings(); ++i) {
            attention.pack(i, k.template sequences<const Number>(), v.template sequences<const Number>());
        }
        for (std::int64_t i = 0; i < attention.blocks(); ++i) {
            attention.run(i, q.template sequences<const Number>(), out.template sequences<Number>());
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
        const Number* const asked = q.template sequences<const Number>().at(row, query, head);
        std::vector<double> sums(width);
        double total = 0;
        std::vector<double> scores;
        for (std::int64_t key = 0; key < shape.keys; ++key) {
            const Number* const numbers = k.template sequences<const Number>().at(row, key, head);
            double score = 0;
            for (std::size_t i = 0; i < width; ++i) {
                score += value(asked[i]) * value(numbers[i]);
            }
            scores.push_back(score / std::sqrt(static_cast<double>(width)));
        }
        const double highest = *std::ranges::max_element(scores);
        for (std::int64_t key = 0; key < shape.keys; ++key) {
            const double weight = std::exp(scores[static_cast<std::size_t>(key)] - highest);
            const Number* const numbers = v.template sequences<const Number>().at(row, key, head);
            for (std::size_t i = 0; i < width; ++i) {
                sums[i] += weight * value(numbers[i]);
            }
            total += weight;
        }
        const Number* const got = out.template sequences<const Number>().at(row, query, head);
        double greatest = 0;
        for (std::size_t i = 0; i < width; ++i) {
            greatest = std::max(greatest, std::abs(value(got[i]) - sums[i] / total));
        }
        return greatest;
    }

    Shape shape;
    Numbers<Number> q, k, v, out;
};

/// Calls `work` with each form that this processor has.
template <typename Work>
void inEachForm(const Work& work) {
    if (hasBf16()) {
        work(attentionInAvx512Bf16(), "bfloat16 in AVX-512");
    }
    if (hasAvx512()) {
        work(attentionInAvx512(), "float32 in AVX-512");
    }
    if (hasAvx2()) {
        work(attentionInAvx2(), "float32 in AVX2");
    }
}

}  // namespace

class AttentionTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void itIsTheFormula_data() {
        QTest::addColumn<Shape>("shape");
        for (const std::int64_t width :
             {16, 18, 32, 40, 48, 62, 64, 80, 96, 112, 128, 144, 160, 162, 256, 510, 512}) {
            QTest::addRow("width %d", int(width)) << Shape{2, 3, 30, 70, width};
        }
        for (const std::int64_t places : {1, 2, 5, 16, 23, 24, 25, 63, 64, 65, 255, 256, 257, 600}) {
            QTest::addRow("places %d", int(places)) << Shape{1, 2, places, places, 40};
            QTest::addRow("keys %d", int(places)) << Shape{1, 2, 3, places, 40};
        }
        QTest::newRow("the prompt") << Shape{2, 8, 100, 77, 40};
    }

    /// What weights and results lose in their digits, and no more.
    void itIsTheFormula() {
        QFETCH(Shape, shape);
        inEachForm([&]<typename Number>(const AttentionForm<Number>& form, const char* name) {
            Case<Number> random(shape, 1, 1);
            random.run(form);
            const double most = std::is_same_v<Number, Bf16> ? 0.012 : 1e-5;
            QVERIFY2(random.off() < most, qPrintable(QString("%1: %2").arg(name).arg(random.off())));
        });
    }

    void sharpAndFlatScoresAreRight() {
        for (const double spread : {0.0, 1e-3, 4.0, 30.0}) {
            inEachForm([&]<typename Number>(const AttentionForm<Number>& form, const char* name) {
                Case<Number> random({1, 2, 50, 300, 64}, spread, 2);
                random.run(form);
                // Scores of tens of thousands have no digits behind the point in float32.
                const double most = std::is_same_v<Number, Bf16> ? 0.02 : spread < 30 ? 1e-4 : 0.01;
                QVERIFY2(random.off() < most, qPrintable(QString("%1: %2").arg(name).arg(random.off())));
            });
        }
    }

    void veryLargeScoresStayFinite() {
        inEachForm([&]<typename Number>(const AttentionForm<Number>& form, const char* name) {
            Case<Number> random({1, 1, 30, 100, 64}, 1e6, 3);
            random.run(form);
            QVERIFY2(std::ranges::all_of(random.out.all, [](Number it) { return std::isfinite(value(it)); }),
                     name);
        });
    }

    /// What is wrong in a network must not look right behind it.
    void whatIsNoNumberStaysNone() {
        for (const int of : {0, 1, 2}) {
            inEachForm([&]<typename Number>(const AttentionForm<Number>& form, const char* name) {
                Case<Number> random({1, 1, 30, 100, 64}, 1, 4);
                auto& numbers = of == 0 ? random.q : of == 1 ? random.k : random.v;
                numbers.all[5] = rounded<Number>(std::numeric_limits<double>::quiet_NaN());
                random.run(form);
                QVERIFY2(std::isnan(value(random.out.all[5])),
                         qPrintable(QString("%1: %2").arg(name).arg(of)));
            });
        }
    }

    /// The queries' blocks know nothing of each other, so any part of them is the same alone.
    void aQueryIsTheSameInAnyCompany() {
        inEachForm([&]<typename Number>(const AttentionForm<Number>& form, const char* name) {
            Case<Number> all({1, 1, 60, 90, 40}, 1, 5);
            all.run(form);
            Case<Number> few({1, 1, 7, 90, 40}, 1, 5);
            few.k.all = all.k.all;
            few.v.all = all.v.all;
            std::copy_n(all.q.all.begin(), few.q.all.size(), few.q.all.begin());
            few.run(form);
            QVERIFY2(std::equal(few.out.all.begin(), few.out.all.end(), all.out.all.begin()), name);
        });
    }
};

Q_DECLARE_METATYPE(Shape)
QTEST_GUILESS_MAIN(AttentionTest)
#include "test_attention.moc"
