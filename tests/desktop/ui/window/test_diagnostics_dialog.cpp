// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QAccessible>
#include <QAction>
#include <QClipboard>
#include <QDialog>
#include <QFile>
#include <QFileDialog>
#include <QGuiApplication>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QTest>

#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using tests::actionNamed;
using tests::App;
using tests::FakeEasel;

namespace {

QDialog* opened(const App& app) {
    actionNamed(app, "&Collect diagnostics…")->trigger();
    return app.find<QDialog>("diagnosticsDialog");
}

QPlainTextEdit* textOf(const QDialog* dialog) {
    return dialog->findChild<QPlainTextEdit*>("diagnosticsText");
}

QString noteOf(const QDialog* dialog) {
    return dialog->findChild<QLabel*>("diagnosticsNote")->text();
}

/// Chooses `path` in the question where to save.
void chooseFile(const QDialog* dialog, const QString& path) {
    dialog->findChild<QAbstractButton*>("saveDiagnosticsButton")->click();
    auto* question = dialog->findChild<QFileDialog*>("saveDiagnosticsQuestion");
    QVERIFY(question);
    QCOMPARE(question->acceptMode(), QFileDialog::AcceptSave);
    Q_EMIT question->fileSelected(path);
    question->close();
}

QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace

class TestDiagnosticsDialog : public tests::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void opensAtOnceAndFillsIn();
    void leavesTheReaderInPeace();
    void mayBeClosedBeforeTheServerAnswers();
    void copiesAndSaves();
    void saysWhyItCannotSave();
    void isUsedByKeyboardAlone();
    void namesEverything();
};

void TestDiagnosticsDialog::opensAtOnceAndFillsIn() {
    FakeEasel server;
    server.log = std::vector<std::string>{"the first line", "the last line"};
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    const QDialog* dialog = opened(app);
    QVERIFY(dialog->isVisible());
    const auto* text = textOf(dialog);
    QVERIFY(text->isReadOnly());
    QVERIFY2(text->toPlainText().startsWith("Easel diagnostics, "), qPrintable(text->toPlainText()));
    QVERIFY(text->toPlainText().contains(server.url().toString()));
    QVERIFY(text->toPlainText().endsWith("\nAsking the server for its log…\n"));
    QTRY_VERIFY(text->toPlainText().endsWith(
        "\nThe server's log, last lines: 2\n  the first line\n  the last line\n"));
    QVERIFY(!text->toPlainText().contains("Asking"));
}

void TestDiagnosticsDialog::leavesTheReaderInPeace() {
    FakeEasel server;
    server.log = std::vector<std::string>(500, "a line");
    App app(folder(), server.url());
    QDialog* dialog = opened(app);
    auto* text = textOf(dialog);
    dialog->resize(500, 300);
    text->setFocus();
    text->selectAll();
    const auto marked = text->textCursor().selectedText().left(18);
    text->moveCursor(QTextCursor::Start);
    text->moveCursor(QTextCursor::EndOfLine, QTextCursor::KeepAnchor);
    text->verticalScrollBar()->setValue(3);
    const int place = text->verticalScrollBar()->value();
    QVERIFY(place > 0);
    QTRY_VERIFY(text->toPlainText().endsWith("\n  a line\n"));
    QCOMPARE(text->verticalScrollBar()->value(), place);
    QVERIFY(text->textCursor().selectedText().startsWith(marked));
    QVERIFY(!text->textCursor().selectedText().contains("a line"));
}

void TestDiagnosticsDialog::mayBeClosedBeforeTheServerAnswers() {
    FakeEasel server;
    server.log = std::vector<std::string>{"a line"};
    App app(folder(), server.url());
    opened(app)->close();
    QTRY_COMPARE(server.http().count("GET", "/v1/log"), 1);
    QTRY_VERIFY(!app.window.findChild<QDialog*>("diagnosticsDialog"));
    QTest::qWait(50);
    QVERIFY(textOf(opened(app)));
}

