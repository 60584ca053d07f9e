// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QAbstractItemView>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QTest>
#include <QToolButton>
#include <QWheelEvent>

#include <algorithm>

#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/fold.h"
#include "desktop/ui/parts/number_box.h"
#include "desktop/ui/parts/problem_mark.h"
#include "shared/protocol/json.h"

using namespace easel;
using protocol::GenerationRequest;
using protocol::ModelInfo;
using protocol::ServerInfo;
using ui::PromptPanel;

namespace {

ServerInfo server() {
    ServerInfo info;
    info.defaultModel = "starter";
    info.limits.minSide = 128;
    info.limits.maxSide = 1024;
    info.limits.maxSteps = 60;
    info.limits.maxGuidance = 20;
    info.limits.maxCount = 4;
    info.samplers = {{"ddim", "DDIM", {"default"}}, {"euler", "Euler", {"default", "karras"}}};
    return info;
}

std::vector<ModelInfo> models() {
    ModelInfo starter;
    starter.id = "starter";
    starter.title = "Starter";
    starter.width = starter.height = 256;
    starter.steps = 12;
    starter.guidance = 4;
    starter.sampler = "ddim";
    starter.knownNames = {"lighthouse", "boat"};
    starter.knownWords = {"a", "above", "the", "sea"};
    ModelInfo large;
    large.id = "large";
    large.title = "Large";
    large.width = large.height = 512;
    large.steps = 30;
    large.sampler = "euler";
    large.notes = {"Its scheduler is another."};
    return {starter, large};
}

/// A panel on screen, told of the server above.
struct Shown {
    PromptPanel panel;

    Shown() {
        panel.setServer(server(), models());
        panel.resize(340, 900);
        panel.show();
        if (!QTest::qWaitForWindowActive(&panel)) {
            qFatal("the panel did not come up");
        }
    }

    template <typename T>
    T* find(const char* name) const {
        T* found = panel.findChild<T*>(name);
        if (!found) {
            qFatal("no %s", name);
        }
        return found;
    }
    QDoubleSpinBox* number(const char* field) const {
        return find<QWidget>(field)->findChild<QDoubleSpinBox*>();
    }
    const GenerationRequest& request() const { return panel.request(); }
};

}  // namespace

class TestPromptPanel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void asksForNoMoreThanWasSet();
    void asksForWhatWasSet();
    void asksForOtherNumbers();
    void takesLimitsFromTheServer();
    void bringsAnOldRequestWithinTheLimits();
    void choosesShapes();
    void keepsWidthAndHeightOnTheGrid();
    void locksTheSeed();
    void typesASeed();
    void takesPointAndComma_data();
    void takesPointAndComma();
    void takesNoFractionOfAWholeNumber();
    void showsAllOfARestoredPrompt();
    void adoptsAnotherModel();
    void offersTheSchedulesOfTheSampler();
    void showsTheServersSentenceAtItsField();
    void unfoldsForAProblem();
    void wantsAPromptFirst();
    void growsWithThePromptAndThenScrolls();
    void offersWordsThatTheModelKnows();
    void saysWhichWordsTheModelDoesNotKnow();
    void goesThroughItsFieldsByKeyboard();
    void leavesTheWheelToThePanel();
};

void TestPromptPanel::asksForNoMoreThanWasSet() {
    Shown shown;
    QTest::keyClicks(shown.find<QPlainTextEdit>("promptEdit"), "a boat");
    GenerationRequest expected;
    expected.prompt = "a boat";
    QCOMPARE(shown.request(), expected);
}

