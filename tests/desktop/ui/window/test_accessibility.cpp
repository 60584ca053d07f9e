// SPDX-License-Identifier: Apache-2.0
#include <QAbstractSpinBox>
#include <QAccessible>
#include <QLabel>
#include <QLineEdit>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

#include "desktop/remote/addon_desk.h"
#include "desktop/ui/parts/fold.h"
#include "tests/desktop/gallery/pictures.h"
#include "tests/desktop/studio/fake_easel.h"
#include "tests/desktop/ui/panel/families.h"
#include "tests/desktop/ui/window/app.h"

using namespace easel;
using tests::App;
using tests::FakeEasel;

namespace {

QString nameOf(QWidget* widget) {
    QAccessibleInterface* interface = QAccessible::queryAccessibleInterface(widget);
    return interface ? interface->text(QAccessible::Name) : QString();
}

}  // namespace

class TestAccessibility : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void everyControlHasAName();
    void foldsAreButtonsThatOpen();
    void tellsWhatHappens();
    void tabReachesEverything();

private:
    QString folder() const { return m_dir->path(); }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestAccessibility::everyControlHasAName() {
    FakeEasel server;
    server.addons = {tests::addon(protocol::AddonKind::Lora, "ink"),
                     tests::addon(protocol::AddonKind::ControlNet, "canny"),
                     tests::addon(protocol::AddonKind::Vae, "clear")};
    server.addons[0].triggers = {"ink wash"};
    App app(folder(), server.url());
    QTRY_VERIFY(!app.link.models().empty() && !app.studio.addons().addons().empty());
    auto* panel = app.find<ui::PromptPanel>("promptPanel");
    protocol::GenerationRequest full;
    full.initImage = full.mask = std::string(64, 'a');
    full.loras = {{"ink", 1, {}}};
    full.controls = {{"canny", std::string(64, 'b'), 1, 0, 1}};
    full.hiresScale = 2;
    full.variationStrength = 0.5;
    panel->setRequest(full);
    panel->setMaskPainting([](const QImage&, const QImage&) { return std::nullopt; });
    for (auto* fold : panel->findChildren<ui::Fold*>()) {
        fold->setOpen(true);
    }
    QTRY_VERIFY(app.find<QWidget>("loraWeightBox")->isVisible());
    app.find<QLineEdit>("searchEdit")->setText("x");  // Now it can be cleared.
    int controls = 0;
    for (auto* widget : app.window.findChildren<QWidget*>()) {
        const bool isPart = qobject_cast<QAbstractSpinBox*>(widget->parentWidget()) != nullptr;
        const bool isControl = qobject_cast<QAbstractButton*>(widget) || widget->focusPolicy() & Qt::TabFocus;
        if (!widget->isVisible() || isPart || !isControl) {
            continue;
        }
        ++controls;
        QVERIFY2(!nameOf(widget).isEmpty(),
                 qPrintable(widget->objectName() + " " + widget->metaObject()->className()));
    }
    QVERIFY(controls > 60);
    QCOMPARE(nameOf(app.find<QWidget>("paintMaskButton")), "Paint mask…");
    QCOMPARE(nameOf(app.find<QWidget>("loraWeightBox")), "Weight of ink");
    QCOMPARE(nameOf(app.find<QWidget>("countBox")), "Count");
    QCOMPARE(nameOf(app.find<QWidget>("samplerBox")), "Sampler");
}

void TestAccessibility::foldsAreButtonsThatOpen() {
    FakeEasel server;
    App app(folder(), server.url());
    auto* fold = app.find<ui::Fold>("modelFold");
    QAccessibleInterface* heading = QAccessible::queryAccessibleInterface(fold->heading());
    QCOMPARE(heading->role(), QAccessible::Button);
    QCOMPARE(heading->text(QAccessible::Name), "Model, sampler");
    QVERIFY(!heading->state().checkable);
    QVERIFY(heading->state().expandable && heading->state().collapsed && !heading->state().expanded);
    heading->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
    QVERIFY(fold->isOpen());
    QVERIFY(heading->state().expanded && !heading->state().collapsed);
    fold->heading()->setFocus();
    QTest::keyClick(fold->heading(), Qt::Key_Space);
    QVERIFY(!fold->isOpen());
}

void TestAccessibility::tellsWhatHappens() {
    FakeEasel server;
    App app(folder(), server.url());
    QTRY_VERIFY(app.link.isOnline());
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_COMPARE(server.streamCount("j_1"), 1);
    server.draw("j_1");
    QTRY_COMPARE(nameOf(app.find<QWidget>("liveRegion")), "Picture ready: a boat");

    app.find("generateButton")->click();
    QTRY_COMPARE(server.streamCount("j_2"), 1);
    server.finish("j_2", protocol::JobState::Failed, protocol::generationFailed("It came out black."));
    QTRY_COMPARE(nameOf(app.find<QWidget>("liveRegion")), "A picture has failed: It came out black.");

    server.refusal = protocol::invalidField("width", "Too wide.");
    app.find("generateButton")->click();
    QTRY_COMPARE(nameOf(app.find<QWidget>("liveRegion")), "Too wide.");

    for (const char* name : {"liveRegion", "noticeBar"}) {
        QCOMPARE(QAccessible::queryAccessibleInterface(app.find<QWidget>(name))->role(),
                 QAccessible::AlertMessage);
    }
    app.grid()->setFocus();
    app.grid()->setCurrentIndex(app.grid()->model()->index(1, 0));
    app.press(Qt::Key_Delete);
    QTRY_COMPARE(nameOf(app.find<QWidget>("noticeBar")), "Deleted 1 picture. Undo");
}

void TestAccessibility::tabReachesEverything() {
    FakeEasel server;
    server.info.samplers = {{"pndm", "PNDM (PLMS)", {"default"}}};
    App app(folder(), server.url());
    QTRY_VERIFY(!app.link.models().empty());
    const auto settings = tests::settings("a picture", 1);
    QVERIFY(tests::addTo(app.store, tests::serverPng(settings), settings));
    app.write("a boat");
    app.find("generateButton")->click();
    QTRY_COMPARE(server.jobCount(), 1);
    app.find<ui::Fold>("modelFold")->setOpen(true);
    app.find<QWidget>("promptEdit")->setFocus();
    QStringList reached;
    for (int i = 0; i < 80; ++i) {
        app.press(Qt::Key_Tab);
        QWidget* at = QApplication::focusWidget();
        reached << at->objectName();
        for (QWidget* up = at->parentWidget(); up; up = up->parentWidget()) {
            reached << up->objectName();
        }
    }
    for (const char* name :
         {"serverChip",   "searchEdit",     "thumbnailSlider", "menuButton",     "promptEdit",
          "foldHeading",  "squareButton",   "swapButton",      "widthBox",       "heightBox",
          "stepsField",   "guidanceField",  "seedEdit",        "lockSeedButton", "countBox",
          "modelBox",     "samplerBox",     "scheduleBox",     "generateButton", "galleryView",
          "cancelButton", "cancelAllButton"}) {
        QVERIFY2(reached.contains(name), name);
    }
}

QTEST_MAIN(TestAccessibility)
#include "test_accessibility.moc"
