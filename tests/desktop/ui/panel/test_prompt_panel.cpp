// SPDX-License-Identifier: Apache-2.0
#include <QComboBox>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTest>
#include <QToolButton>
#include <QWheelEvent>

#include <algorithm>

#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/fold.h"
#include "desktop/ui/parts/number_box.h"
#include "shared/protocol/json.h"
#include "tests/desktop/ui/panel/shown_panel.h"

using namespace easel;
using namespace easel::tests;
using protocol::GenerationRequest;
using ui::PromptPanel;

/// Size, numbers and the model.
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
    void adoptsAnotherModel();
    void offersTheSchedulesOfTheSampler();
    void unfoldsForAProblem();
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

void TestPromptPanel::unfoldsForAProblem() {
    Shown shown;
    auto* fold = shown.find<ui::Fold>("modelFold");
    QVERIFY(!fold->isOpen());
    QVERIFY(shown.panel.showProblem(protocol::invalidField("sampler", "No such sampler.")));
    QVERIFY(fold->isOpen());
    QVERIFY(shown.find<QComboBox>("samplerBox")->isVisible());
}

void TestPromptPanel::goesThroughItsFieldsByKeyboard() {
    Shown shown;
    shown.panel.focusPrompt();
    QStringList order;
    for (int i = 0; i < 28; ++i) {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
        QWidget* at = QApplication::focusWidget();
        order << (at->accessibleName().isEmpty() ? at->objectName() : at->accessibleName());
    }
    const QStringList expected{
        "Negative prompt", "squareButton",  "Steps", "Guidance",    "Seed",           "Count",
        "Model, sampler",  "Start picture", "LoRAs", "ControlNets", "Prompt reading", "generateButton"};
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