void TestPromptPanel::asksForWhatWasSet() {
    Shown shown;
    QSignalSpy changes(&shown.panel, &PromptPanel::requestChanged);
    shown.find<QPlainTextEdit>("promptEdit")->setPlainText("a boat");
    shown.find<QPlainTextEdit>("negativePromptEdit")->setPlainText("fog");
    shown.number("stepsField")->setValue(20);
    shown.number("guidanceField")->setValue(6.5);
    shown.find<QSpinBox>("countBox")->setValue(3);
    shown.find<QSpinBox>("widthBox")->setValue(320);
    GenerationRequest expected;
    expected.prompt = "a boat";
    expected.negativePrompt = "fog";
    expected.width = 320;
    expected.height = 256;
    expected.steps = 20;
    expected.guidance = 6.5;
    expected.count = 3;
    QCOMPARE(shown.request(), expected);
    QCOMPARE(changes.size(), 6);
    QCOMPARE(changes.last()[0].value<GenerationRequest>(), expected);
}

void TestPromptPanel::asksForOtherNumbers() {
    const Shown shown;
    auto* box = shown.find<QSpinBox>("clip_skipBox");
    QCOMPARE(box->value(), 1);
    QCOMPARE(box->maximum(), 4);
    QCOMPARE(box->accessibleName(), "Clip skip");
    const QSignalSpy changes(&shown.panel, &PromptPanel::requestChanged);
    box->setValue(2);
    QCOMPARE(changes.count(), 1);
    QCOMPARE(shown.request().clipSkip, 2);
    box->setValue(1);
    QVERIFY(!shown.request().clipSkip);  // older servers may not know it
}

void TestPromptPanel::takesLimitsFromTheServer() {
    Shown shown;
    QCOMPARE(shown.number("stepsField")->maximum(), 60.0);
    QCOMPARE(shown.number("stepsField")->value(), 12.0);
    QCOMPARE(shown.number("guidanceField")->maximum(), 20.0);
    QCOMPARE(shown.find<QSpinBox>("countBox")->maximum(), 4);
    QCOMPARE(shown.find<QSpinBox>("widthBox")->minimum(), 128);
    QCOMPARE(shown.find<QSpinBox>("heightBox")->maximum(), 1024);
    QCOMPARE(shown.find<QComboBox>("modelBox")->count(), 2);
    QCOMPARE(shown.find<QComboBox>("samplerBox")->currentText(), "DDIM");
}

void TestPromptPanel::bringsAnOldRequestWithinTheLimits() {
    Shown shown;
    GenerationRequest old;
    old.prompt = "a boat";
    old.model = "gone";
    old.sampler = "unheard_of";
    old.steps = 500;
    old.width = 4096;
    old.height = 256;
    old.count = 16;
    shown.panel.setRequest(old);
    QCOMPARE(shown.request().model, std::nullopt);
    QCOMPARE(shown.request().sampler, std::nullopt);
    QCOMPARE(shown.request().steps, 60);
    QCOMPARE(shown.request().width, 1024);
    QCOMPARE(shown.request().count, 4);
}

void TestPromptPanel::choosesShapes() {
    Shown shown;
    QVERIFY(shown.find<QToolButton>("squareButton")->isChecked());
    shown.find<QToolButton>("landscapeButton")->click();
    QCOMPARE(shown.request().width, 384);
    QCOMPARE(shown.request().height, 256);
    QVERIFY(!shown.find<QToolButton>("squareButton")->isChecked());
    shown.find<QToolButton>("swapButton")->click();
    QCOMPARE(shown.request().width, 256);
    QCOMPARE(shown.request().height, 384);
    QVERIFY(shown.find<QToolButton>("portraitButton")->isChecked());
}

void TestPromptPanel::keepsWidthAndHeightOnTheGrid() {
    Shown shown;
    auto* width = shown.find<QSpinBox>("widthBox");
    width->setFocus();
    width->selectAll();
    QTest::keyClicks(width, "333");
    QCOMPARE(shown.request().width, std::nullopt);
    QTest::keyClick(width, Qt::Key_Return);
    QCOMPARE(shown.request().width, 328);
    width->stepUp();
    QCOMPARE(shown.request().width, 336);
}

