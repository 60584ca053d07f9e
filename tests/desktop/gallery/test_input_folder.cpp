// SPDX-License-Identifier: Apache-2.0
#include <QCryptographicHash>
#include <QFile>
#include <QFileInfo>
#include <QImage>
#include <QTemporaryDir>
#include <QTest>

#include <optional>

#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/input_folder.h"
#include "tests/desktop/gallery/pictures.h"

using namespace easel;
using gallery::InputFolder;
using gallery::InputPicture;
using protocol::Expected;

class TestInputFolder : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void keepsAFileUnderItsHash();
    void keepsWhatServersDoNotReadAsPng();
    void keepsAnImage();
    void turnsPicturesUpright();
    void keepsAPictureOnce();
    void refusesWhatIsNoPicture();
    void tellsOfAMissingPicture();
    void removesWhatIsOldAndNotWanted();
    void forgetsWhoIsGone();

private:
    QString place(const char* name) const { return m_dir->filePath(name); }
    QString put(const char* name, const QByteArray& bytes) const {
        QFile file(place(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) {
            qFatal("the file can't be written");
        }
        return file.fileName();
    }
    QStringList kept() const { return QDir(place("inputs")).entryList(QDir::Files); }

    std::unique_ptr<QTemporaryDir> m_dir;
};

namespace {

std::string hashOf(const QByteArray& bytes) {
    return QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex().toStdString();
}

template <typename T, typename Call>
Expected<T> wait(Call call) {
    std::optional<Expected<T>> result;
    QObject context;
    call(&context, [&](Expected<T> value) { result = std::move(value); });
    if (!QTest::qWaitFor([&] { return result.has_value(); }, 30'000)) {
        qFatal("no answer");
    }
    return *result;
}

Expected<InputPicture> keep(InputFolder& folder, const QString& path) {
    return wait<InputPicture>([&](QObject* context, auto done) { folder.keepFile(path, context, done); });
}

Expected<InputPicture> look(InputFolder& folder, const std::string& id) {
    return wait<InputPicture>([&](QObject* context, auto done) { folder.look(id, context, done); });
}

QByteArray bytesOf(const QImage& image, const char* format) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    image.save(&buffer, format);
    return bytes;
}

/// A JPEG whose EXIF says that the camera was held upright.
QByteArray turnedJpeg() {
    QImage image(80, 40, QImage::Format_RGB32);
    image.fill(Qt::blue);
    const QByteArray exif = QByteArray::fromHex(
        "ffe10022457869660000"
        "4d4d002a00000008"
        "0001"
        "0112000300000001"
        "00060000"
        "00000000");
    return bytesOf(image, "JPEG").insert(2, exif);
}

}  // namespace

void TestInputFolder::keepsAFileUnderItsHash() {
    InputFolder folder(place("inputs"));
    const QByteArray png = tests::plainPng(Qt::green, {1200, 300});
    const auto picture = keep(folder, put("a.png", png));
    QVERIFY(picture.has_value());
    QCOMPARE(picture->id, hashOf(png));
    QCOMPARE(picture->size, QSize(1200, 300));
    QCOMPARE(picture->preview.size(), QSize(InputFolder::kPreviewEdge, 128));
    QCOMPARE(picture->preview.pixelColor(5, 5), QColor(Qt::green));
    QVERIFY(folder.holds(picture->id));
    QCOMPARE(folder.read(picture->id).value(), png);
    QFile::remove(place("a.png"));
    QCOMPARE(look(folder, picture->id).value(), *picture);
    const auto whole =
        wait<QImage>([&](QObject* context, auto done) { folder.load(picture->id, context, done); });
    QCOMPARE(whole->size(), QSize(1200, 300));
}

