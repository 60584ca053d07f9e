// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csignal>
#include <memory>

#include <QApplication>
#include <QComboBox>
#include <QDialog>
#include <QDir>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QSignalSpy>
#include <QTcpSocket>
#include <QTest>
#include <QToolButton>

#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/fold.h"
#include "desktop/ui/parts/number_slider.h"
#include "tests/end_to_end/app.h"
#include "tests/end_to_end/server_process.h"

namespace {

using easel::gallery::PendingTile;
using easel::remote::ServerLink;

constexpr int kPatience = 120'000;  // milliseconds; a slow machine is not a failure
constexpr int kLong = 400;          // steps: long enough to step in

}  // namespace

/// The real server, the real worker and a tiny model, driven by clicks on the real window.
class TestEndToEnd : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() {
        m_home = std::make_unique<QTemporaryDir>();
        m_server = std::make_unique<ServerProcess>();
        QVERIFY2(m_server->start(), qPrintable(m_server->error));
        m_app = std::make_unique<App>(*qApp, *m_home);
        QVERIFY2(m_app->open(m_server->url()), m_app->error.c_str());
        QTRY_VERIFY_WITH_TIMEOUT(!m_app->link.models().empty(), kPatience);
    }

    void cleanup() {
        m_app.reset();
        m_server.reset();
        m_home.reset();
    }

    void aPromptBecomesAPictureThatCanBeExported() {
        QSignalSpy status(&m_app->studio, &easel::studio::Studio::statusChanged);
        type("a red fox, na\u00efve \U0001F98A", 12);
        generate();
        QCOMPARE(m_app->model.tileCount(), 1);
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 1, kPatience);
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.tileCount(), 0, kPatience);
        QVERIFY2(sawStep(status), "the status line never told a step");

        const auto* picture = m_app->model.pictureAt(0);
        QVERIFY(picture && picture->settings);
        QCOMPARE(QString::fromStdString(picture->settings->prompt),
                 QString("a red fox, na\u00efve \U0001F98A"));
        QCOMPARE(picture->settings->steps, 12);
        QTRY_VERIFY_WITH_TIMEOUT(
            !m_app->model.index(0, 0).data(easel::gallery::PictureModel::ThumbnailRole).isNull(), kPatience);

        const QTemporaryDir target;
        exportTo(target.path());
        const QStringList files = QDir(target.path()).entryList({"*.png"});
        QCOMPARE(files.size(), 1);
        const auto exported = easel::gallery::describeFile(target.filePath(files.first()));
        QCOMPARE(exported.size, picture->size);
        QVERIFY(exported.settings == picture->settings);
        const QImage image(exported.path);
        QCOMPARE(image.size(), picture->size);
        QVERIFY2(!isOneColour(image), "the picture is blank");
    }

    void theSameSeedIsTheSamePicture() {
        m_app->find<QLineEdit>("seedEdit")->setText("41");
        easel::protocol::GenerationRequest request;
        request.prompt = "fox";
        request.seed = 41;
        request.steps = 4;
        // One after the other: in company a picture may differ by a rounding.
        for (const int count : {1, 2}) {
            m_app->studio.generate(request);
            QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), count, kPatience);
        }
        QCOMPARE(QImage(m_app->model.pictureAt(0)->path), QImage(m_app->model.pictureAt(1)->path));
    }

    void aPictureIsDrawnFromAnother() {
        type("fox", 4);
        generate();
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 1, kPatience);
        const QString first = m_app->model.pictureAt(0)->path;

        auto* panel = m_app->find<easel::ui::PromptPanel>("promptPanel");
        panel->setMaskPainting([](const QImage& picture, const QImage&) {
            QImage mask(picture.size(), QImage::Format_Grayscale8);
            mask.fill(0);
            for (int y = 0; y < mask.height(); ++y) {
                std::fill_n(mask.scanLine(y), mask.width() / 2, uchar{255});
            }
            return std::optional(mask);
        });
        panel->setStartPicture(first);
        QTRY_VERIFY_WITH_TIMEOUT(panel->request().initImage.has_value(), kPatience);
        m_app->find<easel::ui::Fold>("maskFold")->setOpen(true);
        QTest::mouseClick(m_app->find<QPushButton>("paintMaskButton"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(panel->request().mask.has_value(), kPatience);
        type("boat", 4);
        generate();
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 2, kPatience);

        const auto* again = m_app->model.pictureAt(0);
        const auto asked = panel->request();
        QCOMPARE(again->settings->initImage, *asked.initImage);
        QCOMPARE(again->settings->mask, *asked.mask);
        // What was not painted over is as it was.
        const QImage before(first);
        const QImage after(again->path);
        QCOMPARE(after.size(), before.size());
        const QPoint kept(before.width() - 1, before.height() / 2);
        QCOMPARE(after.pixelColor(kept), before.pixelColor(kept));

        panel->setRequest({});
        Q_EMIT panel->settingsDropped(again->path);
        QCOMPARE(panel->request().initImage, asked.initImage);
        QCOMPARE(panel->request().mask, asked.mask);
        QCOMPARE(panel->request().prompt, "boat");
    }

    void aKilledWorkerCostsARetryAndNoPicture() {
        type("fox", kLong);
        generate();
        QTRY_VERIFY_WITH_TIMEOUT(runningStep() > 0, kPatience);
        const qint64 worker = m_server->workerPid();
        QVERIFY(worker > 0);
        QCOMPARE(::kill(pid_t(worker), SIGKILL), 0);
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 1, kPatience);
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.tileCount(), 0, kPatience);
        QVERIFY(m_server->workerPid() != worker);
    }

    void cancelStopsAndLeavesNothing() {
        type("fox", kLong);
        generate();
        QTRY_VERIFY_WITH_TIMEOUT(runningStep() > 0, kPatience);
        QTRY_VERIFY_WITH_TIMEOUT(m_app->find<QToolButton>("cancelButton"), kPatience);
        QTest::mouseClick(m_app->find<QToolButton>("cancelButton"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.tileCount(), 0, kPatience);
        QCOMPARE(m_app->model.pictureCount(), 0);

        // The server is free again at once.
        type("fox", 2);
        generate();
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 1, kPatience);
    }

    void theServerMayGoAndComeBack() {
        type("fox", kLong);
        generate();
        QTRY_VERIFY_WITH_TIMEOUT(runningStep() > 0, kPatience);
        m_server->kill();
        QTRY_COMPARE_WITH_TIMEOUT(m_app->link.state(), ServerLink::State::Unreachable, kPatience);

        // What is asked for meanwhile waits here.
        type("cat", 2);
        generate();
        QCOMPARE(m_app->model.tileCount(), 2);

        QVERIFY2(m_server->start(), qPrintable(m_server->error));
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 2, kPatience);
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.tileCount(), 0, kPatience);
    }

    void theAppMayGoAndComeBack() {
        type("fox", kLong);
        generate();
        QTRY_VERIFY_WITH_TIMEOUT(runningStep() > 0, kPatience);
        m_app.reset();
        m_app = std::make_unique<App>(*qApp, *m_home);
        QVERIFY2(m_app->open(m_server->url()), m_app->error.c_str());
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 1, kPatience);
    }

    void thisComputerDraws() {
        qputenv("XDG_DATA_HOME", m_home->filePath("data").toUtf8());
        m_app->find<QPushButton>("useThisComputerButton")->click();
        QTRY_VERIFY_WITH_TIMEOUT(m_app->link.state() == ServerLink::State::Connected &&
                                     m_app->remote.address().port() != m_server->url().port(),
                                 kPatience);
        QVERIFY(m_app->local.isOurs());
        const QUrl address = m_app->remote.address();
        type("fox", 2);
        generate();
        QTRY_COMPARE_WITH_TIMEOUT(m_app->model.pictureCount(), 1, kPatience);
        // It ends with the app.
        m_app.reset();
        QTcpSocket socket;
        QTRY_VERIFY_WITH_TIMEOUT(
            (socket.abort(), socket.connectToHost(address.host(), quint16(address.port())),
             !socket.waitForConnected(1000)),
            kPatience);
    }

    void sigtermEndsTheServerWell() {
        QCOMPARE(m_server->terminate(), 0);
        QCOMPARE(m_server->workerPid(), 0);
    }

