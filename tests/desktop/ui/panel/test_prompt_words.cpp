// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QAbstractItemView>
#include <QLabel>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>

#include <algorithm>

#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/problem_mark.h"
#include "tests/desktop/ui/panel/shown_panel.h"

using namespace easel;
using namespace easel::tests;
using protocol::GenerationRequest;
using ui::PromptPanel;

/// The prompt, and what is said about it.
class TestPromptWords : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void showsAllOfARestoredPrompt();
    void showsTheServersSentenceAtItsField();
    void wantsAPromptFirst();
    void growsWithThePromptAndThenScrolls();
    void offersWordsThatTheModelKnows();
    void saysWhichWordsTheModelDoesNotKnow();
    void saysHowManyTokensThereAre();
    void marksWhereAChunkEnds();
};

void TestPromptWords::showsAllOfARestoredPrompt() {
    protocol::GenerationRequest old;
    old.prompt = QString("a lighthouse above the sea ").repeated(100).toStdString();
    const QTemporaryDir folder;
    gallery::InputFolder inputs(folder.path());
    PromptPanel restored(inputs);
    restored.setRequest(old);
    restored.setServer(server(), models());
    restored.resize(340, 900);
    restored.show();
    QVERIFY(QTest::qWaitForWindowActive(&restored));
    Shown typed;
    typed.find<QPlainTextEdit>("promptEdit")->setPlainText(QString::fromStdString(old.prompt));
    QTRY_COMPARE(restored.findChild<QPlainTextEdit*>("promptEdit")->height(),
                 typed.find<QPlainTextEdit>("promptEdit")->height());
}

void TestPromptWords::showsTheServersSentenceAtItsField() {
    Shown shown;
    auto* steps = shown.number("stepsField");
    QVERIFY(shown.panel.showProblem(protocol::invalidField("steps", "At most 60 steps.")));
    QVERIFY(ui::isMarkedWrong(*steps));
    auto* note = shown.find<QWidget>("stepsField")->parentWidget()->findChild<QLabel*>("note");
    QVERIFY(note->isVisible());
    QCOMPARE(note->text(), "At most 60 steps.");
    steps->setValue(13);
    QVERIFY(!ui::isMarkedWrong(*steps));
    QVERIFY(!note->isVisible());
    QVERIFY(!shown.panel.showProblem(protocol::invalidField("no_such_field", "Too large.")));
}

void TestPromptWords::wantsAPromptFirst() {
    Shown shown;
    QSignalSpy generates(&shown.panel, &PromptPanel::generateRequested);
    auto* prompt = shown.find<QPlainTextEdit>("promptEdit");
    QTest::mouseClick(shown.find<QAbstractButton>("generateButton"), Qt::LeftButton);
    QCOMPARE(generates.size(), 0);
    QVERIFY(ui::isMarkedWrong(*prompt));
    QTRY_VERIFY(prompt->hasFocus());
    QTest::keyClicks(prompt, "a boat");
    QVERIFY(!ui::isMarkedWrong(*prompt));
    QTest::mouseClick(shown.find<QAbstractButton>("generateButton"), Qt::LeftButton);
    QCOMPARE(generates.size(), 1);
}

void TestPromptWords::growsWithThePromptAndThenScrolls() {
    Shown shown;
    auto* prompt = shown.find<QPlainTextEdit>("promptEdit");
    const int small = prompt->height();
    prompt->setPlainText(QString("a boat\n").repeated(6));
    QTRY_VERIFY(prompt->height() > small);
    for (int lines = 1; lines <= 8; ++lines) {
        prompt->setPlainText(QString("a boat\n").repeated(lines).trimmed());
        QTRY_COMPARE(prompt->document()->size().height(), lines);
        QTest::qWait(0);
        QCOMPARE(prompt->verticalScrollBar()->maximum(), 0);
    }
    prompt->setPlainText(QString("a boat\n").repeated(8));
    QTest::qWait(0);
    const int full = prompt->height();
    prompt->setPlainText(QString("a boat\n").repeated(50));
    QTest::qWait(0);
    QCOMPARE(prompt->height(), full);
}

void TestPromptWords::offersWordsThatTheModelKnows() {
    Shown shown;
    auto* prompt = shown.find<QPlainTextEdit>("promptEdit");
    QTest::keyClicks(prompt, "a li");
    const auto popups = QApplication::topLevelWidgets();
    QVERIFY(std::ranges::any_of(
        popups, [](QWidget* w) { return qobject_cast<QAbstractItemView*>(w) && w->isVisible(); }));
    QWidget* popup = QApplication::activePopupWidget();
    QVERIFY(popup);
    QTest::keyClick(popup, Qt::Key_Down);
    QTest::keyClick(popup, Qt::Key_Return);
    QCOMPARE(prompt->toPlainText(), "a lighthouse");
}

