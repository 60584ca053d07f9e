// SPDX-License-Identifier: Apache-2.0
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QSpinBox>
#include <QTest>
#include <QTimer>

#include <functional>

#include "desktop/gallery/input_folder.h"
#include "desktop/preferences/preferences.h"
#include "desktop/remote/addon_desk.h"
#include "desktop/ui/paint/mask_painter.h"
#include "desktop/ui/panel/picture_well.h"
#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/fold.h"
#include "shared/protocol/generation_fields.h"
#include "tests/desktop/ui/panel/families.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using namespace easel::tests;
using protocol::AddonKind;

/// From the gallery, and from files, back into the panel and to the server.
class TestUsingPictures : public WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void init() { begin(); }
    void drawsFromAPictureOfTheGallery();
    void paintsAMaskOverTheStartPicture();
    void drawsFromTheLargePicture();
    void takesEverythingOverFromAFileOfOurs();
    void takesOverFromAFileOfAutomatic1111();
    void saysWhatOfTheAdditionsIsNotHere();
    void saysWhatTheModelHasNoUseFor();
    void offersToDrawFromAFileWithoutSettings();
    void saysWhatAnotherModelHasNoUseFor();
    void remembersItAllOverARestart();
    void showsARefusalAtTheField();
};

namespace {

FakeEasel& withFamilies(FakeEasel& server) {
    server.shelf.models = families();
    server.info.samplers = {{"euler", "Euler", {"default", "karras"}, false},
                            {"ddim", "DDIM", {"default"}, true}};
    server.addons = {addon(AddonKind::Lora, "ink"), addon(AddonKind::ControlNet, "canny"),
                     addon(AddonKind::Vae, "clear")};
    return server;
}

void waitForOffer(const App& app) {
    QTRY_VERIFY(app.link.models().size() > 1);
    QTRY_VERIFY(!app.studio.addons().addons().empty());
}

void dropOnPanel(const App& app, const QString& path) {
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(path)});
    auto* panel = app.find<QWidget>("promptPanel");
    QDragEnterEvent enter({5, 5}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(panel, &enter);
    QDropEvent event({5, 5}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(panel, &event);
}

QString write(const QString& folder, const QString& text) {
    QFile file(folder + "/dropped.png");
    const QByteArray png = text.isEmpty() ? plainPng() : gallery::withPngText(plainPng(), "parameters", text);
    if (!file.open(QIODevice::WriteOnly) || file.write(png) != png.size()) {
        qFatal("the file can't be written");
    }
    return file.fileName();
}

QString noticeOf(const App& app) {
    return app.find<QLabel>("noticeText")->text();
}

}  // namespace

void TestUsingPictures::drawsFromAPictureOfTheGallery() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    fill(app, 2);
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(0, 0));
    QContextMenuEvent event(QContextMenuEvent::Keyboard, QPoint(5, 5), QPoint(5, 5));
    QApplication::sendEvent(app.grid()->viewport(), &event);
    auto* menu = app.find<QMenu>("pictureMenu");
    const auto actions = menu->actions();
    const auto use = std::ranges::find(actions, QString("Use as s&tart picture"), &QAction::text);
    QVERIFY(use != actions.end());
    (*use)->trigger();
    menu->close();
    QTRY_VERIFY(app.request().initImage.has_value());
    QVERIFY(app.find<ui::Fold>("startFold")->isOpen());
    QCOMPARE(app.studio.rememberedRequest().initImage, app.request().initImage);

    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_COMPARE(server.jobCount(), 1);
    QVERIFY(server.inputs.contains(*app.request().initImage));
}

void TestUsingPictures::drawsFromTheLargePicture() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    fill(app, 2);
    open(app, 1);
    QTest::mouseClick(app.find("usePictureButton"), Qt::LeftButton);
    QTRY_VERIFY(app.request().initImage.has_value());
    const auto* shown = app.model.pictureAt(1);
    QFile file(shown->path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(app.studio.inputs().read(*app.request().initImage).value(), file.readAll());
}