private:
    void type(const QString& prompt, int steps) {
        auto* edit = m_app->find<QPlainTextEdit>("promptEdit");
        edit->setFocus();
        edit->selectAll();
        QTest::keyClick(edit, Qt::Key_Delete);
        edit->insertPlainText(prompt);
        auto* box = m_app->find<easel::ui::NumberSlider>("stepsField")->box();
        box->setFocus();
        box->selectAll();
        QTest::keyClicks(box, QString::number(steps));
        QTest::keyClick(box, Qt::Key_Tab);
    }

    void generate() {
        auto* button = m_app->find<QPushButton>("generateButton");
        QTRY_VERIFY_WITH_TIMEOUT(button->isEnabled(), kPatience);
        QTest::mouseClick(button, Qt::LeftButton);
    }

    int runningStep() const {
        const PendingTile* tile = m_app->model.tileAt(0);
        return tile && tile->state == PendingTile::State::Running ? tile->step : 0;
    }

    static bool sawStep(const QSignalSpy& status) {
        return std::any_of(status.begin(), status.end(),
                           [](const QVariantList& line) { return line.first().toString().contains("step"); });
    }

    static bool isOneColour(const QImage& image) {
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                if (image.pixel(x, y) != image.pixel(0, 0)) {
                    return false;
                }
            }
        }
        return true;
    }

    void exportTo(const QString& folder) {
        auto* grid = m_app->find<QListView>("galleryView");
        grid->setFocus();
        grid->setCurrentIndex(grid->model()->index(0, 0));
        QTest::keyClick(grid, Qt::Key_E, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(m_app->find<QDialog>("exportDialog"), kPatience);
        auto* dialog = m_app->find<QDialog>("exportDialog");
        dialog->findChild<QLineEdit*>("folderEdit")->setText(folder);
        dialog->findChild<QComboBox*>("formatBox")->setCurrentIndex(0);
        QTest::mouseClick(dialog->findChild<QPushButton*>("startExportButton"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!m_app->find<QDialog>("exportDialog"), kPatience);
    }

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<ServerProcess> m_server;
    std::unique_ptr<App> m_app;
};

QTEST_MAIN(TestEndToEnd)
#include "test_end_to_end.moc"