void TestPromptPanel::locksTheSeed() {
    Shown shown;
    shown.panel.setLastSeed(4711);
    auto* lock = shown.find<QToolButton>("lockSeedButton");
    lock->click();
    QCOMPARE(shown.request().seed, 4711);
    QCOMPARE(shown.find<QLineEdit>("seedEdit")->text(), "4711");
    // A later picture does not move a seed that is locked.
    shown.panel.setLastSeed(4712);
    QCOMPARE(shown.request().seed, 4711);
    shown.find<QToolButton>("randomSeedButton")->click();
    QCOMPARE(shown.request().seed, std::nullopt);
    QVERIFY(!lock->isChecked());
    QVERIFY(shown.find<QLineEdit>("seedEdit")->text().isEmpty());
}

void TestPromptPanel::typesASeed() {
    Shown shown;
    auto* edit = shown.find<QLineEdit>("seedEdit");
    QTest::keyClicks(edit, "4x2");
    QCOMPARE(shown.request().seed, 42);
    QVERIFY(shown.find<QToolButton>("lockSeedButton")->isChecked());
    edit->selectAll();
    QTest::keyClicks(edit, "9999999999999999999");
    QTest::keyClick(edit, Qt::Key_Return);
    QCOMPARE(shown.request().seed.value_or(-2) <= server().limits.maxSeed, true);
}

void TestPromptPanel::takesPointAndComma_data() {
    QTest::addColumn<QLocale>("locale");
    QTest::addColumn<QString>("typed");
    for (const QLocale& locale :
         {QLocale(QLocale::C), QLocale("en_US"), QLocale("de_DE"), QLocale("fr_FR")}) {
        for (const char* typed : {"1,5", "1.5"}) {
            QTest::addRow("%s in %s", typed, qPrintable(locale.name())) << locale << typed;
        }
    }
}

void TestPromptPanel::takesPointAndComma() {
    QFETCH(QLocale, locale);
    QFETCH(QString, typed);
    const QLocale before;
    QLocale::setDefault(locale);
    {
        Shown shown;
        auto* guidance = shown.number("guidanceField");
        guidance->setFocus();
        guidance->selectAll();
        QTest::keyClicks(guidance, typed);
        QCOMPARE(shown.request().guidance, 1.5);
        QCOMPARE(guidance->text(), locale.toString(1.5, 'f', 1));
        QTest::keyClick(guidance, Qt::Key_Return);
        QCOMPARE(shown.request().guidance, 1.5);
        // The C library's locale is no matter on the wire.
        QVERIFY(protocol::toJson(shown.request()).find("1.5") != std::string::npos);
    }
    QLocale::setDefault(before);
}

void TestPromptPanel::takesNoFractionOfAWholeNumber() {
    Shown shown;
    // What is typed after a separator does not make the number ten times as large.
    const auto type = [](QAbstractSpinBox* box, const char* text) {
        box->setFocus();
        box->selectAll();
        QTest::keyClicks(box, text);
        QTest::keyClick(box, Qt::Key_Return);
    };
    for (const char* typed : {"12,5", "12.5"}) {
        type(shown.number("stepsField"), typed);
        QCOMPARE(shown.request().steps, 12);
    }
    const auto* width = shown.find<ui::WholeBox>("widthBox");
    QString text("256,");
    int position = 4;
    QCOMPARE(width->validate(text, position), QValidator::Invalid);
    text = "1.024";
    QCOMPARE(width->validate(text, position), QValidator::Invalid);
    text = "256";
    QCOMPARE(width->validate(text, position), QValidator::Acceptable);
}

