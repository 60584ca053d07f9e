// SPDX-License-Identifier: Apache-2.0
#include "server/diffusion/accelerations/token_merging.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <QTest>
#include <tuple>

#include "tests/server/diffusion/tensor_file.h"

using namespace easel;
using namespace easel::diffusion;

/// Against tests/reference/accelerations.py, and what can be told without it.
class TokenMergingTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tokensMergeAndComeBack();
    void tokensThatMayNotJoinStay();
    void likeTokensOfEachMapJoin();
    void manyMakeNoLessOfAMean();

private:
    const c10::InferenceMode m_inference;
    const tests::TensorFile m_golden{EASEL_SOURCE_DIR "/tests/fixtures/accelerations.safetensors"};
};

void TokenMergingTest::tokensMergeAndComeBack() {
    const at::Tensor tokens = m_golden["tokens"];
    const TokenMerging merging(tokens, {0.5, 13});
    const at::Tensor merged = merging.merge(tokens);
    QCOMPARE(merged.size(1), 9 * 13 - 58);
    QVERIFY(tests::greatestDifference(merged.sum(1), m_golden["tokens merged"]) < 1e-4);
    QVERIFY(tests::greatestDifference(merging.unmerge(merged), m_golden["tokens back"]) < 1e-5);
}

void TokenMergingTest::tokensThatMayNotJoinStay() {
    const at::Tensor tokens = at::rand({1, 6 * 5, 4});
    // Of 30 places 6 stay, however many are to join others.
    QCOMPARE(TokenMerging(tokens, {0.75, 5}).merge(tokens).size(1), 30 - 22);
    QCOMPARE(TokenMerging(tokens, {0.99, 5}).merge(tokens).size(1), 6);
    // A map of one row has no cells, and one place is no share of a few.
    const at::Tensor few = at::rand({2, 3, 4});
    for (const TokenMerging& merging : {TokenMerging(few, {0.75, 3}), TokenMerging(few, {0.3, 1})}) {
        QVERIFY(merging.merge(few).equal(few));
        QVERIFY(merging.unmerge(few).equal(few));
    }
}

void TokenMergingTest::likeTokensOfEachMapJoin() {
    // A place of 2 x 2 each that is like the first; of 4, 1 joins.
    at::Tensor tokens = at::eye(4).unsqueeze(0).repeat({2, 1, 1});
    tokens[0][3] = tokens[0][0] * 3;
    tokens[1][1] = tokens[1][0] * 5;
    const TokenMerging merging(tokens, {0.25, 2});
    const at::Tensor back = merging.unmerge(merging.merge(tokens));
    for (const auto& [map, joined, mean] : {std::tuple{0, 3, 2.0}, {1, 1, 3.0}}) {
        for (int place = 0; place < 4; ++place) {
            const bool isOne = place == 0 || place == joined;
            const at::Tensor expected = isOne ? tokens[map][0] * mean : tokens[map][place];
            QVERIFY(tests::greatestDifference(back[map][place], expected) < 1e-6);
        }
    }
}

/// In half precision, where a sum of so many would stand still.
void TokenMergingTest::manyMakeNoLessOfAMean() {
    at::Tensor tokens = at::ones({1, 40 * 40, 8}, at::kBFloat16);
    const TokenMerging merging(tokens, {0.75, 40});
    const at::Tensor merged = merging.merge(tokens);
    QCOMPARE(merged.size(1), 400);
    QVERIFY(merged.equal(at::ones_like(merged)));
    QVERIFY(merging.unmerge(merged).equal(tokens));
}

QTEST_GUILESS_MAIN(TokenMergingTest)
#include "test_token_merging.moc"
