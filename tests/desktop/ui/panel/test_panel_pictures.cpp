// SPDX-License-Identifier: Apache-2.0
#include <QAbstractButton>
#include <QClipboard>
#include <QComboBox>
#include <QDropEvent>
#include <QFile>
#include <QFileDialog>
#include <QGuiApplication>
#include <QLabel>
#include <QMimeData>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTest>

#include "desktop/ui/panel/picture_well.h"
#include "desktop/ui/parts/fold.h"
#include "desktop/ui/parts/problem_mark.h"
#include "tests/desktop/gallery/pictures.h"
#include "tests/desktop/ui/panel/families.h"
#include "tests/desktop/ui/panel/shown_panel.h"

using namespace easel;
using namespace easel::tests;
using ui::PictureWell;
using ui::PromptPanel;

/// Start pictures, masks and the pictures of ControlNets.
class TestPanelPictures : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void beginsWithADroppedPicture();
    void beginsWithAPastedPicture();
    void beginsWithAnOpenedPicture();
    void saysWhatIsNoPicture();
    void saysThatThereIsNothingToPaste();
    void takesAPictureOut();
    void drawsInTheSizeOfThePicture();
    void showsWhatAStartPictureBrings();
    void showsARememberedPicture();
    void saysThatAPictureIsMissing();
    void paintsAMask();
    void goesOnWithAMask();
    void keepsTheMaskOfWhoThoughtBetterOfIt();
    void hasNoMaskWhereNothingIsPainted();
    void saysThatAMaskIsOfAnotherSize();
    void extends();
    void holdsToPictures();
    void wantsAPictureForAControlNet();
    void saysThatThereAreNoControlNets();
    void takesSettingsOfADroppedFile();
};

namespace {

/// A panel with the family models, and files to drop into it.
struct Pictures : Shown {
    Pictures() : Shown(families()) {}

    QString put(const char* name, const QSize& size = {64, 48}, const QColor& color = Qt::red) const {
        QFile file(folder.filePath(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(plainPng(color, size)) < 0) {
            qFatal("the file can't be written");
        }
        return file.fileName();
    }
    QWidget* frame(const char* well) const { return find<PictureWell>(well)->input(); }
    static void drop(QWidget* target, QMimeData& data) {
        QDragEnterEvent enter({5, 5}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(target, &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent event({5, 5}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QApplication::sendEvent(target, &event);
    }
    static void dropFile(QWidget* target, const QString& path) {
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(path)});
        drop(target, data);
    }
    void begin(const QString& path) {
        panel.setStartPicture(path);
        QVERIFY(QTest::qWaitFor([&] { return request().initImage.has_value(); }));
    }
    QString noteOf(const char* well) const {
        const QWidget* box = find<PictureWell>(well)->parentWidget();
        return box->findChild<QLabel*>("note")->text();
    }
    bool isShown(const char* name) const {
        const auto* widget = panel.findChild<QWidget*>(name);
        return widget != nullptr && widget->isVisible();
    }
};

std::string idOf(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        qFatal("no such file");
    }
    return QCryptographicHash::hash(file.readAll(), QCryptographicHash::Sha256).toHex().toStdString();
}

QImage maskOf(const QSize& size) {
    QImage mask(size, QImage::Format_Grayscale8);
    mask.fill(255);
    return mask;
}

}  // namespace

void TestPanelPictures::beginsWithADroppedPicture() {
    Pictures shown;
    shown.find<ui::Fold>("startFold")->setOpen(true);
    const QSignalSpy changes(&shown.panel, &PromptPanel::requestChanged);
    const QString path = shown.put("a.png");
    Pictures::dropFile(shown.frame("startWell"), path);
    QTRY_COMPARE(shown.request().initImage, idOf(path));
    QCOMPARE(changes.size(), 1);
    QVERIFY(shown.inputs.holds(*shown.request().initImage));
    QCOMPARE(shown.noteOf("startWell"), "64 × 48");
    QCOMPARE(shown.find<ui::Fold>("startFold")->summary(), "64 × 48");
}

void TestPanelPictures::beginsWithAPastedPicture() {
    Pictures shown;
    shown.find<ui::Fold>("startFold")->setOpen(true);
    QImage image(30, 20, QImage::Format_RGB32);
    image.fill(Qt::blue);
    QGuiApplication::clipboard()->setImage(image);
    shown.frame("startWell")->setFocus();
    QTest::keyClick(shown.frame("startWell"), Qt::Key_V, Qt::ControlModifier);
    QTRY_VERIFY(shown.request().initImage.has_value());
    QCOMPARE(QImage::fromData(shown.inputs.read(*shown.request().initImage).value()).pixelColor(3, 3),
             QColor(Qt::blue));
}

void TestPanelPictures::beginsWithAnOpenedPicture() {
    Pictures shown;
    shown.find<ui::Fold>("startFold")->setOpen(true);
    const QString path = shown.put("a.png");
    QTest::mouseClick(shown.find<QAbstractButton>("openPictureButton"), Qt::LeftButton);
    auto* question = shown.find<QFileDialog>("openPictureQuestion");
    Q_EMIT question->fileSelected(path);
    question->close();
    QTRY_COMPARE(shown.request().initImage, idOf(path));
}

void TestPanelPictures::saysWhatIsNoPicture() {
    Pictures shown;
    shown.find<ui::Fold>("startFold")->setOpen(true);
    QFile file(shown.folder.filePath("a.txt"));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("text") > 0);
    file.close();
    Pictures::dropFile(shown.frame("startWell"), file.fileName());
    QTRY_VERIFY(shown.noteOf("startWell").startsWith("a.txt can't be used"));
    QVERIFY(!shown.request().initImage);
    Pictures::dropFile(shown.frame("startWell"), shown.put("a.png"));
    QTRY_COMPARE(shown.noteOf("startWell"), "64 × 48");
}

