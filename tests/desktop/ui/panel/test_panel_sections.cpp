// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QComboBox>
#include <QCompleter>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTest>

#include <algorithm>

#include "desktop/ui/panel/addon_picker.h"
#include "desktop/ui/parts/field_box.h"
#include "desktop/ui/parts/fold.h"
#include "shared/protocol/generation_fields.h"
#include "tests/desktop/ui/panel/families.h"
#include "tests/desktop/ui/panel/shown_panel.h"

using namespace easel;
using namespace easel::tests;
using protocol::AddonKind;
using ui::PromptPanel;

/// The parts that fold away, but for those with pictures.
class TestPanelSections : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void addsAndWeighsLoras();
    void findsLorasByAnyPartOfTheirNames();
    void insertsTheWordsOfALora();
    void marksLorasThatAreNotThere();
    void choosesAVae();
    void drawsAgainLarger();
    void hurriesAsTheModelCan();
    void varies();
    void refines();
    void readsPromptsOtherwise();
    void tunesTheSampler();
    void letsNumbersBeTyped();
    void unfoldsForEachProblem();
    void leavesProblemsOutOfSightToOthers();
    void remembersWhichPartsAreOpen();
    void hasAControlForEachField();
};

namespace {

void choose(QComboBox* box, const char* name) {
    box->setCurrentIndex(box->findData(name));
    QVERIFY(box->currentIndex() >= 0);
    Q_EMIT box->activated(box->currentIndex());
}

}  // namespace

void TestPanelSections::addsAndWeighsLoras() {
    Shown shown(families());
    shown.panel.setAddons({addon(AddonKind::Lora, "ink"), addon(AddonKind::Lora, "fur")});
    shown.find<ui::Fold>("lorasFold")->setOpen(true);
    auto* picker = shown.find<QComboBox>("loraPicker");
    QCOMPARE(picker->count(), 2);
    choose(picker, "ink");
    choose(picker, "fur");
    choose(picker, "ink");  // once is enough
    using Loras = std::vector<protocol::LoraUse>;
    QCOMPARE(shown.request().loras, (Loras{{"ink", 1, {}}, {"fur", 1, {}}}));
    const auto weights = shown.panel.findChildren<QDoubleSpinBox*>("loraWeightBox");
    QCOMPARE(weights.size(), 2);
    weights[1]->setValue(-0.65);
    QCOMPARE(shown.request().loras[1].weight, -0.65);
    QCOMPARE(weights[1]->accessibleName(), "Weight of fur");
    QCOMPARE(shown.find<ui::Fold>("lorasFold")->summary(), "ink 1 · fur -0.65");
    QTRY_VERIFY(picker->lineEdit()->text().isEmpty());
    QTest::mouseClick(shown.find<QAbstractButton>("removeLoraButton"), Qt::LeftButton);
    QCOMPARE(shown.request().loras, (Loras{{"fur", -0.65, {}}}));
    QCOMPARE(weights[0]->value(), -0.65);
}

void TestPanelSections::findsLorasByAnyPartOfTheirNames() {
    Shown shown(families());
    shown.panel.setAddons({addon(AddonKind::Lora, "ink_and_wash"), addon(AddonKind::Lora, "fur")});
    shown.find<ui::Fold>("lorasFold")->setOpen(true);
    auto* edit = shown.find<QComboBox>("loraPicker")->lineEdit();
    edit->setFocus();
    QTest::keyClicks(edit, "WASH");
    QTest::keyClick(edit, Qt::Key_Return);
    QVERIFY(shown.request().loras.empty());  // no name as it stands
    edit->clear();
    QTest::keyClicks(edit, "wash");
    auto* completer = shown.find<QComboBox>("loraPicker")->completer();
    QCOMPARE(completer->completionCount(), 1);
    QCOMPARE(completer->currentCompletion(), "ink_and_wash");
}

