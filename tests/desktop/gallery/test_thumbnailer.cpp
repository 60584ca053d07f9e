// SPDX-License-Identifier: Apache-2.0
#include <QDirIterator>
#include <QGuiApplication>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "tests/desktop/gallery/pictures.h"

using namespace easel;
using gallery::Picture;
using gallery::Thumbnailer;

class TestThumbnailer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void shrinksLargePictures();
    void survivesARestart();
    void noticesAChangedFile();
    void forgetsDeletedPictures();
    void worksWithoutACacheFolder();
    void triesBrokenFilesOnce();
    void servesTheNewestWishFirst();

private:
    Picture put(const QString& name, const QByteArray& bytes);

    std::unique_ptr<QTemporaryDir> m_dir;
};

namespace {

QPixmap wait(Thumbnailer& thumbnailer, const Picture& picture) {
    if (thumbnailer.find(picture).isNull()) {
        QSignalSpy ready(&thumbnailer, &Thumbnailer::ready);
        if (!ready.wait(30'000)) {
            return {};
        }
    }
    return thumbnailer.find(picture);
}

}  // namespace

void TestThumbnailer::init() {
    m_dir = std::make_unique<QTemporaryDir>();
}

Picture TestThumbnailer::put(const QString& name, const QByteArray& bytes) {
    const QString path = m_dir->filePath(name);
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) {
        qFatal("a test picture can't be written");
    }
    file.close();
    return gallery::describeFile(path);
}

void TestThumbnailer::shrinksLargePictures() {
    Thumbnailer thumbnailer(m_dir->filePath("cache"));
    const QPixmap wide = wait(thumbnailer, put("wide.png", tests::plainPng(Qt::blue, {1600, 400})));
    QCOMPARE(wide.size(), QSize(Thumbnailer::kEdge, Thumbnailer::kEdge / 4));
    const QColor middle = wide.toImage().pixelColor(wide.rect().center());
    QVERIFY(middle.blue() > 240 && middle.red() < 15);
    const QPixmap line = wait(thumbnailer, put("line.png", tests::plainPng(Qt::blue, {2000, 1})));
    QCOMPARE(line.size(), QSize(Thumbnailer::kEdge, 1));
    const QPixmap small = wait(thumbnailer, put("small.png", tests::plainPng(Qt::blue, {20, 10})));
    QCOMPARE(small.size(), QSize(20, 10));
}

void TestThumbnailer::survivesARestart() {
    const Picture picture = put("a.png", tests::plainPng(Qt::green, {800, 600}));
    {
        Thumbnailer first(m_dir->filePath("cache"));
        QVERIFY(!wait(first, picture).isNull());
        QCOMPARE(first.made(), 1);
    }
    Thumbnailer second(m_dir->filePath("cache"));
    const QPixmap pixmap = wait(second, picture);
    QCOMPARE(pixmap.width(), Thumbnailer::kEdge);
    QCOMPARE(second.made(), 0);
}

void TestThumbnailer::noticesAChangedFile() {
    Thumbnailer thumbnailer(m_dir->filePath("cache"));
    QVERIFY(!wait(thumbnailer, put("a.png", tests::plainPng(Qt::green))).isNull());
    const QPixmap changed = wait(thumbnailer, put("a.png", tests::plainPng(Qt::red, {30, 30})));
    QCOMPARE(changed.size(), QSize(30, 30));
    QCOMPARE(thumbnailer.made(), 2);
}

void TestThumbnailer::forgetsDeletedPictures() {
    const auto files = [this] {
        int count = 0;
        for (QDirIterator it(m_dir->filePath("cache"), QDir::Files, QDirIterator::Subdirectories);
             it.hasNext(); it.next()) {
            ++count;
        }
        return count;
    };
    const Picture kept = put("kept.png", tests::plainPng(Qt::green));
    {
        Thumbnailer thumbnailer(m_dir->filePath("cache"));
        QVERIFY(!wait(thumbnailer, kept).isNull());
        QVERIFY(!wait(thumbnailer, put("deleted.png", tests::plainPng(Qt::red))).isNull());
        QCOMPARE(files(), 2);
        thumbnailer.keepOnly({kept});
    }
    QCOMPARE(files(), 1);
    Thumbnailer next(m_dir->filePath("cache"));
    QVERIFY(!wait(next, kept).isNull());
    QCOMPARE(next.made(), 0);
}

void TestThumbnailer::worksWithoutACacheFolder() {
    put("cache", "a file where the folder should be");
    Thumbnailer thumbnailer(m_dir->filePath("cache"));
    QCOMPARE(wait(thumbnailer, put("a.png", tests::plainPng())).size(), QSize(64, 48));
}

void TestThumbnailer::triesBrokenFilesOnce() {
    Thumbnailer thumbnailer(m_dir->filePath("cache"));
    const Picture picture = put("a.png", "rubbish");
    QSignalSpy ready(&thumbnailer, &Thumbnailer::ready);
    QVERIFY(thumbnailer.find(picture).isNull());
    QTRY_COMPARE(ready.size(), 1);
    QVERIFY(thumbnailer.isBroken(picture.path));
    QVERIFY(thumbnailer.find(picture).isNull());
    QTest::qWait(100);
    QCOMPARE(ready.size(), 1);
}

void TestThumbnailer::servesTheNewestWishFirst() {
    Thumbnailer thumbnailer(m_dir->filePath("cache"));
    QStringList order;
    connect(&thumbnailer, &Thumbnailer::ready, this, [&](const QString& path) { order << path; });
    QList<Picture> pictures;
    for (int i = 0; i < 12; ++i) {
        pictures << put(QStringLiteral("%1.png").arg(i), tests::plainPng(Qt::red, {600, 600}));
    }
    for (const Picture& picture : pictures) {
        thumbnailer.find(picture);
    }
    QTRY_COMPARE(order.size(), pictures.size());
    // Two were begun at once; of the others the last that was asked for comes first.
    QVERIFY(order.indexOf(pictures.last().path) < 4);
    QVERIFY(order.indexOf(pictures[2].path) >= order.size() - 3);
}

QTEST_MAIN(TestThumbnailer)
#include "test_thumbnailer.moc"
