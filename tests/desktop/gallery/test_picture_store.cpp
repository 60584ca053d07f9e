// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/gallery/disk_problem.h"
#include "desktop/gallery/picture_store.h"
#include "tests/desktop/gallery/pictures.h"

using namespace easel;
using gallery::Picture;
using gallery::PictureStore;

class TestPictureStore : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void keepsWhatTheServerSends();
    void addsSettingsThatAreMissing();
    void refusesWhatIsNoPicture();
    void findsEverythingAgain();
    void readsPicturesOfOtherTools();
    void deletesAndUndoes();
    void undoesInReverseOrder();
    void emptiesTheTrashAtTheNextStart();
    void leavesTheTrashOfAnotherAppAlone();
    void explainsWhatCantBeWritten();
    void stopsScanningWhenItGoes();

private:
    QTemporaryDir m_dir;
    int m_runs = 0;

    QString freshFolder() { return m_dir.filePath(QString::number(++m_runs)); }
};

namespace {

void write(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), bytes.size());
}

QByteArray read(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// Opens the store and waits for its scan; returns what it described.
QList<Picture> scan(PictureStore& store) {
    QList<Picture> pictures;
    QObject context;
    QObject::connect(&store, &PictureStore::described, &context,
                     [&](const QList<Picture>& batch) { pictures += batch; });
    QSignalSpy scanned(&store, &PictureStore::scanned);
    if (!store.open() || !scanned.wait(30'000))
        qFatal("the scan did not end");
    return pictures;
}

}  // namespace

void TestPictureStore::keepsWhatTheServerSends() {
    PictureStore store(freshFolder());
    QVERIFY(store.open());
    QSignalSpy added(&store, &PictureStore::added);
    const auto settings = tests::settings("A cat,\nwith a “hat” 猫");
    const QByteArray png = tests::serverPng(settings);
    const auto picture = tests::addTo(store, png, settings);
    QVERIFY2(picture, picture ? "" : picture.error().detail.c_str());
    QCOMPARE(read(picture->path), png);
    QCOMPARE(picture->settings.value(), settings);
    QCOMPARE(picture->size, QSize(64, 48));
    QVERIFY(qAbs(picture->created.secsTo(QDateTime::currentDateTime())) < 3600);
    QVERIFY(picture->path.contains("_41_a-cat-with-a-hat-猫"));
    QCOMPARE(added.size(), 1);
    // The same again is another picture, never an overwritten one.
    const auto again = tests::addTo(store, png, settings);
    QVERIFY(again && again->path != picture->path);
    QCOMPARE(QDir(store.folder()).entryList(QDir::Files).size(), 2);
}

void TestPictureStore::addsSettingsThatAreMissing() {
    PictureStore store(freshFolder());
    QVERIFY(store.open());
    const auto settings = tests::settings("a bare picture");
    const auto picture = tests::addTo(store, tests::plainPng(), settings);
    QVERIFY(picture);
    QCOMPARE(gallery::describeFile(picture->path).settings.value(), settings);
    QCOMPARE(QImage(picture->path).pixelColor(1, 1), QColor(Qt::red));
}

void TestPictureStore::refusesWhatIsNoPicture() {
    PictureStore store(freshFolder());
    QVERIFY(store.open());
    const auto picture = tests::addTo(store, "<html>", tests::settings("x"));
    QVERIFY(!picture);
    QCOMPARE(picture.error().code, std::string(gallery::kBrokenPicture));
    QVERIFY(QDir(store.folder()).entryList(QDir::Files).isEmpty());
}

void TestPictureStore::findsEverythingAgain() {
    const QString folder = freshFolder();
    QStringList paths;
    {
        PictureStore store(folder);
        QVERIFY(store.open());
        for (int seed = 0; seed < 5; ++seed) {
            const auto settings = tests::settings("picture", seed);
            paths.prepend(tests::addTo(store, tests::serverPng(settings), settings)->path);
            QTest::qWait(2);  // so that the names differ in time
        }
    }
    PictureStore store(folder);
    QSignalSpy listed(&store, &PictureStore::listed);
    const QList<Picture> pictures = scan(store);
    QCOMPARE(listed.size(), 1);
    QStringList seen;
    for (const Picture& picture : listed[0][0].value<QList<Picture>>())
        seen << picture.path;
    QCOMPARE(seen, paths);
    QCOMPARE(pictures.size(), 5);
    QCOMPARE(pictures.first().settings.value(), tests::settings("picture", 4));
}

void TestPictureStore::readsPicturesOfOtherTools() {
    const QString folder = freshFolder();
    QVERIFY(QDir().mkpath(folder));
    const QString infotext =
        "a castle, (mist:1.2)\nNegative prompt: people\n"
        "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 123456, Size: 512x768, Model: dreamy, Version: "
        "v1.10.1";
    write(folder + "/00012-123456.png", gallery::withPngText(tests::plainPng(), "parameters", infotext));
    write(folder + "/comfy.png", gallery::withPngText(tests::plainPng(), "prompt", "{\"3\": {}}"));
    write(folder + "/json.png",
          gallery::withPngText(tests::plainPng(), "parameters", "{\"sui_image_params\": {}}"));
    write(folder + "/broken.png", "not a picture");
    write(folder + "/notes.txt", "text");

    PictureStore store(folder);
    QHash<QString, Picture> byName;
    for (const Picture& picture : scan(store))
        byName.insert(QFileInfo(picture.path).fileName(), picture);
    QCOMPARE(byName.size(), 4);
    const Picture castle = byName["00012-123456.png"];
    QVERIFY(castle.settings);
    QCOMPARE(castle.settings->prompt, "a castle, (mist:1.2)");
    QCOMPARE(castle.settings->negativePrompt, "people");
    QCOMPARE(castle.settings->sampler, "euler_a");
    QCOMPARE(castle.settings->seed, 123456);
    QVERIFY(!byName["comfy.png"].settings);
    QCOMPARE(byName["comfy.png"].size, QSize(64, 48));
    QCOMPARE(gallery::promptOf(byName["comfy.png"]), "comfy");
    QVERIFY(!byName["json.png"].settings);
    QVERIFY(byName["broken.png"].size.isEmpty());
    QVERIFY(byName["broken.png"].described);
}

void TestPictureStore::deletesAndUndoes() {
    PictureStore store(freshFolder());
    QVERIFY(store.open());
    const auto settings = tests::settings("a cat");
    const Picture first = tests::addTo(store, tests::serverPng(settings), settings).value();
    const Picture second = tests::addTo(store, tests::serverPng(settings), settings).value();
    QSignalSpy removed(&store, &PictureStore::removed);
    QSignalSpy added(&store, &PictureStore::added);
    QSignalSpy undo(&store, &PictureStore::undoChanged);
    QVERIFY(store.remove({first.path, second.path}));
    QCOMPARE(removed[0][0].toStringList(), (QStringList{first.path, second.path}));
    QVERIFY(!QFile::exists(first.path));
    QCOMPARE(store.undoable(), 2);
    QCOMPARE(undo.last()[0].toInt(), 2);
    QVERIFY(store.undoRemove());
    QCOMPARE(added.size(), 2);
    QCOMPARE(added[0][0].value<Picture>(), first);
    QCOMPARE(added[1][0].value<Picture>(), second);
    QCOMPARE(store.undoable(), 0);
    QVERIFY(store.undoRemove());  // nothing to do, no harm
    // A file that somebody else has deleted leaves the library without a fuss.
    QVERIFY(QFile::remove(first.path));
    QVERIFY(store.remove({first.path}));
    QCOMPARE(removed.last()[0].toStringList(), QStringList{first.path});
    QCOMPARE(store.undoable(), 0);
}

void TestPictureStore::undoesInReverseOrder() {
    PictureStore store(freshFolder());
    QVERIFY(store.open());
    const auto settings = tests::settings("a cat");
    const Picture first = tests::addTo(store, tests::serverPng(settings), settings).value();
    const Picture second = tests::addTo(store, tests::serverPng(settings), settings).value();
    QVERIFY(store.remove({first.path}));
    QVERIFY(store.remove({second.path}));
    QVERIFY(store.undoRemove());
    QVERIFY(QFile::exists(second.path) && !QFile::exists(first.path));
    QVERIFY(store.undoRemove());
    QVERIFY(QFile::exists(first.path));
}

void TestPictureStore::emptiesTheTrashAtTheNextStart() {
    const QString folder = freshFolder();
    const auto settings = tests::settings("a cat");
    {
        PictureStore store(folder);
        QVERIFY(store.open());
        QVERIFY(store.remove({tests::addTo(store, tests::serverPng(settings), settings)->path}));
        QVERIFY(QDir(folder + "/.trash").exists());
    }
    PictureStore store(folder);
    QVERIFY(scan(store).isEmpty());
    QVERIFY(!QDir(folder + "/.trash").exists());
    QCOMPARE(store.undoable(), 0);
}

void TestPictureStore::leavesTheTrashOfAnotherAppAlone() {
    const QString folder = freshFolder();
    const auto settings = tests::settings("a cat");
    PictureStore first(folder);
    QVERIFY(first.open());
    const auto picture = tests::addTo(first, tests::serverPng(settings), settings);
    QVERIFY(first.remove({picture->path}));
    PictureStore second(folder);
    QVERIFY(scan(second).isEmpty());
    QVERIFY(first.undoRemove());
    QVERIFY(QFile::exists(picture->path));
}

void TestPictureStore::explainsWhatCantBeWritten() {
    const QString blocked = freshFolder();
    write(blocked, "a file where the folder should be");
    PictureStore store(blocked);
    const auto opened = store.open();
    QVERIFY(!opened);
    QCOMPARE(opened.error().code, std::string(gallery::kNotWritable));
    const auto settings = tests::settings("a cat");
    const auto added = tests::addTo(store, tests::serverPng(settings), settings);
    QVERIFY(!added);
    QCOMPARE(added.error().code, std::string(gallery::kNotWritable));
    QVERIFY(QString::fromStdString(added.error().detail).contains(blocked));

    const protocol::Problem full = gallery::cannotWrite(m_dir.filePath("x.png"), qint64(1) << 60, "whatever");
    QCOMPARE(full.code, std::string(gallery::kDiskFull));
}

void TestPictureStore::stopsScanningWhenItGoes() {
    const QString folder = freshFolder();
    QVERIFY(QDir().mkpath(folder));
    for (int i = 0; i < 500; ++i)
        write(folder + QStringLiteral("/%1.png").arg(i), tests::plainPng());
    int described = 0;
    {
        PictureStore store(folder);
        connect(&store, &PictureStore::described, this, [&] { ++described; });
        QVERIFY(store.open());
    }
    QCoreApplication::processEvents();
    QCOMPARE(described, 0);
}

QTEST_GUILESS_MAIN(TestPictureStore)
#include "test_picture_store.moc"