void TestPanelPictures::saysThatThereIsNothingToPaste() {
    Pictures shown;
    shown.find<ui::Fold>("startFold")->setOpen(true);
    QGuiApplication::clipboard()->setText("words");
    QTest::mouseClick(shown.find<QAbstractButton>("pastePictureButton"), Qt::LeftButton);
    QVERIFY(shown.noteOf("startWell").startsWith("There is no picture on the clipboard"));
}

void TestPanelPictures::takesAPictureOut() {
    Pictures shown;
    shown.begin(shown.put("a.png"));
    QTest::mouseClick(
        shown.find<PictureWell>("startWell")->findChild<QAbstractButton*>("removePictureButton"),
        Qt::LeftButton);
    QVERIFY(!shown.request().initImage);
    QVERIFY(!shown.isShown("strengthField"));
    QVERIFY(shown.find<ui::Fold>("startFold")->summary().isEmpty());
}

void TestPanelPictures::drawsInTheSizeOfThePicture() {
    Pictures shown;
    shown.begin(shown.put("a.png", {700, 301}));
    QTest::mouseClick(shown.find<QAbstractButton>("startSizeButton"), Qt::LeftButton);
    QCOMPARE(shown.request().width, 696);
    QCOMPARE(shown.request().height, 296);
    shown.panel.setStartPicture(shown.put("b.png", {4096, 2048}));
    QTRY_COMPARE(shown.noteOf("startWell"), "4096 × 2048");
    QTest::mouseClick(shown.find<QAbstractButton>("startSizeButton"), Qt::LeftButton);
    QCOMPARE(shown.request().width, 1024);
    QCOMPARE(shown.request().height, 512);
}