void TestPanelSections::insertsTheWordsOfALora() {
    Shown shown(families());
    auto ink = addon(AddonKind::Lora, "ink");
    ink.triggers = {"ink wash", "sumi"};
    shown.panel.setAddons({ink, addon(AddonKind::Lora, "fur")});
    shown.panel.setPrompt("a boat");
    shown.find<ui::Fold>("lorasFold")->setOpen(true);
    choose(shown.find<QComboBox>("loraPicker"), "ink");
    choose(shown.find<QComboBox>("loraPicker"), "fur");
    const auto buttons = shown.panel.findChildren<QAbstractButton*>("insertWordsButton");
    QTRY_VERIFY(buttons[0]->isVisible());
    QVERIFY(!buttons[1]->isVisible());
    QTest::mouseClick(buttons[0], Qt::LeftButton);
    QCOMPARE(shown.request().prompt, "a boat, ink wash");
}

void TestPanelSections::marksLorasThatAreNotThere() {
    Shown shown(families());
    shown.panel.setAddons({addon(AddonKind::Lora, "ink")});
    protocol::GenerationRequest old;
    old.prompt = "a boat";
    old.loras = {{"gone", 0.5, 0.25}};
    shown.panel.setRequest(old);
    shown.find<ui::Fold>("lorasFold")->setOpen(true);
    QVERIFY(shown.find<QLabel>("loraNote")->isVisible());
    QCOMPARE(shown.request().loras, old.loras);
    shown.panel.setAddons({addon(AddonKind::Lora, "gone")});
    QVERIFY(!shown.find<QLabel>("loraNote")->isVisible());
}

void TestPanelSections::choosesAVae() {
    Shown shown(families());
    shown.find<ui::Fold>("modelFold")->setOpen(true);
    auto* box = shown.find<QComboBox>("vaeBox");
    QVERIFY(!box->isVisible());
    shown.panel.setAddons({addon(AddonKind::Vae, "clear")});
    QVERIFY(box->isVisible());
    choose(box, "clear");
    QCOMPARE(shown.request().vae, "clear");
    QVERIFY(shown.find<ui::Fold>("modelFold")->summary().endsWith("clear"));
    choose(box, "");
    QVERIFY(!shown.request().vae);
}

void TestPanelSections::drawsAgainLarger() {
    Shown shown(families());
    shown.find<ui::Fold>("hiresFold")->setOpen(true);
    QVERIFY(!shown.find<QWidget>("hires_stepsBox")->isVisible());
    shown.number("hires_scaleField")->setValue(1.5);
    QVERIFY(shown.find<QWidget>("hires_stepsBox")->isVisible());
    QCOMPARE(shown.find<QSpinBox>("hires_stepsBox")->text(), "same");
    shown.find<QSpinBox>("hires_stepsBox")->setValue(8);
    shown.number("hires_strengthField")->setValue(0.5);
    choose(shown.find<QComboBox>("hires_upscalerBox"), "lanczos");
    QCOMPARE(shown.request().hiresScale, 1.5);
    QCOMPARE(shown.request().hiresSteps, 8);
    QCOMPARE(shown.request().hiresStrength, 0.5);
    QCOMPARE(shown.request().hiresUpscaler, "lanczos");
    shown.number("hires_scaleField")->setValue(1);
    QVERIFY(!shown.request().hiresScale);
    QSignalSpy wanted(&shown.panel, &PromptPanel::generateRequested);
    shown.panel.setPrompt("a boat");
    shown.panel.generate();
    const auto sent = wanted.first().first().value<protocol::GenerationRequest>();
    QVERIFY(!sent.hiresSteps && !sent.hiresUpscaler);
    QCOMPARE(shown.request().hiresSteps, 8);  // for the next time
}

void TestPanelSections::hurriesAsTheModelCan() {
    Shown shown({plainModel(), quickModel()});
    const auto* fold = shown.find<ui::Fold>("accelerationFold");
    QVERIFY(fold->isVisible() && !fold->isOpen());
    QCOMPARE(fold->summary(), "");
    shown.find<ui::Fold>("accelerationFold")->setOpen(true);
    auto* interval = shown.find<QSpinBox>("deepcache_intervalBox");
    QCOMPARE(interval->text(), "off");
    interval->setValue(3);
    shown.number("token_mergingField")->setValue(0.5);
    shown.number("guidance_toField")->setValue(0.75);
    QVERIFY(!shown.find<QWidget>("decoderBox")->isVisible());
    QCOMPARE(shown.request().deepcacheInterval, 3);
    QCOMPARE(shown.request().tokenMerging, 0.5);
    QCOMPARE(shown.request().guidanceTo, 0.75);
    QVERIFY(!shown.request().guidanceFrom && !shown.request().decoder);
    interval->setValue(1);
    QVERIFY(!shown.request().deepcacheInterval);

    auto other = shown.request();
    other.model = "quick";
    shown.panel.setRequest(other);
    QVERIFY(shown.find<QWidget>("decoderBox")->isVisible());
    QVERIFY(!shown.number("token_mergingField")->isVisible());
    choose(shown.find<QComboBox>("decoderBox"), "tiny");
    QCOMPARE(shown.request().decoder, "tiny");
}

