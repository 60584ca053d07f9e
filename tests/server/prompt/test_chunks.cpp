// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>
#include <string>

#include "server/prompt/chunks.h"

using namespace easel;
using prompt::Chunk;
using prompt::Syntax;
using prompt::TaughtWord;
using prompt::Tokenizer;

namespace {

constexpr const char* kVocabulary = EASEL_SOURCE_DIR "/tests/fixtures/tokens/full";

const Tokenizer& tokenizer() {
    static const auto loaded = Tokenizer::load(kVocabulary);
    return *loaded;
}

std::vector<Chunk> chunksOf(const std::string& text, std::span<const TaughtWord> taught = {},
                            Syntax syntax = Syntax::A1111) {
    const auto script = prompt::scriptOf(text, syntax, 10);
    return prompt::chunksOf(script->branches.front().readings.front(), tokenizer(), taught);
}

std::vector<std::int32_t> idsOf(const std::string& text) {
    std::vector<std::int32_t> ids;
    for (const prompt::Token& token : tokenizer().tokensOf(text)) {
        ids.push_back(token.id);
    }
    return ids;
}

/// The same word so many times; each is one token, and two bytes.
std::string words(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += "7 ";
    }
    return text;
}

std::vector<std::size_t> sizes(const std::vector<Chunk>& chunks) {
    std::vector<std::size_t> sizes;
    for (const Chunk& chunk : chunks) {
        sizes.push_back(chunk.tokens);
    }
    return sizes;
}

using Sizes = std::vector<std::size_t>;

}  // namespace

