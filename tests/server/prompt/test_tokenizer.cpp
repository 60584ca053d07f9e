// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <filesystem>
#include <random>

#include "server/prompt/tokenizer.h"

using namespace easel;
using prompt::Tokenizer;

namespace {

const QString kFixtures = QStringLiteral(EASEL_SOURCE_DIR "/tests/fixtures/tokens/");
using Ids = std::vector<std::int32_t>;

QByteArray read(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void write(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) {
        qFatal("cannot write %s", qPrintable(path));
    }
}

/// A tokenizer's folder as models have it, for as long as this lives.
class Folder {
public:
    explicit Folder(const QString& vocabulary) {
        for (const char* const name : {"vocab.json", "merges.txt", "tokenizer.json"}) {
            if (QFile::exists(kFixtures + vocabulary + '/' + name)) {
                put(name, read(kFixtures + vocabulary + '/' + name));
            }
        }
    }

    void put(const QString& name, const QByteArray& bytes) const { write(m_dir.filePath(name), bytes); }
    void put(const QString& name, const QJsonValue& object) const {
        if (object.isObject()) {
            put(name, QJsonDocument(object.toObject()).toJson());
        }
    }
    void remove(const QString& name) const { QFile::remove(m_dir.filePath(name)); }
    std::filesystem::path path() const { return m_dir.path().toStdString(); }

private:
    QTemporaryDir m_dir;
};

/// As a text encoder takes it.
Ids encode(const Tokenizer& tokenizer, const std::string& text) {
    Ids ids;
    for (const prompt::Token& token : tokenizer.tokensOf(text)) {
        ids.push_back(token.id);
    }
    return tokenizer.framed(ids);
}

QString describe(const Ids& ids) {
    QStringList numbers;
    for (const std::int32_t id : ids) {
        numbers += QString::number(id);
    }
    return numbers.join(' ');
}

/// CLIP's vocabulary follows from its merges: the bytes, the bytes that end a word, what is joined, the ends.
QJsonObject vocabularyOf(const QByteArray& merges) {
    QStringList tokens;
    const auto range = [&](char16_t first, char16_t last) {
        for (char16_t c = first; c <= last; ++c) {
            tokens += QString(QChar(c));
        }
    };
    range(u'!', u'~');
    range(u'\u00a1', u'\u00ac');
    range(u'\u00ae', u'\u00ff');
    range(u'\u0100', u'\u0143');
    for (const QString& symbol : QStringList(tokens)) {
        tokens += symbol + "</w>";
    }
    for (const QString& line : QString::fromUtf8(merges).split('\n', Qt::SkipEmptyParts).mid(1)) {
        tokens += QString(line).remove(' ');
    }
    tokens << "<|startoftext|>"
           << "<|endoftext|>";
    QJsonObject vocabulary;
    for (qsizetype i = 0; i < tokens.size(); ++i) {
        vocabulary[tokens[i]] = i;
    }
    return vocabulary;
}

Ids idsOf(const QJsonValue& row) {
    Ids ids;
    for (const QJsonValue id : row.toArray()) {
        ids.push_back(id.toInt());
    }
    return ids;
}

QString refusal(const Folder& folder) {
    const auto loaded = Tokenizer::load(folder.path());
    return loaded ? QString() : QString::fromStdString(loaded.error().detail);
}

}  // namespace