void TestPanelSections::varies() {
    Shown shown(families());
    shown.find<ui::Fold>("variationFold")->setOpen(true);
    auto* seed = shown.find<QLineEdit>("variationSeedEdit");
    QVERIFY(!seed->isVisible());
    shown.number("variation_strengthField")->setValue(0.2);
    QVERIFY(seed->isVisible());
    QTest::keyClicks(seed, "77");
    QTest::keyClick(seed, Qt::Key_Return);
    QCOMPARE(shown.request().variationStrength, 0.2);
    QCOMPARE(shown.request().variationSeed, 77);
}

void TestPanelSections::refines() {
    Shown shown(families());
    QVERIFY(!shown.find<QWidget>("refinerFold")->isVisible() &&
            !shown.find<QWidget>("sizesFold")->isVisible());
    choose(shown.find<QComboBox>("modelBox"), "xl");
    QVERIFY(shown.find<QWidget>("refinerFold")->isVisible() && shown.find<QWidget>("sizesFold")->isVisible());
    shown.find<ui::Fold>("refinerFold")->setOpen(true);
    QVERIFY(!shown.find<QWidget>("refiner_startField")->isVisible());
    choose(shown.find<QComboBox>("refinerBox"), "refiner");
    QVERIFY(shown.find<QWidget>("refiner_startField")->isVisible());
    QVERIFY(shown.find<QWidget>("aesthetic_scoreField")->isVisible());
    shown.number("refiner_startField")->setValue(0.7);
    QCOMPARE(shown.request().refiner, "refiner");
    QCOMPARE(shown.request().refinerStart, 0.7);
    shown.find<QSpinBox>("original_widthBox")->setValue(1024);
    QCOMPARE(shown.request().originalWidth, 1024);
    choose(shown.find<QComboBox>("modelBox"), "plain");
    QVERIFY(!shown.request().refiner && !shown.request().refinerStart && !shown.request().originalWidth);
}

void TestPanelSections::readsPromptsOtherwise() {
    Shown shown(families());
    shown.find<ui::Fold>("wordsFold")->setOpen(true);
    choose(shown.find<QComboBox>("prompt_syntaxBox"), "plain");
    choose(shown.find<QComboBox>("emphasisBox"), "no_norm");
    shown.find<QSpinBox>("clip_skipBox")->setValue(2);
    QCOMPARE(shown.request().promptSyntax, "plain");
    QCOMPARE(shown.request().emphasis, "no_norm");
    QCOMPARE(shown.find<ui::Fold>("wordsFold")->summary(), "Clip skip 2 · Plain words · Mean not kept");
    choose(shown.find<QComboBox>("prompt_syntaxBox"), "a1111");
    QVERIFY(!shown.request().promptSyntax);
}

void TestPanelSections::tunesTheSampler() {
    Shown shown(families());
    auto info = server();
    info.samplers = {{"euler", "Euler", {"default"}, false}, {"ddim", "DDIM", {"default"}, true}};
    shown.panel.setServer(info, families());
    shown.find<ui::Fold>("modelFold")->setOpen(true);
    QVERIFY(!shown.find<QWidget>("etaField")->isVisible());
    choose(shown.find<QComboBox>("samplerBox"), "ddim");
    QVERIFY(shown.find<QWidget>("etaField")->isVisible());
    QCOMPARE(shown.number("etaField")->text(), "auto");
    shown.number("etaField")->setValue(0.5);
    QCOMPARE(shown.request().eta, 0.5);
    shown.number("guidance_rescaleField")->setValue(0.7);
    QCOMPARE(shown.request().guidanceRescale, 0.7);
    shown.number("etaField")->setValue(shown.number("etaField")->minimum());
    QVERIFY(!shown.request().eta);
    shown.number("etaField")->setValue(0);
    QCOMPARE(shown.request().eta, 0.0);
    choose(shown.find<QComboBox>("samplerBox"), "euler");
    QVERIFY(!shown.request().eta);  // it takes none
}