void TestPromptPanel::showsAllOfARestoredPrompt() {
    protocol::GenerationRequest old;
    old.prompt = QString("a lighthouse above the sea ").repeated(100).toStdString();
    PromptPanel restored;
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

void TestPromptPanel::adoptsAnotherModel() {
    Shown shown;
    shown.number("stepsField")->setValue(20);
    auto* box = shown.find<QComboBox>("modelBox");
    box->setCurrentIndex(1);
    Q_EMIT box->activated(1);
    QCOMPARE(shown.request().model, "large");
    QCOMPARE(shown.request().steps, std::nullopt);
    QCOMPARE(shown.number("stepsField")->value(), 30.0);
    QCOMPARE(shown.find<QSpinBox>("widthBox")->value(), 512);
    QCOMPARE(shown.find<ui::Fold>("modelFold")->summary(), "Large · Euler");
    QVERIFY(box->toolTip().contains("Its scheduler is another."));
    QVERIFY(box->accessibleDescription().contains("Its scheduler is another."));
}

void TestPromptPanel::offersTheSchedulesOfTheSampler() {
    Shown shown;
    auto* samplers = shown.find<QComboBox>("samplerBox");
    auto* schedules = shown.find<QComboBox>("scheduleBox");
    QCOMPARE(schedules->count(), 1);
    samplers->setCurrentIndex(1);
    Q_EMIT samplers->activated(1);
    QCOMPARE(schedules->count(), 2);
    schedules->setCurrentIndex(1);
    Q_EMIT schedules->activated(1);
    QCOMPARE(shown.request().sampler, "euler");
    QCOMPARE(shown.request().schedule, "karras");
    // DDIM has no such schedule.
    samplers->setCurrentIndex(0);
    Q_EMIT samplers->activated(0);
    QCOMPARE(shown.request().schedule, std::nullopt);
}

void TestPromptPanel::showsTheServersSentenceAtItsField() {
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
    QVERIFY(!shown.panel.showProblem(protocol::invalidField("init_image", "Too large.")));
}

void TestPromptPanel::unfoldsForAProblem() {
    Shown shown;
    auto* fold = shown.find<ui::Fold>("modelFold");
    QVERIFY(!fold->isOpen());
    QVERIFY(shown.panel.showProblem(protocol::invalidField("sampler", "No such sampler.")));
    QVERIFY(fold->isOpen());
    QVERIFY(shown.find<QComboBox>("samplerBox")->isVisible());
}

void TestPromptPanel::wantsAPromptFirst() {
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

void TestPromptPanel::growsWithThePromptAndThenScrolls() {
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

void TestPromptPanel::offersWordsThatTheModelKnows() {
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

void TestPromptPanel::saysWhichWordsTheModelDoesNotKnow() {
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

void TestPromptPanel::goesThroughItsFieldsByKeyboard() {
    Shown shown;
    shown.panel.focusPrompt();
    QStringList order;
    for (int i = 0; i < 18; ++i) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        QWidget* at = QApplication::focusWidget();
        order << (at->accessibleName().isEmpty() ? at->objectName() : at->accessibleName());
    }
    const QStringList expected{"Negative prompt", "squareButton",   "Steps",         "Guidance", "Seed",
                               "Count",           "Model, sampler", "generateButton"};
    qsizetype last = -1;
    for (const QString& name : expected) {
        const auto at = std::ranges::find_if(order, [&](const QString& each) {
            return each == name || (name == "squareButton" && each.startsWith("Square"));
        });
        QVERIFY2(at != order.end(), qPrintable(name + " is not reached: " + order.join(", ")));
        QVERIFY2(at - order.begin() > last, qPrintable(name + " comes too early: " + order.join(", ")));
        last = at - order.begin();
    }
}

void TestPromptPanel::leavesTheWheelToThePanel() {
    Shown shown;
    shown.panel.focusPrompt();
    auto* steps = shown.number("stepsField");
    const double before = steps->value();
    QWheelEvent wheel(QPointF(5, 5), steps->mapToGlobal(QPointF(5, 5)), {}, {0, 120}, Qt::NoButton,
                      Qt::NoModifier, Qt::NoScrollPhase, false);
    QApplication::sendEvent(steps, &wheel);
    QCOMPARE(steps->value(), before);
    steps->setFocus();
    QApplication::sendEvent(steps, &wheel);
    QVERIFY(steps->value() != before);
}

QTEST_MAIN(TestPromptPanel)
#include "test_prompt_panel.moc"
