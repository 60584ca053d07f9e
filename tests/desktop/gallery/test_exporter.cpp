// SPDX-License-Identifier: Apache-2.0
#include <QClipboard>
#include <QDir>
#include <QGuiApplication>
#include <QImageReader>
#include <QMimeData>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QUrl>

#include "desktop/gallery/decode.h"
#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/exporter.h"
#include "desktop/gallery/picture_store.h"
#include "tests/desktop/gallery/pictures.h"

using namespace easel;
using gallery::Exporter;
using gallery::ExportOptions;
using gallery::ExportReport;
using gallery::Picture;

class TestExporter : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void copiesPngUnchanged();
    void neverOverwrites();
    void writesJpegWithItsSettings();
    void makesTheFolder();
    void writesWebP();
    void makesPicturesSmaller();
    void leavesTheSettingsOut();
    void opensLargePictures();
    void refusesWhatIsTooLarge();
    void explainsFailures();
    void exportsMany();
    void goesOnAfterAFailure();
    void canBeCancelled();
    void copiesToTheClipboard();

private:
    QString out() const { return m_dir->filePath("out"); }
    Picture put(const QString& name, const QByteArray& bytes);

    std::unique_ptr<QTemporaryDir> m_dir;
};

namespace {

QByteArray read(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

ExportReport wait(Exporter& exporter) {
    QSignalSpy finished(&exporter, &Exporter::finished);
    if (!finished.wait(60'000)) {
        qFatal("the export did not end");
    }
    return finished[0][0].value<ExportReport>();
}

}  // namespace

void TestExporter::init() {
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(QDir().mkpath(out()));
}

Picture TestExporter::put(const QString& name, const QByteArray& bytes) {
    const QString path = m_dir->filePath(name);
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) {
        qFatal("a test picture can't be written");
    }
    file.close();
    return gallery::describeFile(path);
}

void TestExporter::copiesPngUnchanged() {
    const QByteArray png = tests::serverPng(tests::settings("a cat"));
    const auto path =
        gallery::exportPicture(put("a.png", png), {.folder = out(), .pattern = "{seed}_{prompt}"}, 1);
    QVERIFY2(path, path ? "" : path.error().detail.c_str());
    QCOMPARE(*path, out() + "/41_a-cat.png");
    QCOMPARE(read(*path), png);
}

void TestExporter::neverOverwrites() {
    const Picture picture = put("a.png", tests::serverPng(tests::settings("a cat")));
    const ExportOptions options{.folder = out(), .pattern = "cat"};
    QCOMPARE(gallery::exportPicture(picture, options, 1).value(), out() + "/cat.png");
    QCOMPARE(gallery::exportPicture(picture, options, 1).value(), out() + "/cat-1.png");
    QCOMPARE(gallery::exportPicture(picture, options, 1).value(), out() + "/cat-2.png");
}

void TestExporter::writesJpegWithItsSettings() {
    const Picture picture = put("a.png", tests::serverPng(tests::settings("a 猫"), Qt::blue));
    const auto path = gallery::exportPicture(
        picture, {.folder = out(), .pattern = "cat", .format = ExportOptions::Format::Jpeg}, 1);
    QVERIFY2(path, path ? "" : path.error().detail.c_str());
    QCOMPARE(*path, out() + "/cat.jpg");
    const QByteArray bytes = read(*path);
    QVERIFY(bytes.startsWith("\xff\xd8"));
    const QImage image = QImage::fromData(bytes);
    QCOMPARE(image.size(), picture.size);
    QVERIFY(image.pixelColor(5, 5).blue() > 240);
    // The infotext as UTF-16, where other tools look for it: "a 猫" begins it.
    QVERIFY(bytes.contains(QByteArray("UNICODE\0\0a\0 \x73\x2b", 14)));

    // Transparent parts become white, not black.
    QImage clear(8, 8, QImage::Format_ARGB32);
    clear.fill(Qt::transparent);
    QVERIFY(clear.save(m_dir->filePath("clear.png")));
    const auto flat = gallery::exportPicture(gallery::describeFile(m_dir->filePath("clear.png")),
                                             {.folder = out(), .format = ExportOptions::Format::Jpeg}, 1);
    QVERIFY(flat);
    QCOMPARE(QImage(*flat).pixelColor(4, 4), QColor(Qt::white));
}

void TestExporter::makesTheFolder() {
    const Picture picture = put("a.png", tests::serverPng(tests::settings("a cat")));
    const QString folder = m_dir->filePath("not/there/yet");
    QVERIFY(gallery::exportPicture(picture, {.folder = folder}, 1));
    QCOMPARE(QDir(folder).entryList(QDir::Files).size(), 1);
}

void TestExporter::writesWebP() {
    if (!gallery::canExport(ExportOptions::Format::WebP)) {
        QSKIP("Qt has no plugin for WebP here");
    }
    const Picture picture = put("a.png", tests::serverPng(tests::settings("a cat"), Qt::blue));
    const auto path = gallery::exportPicture(
        picture, {.folder = out(), .pattern = "cat", .format = ExportOptions::Format::WebP}, 1);
    QCOMPARE(path.value(), out() + "/cat.webp");
    QCOMPARE(QImage(*path).size(), picture.size);
}

void TestExporter::makesPicturesSmaller() {
    const Picture picture = put("a.png", tests::serverPng(tests::settings("a cat")));
    const auto png = gallery::exportPicture(picture, {.folder = out(), .pattern = "a", .longestSide = 32}, 1);
    QCOMPARE(QImage(png.value()).size(), QSize(32, 24));
    QCOMPARE(gallery::describeFile(*png).settings->prompt, "a cat");
    const auto larger =
        gallery::exportPicture(picture, {.folder = out(), .pattern = "b", .longestSide = 640}, 1);
    QCOMPARE(read(larger.value()), read(picture.path));
}

void TestExporter::leavesTheSettingsOut() {
    const Picture picture = put("a.png", tests::serverPng(tests::settings("a secret")));
    for (const auto format : {ExportOptions::Format::Png, ExportOptions::Format::Jpeg}) {
        const auto path = gallery::exportPicture(
            picture, {.folder = out(), .pattern = "a", .format = format, .keepSettings = false}, 1);
        QVERIFY(path);
        QVERIFY(!read(*path).contains("secret") && !read(*path).contains("UNICODE"));
        QCOMPARE(QImage(*path).size(), picture.size);
    }
}

void TestExporter::opensLargePictures() {
    // 12,000 x 9,000 in one bit: its pixels take more than Qt allows on its own, the file next to nothing.
    QImage large(12'000, 9'000, QImage::Format_Mono);
    large.fill(1);
    QVERIFY(large.save(m_dir->filePath("large.png")));
    large = {};
    const QString path = m_dir->filePath("large.png");
    const auto shown = gallery::decodeToShow(path);
    QVERIFY2(shown, shown ? "" : shown.error().detail.c_str());
    QVERIFY(shown->width() > 5000 && shown->sizeInBytes() <= gallery::kPictureBytes);
    QCOMPARE(shown->width() / 100, shown->height() * 4 / 300);
    const auto jpeg =
        gallery::exportPicture(gallery::describeFile(path),
                               {.folder = out(), .pattern = "l", .format = ExportOptions::Format::Jpeg}, 1);
    QVERIFY2(jpeg, jpeg ? "" : jpeg.error().detail.c_str());
    QCOMPARE(QImageReader(*jpeg).size(), QSize(12'000, 9'000));
    gallery::copyToClipboard({path});
    const auto copied = qvariant_cast<QImage>(QGuiApplication::clipboard()->mimeData()->imageData());
    QCOMPARE(copied.size(), QSize(12'000, 9'000));
}

void TestExporter::refusesWhatIsTooLarge() {
    QImage huge(20'000, 20'000, QImage::Format_Mono);
    huge.fill(1);
    QVERIFY(huge.save(m_dir->filePath("huge.png")));
    const auto whole = gallery::decodeWhole(m_dir->filePath("huge.png"));
    QVERIFY(!whole);
    QCOMPARE(whole.error().code, std::string(gallery::kBrokenPicture));
    QVERIFY2(whole.error().detail.find("20000 × 20000 needs 1 GB") != std::string::npos,
             whole.error().detail.c_str());
}

void TestExporter::explainsFailures() {
    const Picture picture = put("a.png", tests::serverPng(tests::settings("a cat")));
    const auto inFile = gallery::exportPicture(picture, {.folder = picture.path}, 1);
    QVERIFY(!inFile);
    QCOMPARE(inFile.error().code, std::string(gallery::kNotWritable));

    const Picture broken = put("broken.png", "rubbish");
    const auto jpeg =
        gallery::exportPicture(broken, {.folder = out(), .format = ExportOptions::Format::Jpeg}, 1);
    QVERIFY(!jpeg);
    QCOMPARE(jpeg.error().code, std::string(gallery::kBrokenPicture));

    QVERIFY(QFile::remove(picture.path));
    const auto gone = gallery::exportPicture(picture, {.folder = out()}, 1);
    QVERIFY(!gone);
    QCOMPARE(gone.error().code, std::string(gallery::kNotReadable));
    QVERIFY(QDir(out()).isEmpty());
}

void TestExporter::exportsMany() {
    QList<Picture> pictures;
    for (int i = 0; i < 5; ++i) {
        pictures << put(QStringLiteral("%1.png").arg(i), tests::serverPng(tests::settings("cat", i)));
    }
    Exporter exporter;
    QSignalSpy progress(&exporter, &Exporter::progress);
    exporter.start(pictures, {.folder = out(), .pattern = "{index}_{seed}"});
    QVERIFY(exporter.isRunning());
    const ExportReport report = wait(exporter);
    QVERIFY(!exporter.isRunning());
    QVERIFY(report.problems.empty() && !report.cancelled);
    QCOMPARE(QDir(out()).entryList(QDir::Files),
             (QStringList{"001_0.png", "002_1.png", "003_2.png", "004_3.png", "005_4.png"}));
    QCOMPARE(report.files.size(), 5);
    QCOMPARE(progress.size(), 5);
    QCOMPARE(progress.last()[0].toInt(), 5);
    QCOMPARE(progress.last()[1].toInt(), 5);
}

void TestExporter::goesOnAfterAFailure() {
    const Picture good = put("good.png", tests::serverPng(tests::settings("good")));
    Picture gone = good;
    gone.path = m_dir->filePath("gone.png");
    Exporter exporter;
    exporter.start({gone, good}, {.folder = out(), .pattern = "{prompt}"});
    const ExportReport report = wait(exporter);
    QCOMPARE(report.problems.size(), 1u);
    QCOMPARE(report.files, QStringList{out() + "/good.png"});
}

void TestExporter::canBeCancelled() {
    const Picture picture = put("a.png", tests::plainPng(Qt::red, {1000, 1000}));
    Exporter exporter;
    exporter.start(QList<Picture>(500, picture), {.folder = out(), .format = ExportOptions::Format::Jpeg});
    exporter.cancel();
    const ExportReport report = wait(exporter);
    QVERIFY(report.cancelled);
    QVERIFY(report.files.size() < 500);
}

void TestExporter::copiesToTheClipboard() {
    const Picture picture = put("a.png", tests::serverPng(tests::settings("a cat")));
    gallery::copyToClipboard({picture.path});
    const QMimeData* data = QGuiApplication::clipboard()->mimeData();
    QCOMPARE(data->urls(), QList<QUrl>{QUrl::fromLocalFile(picture.path)});
    QCOMPARE(qvariant_cast<QImage>(data->imageData()).size(), QSize(64, 48));
    // Also when the picture has been deleted meanwhile.
    QVERIFY(QFile::remove(picture.path));
    QCOMPARE(qvariant_cast<QImage>(data->imageData()).size(), QSize(64, 48));
}

QTEST_MAIN(TestExporter)
#include "test_exporter.moc"