void TestPromptWords::saysWhichWordsTheModelDoesNotKnow() {
    Shown shown;
    auto* prompt = shown.find<QPlainTextEdit>("promptEdit");
    const auto* note = prompt->parentWidget()->findChild<QLabel*>("note");
    const auto* steps = shown.number("stepsField");
    const int place = steps->mapTo(&shown.panel, QPoint()).y();
    prompt->setPlainText("a dragon above the sea");
    QTRY_VERIFY(!note->text().isEmpty());
    QVERIFY2(note->text().contains(QStringLiteral("“\u2068dragon\u2069”")), qPrintable(note->text()));
    QVERIFY(note->text().contains("lighthouse, boat"));
    QCOMPARE(steps->mapTo(&shown.panel, QPoint()).y(), place);
    // However many there are, and in whatever script: each is set apart from the commas.
    prompt->setPlainText(QStringLiteral("ein Drache über dem blauen Meer bei Nacht תנין תמנון"));
    QTRY_VERIFY(note->toolTip().contains(QStringLiteral("“\u2068תנין\u2069”, “\u2068תמנון\u2069”")));
    QCOMPARE(steps->mapTo(&shown.panel, QPoint()).y(), place);
    prompt->setPlainText("a boat above the sea");
    QTRY_VERIFY(note->text().isEmpty());
    QCOMPARE(steps->mapTo(&shown.panel, QPoint()).y(), place);
}

void TestPromptWords::saysHowManyTokensThereAre() {
    Shown shown;
    auto* prompt = shown.find<QPlainTextEdit>("promptEdit");
    auto* note = prompt->findChild<QLabel*>("tokenLabel");
    const int height = prompt->height();
    prompt->setPlainText("a red fox");
    QVERIFY(!note->isVisible());
    protocol::TokenCount count;
    count.tokens = 3;
    count.limit = 75;
    shown.panel.setPromptTokens({"a red fox", {}, {}}, count);
    QVERIFY(note->isVisible() && prompt->rect().contains(note->geometry()));
    QVERIFY(!prompt->viewport()->geometry().intersects(note->geometry()));
    QCOMPARE(note->text(), "3 of 75 tokens");
    QCOMPARE(prompt->accessibleDescription(), note->text());
    QCOMPARE(prompt->height(), height);
    // What was asked before the last key is passed over.
    prompt->setPlainText("a red fox runs");
    shown.panel.setPromptTokens({"a red fox", {}, {}}, std::nullopt);
    QCOMPARE(note->text(), "3 of 75 tokens");
    count.tokens = 83;
    count.chunks = 2;
    count.warnings = {"<hypernet:x:1> is read as text: Easel has no hypernetworks."};
    shown.panel.setPromptTokens({"a red fox runs", {}, {}}, count);
    QVERIFY2(note->text().startsWith("83 tokens, 2 chunks · <hypernet"), qPrintable(note->text()));
    QVERIFY(note->toolTip().endsWith("no hypernetworks."));
    QVERIFY(note->fontMetrics().horizontalAdvance(note->text()) <= note->width());
    shown.panel.setPromptTokens({"a red fox runs", {}, {}}, std::nullopt);
    QVERIFY(!note->isVisible() && prompt->accessibleDescription().isEmpty());
    QCOMPARE(prompt->height(), height);
    // The negative prompt has its own.
    shown.panel.setNegativeTokens({"", {}, {}}, count);
    QVERIFY(!note->isVisible());
    QVERIFY(!shown.find<QWidget>("negativePromptEdit")->findChild<QLabel*>("tokenLabel")->isHidden());
}

void TestPromptWords::marksWhereAChunkEnds() {
    Shown shown;
    auto* prompt = shown.find<QPlainTextEdit>("promptEdit");
    const QString before = QStringLiteral("caf\u00e9 \u732b");
    const QString text = before + " and more";
    prompt->setPlainText(text);
    prompt->clearFocus();
    const QImage plain = prompt->viewport()->grab().toImage();
    protocol::TokenCount count;
    count.tokens = 83;
    count.chunks = 2;
    count.cuts = {before.toUtf8().size()};
    shown.panel.setPromptTokens({text.toStdString(), {}, {}}, count);
    // Nothing but the mark is new, and it stands where the chunk ends.
    const auto markedAt = [&](const QString& words) {
        QTextCursor end(prompt->document());
        end.setPosition(int(words.size()));
        return prompt->cursorRect(end);
    };
    const auto changes = [](const QImage& a, const QImage& b) {
        QRect changed;
        for (int y = 0; y < a.height(); ++y) {
            for (int x = 0; x < a.width(); ++x) {
                changed |= a.pixel(x, y) == b.pixel(x, y) ? QRect() : QRect(x, y, 1, 1);
            }
        }
        return changed;
    };
    const QRect mark = changes(plain, prompt->viewport()->grab().toImage());
    QVERIFY(!mark.isEmpty());
    QVERIFY(markedAt(before).adjusted(-4, -1, 4, 1).contains(mark));
    QVERIFY(mark.height() >= prompt->fontMetrics().ascent());
    // What a server says of a place that the text does not have does no harm.
    count.cuts = {-7, before.toUtf8().size(), std::int64_t{1} << 60};
    shown.panel.setPromptTokens({text.toStdString(), {}, {}}, count);
    prompt->viewport()->grab();
    count.cuts = {before.toUtf8().size()};
    shown.panel.setPromptTokens({text.toStdString(), {}, {}}, count);
    // It keeps its place between the words while there are others before it.
    QTextCursor start(prompt->document());
    start.insertText("a ");
    shown.panel.setPromptTokens({text.toStdString(), {}, {}}, std::nullopt);
    const QImage moved = prompt->viewport()->grab().toImage();
    shown.panel.setPromptTokens({("a " + text).toStdString(), {}, {}}, std::nullopt);
    const QRect now = changes(moved, prompt->viewport()->grab().toImage());
    QVERIFY(markedAt("a " + before).adjusted(-4, -1, 4, 1).contains(now) && !now.isEmpty());
}

QTEST_MAIN(TestPromptWords)
#include "test_prompt_words.moc"