void TestInputFolder::keepsWhatServersDoNotReadAsPng() {
    InputFolder folder(place("inputs"));
    QImage image(30, 20, QImage::Format_RGB32);
    image.fill(Qt::red);
    const auto picture = keep(folder, put("a.bmp", bytesOf(image, "BMP")));
    QVERIFY(picture.has_value());
    QVERIFY(folder.read(picture->id)->startsWith("\x89PNG"));
    QCOMPARE(picture->size, QSize(30, 20));
}

void TestInputFolder::keepsAnImage() {
    InputFolder folder(place("inputs"));
    QImage image(30, 20, QImage::Format_Grayscale8);
    image.fill(200);
    const auto picture =
        wait<InputPicture>([&](QObject* context, auto done) { folder.keepImage(image, context, done); });
    QVERIFY(picture.has_value());
    QCOMPARE(QImage::fromData(*folder.read(picture->id)).convertToFormat(QImage::Format_Grayscale8), image);
}

void TestInputFolder::turnsPicturesUpright() {
    InputFolder folder(place("inputs"));
    const auto picture = keep(folder, put("a.jpg", turnedJpeg()));
    QVERIFY(picture.has_value());
    QCOMPARE(picture->size, QSize(40, 80));
    QCOMPARE(picture->preview.size(), QSize(40, 80));
    QCOMPARE(folder.read(picture->id).value(), turnedJpeg());
}

void TestInputFolder::keepsAPictureOnce() {
    InputFolder folder(place("inputs"));
    const QByteArray png = tests::plainPng();
    QCOMPARE(keep(folder, put("a.png", png))->id, keep(folder, put("b.png", png))->id);
    QCOMPARE(kept().size(), 1);
}

void TestInputFolder::refusesWhatIsNoPicture() {
    InputFolder folder(place("inputs"));
    QCOMPARE(keep(folder, put("a.txt", "no picture")).error().code, std::string(gallery::kBrokenPicture));
    QCOMPARE(keep(folder, put("a.png", tests::plainPng().left(60))).error().code,
             std::string(gallery::kBrokenPicture));
    QCOMPARE(keep(folder, place("not-there.png")).error().code, std::string(gallery::kNotReadable));
    QVERIFY(kept().isEmpty());
}

void TestInputFolder::tellsOfAMissingPicture() {
    InputFolder folder(place("inputs"));
    const std::string id = hashOf("something");
    QVERIFY(!folder.holds(id));
    QCOMPARE(look(folder, id).error().code, std::string(gallery::kNotReadable));
    QCOMPARE(folder.read(id).error().code, std::string(gallery::kNotReadable));
    QVERIFY(!folder.read("../secrets").has_value());
}

void TestInputFolder::removesWhatIsOldAndNotWanted() {
    QStringList ids;
    {
        InputFolder folder(place("inputs"));
        for (const QColor color : {Qt::red, Qt::green, Qt::blue}) {
            ids << QString::fromStdString(keep(folder, put("a.png", tests::plainPng(color)))->id);
        }
        put("inputs/notes.txt", "somebody else's");
        for (const QString& name : QStringList{ids[0], ids[1], "notes.txt"}) {
            QFile file(place("inputs") + '/' + name);
            QVERIFY(file.open(QIODevice::ReadWrite));
            QVERIFY(file.setFileTime(QDateTime::currentDateTimeUtc().addDays(-InputFolder::kDays - 1),
                                     QFileDevice::FileModificationTime));
        }
        folder.sweep({ids[0].toStdString()});
    }
    QStringList left{ids[0], ids[2], "notes.txt"};
    left.sort();
    QCOMPARE(kept(), left);
}

void TestInputFolder::forgetsWhoIsGone() {
    InputFolder folder(place("inputs"));
    bool called = false;
    {
        QObject context;
        folder.keepImage(QImage(8, 8, QImage::Format_RGB32), &context, [&](const auto&) { called = true; });
    }
    QVERIFY(!look(folder, hashOf("later")).has_value());  // so the earlier one is done, too
    QVERIFY(!called);
}

QTEST_MAIN(TestInputFolder)
#include "test_input_folder.moc"