void TestPanelPictures::showsWhatAStartPictureBrings() {
    Pictures shown;
    for (const char* name : {"strengthField", "resizeBox", "maskFold", "extendFold"}) {
        QVERIFY2(!shown.isShown(name), name);
    }
    shown.begin(shown.put("a.png"));
    for (const char* name : {"strengthField", "resizeBox", "maskFold", "extendFold"}) {
        QVERIFY2(shown.isShown(name), name);
    }
    QVERIFY(!shown.isShown("image_guidanceField"));
    shown.number("strengthField")->setValue(0.4);
    QCOMPARE(shown.request().strength, 0.4);
    auto* resize = shown.find<QComboBox>("resizeBox");
    resize->setCurrentIndex(resize->findData("fill"));
    Q_EMIT resize->activated(resize->currentIndex());
    QCOMPARE(shown.request().resize, "fill");

    auto* models = shown.find<QComboBox>("modelBox");
    QSignalSpy left(&shown.panel, &PromptPanel::leftOut);
    models->setCurrentIndex(models->findData("editor"));
    Q_EMIT models->activated(models->currentIndex());
    QVERIFY(shown.isShown("image_guidanceField"));
    QVERIFY(!shown.isShown("strengthField") && !shown.isShown("maskFold") && !shown.isShown("hiresFold"));
    QCOMPARE(left.size(), 1);
    QCOMPARE(left.first().first().toStringList(), QStringList{"Strength"});
    QVERIFY(!shown.request().strength && shown.request().initImage);
}

void TestPanelPictures::showsARememberedPicture() {
    Pictures shown;
    shown.begin(shown.put("a.png"));
    const auto remembered = shown.request();
    Shown again(families());
    QFile::copy(shown.folder.filePath("inputs/") + QString::fromStdString(*remembered.initImage),
                again.folder.filePath(QString::fromStdString(*remembered.initImage)));
    QVERIFY(QFile::rename(shown.folder.filePath("inputs"), again.folder.filePath("inputs")));
    again.panel.setRequest(remembered);
    QTRY_COMPARE(again.find<ui::Fold>("startFold")->summary(), "64 × 48");
    QCOMPARE(again.request(), remembered);
}

void TestPanelPictures::saysThatAPictureIsMissing() {
    Pictures shown;
    protocol::GenerationRequest old;
    old.prompt = "a boat";
    old.initImage = std::string(64, 'a');
    shown.panel.setRequest(old);
    shown.find<ui::Fold>("startFold")->setOpen(true);
    QTRY_VERIFY(shown.noteOf("startWell").startsWith("This picture is not on this computer any more"));
    QCOMPARE(shown.find<ui::Fold>("startFold")->summary(), "missing");
    QCOMPARE(shown.request().initImage, old.initImage);  // the server may have it
    QVERIFY(!shown.find<QAbstractButton>("startSizeButton")->isEnabled());
    QVERIFY(shown.panel.showProblem(protocol::invalidField("init_image", "Choose it again.")));
    QCOMPARE(shown.noteOf("startWell"), "Choose it again.");
    QVERIFY(ui::isMarkedWrong(*shown.frame("startWell")));
}

void TestPanelPictures::paintsAMask() {
    Pictures shown;
    shown.begin(shown.put("a.png"));
    shown.find<ui::Fold>("maskFold")->setOpen(true);
    QVERIFY(!shown.isShown("paintMaskButton"));
    QSize seen;
    bool hadMask = true;
    shown.panel.setMaskPainting([&](const QImage& picture, const QImage& mask) {
        seen = picture.size();
        hadMask = !mask.isNull();
        return std::optional(maskOf(picture.size()));
    });
    QVERIFY(shown.isShown("paintMaskButton"));
    QVERIFY(!shown.isShown("mask_blurBox"));
    QTest::mouseClick(shown.find<QAbstractButton>("paintMaskButton"), Qt::LeftButton);
    QTRY_VERIFY(shown.request().mask.has_value());
    QCOMPARE(seen, QSize(64, 48));
    QVERIFY(!hadMask);
    const auto mask = QImage::fromData(shown.inputs.read(*shown.request().mask).value());
    QCOMPARE(mask.size(), QSize(64, 48));
    QCOMPARE(mask.pixelColor(10, 10), QColor(Qt::white));
    QVERIFY(shown.isShown("mask_blurBox") && shown.isShown("inpaint_areaBox"));
    QVERIFY(!shown.isShown("inpaint_paddingBox"));
    auto* area = shown.find<QComboBox>("inpaint_areaBox");
    area->setCurrentIndex(area->findData("masked"));
    Q_EMIT area->activated(area->currentIndex());
    QVERIFY(shown.isShown("inpaint_paddingBox"));
    shown.find<QSpinBox>("mask_blurBox")->setValue(12);
    QCOMPARE(shown.request().maskBlur, 12);
    QCOMPARE(shown.request().inpaintArea, "masked");
}