void TestPanelSections::letsNumbersBeTyped() {
    Shown shown(families());
    shown.find<ui::Fold>("variationFold")->setOpen(true);
    auto* box = shown.number("variation_strengthField");
    box->setFocus();
    box->selectAll();
    QTest::keyClicks(box, "0.35");
    QCOMPARE(box->text(), "0.35");
    QCOMPARE(shown.request().variationStrength, 0.35);
}

void TestPanelSections::unfoldsForEachProblem() {
    Shown shown(families());
    for (const char* field : {"loras", "controls", "hires_scale", "variation_strength", "guidance_rescale",
                              "clip_skip", "init_image", "prompt_syntax"}) {
        QVERIFY2(shown.panel.showProblem(protocol::invalidField(field, "Not so.")), field);
    }
    for (const char* fold :
         {"lorasFold", "controlsFold", "hiresFold", "variationFold", "modelFold", "wordsFold", "startFold"}) {
        QVERIFY2(shown.find<ui::Fold>(fold)->isOpen(), fold);
    }
    const auto* box =
        qobject_cast<ui::FieldBox*>(shown.find<QWidget>("clip_skipBox")->parentWidget()->parent());
    QVERIFY(box != nullptr && box->hasProblem());
    shown.find<QSpinBox>("clip_skipBox")->setValue(3);
    QVERIFY(!box->hasProblem());
}

void TestPanelSections::leavesProblemsOutOfSightToOthers() {
    Shown shown(families());
    QVERIFY(!shown.panel.showProblem(protocol::invalidField("mask", "Not without a picture.")));
    QVERIFY(!shown.panel.showProblem(protocol::invalidField("refiner", "Not with this model.")));
    QVERIFY(!shown.panel.showProblem(protocol::invalidField("preview_every", "Not yet.")));
}

void TestPanelSections::remembersWhichPartsAreOpen() {
    Shown shown(families());
    QSignalSpy changes(&shown.panel, &PromptPanel::openPartsChanged);
    QVERIFY(shown.panel.openParts().isEmpty());
    for (const char* fold : {"lorasFold", "negativeFold"}) {
        QTest::mouseClick(shown.find<ui::Fold>(fold)->heading(), Qt::LeftButton);
    }
    QCOMPARE(changes.size(), 2);
    const QStringList open = shown.panel.openParts();
    QCOMPARE(open, (QStringList{"loras", "negative"}));
    Shown again(families());
    again.panel.setOpenParts(open);
    QVERIFY(again.find<ui::Fold>("lorasFold")->isOpen() && again.find<ui::Fold>("negativeFold")->isOpen());
    QVERIFY(!again.find<ui::Fold>("modelFold")->isOpen());
}

void TestPanelSections::hasAControlForEachField() {
    const std::vector<protocol::ModelInfo> none;
    Shown shown(none);
    shown.panel.setRequest([] {
        protocol::GenerationRequest all;
        all.prompt = "a boat";
        all.initImage = all.mask = std::string(64, 'a');
        all.hiresScale = 2;
        all.variationStrength = 0.5;
        all.refiner = all.vae = "another";
        return all;
    }());
    protocol::forEachField([&](const auto& row) {
        const std::string name = row.name;
        const bool isOfSomeModelsOnly =
            row.group == protocol::FieldGroup::Sizes || row.group == protocol::FieldGroup::Refiner ||
            row.group == protocol::FieldGroup::Acceleration || name == "image_guidance" ||
            name == "inpaint_padding" || name == "preview_every";
        if (!isOfSomeModelsOnly) {
            QVERIFY2(shown.panel.showProblem(protocol::invalidField(name, "Wrong.")), name.c_str());
        }
    });
}

QTEST_MAIN(TestPanelSections)
#include "test_panel_sections.moc"