void TestDiagnosticsDialog::copiesAndSaves() {
    FakeEasel server;
    server.log = std::vector<std::string>{"größer"};
    App app(folder(), server.url());
    const QDialog* dialog = opened(app);
    QTRY_VERIFY(textOf(dialog)->toPlainText().endsWith("größer\n"));
    dialog->findChild<QAbstractButton*>("copyDiagnosticsButton")->click();
    QCOMPARE(QGuiApplication::clipboard()->text(), textOf(dialog)->toPlainText());
    QCOMPARE(noteOf(dialog), "Copied");
    const QString path = folder() + "/report.txt";
    chooseFile(dialog, path);
    QCOMPARE(contentOf(path), textOf(dialog)->toPlainText().toUtf8());
    QCOMPARE(noteOf(dialog), "Saved as " + path);
}

void TestDiagnosticsDialog::saysWhyItCannotSave() {
    FakeEasel server;
    App app(folder(), server.url());
    const QDialog* dialog = opened(app);
    const QString path = folder() + "/not/there/report.txt";
    chooseFile(dialog, path);
    QVERIFY2(noteOf(dialog).startsWith(path + " can't be written: "), qPrintable(noteOf(dialog)));
    QVERIFY(!QFile::exists(path));
    // What was there before is still whole.
    QVERIFY(QDir().mkpath(folder() + "/folder"));
    chooseFile(dialog, folder() + "/folder");
    QVERIFY2(noteOf(dialog).contains("can't be written"), qPrintable(noteOf(dialog)));
    QVERIFY(QFileInfo(folder() + "/folder").isDir());
    QVERIFY(dialog->isVisible());
}

void TestDiagnosticsDialog::isUsedByKeyboardAlone() {
    FakeEasel server;
    server.log = std::vector<std::string>(100, "a line");
    App app(folder(), server.url());
    QDialog* dialog = opened(app);
    QVERIFY(QTest::qWaitForWindowActive(dialog));
    QTRY_VERIFY(textOf(dialog)->hasFocus());
    QTRY_VERIFY(textOf(dialog)->toPlainText().endsWith("a line\n"));
    app.press(Qt::Key_PageDown);
    app.press(Qt::Key_PageDown);
    QVERIFY(textOf(dialog)->verticalScrollBar()->value() > 0);
    QStringList order;
    for (int i = 0; i < 4; ++i) {
        app.press(Qt::Key_Tab);
        order << QApplication::focusWidget()->objectName();
    }
    QVERIFY2(order.contains("saveDiagnosticsButton") && order.contains("copyDiagnosticsButton"),
             qPrintable(order.join(' ')));
    QCOMPARE(order.last(), "diagnosticsText");
    QGuiApplication::clipboard()->clear();
    app.press(Qt::Key_Return);  // the button that stands out
    QVERIFY(QGuiApplication::clipboard()->text().startsWith("Easel diagnostics, "));
    app.press(Qt::Key_Escape);
    QTRY_VERIFY(!app.window.findChild<QDialog*>("diagnosticsDialog"));
}

void TestDiagnosticsDialog::namesEverything() {
    FakeEasel server;
    App app(folder(), server.url());
    const QDialog* dialog = opened(app);
    QCOMPARE(QAccessible::queryAccessibleInterface(textOf(dialog))->text(QAccessible::Name), "Diagnostics");
    int buttons = 0;
    for (const auto* button : dialog->findChildren<QPushButton*>()) {
        QVERIFY(!button->text().isEmpty());
        ++buttons;
    }
    QCOMPARE(buttons, 3);
    const auto labels = dialog->findChildren<QLabel*>();
    QVERIFY(std::ranges::any_of(labels, [](const QLabel* label) {
        return label->text() == "Read it before you send it: it holds no keys and no prompts.";
    }));
    // What is told is heard, too.
    dialog->findChild<QAbstractButton*>("copyDiagnosticsButton")->click();
    auto* note = dialog->findChild<QLabel*>("diagnosticsNote");
    QCOMPARE(QAccessible::queryAccessibleInterface(note)->role(), QAccessible::AlertMessage);
    QCOMPARE(QAccessible::queryAccessibleInterface(note)->text(QAccessible::Name), "Copied");
}

QTEST_MAIN(TestDiagnosticsDialog)
#include "test_diagnostics_dialog.moc"
