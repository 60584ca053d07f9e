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
    void bringsBackAfterARestart();
    void keepsTheTrashForAMonth();
    void leavesTheTrashOfAnotherAppAlone();
    void deletesForGood();
    void saysWhatCantBeMoved();
    void noticesWhatOthersDo();
    void noticesAChangedFile();
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
    if (!store.open() || !scanned.wait(30'000)) {
        qFatal("the scan did not end");
    }
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
    for (const Picture& picture : listed[0][0].value<QList<Picture>>()) {
        seen << picture.path;
    }
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
    for (const Picture& picture : scan(store)) {
        byName.insert(QFileInfo(picture.path).fileName(), picture);
    }
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
    QSignalSpy restored(&store, &PictureStore::restored);
    QSignalSpy undo(&store, &PictureStore::undoChanged);
    store.remove({first.path, second.path});
    QCOMPARE(removed[0][0].toStringList(), (QStringList{first.path, second.path}));
    QTRY_VERIFY(!QFile::exists(first.path) && !QFile::exists(second.path));
    QCOMPARE(store.undoable(), 2);
    QCOMPARE(undo.last()[0].toInt(), 2);
    QTRY_COMPARE(store.inTrash(), 2);
    store.undoRemove();
    QTRY_COMPARE(restored.size(), 1);
    QCOMPARE(added.last()[0].value<QList<Picture>>(), (QList<Picture>{second, first}));
    QCOMPARE(store.undoable(), 0);
    QTRY_COMPARE(store.inTrash(), 0);
    store.undoRemove();  // nothing to do, no harm
    // A file that somebody else has deleted leaves the library without a fuss.
    QSignalSpy failed(&store, &PictureStore::failed);
    QVERIFY(QFile::remove(first.path));
    store.remove({first.path});
    QCOMPARE(removed.last()[0].toStringList(), QStringList{first.path});
    QTRY_COMPARE(store.undoable(), 0);
    QVERIFY(failed.isEmpty());
}

void TestPictureStore::undoesInReverseOrder() {
    PictureStore store(freshFolder());
    QVERIFY(store.open());
    const auto settings = tests::settings("a cat");
    const Picture first = tests::addTo(store, tests::serverPng(settings), settings).value();
    const Picture second = tests::addTo(store, tests::serverPng(settings), settings).value();
    QSignalSpy restored(&store, &PictureStore::restored);
    store.remove({first.path});
    store.remove({second.path});
    store.undoRemove();
    QTRY_COMPARE(restored.size(), 1);
    QVERIFY(QFile::exists(second.path) && !QFile::exists(first.path));
    store.undoRemove();
    QTRY_COMPARE(restored.size(), 2);
    QVERIFY(QFile::exists(first.path));
}