void TestUsingPictures::paintsAMaskOverTheStartPicture() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    QImage picture(96, 64, QImage::Format_RGB32);
    picture.fill(Qt::darkGreen);
    protocol::GenerationRequest request;
    request.model = "plain";
    app.studio.inputs().keepImage(picture, this,
                                  [&](const auto& kept) { request.initImage = kept.value().id; });
    QTRY_VERIFY(request.initImage.has_value());
    app.find<ui::PromptPanel>("promptPanel")->setRequest(request);
    // The painter has an event loop of its own while it is open.
    const auto paint = [&](const std::function<void(ui::MaskPainter & painter)>& act) {
        QTimer look;
        connect(&look, &QTimer::timeout, &look, [&] {
            if (auto* painter = app.window.findChild<ui::MaskPainter*>()) {
                look.stop();
                act(*painter);
            }
        });
        look.start(10);
        app.find("paintMaskButton")->click();
        QTRY_VERIFY(!look.isActive());
    };
    paint([](ui::MaskPainter& painter) {
        painter.findChild<QAbstractButton*>("fillAllButton")->click();
        painter.accept();
    });
    QTRY_VERIFY(app.request().mask.has_value());
    const auto mask = app.request().mask;
    QImage begun;
    paint([&](ui::MaskPainter& painter) {
        begun = painter.mask();
        painter.reject();
    });
    QCOMPARE(begun.size(), picture.size());
    QCOMPARE(begun.pixelColor(5, 5), QColor(Qt::white));
    QCOMPARE(app.request().mask, mask);
}

void TestUsingPictures::takesEverythingOverFromAFileOfOurs() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    auto made = settings("a boat", 7);
    made.model = "xl";
    made.sampler = "ddim";
    made.eta = 0.5;
    made.guidanceRescale = 0.7;
    made.clipSkip = 2;
    made.emphasis = "no_norm";
    made.loras = {{"ink", 0.8, {}}};
    made.controls = {{"canny", std::string(64, 'c'), 0.9, 0, 0.5}};
    made.vae = "clear";
    made.initImage = std::string(64, 'a');
    made.mask = std::string(64, 'b');
    made.strength = 0.6;
    made.resize = "fill";
    made.maskBlur = 8;
    made.maskedContent = "noise";
    made.inpaintArea = "masked";
    made.inpaintPadding = 64;
    made.extendRight = 64;
    made.variationStrength = 0.2;
    made.variationSeed = 9;
    made.refiner = "refiner";
    made.refinerStart = 0.7;
    made.aestheticScore = 7;
    made.originalWidth = 1024;
    made.width = made.height = 512;
    dropOnPanel(app, write(folder(), QString::fromStdString(protocol::toInfotext(made, "0.1.0"))));
    QCOMPARE(noticeOf(app), "Settings taken over");
    auto expected = protocol::requestFor(made);
    expected.count = 1;
    QCOMPARE(app.request(), expected);
    QCOMPARE(app.studio.rememberedRequest(), expected);
    QCOMPARE(app.find<QSpinBox>("clip_skipBox")->value(), 2);
    QCOMPARE(app.find<QDoubleSpinBox>("loraWeightBox")->value(), 0.8);
    QTRY_VERIFY(app.find<ui::PictureWell>("startWell")->isMissing());
    QCOMPARE(app.find<ui::Fold>("startFold")->summary(), "missing");
}

void TestUsingPictures::takesOverFromAFileOfAutomatic1111() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    dropOnPanel(
        app,
        write(
            folder(),
            "a (red:1.2) fox\nNegative prompt: blurry\nSteps: 20, Sampler: Euler, Schedule type: "
            "Karras, CFG scale: 7, Seed: 5, Size: 512x768, Model: plain, Denoising strength: 0.4, "
            "Clip skip: 2, Hires upscale: 1.5, Hires steps: 12, Hires upscaler: Latent, "
            "Variation seed: 77, Variation seed strength: 0.3, Token merging ratio: 0.4, Version: v1.10.1"));
    const auto& request = app.request();
    QCOMPARE(request.prompt, "a (red:1.2) fox");
    QCOMPARE(request.sampler, "euler");
    QCOMPARE(request.schedule, "karras");
    QCOMPARE(request.hiresScale, 1.5);
    QCOMPARE(request.hiresSteps, 12);
    QCOMPARE(request.hiresStrength, 0.4);
    QCOMPARE(request.variationSeed, 77);
    QCOMPARE(request.clipSkip, 2);
    QCOMPARE(request.tokenMerging, 0.4);
    QVERIFY(!request.strength);
    QCOMPARE(app.find<ui::Fold>("hiresFold")->summary(),
             "Upscale 1.5 · Upscale steps 12 · Upscale strength 0.4");
}

