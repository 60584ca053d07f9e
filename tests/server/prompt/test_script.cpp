// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <string>

#include "server/prompt/script.h"
#include "server/prompt/taught_words.h"

using namespace easel;
using prompt::Branch;
using prompt::Reading;
using prompt::Role;
using prompt::Script;
using prompt::Syntax;

namespace {

Script scriptOf(const std::string& text, int steps = 10, Role role = Role::Positive) {
    auto script = prompt::scriptOf(text, Syntax::A1111, steps, role);
    if (!script) {
        qFatal("%s", script.error().detail.c_str());
    }
    return std::move(*script);
}

/// "a |1.1:b |BREAK:c": the passages, with the weights that are not 1.
QString written(const Reading& reading) {
    QStringList passages;
    for (const prompt::Passage& passage : reading) {
        QString text = QString::fromStdString(passage.text.bytes);
        if (passage.weight != 1) {
            text.prepend(QString::number(passage.weight, 'g', 6) + '~');
        }
        passages += passage.opensChunk ? "BREAK~" + text : text;
    }
    return passages.join('|');
}

/// What is read, and until which step.
QStringList written(const Branch& branch) {
    QStringList stretches;
    for (const prompt::Stretch& stretch : branch.stretches) {
        stretches += QString::number(stretch.until) + ' ' + written(branch.readings[stretch.reading]);
    }
    return stretches;
}

QString refusal(const std::string& text, int steps, Role role = Role::Positive) {
    const auto script = prompt::scriptOf(text, Syntax::A1111, steps, role);
    return script ? QString() : QString::fromStdString(script.error().detail);
}

}  // namespace