class TestChunks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        QVERIFY(Tokenizer::load(kVocabulary));
        QCOMPARE(tokenizer().room(), std::size_t{75});
        QCOMPARE(idsOf(words(3)).size(), std::size_t{3});
        QCOMPARE(idsOf(",").size(), std::size_t{1});
    }

    void aShortPromptIsOneChunkAsTheEncoderTakesIt() {
        for (const char* const text : {"", "a photo of an astronaut", "a cat, a dog"}) {
            const auto chunks = chunksOf(text);
            QCOMPARE(chunks.size(), std::size_t{1});
            QVERIFY(chunks.front().ids == tokenizer().framed(idsOf(text)));
            QVERIFY(chunks.front().weights.empty());
            QCOMPARE(chunks.front().tokens, idsOf(text).size());
            QCOMPARE(chunks.front().end, std::string(text).size());
        }
    }

    void aFullChunkBeginsAnother() {
        QVERIFY(sizes(chunksOf(words(75))) == Sizes{75});
        const auto chunks = chunksOf(words(160));
        QVERIFY((sizes(chunks) == Sizes{75, 75, 10}));
        QCOMPARE(chunks[0].end, std::size_t{149});
        QCOMPARE(chunks[1].end, std::size_t{299});
        QCOMPARE(chunks[2].end, std::size_t{319});
        QVERIFY(chunks[2].ids == tokenizer().framed(idsOf(words(10))));
    }

    void aChunkEndsAtACommaThatIsNear_data() {
        QTest::addColumn<int>("before");  // the comma
        QTest::addColumn<int>("after");
        QTest::addColumn<std::vector<std::size_t>>("expected");
        QTest::newRow("one word back") << 73 << 10 << Sizes{74, 10};
        QTest::newRow("the last place") << 74 << 10 << Sizes{75, 10};
        QTest::newRow("as far as may be") << 55 << 30 << Sizes{56, 30};
        QTest::newRow("too far") << 54 << 30 << Sizes{75, 10};
        QTest::newRow("no need") << 60 << 14 << Sizes{75};
        QTest::newRow("at the beginning of the next") << 75 << 80 << Sizes{75, 75, 6};
    }

    void aChunkEndsAtACommaThatIsNear() {
        QFETCH(int, before);
        QFETCH(int, after);
        QFETCH(std::vector<std::size_t>, expected);
        const auto text = words(std::size_t(before)) + ", " + words(std::size_t(after));
        const auto chunks = chunksOf(text);
        QVERIFY2(sizes(chunks) == expected, std::to_string(chunks.front().tokens).c_str());
        std::vector<std::int32_t> all;
        for (const Chunk& chunk : chunks) {
            all.insert(all.end(), chunk.ids.begin() + 1,
                       chunk.ids.begin() + 1 + std::ptrdiff_t(chunk.tokens));
        }
        QVERIFY(all == idsOf(text));
    }

    void aCommaOfAnotherChunkDoesNotCount() {
        // The comma that a chunk begins with is not looked back for, as the one that a chunk ended at.
        QVERIFY((sizes(chunksOf(words(74) + "," + words(90))) == Sizes{75, 75, 15}));
    }

    void breakEndsAChunk() {
        QVERIFY((sizes(chunksOf("7 7 BREAK 7")) == Sizes{2, 1}));
        QVERIFY((sizes(chunksOf("BREAK 7")) == Sizes{0, 1}));
        QVERIFY((sizes(chunksOf("7 BREAK")) == Sizes{1}));
        QVERIFY((sizes(chunksOf("7 BREAK BREAK 7")) == Sizes{1, 0, 1}));
        QVERIFY((sizes(chunksOf(words(75) + "BREAK 7")) == Sizes{75, 1}));
        QVERIFY((sizes(chunksOf("7 7 BREAK 7", {}, Syntax::Plain)) == Sizes{idsOf("7 7 BREAK 7").size()}));
    }

    void weightsGoWithTheirTokens() {
        const auto chunks = chunksOf(words(70) + ", (" + words(10) + ":1.5)");
        QVERIFY((sizes(chunks) == Sizes{71, 10}));
        QVERIFY(chunks[0].weights.empty());
        QCOMPARE(chunks[1].weights.size(), std::size_t{77});
        QCOMPARE(chunks[1].weights[0], 1.0F);
        QCOMPARE(chunks[1].weights[1], 1.5F);
        QCOMPARE(chunks[1].weights[10], 1.5F);
        QCOMPARE(chunks[1].weights[11], 1.0F);
        QCOMPARE(chunks[1].weights[76], 1.0F);
    }

    void passagesAreTokenizedApart() {
        const auto chunks = chunksOf("(un:1.2)like");
        auto apart = idsOf("un");
        const auto like = idsOf("like");
        apart.insert(apart.end(), like.begin(), like.end());
        QVERIFY(chunks.front().ids == tokenizer().framed(apart));
        QVERIFY(apart != idsOf("unlike"));
    }

    void aTaughtWordTakesItsVectors() {
        const std::vector taught{prompt::taughtWord(tokenizer(), "My-Dog", 3)};
        const auto chunks = chunksOf("7 (my-dog:1.5), my-dogs", taught);
        QCOMPARE(chunks.size(), std::size_t{1});
        const Chunk& chunk = chunks.front();
        QCOMPARE(chunk.tokens, 1 + 3 + 1 + idsOf("my-dogs").size());
        QCOMPARE(chunk.taught.size(), std::size_t{1});
        QCOMPARE(chunk.taught[0].at, std::size_t{2});
        QCOMPARE(chunk.taught[0].word, std::size_t{0});
        QCOMPARE(chunk.ids[2], 0);
        QCOMPARE(chunk.ids[4], 0);
        QCOMPARE(chunk.ids[5], idsOf(",").front());
        QCOMPARE(chunk.weights[1], 1.0F);
        QCOMPARE(chunk.weights[2], 1.5F);
        QCOMPARE(chunk.weights[4], 1.5F);
    }

    void aTaughtWordIsAWholeWord() {
        // The last token of "hotdog" and that of "dog" may be the same; a word is one from its beginning.
        const auto dog = idsOf("dog");
        std::string longer;
        for (const char* const before : {"hot", "x", "q", "un", "zz"}) {
            const auto ids = idsOf(before + std::string("dog"));
            if (ids.size() > dog.size() && std::equal(dog.rbegin(), dog.rend(), ids.rbegin())) {
                longer = before + std::string("dog");
            }
        }
        QVERIFY(!longer.empty());
        const std::vector taught{prompt::taughtWord(tokenizer(), "dog", 2)};
        QVERIFY(chunksOf(longer, taught).front().taught.empty());
        QCOMPARE(chunksOf("a DOG", taught).front().taught.size(), std::size_t{1});
    }

    void theLongestNameIsTaken() {
        const std::vector taught{prompt::taughtWord(tokenizer(), "dog", 1),
                                 prompt::taughtWord(tokenizer(), "dog 2", 5),
                                 prompt::taughtWord(tokenizer(), "", 1)};
        const auto chunks = chunksOf("dog 2 dog 3", taught);
        QCOMPARE(chunks.front().taught.size(), std::size_t{2});
        QCOMPARE(chunks.front().taught[0].word, std::size_t{1});
        QCOMPARE(chunks.front().taught[1].word, std::size_t{0});
        QCOMPARE(chunks.front().taught[1].at, std::size_t{6});
    }

    /// Whose files have to be read.
    void wordsThatAreSaid() {
        const auto said = [](const char* text, const std::vector<std::string>& names) {
            const auto script = prompt::scriptOf(text, prompt::Syntax::A1111, 10);
            return prompt::saidIn({&*script, 1}, tokenizer(), names);
        };
        using Words = std::vector<std::string>;
        QCOMPARE(said("a party, smarter", {"art", "smart"}), Words());
        QCOMPARE(said("Art of a (party:1.2)", {"party", "art", "of art"}), (Words{"party", "art"}));
        QCOMPARE(said("[art:dog 2:0.5] AND dog", {"dog", "dog 2", "art"}), (Words{"dog", "dog 2", "art"}));
        QCOMPARE(said("dog 2", {"dog", "dog 2"}), (Words{"dog 2"}));
    }

    void vectorsStayTogether() {
        const std::vector taught{prompt::taughtWord(tokenizer(), "dog", 10)};
        const auto chunks = chunksOf(words(70) + "dog", taught);
        QVERIFY((sizes(chunks) == Sizes{70, 10}));
        QVERIFY(chunks[0].taught.empty());
        QCOMPARE(chunks[1].taught.front().at, std::size_t{1});
        // They follow a comma into the next chunk, too.
        const auto moved = chunksOf(words(60) + ", dog " + words(10), taught);
        QVERIFY((sizes(moved) == Sizes{61, 20}));
        QCOMPARE(moved[1].taught.front().at, std::size_t{1});
        QVERIFY((sizes(chunksOf(words(65) + "dog", taught)) == Sizes{75}));
    }

    void cutsAreBytesOfThePrompt() {
        const std::string text = "<lora:x:1>(" + words(75) + ":1.2) \xC3\xA9\xE2\x80\xA6";
        const auto chunks = chunksOf(text);
        QCOMPARE(chunks.front().end, text.rfind('7') + 1);
        QCOMPARE(chunks.back().end, text.size());
    }
};

QTEST_APPLESS_MAIN(TestChunks)
#include "test_chunks.moc"