void TestUsingPictures::saysWhatOfTheAdditionsIsNotHere() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    auto made = settings("a boat", 7);
    made.model = "xl";
    made.sampler = "ddim";
    made.width = made.height = 512;
    made.loras = {{"ink", 0.8, {}}, {"gone", 1, {}}};
    made.controls = {{"depth", std::string(64, 'c'), 0.9, 0, 0.5}};
    made.vae = "blurred";
    made.refiner = "nobody/nothing";
    dropOnPanel(app, write(folder(), QString::fromStdString(protocol::toInfotext(made, "0.1.0"))));
    QCOMPARE(noticeOf(app),
             "Not taken over: refiner nobody/nothing, LoRA gone, ControlNet depth, VAE blurred");
    QCOMPARE(app.request().loras.size(), std::size_t{1});
    QVERIFY(app.request().controls.empty() && !app.request().vae && !app.request().refiner);
}

void TestUsingPictures::saysWhatTheModelHasNoUseFor() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    auto made = settings("a boat", 7);
    made.model = "plain";
    made.sampler = "ddim";
    made.width = made.height = 512;
    made.originalWidth = 1024;
    made.loras = {{"gone", 1, {}}};
    dropOnPanel(app, write(folder(), QString::fromStdString(protocol::toInfotext(made, "0.1.0"))));
    QCOMPARE(noticeOf(app), "Not taken over: LoRA gone, original width");
}

void TestUsingPictures::offersToDrawFromAFileWithoutSettings() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    dropOnPanel(app, write(folder(), {}));
    QCOMPARE(noticeOf(app), "There are no settings in dropped.png.");
    QTest::mouseClick(app.find("noticeAction"), Qt::LeftButton);
    QTRY_VERIFY(app.request().initImage.has_value());
}

void TestUsingPictures::saysWhatAnotherModelHasNoUseFor() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    auto* models = app.find<QComboBox>("modelBox");
    const auto choose = [&](const char* name) {
        models->setCurrentIndex(models->findData(name));
        Q_EMIT models->activated(models->currentIndex());
    };
    choose("xl");
    auto* refiners = app.find<QComboBox>("refinerBox");
    refiners->setCurrentIndex(refiners->findData("refiner"));
    Q_EMIT refiners->activated(refiners->currentIndex());
    choose("plain");
    QCOMPARE(noticeOf(app), "This model has no use for: Refiner");
    QVERIFY(!app.studio.rememberedRequest().refiner);
}

void TestUsingPictures::remembersItAllOverARestart() {
    FakeEasel server;
    protocol::GenerationRequest before;
    {
        App app(folder(), withFamilies(server).url());
        waitForOffer(app);
        fill(app, 1);
        Q_EMIT app.window.findChild<ui::Library*>()->usePictureRequested(app.model.pictureAt(0)->path);
        QTRY_VERIFY(app.request().initImage.has_value());
        app.find<QWidget>("strengthField")->findChild<QDoubleSpinBox*>()->setValue(0.4);
        QTest::mouseClick(app.find<ui::Fold>("lorasFold")->heading(), Qt::LeftButton);
        before = app.request();
    }
    App app(folder(), server.url());
    waitForOffer(app);
    QCOMPARE(app.request(), before);
    QVERIFY(app.find<ui::Fold>("startFold")->isOpen() && app.find<ui::Fold>("lorasFold")->isOpen());
    QVERIFY(!app.find<ui::Fold>("modelFold")->isOpen());
    QTRY_VERIFY(app.find<ui::PictureWell>("startWell")->picture().has_value());
}

void TestUsingPictures::showsARefusalAtTheField() {
    FakeEasel server;
    App app(folder(), withFamilies(server).url());
    waitForOffer(app);
    server.refusal = protocol::invalidField("hires_scale", "No side may be longer than 2048.");
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_VERIFY(app.find<ui::Fold>("hiresFold")->isOpen());
    const auto notes = app.find<QWidget>("hiresFold")->findChildren<QLabel*>("note");
    QVERIFY(std::ranges::any_of(
        notes, [](const QLabel* note) { return note->text() == "No side may be longer than 2048."; }));
}

QTEST_MAIN(TestUsingPictures)
#include "test_using_pictures.moc"