class TestTokenizer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void idsAreTheReferences_data() {
        const auto fixture = QJsonDocument::fromJson(read(kFixtures + "cases.json")).object();
        QVERIFY(fixture["prompts"].toArray().size() >= 200);
        QTest::addColumn<QJsonObject>("tokenizer");
        QTest::addColumn<QJsonArray>("prompts");
        for (const QJsonValue tokenizer : fixture["cases"].toArray()) {
            QTest::newRow(qPrintable(tokenizer.toObject()["name"].toString()))
                << tokenizer.toObject()
                << (tokenizer.toObject().contains("prompts") ? tokenizer.toObject() : fixture)["prompts"]
                       .toArray();
        }
    }

    void idsAreTheReferences() {
        QFETCH(QJsonObject, tokenizer);
        QFETCH(QJsonArray, prompts);
        const Folder folder(tokenizer["vocabulary"].toString());
        folder.put("tokenizer_config.json", tokenizer["tokenizer_config"]);
        folder.put("special_tokens_map.json", tokenizer["special_tokens_map"]);
        folder.put("added_tokens.json", tokenizer["added_tokens"]);
        const auto loaded = Tokenizer::load(folder.path());
        QVERIFY2(loaded, loaded ? "" : loaded.error().detail.c_str());
        const auto length = encode(*loaded, "").size();
        QCOMPARE(length, std::size_t(tokenizer["tokenizer_config"].toObject()["model_max_length"].toInt()));

        const QJsonArray rows = tokenizer["ids"].toArray();
        QCOMPARE(rows.size(), prompts.size());
        QStringList wrong;
        for (qsizetype i = 0; i < rows.size(); ++i) {
            Ids expected = idsOf(rows[i]);
            expected.resize(length, tokenizer["pad"].toInt());
            const Ids found = encode(*loaded, prompts[i].toString().toStdString());
            if (found != expected) {
                wrong += QString::number(i) + ": " + prompts[i].toString() + "\n  expected " +
                         describe(expected) + "\n  found    " + describe(found);
            }
        }
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong.join('\n')));
    }

    void idsOfClipsOwnVocabularyAreTheReferences() {
        const QByteArray merges = read(EASEL_SOURCE_DIR "/resources/clip-vocabulary/merges.txt");
        const QJsonObject vocabulary = vocabularyOf(merges);
        QCOMPARE(vocabulary.size(), 49408);
        const Folder folder("clip");
        folder.put("merges.txt", merges);
        folder.put("vocab.json", QJsonValue(vocabulary));
        const auto tokenizer = Tokenizer::load(folder.path());
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().detail.c_str());
        const auto builtIn = Tokenizer::of({"text_encoder", {}, {}, {}});
        QVERIFY2(builtIn, builtIn ? "" : builtIn.error().detail.c_str());
        const auto fixture = QJsonDocument::fromJson(read(kFixtures + "clip/ids.json")).object();
        const QJsonArray prompts = fixture["prompts"].toArray();
        QVERIFY(prompts.size() >= 200);
        for (qsizetype i = 0; i < prompts.size(); ++i) {
            Ids expected = idsOf(fixture["ids"][i]);
            expected.resize(77, 49407);
            const Ids found = encode(*tokenizer, prompts[i].toString().toStdString());
            QVERIFY2(found == expected, qPrintable(prompts[i].toString() + ": " + describe(found) + "\n  " +
                                                   describe(expected)));
            QCOMPARE(encode(*builtIn, prompts[i].toString().toStdString()), expected);
        }
    }

    void whatFindsNoRoomIsCutOff() {
        const auto tokenizer = Tokenizer::load(Folder("full").path());
        QVERIFY(tokenizer);
        const Ids none = encode(*tokenizer, "");
        const Ids few = encode(*tokenizer, "1 2 3");
        const Ids many = encode(*tokenizer, std::string(200, '7'));
        QCOMPARE(none.size(), std::size_t{77});
        QCOMPARE(few.size(), std::size_t{77});
        QCOMPARE(many.size(), std::size_t{77});
        const auto eos = none[1];
        QVERIFY(few[3] != eos);
        QCOMPARE(few[4], eos);
        QVERIFY(many == encode(*tokenizer, std::string(75, '7')));
        QCOMPARE(many[76], eos);
    }

    void whatIsNotUtf8ReadsAsReplacements() {
        const auto tokenizer = Tokenizer::load(Folder("full").path());
        QVERIFY(tokenizer);
        const std::string replacement = "\xEF\xBF\xBD";
        for (const std::string bad : {"\xFF", "\x80", "\xC3", "\xC0", "\xED", "\xF8"}) {
            QVERIFY(encode(*tokenizer, "a" + bad + "b") == encode(*tokenizer, "a" + replacement + "b"));
        }
        // An encoded surrogate and an overlong slash: each byte stands alone.
        QVERIFY(encode(*tokenizer, "\xED\xA0\x80") ==
                encode(*tokenizer, replacement + replacement + replacement));
        QVERIFY(encode(*tokenizer, "\xC0\xAF") == encode(*tokenizer, replacement + replacement));
    }

    void anyBytesGiveIdsOfTheVocabulary() {
        const auto tokenizer = Tokenizer::load(Folder("full").path());
        QVERIFY(tokenizer);
        const auto eos = encode(*tokenizer, "").back();
        std::mt19937 random(1);
        for (int round = 0; round < 2000; ++round) {
            std::string text(random() % 120, '\0');
            for (char& c : text) {
                c = static_cast<char>(random());
            }
            const Ids ids = encode(*tokenizer, text);
            QCOMPARE(ids.size(), std::size_t{77});
            QVERIFY(std::all_of(ids.begin(), ids.end(), [eos](auto id) { return id >= 0 && id <= eos; }));
        }
    }

    void aTokenKnowsWhereItStands_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("words");
        QTest::newRow("words and signs") << "a Cat, 12!" << QStringList{"a", "Cat", ",", "1", "2", "!"};
        QTest::newRow("spaces") << "  a \t\r\n\u3000 dog  " << QStringList{"a", "dog"};
        QTest::newRow("a mark is part of its letter")
            << QStringLiteral("cafe\u0301 \u212b") << QStringList{"cafe\u0301", "\u212b"};
        QTest::newRow("one capital is two small letters")
            << QStringLiteral("\u0130") << QStringList(2, QStringLiteral("\u0130"));
        QTest::newRow("special tokens") << "a<|endoftext|>b <|ENDOFTEXT|>"
                                        << QStringList{"a", "<|endoftext|>", "b", "<|", "ENDOFTEXT", "|>"};
        QTest::newRow("a syllable of three letters")
            << QStringLiteral("\u1100\u1161\u11a8!") << QStringList{"\u1100\u1161\u11a8", "!"};
    }

    void aTokenKnowsWhereItStands() {
        QFETCH(QString, text);
        QFETCH(QStringList, words);
        const auto tokenizer = Tokenizer::load(Folder("full").path());
        QVERIFY(tokenizer);
        const QByteArray bytes = text.toUtf8();
        // A word is what begins with a token that says so, and ends where the last of its tokens does.
        QStringList found;
        qsizetype begin = 0;
        for (const prompt::Token& token : tokenizer->tokensOf(bytes.toStdString())) {
            if (token.beginsWord) {
                begin = qsizetype(token.begin);
                found += QString();
            }
            QVERIFY(!found.isEmpty());
            found.back() = QString::fromUtf8(bytes.mid(begin, qsizetype(token.end) - begin));
        }
        QCOMPARE(found, words);
    }

    void aLongWordCostsNoMoreThanItsLength() {
        const auto tokenizer = Tokenizer::load(Folder("full").path());
        QVERIFY(tokenizer);
        // Work that grew with the square of these lengths would run into this test's time limit.
        constexpr std::size_t kSize = 1 << 19;
        const Ids none = encode(*tokenizer, "");
        QVERIFY(encode(*tokenizer, std::string(kSize, 'z')) != none);
        QVERIFY(encode(*tokenizer, std::string(kSize, '!')) != none);
        QVERIFY(encode(*tokenizer, std::string(kSize, ' ') + "1") == encode(*tokenizer, "1"));
        QVERIFY(encode(*tokenizer, std::string(kSize, '1')) == encode(*tokenizer, std::string(75, '1')));
    }

    void aBrokenFolderIsRefusedByName() {
        const Folder none("full");
        none.remove("vocab.json");
        QVERIFY2(refusal(none).contains("vocab.json: There is no such file"), qPrintable(refusal(none)));

        const Folder list("full");
        list.put("vocab.json", QByteArray("[]"));
        QVERIFY(refusal(list).contains("vocab.json"));

        const Folder negative("full");
        negative.put("vocab.json", QByteArray(R"({"!": -1})"));
        QVERIFY2(refusal(negative).contains("\"!\""), qPrintable(refusal(negative)));

        const Folder stranger("full");
        stranger.put("merges.txt", QByteArray("#version: 0.2\na b\nfoo bar\n"));
        QVERIFY2(refusal(stranger).contains("merges.txt: Line "), qPrintable(refusal(stranger)));

        const Folder pad("full");
        pad.put("tokenizer_config.json", QByteArray(R"({"pad_token": "[PAD]"})"));
        QVERIFY2(refusal(pad).contains("[PAD]"), qPrintable(refusal(pad)));

        const Folder config("full");
        config.put("tokenizer_config.json", QByteArray(R"({"model_max_length": 2})"));
        QVERIFY2(refusal(config).contains("model_max_length"), qPrintable(refusal(config)));
    }

    void addedTokensOfTheConfigCount() {
        const Folder folder("full");
        folder.put("tokenizer_config.json", QByteArray(R"({"added_tokens_decoder": {
            "1414": {"content": "<my-dog>", "normalized": false}, "1415": {"content": "sks", "normalized": true}}})"));
        const auto taught = Tokenizer::load(folder.path());
        QVERIFY2(taught, taught ? "" : taught.error().detail.c_str());
        const auto saved = Tokenizer::load(Folder("saved").path());
        QVERIFY2(saved, saved ? "" : saved.error().detail.c_str());
        const std::string prompt = "a <my-dog> and a SKS dog";
        QVERIFY(encode(*taught, prompt) == encode(*saved, prompt));
        QVERIFY(encode(*taught, prompt) != encode(*Tokenizer::load(Folder("full").path()), prompt));
    }

    void aBrokenFileOfAddedTokensIsRefused() {
        for (const char* const json :
             {R"({"<my-dog>": "1414"})", R"({"<my-dog>": -1})", R"({"": 1414})", R"(["<my-dog>"])"}) {
            const Folder folder("full");
            folder.put("added_tokens.json", QByteArray(json));
            QVERIFY2(refusal(folder).contains("added_tokens.json"), json);
        }
        const Folder folder("full");
        folder.put("tokenizer_config.json", QByteArray(R"({"additional_special_tokens": [7]})"));
        QVERIFY(refusal(folder).contains("additional_special_tokens"));
    }

    void aBrokenTokenizerJsonIsRefused_data() {
        QTest::addColumn<QByteArray>("json");
        QTest::addColumn<QString>("named");
        QTest::newRow("no JSON") << QByteArray("{") << "tokenizer.json";
        QTest::newRow("a list") << QByteArray("[]") << "tokenizer.json";
        QTest::newRow("no model") << QByteArray("{}") << "byte pairs";
        QTest::newRow("another model")
            << QByteArray(R"({"model": {"type": "Unigram", "vocab": [], "merges": []}})") << "byte pairs";
        QTest::newRow("no merges") << QByteArray(R"({"model": {"type": "BPE", "vocab": {}}})")
                                   << "byte pairs";
        QTest::newRow("a list of tokens")
            << QByteArray(R"({"model": {"type": "BPE", "vocab": ["a"], "merges": []}})") << "tokens";
        QTest::newRow("a merge of strangers")
            << QByteArray(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}})")
            << "Merge 1";
        QTest::newRow("half a merge")
            << QByteArray(R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [["a"]]}})") << "Merge 1";
        QTest::newRow("no id") << QByteArray(
                                      R"({"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}})")
                               << "\"a\"";
        QTest::newRow("no BOS") << QByteArray(
                                       R"({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})")
                                << "<|startoftext|>";
        const QByteArray deep = QByteArray(1'000'000, '[') + QByteArray(1'000'000, ']');
        QTest::newRow("nested without end")
            << R"({"model": {"vocab": {}, "merges": [], "type": )" + deep + "}}"
            << "nested";
        QTest::newRow("a token twice")
            << QByteArray(R"({"model": {"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}})")
            << "\"a\" twice";
        QTest::newRow("an added token that takes in spaces")
            << QByteArray(R"({"added_tokens": [{"id": 1, "content": "<dog>", "lstrip": true}]})") << "lstrip";
        QTest::newRow("an added token that is none")
            << QByteArray(R"({"added_tokens": ["<dog>"]})") << "a list of objects";
        QTest::newRow("an added token without text")
            << QByteArray(R"({"added_tokens": [{"id": 1}]})") << "content";
        QTest::newRow("an added token without a usable id")
            << QByteArray(R"({"added_tokens": [{"id": -1, "content": "<dog>"}]})") << "id";
    }

    void aBrokenTokenizerJsonIsRefused() {
        QFETCH(QByteArray, json);
        QFETCH(QString, named);
        const Folder folder("saved");
        folder.put("tokenizer.json", json);
        const QString said = refusal(folder);
        QVERIFY2(said.contains(named), qPrintable(said));
    }

    void aLengthThatNobodySetIsClips() {
        const Folder folder("full");
        folder.put("tokenizer_config.json",
                   QByteArray(R"({"model_max_length": 1000000000000000019884624838656})"));
        const auto tokenizer = Tokenizer::load(folder.path());
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().detail.c_str());
        QCOMPARE(encode(*tokenizer, "").size(), std::size_t{77});
    }
};

QTEST_APPLESS_MAIN(TestTokenizer)
#include "test_tokenizer.moc"