namespace {

/// What is in the trash, as the app would show it.
QList<Picture> trashOf(PictureStore& store) {
    std::optional<QList<Picture>> found;
    QObject context;
    store.listTrash(&context, [&](const QList<Picture>& pictures) { found = pictures; });
    if (!QTest::qWaitFor([&] { return found.has_value(); }, 30'000)) {
        qFatal("the trash was not read");
    }
    return *found;
}

}  // namespace

void TestPictureStore::bringsBackAfterARestart() {
    const QString folder = freshFolder();
    const auto settings = tests::settings("a cat");
    QString path;
    {
        PictureStore store(folder);
        QVERIFY(store.open());
        path = tests::addTo(store, tests::serverPng(settings), settings)->path;
        store.remove({path});
    }
    QVERIFY(!QFile::exists(path));
    PictureStore store(folder);
    QVERIFY(scan(store).isEmpty());
    const QList<Picture> trash = trashOf(store);
    QCOMPARE(trash.size(), 1);
    QCOMPARE(gallery::promptOf(trash[0]), "a cat");
    QVERIFY(std::abs(trash[0].created.secsTo(QDateTime::currentDateTime())) < 3600);
    QSignalSpy added(&store, &PictureStore::added);
    QSignalSpy restored(&store, &PictureStore::restored);
    store.restore({trash[0].path});
    QTRY_COMPARE(restored.size(), 1);
    QCOMPARE(restored[0][0].toStringList(), QStringList{path});
    QCOMPARE(added[0][0].value<QList<Picture>>()[0].settings.value(), settings);
    QVERIFY(QFile::exists(path));
    QTRY_COMPARE(store.inTrash(), 0);
    QVERIFY(QDir(folder + "/.trash").isEmpty());
}

void TestPictureStore::keepsTheTrashForAMonth() {
    const QString folder = freshFolder();
    for (const int daysAgo : {29, 32}) {
        const QDateTime time = QDateTime::currentDateTimeUtc().addDays(-daysAgo);
        const QString deletion = folder + "/.trash/" + time.toString("yyyy-MM-dd_HH-mm-ss-zzz");
        QVERIFY(QDir().mkpath(deletion));
        write(deletion + QStringLiteral("/%1.png").arg(daysAgo), tests::plainPng());
    }
    PictureStore store(folder);
    QVERIFY(scan(store).isEmpty());
    QTRY_COMPARE(store.inTrash(), 1);
    const QList<Picture> trash = trashOf(store);
    QCOMPARE(gallery::promptOf(trash[0]), "29");
    QCOMPARE(QDir(folder + "/.trash").entryList(QDir::Dirs | QDir::NoDotAndDotDot).size(), 1);
}

void TestPictureStore::leavesTheTrashOfAnotherAppAlone() {
    const QString folder = freshFolder();
    const auto settings = tests::settings("a cat");
    PictureStore first(folder);
    QVERIFY(first.open());
    const auto picture = tests::addTo(first, tests::serverPng(settings), settings);
    first.remove({picture->path});
    QTRY_COMPARE(first.inTrash(), 1);
    // Even what is old: the other one may be showing it.
    const QString old = folder + "/.trash/2020-01-01_00-00-00-000";
    QVERIFY(QDir().mkpath(old));
    write(old + "/old.png", tests::plainPng());
    PictureStore second(folder);
    QVERIFY(scan(second).isEmpty());
    QCOMPARE(trashOf(second).size(), 2);
    QVERIFY(QFile::exists(old + "/old.png"));
    first.undoRemove();
    QTRY_VERIFY(QFile::exists(picture->path));
}

void TestPictureStore::deletesForGood() {
    PictureStore store(freshFolder());
    QVERIFY(store.open());
    const auto settings = tests::settings("a cat");
    const Picture first = tests::addTo(store, tests::serverPng(settings), settings).value();
    const Picture second = tests::addTo(store, tests::serverPng(settings), settings).value();
    store.remove({first.path});
    QTRY_COMPARE(store.inTrash(), 1);
    QSignalSpy failed(&store, &PictureStore::failed);
    store.destroy({second.path});  // not in the trash
    QTRY_COMPARE(failed.size(), 1);
    QVERIFY(QFile::exists(second.path));
    store.destroy({trashOf(store)[0].path});
    QTRY_COMPARE(store.inTrash(), 0);
    QVERIFY(QDir(store.folder() + "/.trash").isEmpty());
    QVERIFY(!QFile::exists(first.path));
}

void TestPictureStore::saysWhatCantBeMoved() {
    PictureStore store(freshFolder());
    QVERIFY(store.open());
    const auto settings = tests::settings("a cat");
    const Picture picture = tests::addTo(store, tests::serverPng(settings), settings).value();
    QSignalSpy failed(&store, &PictureStore::failed);
    QSignalSpy added(&store, &PictureStore::added);
    write(store.folder() + "/.trash", "a file where the trash should be");
    store.remove({picture.path});
    QTRY_COMPARE(failed.size(), 1);
    QCOMPARE(failed[0][0].value<protocol::Problem>().code, std::string(gallery::kNotWritable));
    QCOMPARE(added.last()[0].value<QList<Picture>>(), QList<Picture>{picture});
    QCOMPARE(store.undoable(), 0);
    QVERIFY(QFile::exists(picture.path));
}

void TestPictureStore::noticesWhatOthersDo() {
    PictureStore store(freshFolder());
    const auto settings = tests::settings("a cat");
    QVERIFY(scan(store).isEmpty());
    const Picture own = tests::addTo(store, tests::serverPng(settings), settings).value();
    QSignalSpy removed(&store, &PictureStore::removed);
    QSignalSpy added(&store, &PictureStore::added);
    write(m_dir.filePath("other.png"), tests::serverPng(tests::settings("a dog")));
    QVERIFY(QFile::rename(m_dir.filePath("other.png"), store.folder() + "/other.png"));
    QTRY_COMPARE(added.size(), 1);
    const auto pictures = added[0][0].value<QList<Picture>>();
    QCOMPARE(pictures.size(), 1);
    QCOMPARE(gallery::promptOf(pictures[0]), "a dog");
    QVERIFY(QFile::remove(own.path));
    QTRY_COMPARE(removed.size(), 1);
    QCOMPARE(removed[0][0].toStringList(), QStringList{own.path});
}

void TestPictureStore::noticesAChangedFile() {
    PictureStore store(freshFolder());
    QVERIFY(scan(store).isEmpty());
    const QString path = store.folder() + "/a.png";
    write(path, tests::plainPng().left(60));  // a copy that is not complete yet
    QSignalSpy added(&store, &PictureStore::added);
    store.rescan();
    QTRY_COMPARE(added.size(), 1);
    const QByteArray png = tests::serverPng(tests::settings("a dog"));
    write(path, png);  // The folder itself stays as it is: nobody tells.
    QTRY_COMPARE(added.size(), 2);
    QCOMPARE(gallery::promptOf(added[1][0].value<QList<Picture>>()[0]), "a dog");
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
    for (int i = 0; i < 500; ++i) {
        write(folder + QStringLiteral("/%1.png").arg(i), tests::plainPng());
    }
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
