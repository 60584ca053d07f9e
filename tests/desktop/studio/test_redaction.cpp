// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QTest>

#include "desktop/studio/redaction.h"

using easel::studio::Redaction;

class TestRedaction : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void hidesPrompts_data();
    void hidesPrompts();
    void hidesWhatIsCalledAPrompt_data();
    void hidesWhatIsCalledAPrompt();
    void hidesKeysAndTickets();
    void shortensTheHomeFolder();
    void leavesOtherTextAlone();
    void maybeTwice();
};

void TestRedaction::hidesPrompts_data() {
    QTest::addColumn<QString>("prompt");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("safe");
    const auto row = [](const char* name, const char* prompt, const char* text, const char* safe) {
        QTest::newRow(name) << QString(prompt) << QString(text) << QString(safe);
    };
    row("as it is", "a fox", "It drew a fox twice: a fox.", "It drew *** twice: ***.");
    row("in other letters", "A Fox", "it drew a fox", "it drew ***");
    row("beyond ASCII", "Ölbild, größer", "zu ÖLBILD, GRÖßER?", "zu ***?");
    row("on several lines", "a fox\n on blue ", "a fox\n on blue ; a fox on blue", "***; ***");
    row("in an address", "a fox & co", "/x/a%20fox%20%26%20co /y/a+fox+%26+co", "/x/*** /y/***");
    row("like a pattern", "a (fox|cat).*", "it drew a (fox|cat).*", "it drew ***");
    row("part of a word", "cat", "The category of a cat-like cat", "The category of a ***-like ***");
    row("ends with a mark", "cat!", "a cat!b", "a ***b");
    row("too short to tell anything", "a", "a cat", "a cat");
    row("none", "", "a cat", "a cat");
}

void TestRedaction::hidesPrompts() {
    QFETCH(QString, prompt);
    QFETCH(QString, text);
    QFETCH(QString, safe);
    QCOMPARE(Redaction({prompt}).of(text), safe);
    // Whatever else is not to be told.
    QCOMPARE(Redaction({"a fo", "zebra", prompt, "ca"}).of(text), safe);
}

void TestRedaction::hidesWhatIsCalledAPrompt_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("safe");
    const auto row = [](const char* name, const char* text, const char* safe) {
        QTest::newRow(name) << QString(text) << QString(safe);
    };
    row("query", "GET /?prompt=a+fox&steps=4\nnext", "GET /?prompt=***\nnext");
    row("escaped query", "GET /%3Fprompt%3Da%20fox", "GET /%3Fprompt%3D***");
    row("JSON", R"({"prompt": "a \"fox\"", "steps": 4})", R"({"prompt": ***)");
    row("JSON in JSON", R"("{\"prompt\":\"a fox\"}")", R"("{\"prompt\":***)");
    row("the other one", "negative_prompt=blur", "negative_prompt=***");
    row("in words", "Prompt: a fox", "Prompt: ***");
    row("nothing of it", "The prompt is too long.", "The prompt is too long.");
    row("nothing behind it", "prompt=\nnext", "prompt=\nnext");
}

void TestRedaction::hidesWhatIsCalledAPrompt() {
    QFETCH(QString, text);
    QFETCH(QString, safe);
    QCOMPARE(Redaction().of(text), safe);
}

void TestRedaction::hidesKeysAndTickets() {
    QCOMPARE(
        Redaction().of("with easel_0123456789abcdefghij at easel://gpu-box?ticket=ticket-0123456789&tls=1"),
        "with easel_*** at easel://gpu-box?ticket=***&tls=1");
}

void TestRedaction::shortensTheHomeFolder() {
    const QString home = QDir::homePath();
    const Redaction redaction;
    QCOMPARE(redaction.of(home + "/a, " + home), "~/a, ~");
    QCOMPARE(redaction.of(home + "-of-another/a"), home + "-of-another/a");
}

void TestRedaction::leavesOtherTextAlone() {
    const QString text =
        "[2026-05-01 12:00:00.000] [easel-server] [info] 127.0.0.1 200 3 ms GET /v1/jobs/j_1\n  ~ *** $ "
        "\\1\n";
    QCOMPARE(Redaction({"zebra"}).of(text), text);
}

void TestRedaction::maybeTwice() {
    const Redaction redaction({"a fox"});
    const QString once = redaction.of("prompt=x\n" + QDir::homePath() + "/a fox easel_0123456789abcdefghij");
    QCOMPARE(redaction.of(once), once);
}

QTEST_GUILESS_MAIN(TestRedaction)
#include "test_redaction.moc"