void TestPanelPictures::goesOnWithAMask() {
    Pictures shown;
    shown.begin(shown.put("a.png"));
    shown.find<ui::Fold>("maskFold")->setOpen(true);
    QImage begunWith;
    shown.panel.setMaskPainting([&](const QImage& picture, const QImage& mask) {
        begunWith = mask;
        return std::optional(maskOf(picture.size()));
    });
    shown.find<PictureWell>("maskWell")->takeFile(shown.put("mask.png", {64, 48}, Qt::black));
    QTRY_VERIFY(shown.request().mask.has_value());
    QTest::mouseClick(shown.find<QAbstractButton>("paintMaskButton"), Qt::LeftButton);
    QTRY_COMPARE(begunWith.size(), QSize(64, 48));
    QCOMPARE(begunWith.pixelColor(3, 3), QColor(Qt::black));
}

void TestPanelPictures::hasNoMaskWhereNothingIsPainted() {
    Pictures shown;
    shown.begin(shown.put("a.png"));
    shown.find<ui::Fold>("maskFold")->setOpen(true);
    shown.find<PictureWell>("maskWell")->takeFile(shown.put("mask.png"));
    QTRY_VERIFY(shown.request().mask.has_value());
    shown.panel.setMaskPainting([&](const QImage& picture, const QImage&) {
        QImage cleared = maskOf(picture.size());
        cleared.fill(0);
        return std::optional(cleared);
    });
    QTest::mouseClick(shown.find<QAbstractButton>("paintMaskButton"), Qt::LeftButton);
    QTRY_VERIFY(!shown.request().mask.has_value());
}

void TestPanelPictures::keepsTheMaskOfWhoThoughtBetterOfIt() {
    Pictures shown;
    shown.begin(shown.put("a.png"));
    shown.find<ui::Fold>("maskFold")->setOpen(true);
    shown.find<PictureWell>("maskWell")->takeFile(shown.put("mask.png"));
    QTRY_VERIFY(shown.request().mask.has_value());
    const auto before = shown.request();
    bool asked = false;
    shown.panel.setMaskPainting([&](const QImage&, const QImage&) {
        asked = true;
        return std::optional<QImage>();
    });
    QTest::mouseClick(shown.find<QAbstractButton>("paintMaskButton"), Qt::LeftButton);
    QTRY_VERIFY(asked);
    QCOMPARE(shown.request(), before);
}

void TestPanelPictures::saysThatAMaskIsOfAnotherSize() {
    Pictures shown;
    shown.begin(shown.put("a.png"));
    shown.find<ui::Fold>("maskFold")->setOpen(true);
    shown.find<PictureWell>("maskWell")->takeFile(shown.put("mask.png"));
    QTRY_COMPARE(shown.noteOf("maskWell"), "64 × 48");
    shown.panel.setStartPicture(shown.put("b.png", {100, 50}));
    QTRY_VERIFY(
        shown.noteOf("maskWell").startsWith("This mask is 64 × 48, but the start picture is 100 × 50"));
    QVERIFY(shown.request().mask.has_value());
}

void TestPanelPictures::extends() {
    Pictures shown;
    shown.begin(shown.put("a.png"));
    shown.find<ui::Fold>("extendFold")->setOpen(true);
    shown.find<QSpinBox>("extend_leftBox")->setValue(128);
    shown.find<QSpinBox>("extend_bottomBox")->setValue(64);
    QCOMPARE(shown.request().extendLeft, 128);
    QCOMPARE(shown.request().extendBottom, 64);
    QCOMPARE(shown.find<ui::Fold>("extendFold")->summary(), "Left 128 · Bottom 64");
    shown.find<QSpinBox>("extend_leftBox")->setValue(0);
    QVERIFY(!shown.request().extendLeft);
}