class TestScript : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void weights_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("passages");
        QTest::newRow("none") << "a cat"
                              << "a cat";
        QTest::newRow("empty") << ""
                               << "";
        QTest::newRow("more") << "a (big) cat"
                              << "a |1.1~big| cat";
        QTest::newRow("less") << "a [big] cat"
                              << "a |0.909091~big| cat";
        QTest::newRow("so much") << "a (big:1.35) cat"
                                 << "a |1.35~big| cat";
        QTest::newRow("spaces about the number") << "(big : 1.5 )x"
                                                 << "1.5~big |x";
        QTest::newRow("less than nothing") << "(big:-0.5)"
                                           << "-0.5~big";
        QTest::newRow("nothing") << "(big:0)"
                                 << "0~big";
        QTest::newRow("twice") << "((big))"
                               << "1.21~big";
        QTest::newRow("inside") << "(a (b:1.5) [c])"
                                << "1.1~a |1.65~b|1.1~ |c";
        QTest::newRow("neighbours are one") << "(un)(like)"
                                            << "1.1~unlike";
        QTest::newRow("up to the end") << "a (b [c"
                                       << "a |1.1~b |c";
        QTest::newRow("closes nothing") << "a) b] c:1.2)"
                                        << "a) b] c:1.2)";
        QTest::newRow("escapes") << R"(a \(b\) \[c\] \\ \d)"
                                 << R"(a (b) [c] \ d)";
        QTest::newRow("an escaped bracket closes nothing") << R"((a\):1.3))"
                                                           << "1.3~a)";
        QTest::newRow("a last backslash") << R"(a\)"
                                          << "a";
        QTest::newRow("no number") << "(a:b)"
                                   << "1.1~a:b";
        QTest::newRow("two points") << "(a:1.2.3)"
                                    << "1.1~a:1.2.3";
        QTest::newRow("a point") << "(a:.)"
                                 << "1.1~a:.";
        QTest::newRow("an exponent is none") << "(a:1e3)"
                                             << "1.1~a:1e3";
        QTest::newRow("a ratio") << "16:9"
                                 << "16:9";
        QTest::newRow("a weight in square brackets") << "[a:1.2)"
                                                     << "0.909091~a:1.2)";
        QTest::newRow("too much") << "(a:1e9)(b:99999999)"
                                  << "1.1~a:1e9|100~b";
        QTest::newRow("digits without end") << "(a:" + QString(400, '9') + ")"
                                            << "1.1~a:" + QString(400, '9');
        QTest::newRow("break") << "a  BREAK\nb"
                               << "a|BREAK~b";
        QTest::newRow("break twice") << "a BREAK BREAK b"
                                     << "a|BREAK~|BREAK~b";
        QTest::newRow("break at the ends") << "BREAK a BREAK"
                                           << "|BREAK~a|BREAK~";
        QTest::newRow("break with a weight") << "(a BREAK b)c"
                                             << "1.1~a|BREAK~1.1~b|c";
        QTest::newRow("no break") << "BREAKFAST aBREAK BREAK_ break éBREAK BREAKé"
                                  << "BREAKFAST aBREAK BREAK_ break éBREAK BREAKé";
        QTest::newRow("break beside signs") << "a,BREAK.b"
                                            << "a,|BREAK~.b";
    }

    void weights() {
        QFETCH(QString, text);
        QFETCH(QString, passages);
        const Script script = scriptOf(text.toStdString());
        QCOMPARE(script.branches.size(), std::size_t{1});
        QCOMPARE(written(script.branches.front()), QStringList("10 " + passages));
    }

    void manyBracketsStayWithinBounds() {
        const Script script = scriptOf(std::string(5000, '(') + "a" + std::string(5000, ')') + " [[b");
        const Reading& reading = script.branches.front().readings.front();
        QCOMPARE(reading.front().weight, prompt::kGreatestWeight);
        QCOMPARE(reading.back().text.bytes, std::string("b"));
    }

    void editing_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<int>("steps");
        QTest::addColumn<QStringList>("stretches");
        const auto row = [](const char* name, const char* text, int steps, const QStringList& stretches) {
            QTest::newRow(name) << text << steps << stretches;
        };
        // What holds up to the step t is read at the steps 0 to t.
        row("at a step", "a [b:c:3] d", 10, {"4 a b d", "10 a c d"});
        row("at a fraction", "a [b:c:0.5] d", 10, {"6 a b d", "10 a c d"});
        row("added", "a [b:3]", 10, {"4 a ", "10 a b"});
        row("with nothing before", "a [:b:3]", 10, {"4 a ", "10 a b"});
        row("removed", "a [b::3]", 10, {"4 a b", "10 a "});
        row("spaces about the number", "[b:c: 3 ]", 10, {"4 b", "10 c"});
        row("a fraction without a nought", "[b:.5]", 10, {"6 ", "10 b"});
        row("all of the steps", "[b:c:1.0]", 10, {"10 b"});
        row("never", "[b:c:40]", 10, {"10 b"});
        row("from the beginning", "[b:c:0]", 10, {"10 c"});
        row("before the beginning", "[b:c:-3]", 10, {"10 c"});
        row("one step", "[b:c:0.5]", 1, {"1 c"});
        row("two places", "[a:b:2][c:d:5]", 10, {"3 ac", "6 bc", "10 bd"});
        row("inside", "a[b:[c:d:5]:2]e", 10, {"3 abe", "6 ace", "10 ade"});
        row("of weighted words", "[(a:2):b:3]", 10, {"4 2~a", "10 b"});
        row("in weighted words", "([a:b:3]:1.5)", 10, {"4 1.5~a", "10 1.5~b"});
        row("less weight", "x[a]", 10, {"10 x|0.909091~a"});
        row("in turns", "[a|b]", 4, {"2 a", "3 b", "4 a"});
        row("three in turns", "[a|b|c]", 5, {"2 a", "3 b", "4 c", "5 a"});
        row("nothing in turns", "x[a|]", 4, {"2 xa", "3 x", "4 xa"});
        row("turns of changes", "[[a:b:3]|c]", 6, {"2 a", "3 c", "4 a", "5 c", "6 b"});
        row("escapes are no syntax", R"([a\:b:c:3])", 10, {R"(4 a:b)", "10 c"});
        row("beside what does not close", "((a][:b:c [d:3]", 10,
            {"4 1.21~a]|1.1~:b:c ", "10 1.21~a]|1.1~:b:c d"});
        row("no number", "[a:b]", 10, {"10 0.909091~a:b"});
        row("too many parts", "[a:b:c:3]", 10, {"10 0.909091~a:b:c:3"});
        row("turns and changes at once", "[a|b:3]", 10, {"10 0.909091~a|b:3"});
        row("a bar alone", "a | b", 10, {"10 a | b"});
        row("what is not finite", "[a:b:inf][c:d:nan]", 10, {"10 0.909091~a:b:infc:d:nan"});
    }

    void editing() {
        QFETCH(QString, text);
        QFETCH(int, steps);
        QFETCH(QStringList, stretches);
        QCOMPARE(written(scriptOf(text.toStdString(), steps).branches.front()), stretches);
    }

    void readingsAreKeptOnce() {
        const Script script = scriptOf("[a|b]", 20);
        QCOMPARE(script.branches.front().readings.size(), std::size_t{2});
        QCOMPARE(script.branches.front().stretches.size(), std::size_t{19});
    }

    void deepBracketsAreText() {
        std::string text;
        for (int i = 0; i < 3000; ++i) {
            text += "[a:";
        }
        const Script open = scriptOf(text);
        QCOMPARE(open.branches.front().readings.size(), std::size_t{1});
        // 40 deep still change, one after the other.
        std::string nested = "x";
        for (int i = 40; i > 0; --i) {
            nested = "[" + std::to_string(i) + ":" + nested + ":" + std::to_string(i) + "]";
        }
        QCOMPARE(scriptOf(nested, 50).branches.front().readings.size(), std::size_t{41});
    }

    void andJoins_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("branches");
        QTest::newRow("two") << "a cat AND a dog" << QStringList{"1 a cat ", "1  a dog"};
        QTest::newRow("weights") << "a :1.5 AND b:-0.5 AND c" << QStringList{"1.5 a ", "-0.5  b", "1  c"};
        QTest::newRow("no weight") << "a (b:1.2) AND c:d" << QStringList{"1 a |1.2~b| ", "1  c:d"};
        QTest::newRow("a ratio that stands alone") << "wide, 16:9" << QStringList{"1 wide, 16:9"};
        QTest::newRow("no AND") << "SAND ANDY and AND_" << QStringList{"1 SAND ANDY and AND_"};
        QTest::newRow("across brackets") << "(a AND b)" << QStringList{"1 1.1~a ", "1  b)"};
    }

    void andJoins() {
        QFETCH(QString, text);
        QFETCH(QStringList, branches);
        QStringList found;
        for (const Branch& branch : scriptOf(text.toStdString()).branches) {
            found += QString::number(branch.weight) + ' ' + written(branch.readings.front());
        }
        QCOMPARE(found, branches);
    }

    void aNegativePromptHasNeitherAndNorTags() {
        const Script script = scriptOf("a AND b <lora:x:1> [c:d:3]", 10, Role::Negative);
        QVERIFY(script.loras.empty());
        QCOMPARE(script.branches.size(), std::size_t{1});
        QCOMPARE(written(script.branches.front()),
                 (QStringList{"4 a AND b <lora:x:1> c", "10 a AND b <lora:x:1> d"}));
    }

    void plainTextHasNoSyntax() {
        const std::string text = R"(a (b:1.2) [c|d] \( AND e BREAK <lora:x:1>)";
        const auto script = prompt::scriptOf(text, Syntax::Plain, 10);
        QVERIFY(script);
        QVERIFY(script->loras.empty());
        QCOMPARE(script->branches.size(), std::size_t{1});
        QCOMPARE(written(script->branches.front()), QStringList("10 " + QString::fromStdString(text)));
        QVERIFY(prompt::syntaxOf("plain") == Syntax::Plain);
        QVERIFY(prompt::syntaxOf("a1111") == Syntax::A1111);
    }

    void tags_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("rest");
        QTest::addColumn<QString>("tags");  // name, network's weight, text encoders' weight, those of blocks
        QTest::newRow("one weight") << "a <lora:my dog:0.8> b"
                                    << "a  b"
                                    << "my dog 0.8 0.8";
        QTest::newRow("no weight") << "<lora:x>"
                                   << ""
                                   << "x 1 1";
        QTest::newRow("two weights") << "<lora:x:0.5:0.25>"
                                     << ""
                                     << "x 0.25 0.5";
        QTest::newRow("by name") << "<lora:x:unet=0.5:te=-1>"
                                 << ""
                                 << "x 0.5 -1";
        QTest::newRow("both ways") << "<lora:x:0.5:unet=2>"
                                   << ""
                                   << "x 2 0.5";
        QTest::newRow("by block") << "<lora:x:0.5:lbw=1, 0,-0.25>a<lora:y:lbw=0.5>"
                                  << "a"
                                  << "x 0.5 0.5 1 0 -0.25, y 1 1 0.5";
        QTest::newRow("several") << "<lora:x:1>a<lyco:y:2>"
                                 << "a"
                                 << "x 1 1, y 2 2";
        QTest::newRow("twice") << "<lora:x:1><lora:x:2>"
                               << ""
                               << "x 1 1, x 2 2";
        QTest::newRow("in brackets") << "(<lora:x:1>a)"
                                     << "1.1~a"
                                     << "x 1 1";
        QTest::newRow("another's") << "<foo:x:1> <my-dog>"
                                   << "<foo:x:1> <my-dog>"
                                   << "";
        QTest::newRow("after a bracket that is none") << "a < b <lora:x:1>"
                                                      << "a < b "
                                                      << "x 1 1";
        QTest::newRow("an AND in its name") << "<lora:a AND b:1>c"
                                            << "c"
                                            << "a AND b 1 1";
    }

    void tags() {
        QFETCH(QString, text);
        QFETCH(QString, rest);
        QFETCH(QString, tags);
        const Script script = scriptOf(text.toStdString());
        QCOMPARE(written(script.branches.front()), QStringList("10 " + rest));
        QStringList found;
        for (const prompt::LoraTag& tag : script.loras) {
            found +=
                QString("%1 %2 %3").arg(QString::fromStdString(tag.name)).arg(tag.weight).arg(tag.textWeight);
            for (const double factor : tag.blocks) {
                found.back() += ' ' + QString::number(factor);
            }
        }
        QCOMPARE(found.join(", "), tags);
        QVERIFY(script.warnings.empty());
    }

    void aTagThatCannotBeReadIsTextWithAWarning() {
        for (const char* text :
             {"<lora:x:much>", "<lora::1>", "<lora:>", "<lora:x:1:1:8>", "<lora:x:dyn=4>", "<lora:x:1e999>",
              "<lora:x:1:lbw=MIDD>", "<lora:x:lbw=1,>", "<lora:x:te=1,2>", "<hypernet:x:1>"}) {
            const Script script = scriptOf(text);
            QVERIFY(script.loras.empty());
            QVERIFY2(script.branches.front().readings.front().front().text.bytes.starts_with('<'), text);
            QCOMPARE(script.warnings.size(), std::size_t{1});
            QVERIFY2(script.warnings.front().starts_with(text), script.warnings.front().c_str());
        }
        QVERIFY(scriptOf("<lora:x:1").loras.empty());
    }

    void bytesRememberWhereTheyStood() {
        const std::string text = R"(<lora:x:1>(é \( [a:bc:0]))";
        const Script script = scriptOf(text);
        for (const prompt::Passage& passage : script.branches.front().readings.front()) {
            QCOMPARE(passage.text.bytes.size(), passage.text.from.size());
            for (std::size_t i = 0; i < passage.text.bytes.size(); ++i) {
                QCOMPARE(text[passage.text.from[i]], passage.text.bytes[i]);
            }
        }
        QCOMPARE(written(script.branches.front()), QStringList("10 1.1~é ( bc"));
    }

    void limitsAreToldWithTheField() {
        std::string joined = "a";
        for (std::size_t i = 1; i < prompt::kMaxBranches; ++i) {
            joined += " AND a";
        }
        QVERIFY(refusal(joined, 10).isEmpty());
        QVERIFY2(refusal(joined + " AND a", 10).contains("AND joins 9 prompts"),
                 qPrintable(refusal(joined + " AND a", 10)));

        const std::string turns = "[0|1|2|3|4|5|6|7|8|9][0|1|2|3|4|5|6]";
        QVERIFY(refusal(turns, 60).isEmpty());
        QVERIFY(refusal(turns, 66).contains("64 different prompts"));
        const auto negative = prompt::scriptOf(turns, Syntax::A1111, 66, Role::Negative);
        QVERIFY(!negative);
        QCOMPARE(negative.error().field, std::string("negative_prompt"));
    }

    void wordsThatMayBeMeant() {
        const Script script = scriptOf("A (Bad-Hands-5:1.2) \\(x\\) [y:Zebra:3]");
        const std::vector<std::string> names{"bad-hands-5", "zebra", "(x)", "horse", ""};
        QVERIFY(
            (prompt::mentionedIn(script, names) == std::vector<std::string>{"bad-hands-5", "zebra", "(x)"}));
    }
};

QTEST_APPLESS_MAIN(TestScript)
#include "test_script.moc"