void TestPanelPictures::holdsToPictures() {
    Pictures shown;
    shown.panel.setAddons(
        {addon(protocol::AddonKind::ControlNet, "canny"), addon(protocol::AddonKind::ControlNet, "depth")});
    shown.find<ui::Fold>("controlsFold")->setOpen(true);
    auto* add = shown.find<QAbstractButton>("addControlButton");
    QTest::mouseClick(add, Qt::LeftButton);
    QTest::mouseClick(add, Qt::LeftButton);
    const auto wells = shown.panel.findChildren<PictureWell*>("controlWell");
    const auto nets = shown.panel.findChildren<QComboBox*>("controlNetBox");
    const auto scales = shown.panel.findChildren<QWidget*>("controlScaleField");
    QCOMPARE(wells.size(), 2);
    const QString path = shown.put("pose.png");
    Pictures::dropFile(wells[1]->input(), path);
    QTRY_COMPARE(shown.request().controls.back().image, idOf(path));
    nets[1]->setCurrentIndex(nets[1]->findData("depth"));
    Q_EMIT nets[1]->activated(nets[1]->currentIndex());
    scales[1]->findChild<QDoubleSpinBox*>()->setValue(0.6);
    const protocol::ControlUse expected{"depth", idOf(path), 0.6, 0, 1};
    QCOMPARE(shown.request().controls.size(), std::size_t{2});
    QCOMPARE(shown.request().controls[1], expected);
    QCOMPARE(shown.find<ui::Fold>("controlsFold")->summary(), "canny · depth");
    QTest::mouseClick(shown.find<QAbstractButton>("removeControlButton"), Qt::LeftButton);
    QCOMPARE(shown.request().controls, std::vector{expected});
    for (int i = 0; i < 5; ++i) {
        add->click();
    }
    QCOMPARE(shown.request().controls.size(), std::size_t{protocol::kMaxControls});
}

void TestPanelPictures::wantsAPictureForAControlNet() {
    Pictures shown;
    shown.panel.setPrompt("a boat");
    shown.panel.setAddons({addon(protocol::AddonKind::ControlNet, "canny")});
    shown.find<QAbstractButton>("addControlButton")->click();
    QSignalSpy wanted(&shown.panel, &PromptPanel::generateRequested);
    shown.panel.generate();
    QVERIFY(wanted.isEmpty());
    QVERIFY(shown.find<ui::Fold>("controlsFold")->isOpen());
    shown.find<PictureWell>("controlWell")->takeFile(shown.put("a.png"));
    QTRY_VERIFY(!shown.request().controls.front().image.empty());
    shown.panel.generate();
    QCOMPARE(wanted.size(), 1);
}

void TestPanelPictures::saysThatThereAreNoControlNets() {
    Pictures shown;
    shown.find<ui::Fold>("controlsFold")->setOpen(true);
    shown.find<ui::Fold>("lorasFold")->setOpen(true);
    QVERIFY(shown.isShown("noControlNetsNote") && shown.isShown("noLorasNote"));
    QVERIFY(!shown.isShown("addControlButton") && !shown.isShown("loraPicker"));
}

void TestPanelPictures::takesSettingsOfADroppedFile() {
    Pictures shown;
    QSignalSpy dropped(&shown.panel, &PromptPanel::settingsDropped);
    const QString path = shown.put("a.png");
    Pictures::dropFile(&shown.panel, path);
    QCOMPARE(dropped.size(), 1);
    QCOMPARE(dropped.first().first().toString(), path);
    QMimeData text;
    text.setText("words");
    QDragEnterEvent enter({5, 5}, Qt::CopyAction, &text, Qt::LeftButton, Qt::NoModifier);
    enter.ignore();
    QApplication::sendEvent(&shown.panel, &enter);
    QVERIFY(!enter.isAccepted());
}

QTEST_MAIN(TestPanelPictures)
#include "test_panel_pictures.moc"
