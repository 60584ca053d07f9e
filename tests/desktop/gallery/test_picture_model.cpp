// SPDX-License-Identifier: Apache-2.0
#include <QAbstractItemModelTester>
#include <QDir>
#include <QFile>
#include <QGuiApplication>
#include <QMimeData>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QUrl>

#include "desktop/gallery/picture_filter.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "tests/desktop/gallery/pictures.h"

using namespace easel;
using gallery::PendingTile;
using gallery::Picture;
using gallery::PictureModel;

namespace {

/// A model over an empty library in a folder of its own, watched by Qt's model tester.
struct Library {
    QTemporaryDir dir;
    gallery::PictureStore store{dir.filePath("pictures")};
    gallery::Thumbnailer thumbnailer{dir.filePath("thumbnails")};
    PictureModel model{store, thumbnailer};
    QAbstractItemModelTester tester{&model};

    Library() {
        QSignalSpy scanned(&store, &gallery::PictureStore::scanned);
        if (!store.open() || !scanned.wait(30'000)) {
            qFatal("the library did not open");
        }
    }

    Picture add(const std::string& prompt, std::int64_t seed = 41) {
        QTest::qWait(2);  // so that the order in time is clear
        const auto settings = tests::settings(prompt, seed);
        return tests::addTo(store, tests::serverPng(settings), settings).value();
    }

    QString promptAt(int row) const { return model.index(row).data(PictureModel::PromptRole).toString(); }
};

PendingTile tile(const QString& id, const QString& prompt) {
    PendingTile tile;
    tile.id = id;
    tile.prompt = prompt;
    tile.note = "Waiting";
    return tile;
}

}  // namespace

class TestPictureModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void showsNewestFirst();
    void showsTilesOnTop();
    void tellsAboutAPicture();
    void makesThumbnails();
    void dropsThumbnailsOfNoPicture();
    void saysWhatIsBroken();
    void filters();
    void holdsBackWhatIsNew();
    void givesFilesToDrag();
    void holdsThousands();
    void keepsWhatArrivesDuringTheScan();
    void movesManyInFewSteps();
    void shortensLongPrompts();
};

void TestPictureModel::showsNewestFirst() {
    Library library;
    const Picture first = library.add("first");
    library.add("second");
    library.add("third");
    QCOMPARE(library.model.rowCount(), 3);
    QCOMPARE(library.promptAt(0), "third");
    QCOMPARE(library.promptAt(2), "first");
    QCOMPARE(library.model.rowOf(first.path), 2);

    library.store.remove({library.model.pictureAt(1)->path});
    QCOMPARE(library.model.rowCount(), 2);
    QCOMPARE(library.model.rowOf(first.path), 1);
    library.store.undoRemove();
    QTRY_COMPARE(library.model.rowCount(), 3);
    QCOMPARE(library.promptAt(1), "second");
    QCOMPARE(library.model.rowOf(first.path), 2);
}

void TestPictureModel::showsTilesOnTop() {
    Library library;
    const Picture picture = library.add("a picture");
    QSignalSpy changed(&library.model, &PictureModel::dataChanged);
    library.model.putTile(tile("a", "older"));
    library.model.putTile(tile("b", "newer"));
    QCOMPARE(library.model.rowCount(), 3);
    QCOMPARE(library.promptAt(0), "newer");
    QCOMPARE(library.promptAt(1), "older");
    QCOMPARE(library.model.rowOf(picture.path), 2);
    QCOMPARE(library.model.rowOf("b"), 0);
    QCOMPARE(library.model.pictureAt(0), nullptr);
    QCOMPARE(library.model.tileAt(2), nullptr);

    PendingTile running = tile("a", "older");
    running.state = PendingTile::State::Running;
    running.step = 3;
    library.model.putTile(running);
    library.model.putTile(running);
    QCOMPARE(changed.size(), 1);
    QCOMPARE(library.model.index(1).data(PictureModel::PendingRole).value<PendingTile>(), running);
    QVERIFY(!library.model.index(2).data(PictureModel::PendingRole).isValid());
    QVERIFY(!(library.model.flags(library.model.index(1)) & Qt::ItemIsDragEnabled));

    library.model.removeTile("b");
    library.model.removeTile("nobody");
    library.model.removeTile(picture.path);
    QCOMPARE(library.model.rowCount(), 2);
    QCOMPARE(library.promptAt(0), "older");
}

void TestPictureModel::tellsAboutAPicture() {
    Library library;
    const Picture picture = library.add("a lighthouse", 77);
    const QModelIndex index = library.model.index(0);
    QCOMPARE(index.data(PictureModel::PictureRole).value<Picture>(), picture);
    QCOMPARE(index.data(PictureModel::PathRole).toString(), picture.path);
    QCOMPARE(index.data(PictureModel::SeedRole).toLongLong(), 77);
    QCOMPARE(index.data(PictureModel::SizeRole).toSize(), QSize(64, 48));
    QCOMPARE(index.data(PictureModel::CreatedRole).toDateTime(), picture.created);
    QCOMPARE(index.data(Qt::AccessibleTextRole).toString(), "a lighthouse\nSeed 77");
    QVERIFY(library.model.flags(index) & Qt::ItemIsDragEnabled);
}

void TestPictureModel::makesThumbnails() {
    Library library;
    library.add("red");
    const QModelIndex index = library.model.index(0);
    QSignalSpy changed(&library.model, &PictureModel::dataChanged);
    QVERIFY(index.data(PictureModel::ThumbnailRole).value<QPixmap>().isNull());
    QTRY_COMPARE(changed.size(), 1);
    QCOMPARE(changed[0][0].toModelIndex(), index);
    const auto pixmap = index.data(PictureModel::ThumbnailRole).value<QPixmap>();
    QCOMPARE(pixmap.size(), QSize(64, 48));
    QVERIFY(!index.data(PictureModel::BrokenRole).toBool());
}

void TestPictureModel::dropsThumbnailsOfNoPicture() {
    Library library;
    QVERIFY(QDir().mkpath(library.dir.filePath("thumbnails/ab")));
    QFile old(library.dir.filePath("thumbnails/ab/old"));
    QVERIFY(old.open(QIODevice::WriteOnly));
    QVERIFY(library.store.open());  // as at the next start
    QTRY_VERIFY_WITH_TIMEOUT(!old.exists(), 30'000);
}

void TestPictureModel::saysWhatIsBroken() {
    Library library;
    const Picture picture = library.add("soon broken");
    QFile file(picture.path);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("rubbish") > 0);
    file.close();
    const QModelIndex index = library.model.index(0);
    QSignalSpy changed(&library.model, &PictureModel::dataChanged);
    QVERIFY(index.data(PictureModel::ThumbnailRole).value<QPixmap>().isNull());
    QTRY_COMPARE(changed.size(), 1);
    QVERIFY(index.data(PictureModel::BrokenRole).toBool());
    QVERIFY(index.data(Qt::AccessibleTextRole).toString().contains("can’t be read"));
}

void TestPictureModel::filters() {
    Library library;
    library.add("a red lighthouse", 1);
    library.add("a green house", 2);
    library.add("the RED sea", 3);
    library.model.putTile(tile("a", "running"));
    gallery::PictureFilter filter;
    filter.setSourceModel(&library.model);
    const auto found = [&] {
        QStringList prompts;
        for (int row = 0; row < filter.rowCount(); ++row) {
            prompts << filter.index(row, 0).data(PictureModel::PromptRole).toString();
        }
        return prompts;
    };
    QCOMPARE(filter.rowCount(), 4);
    filter.setSearch("red");
    QCOMPARE(found(), (QStringList{"running", "the RED sea", "a red lighthouse"}));
    filter.setSearch(" House  red ");
    QCOMPARE(found(), (QStringList{"running", "a red lighthouse"}));
    filter.setSearch("2");
    QCOMPARE(found(), (QStringList{"running", "a green house"}));
    filter.setSearch("");
    QCOMPARE(filter.rowCount(), 4);
}

void TestPictureModel::holdsBackWhatIsNew() {
    Library library;
    library.add("old");
    library.model.putTile(tile("a", "running"));
    gallery::PictureFilter filter;
    filter.setSourceModel(&library.model);
    const QAbstractItemModelTester watch(&filter);
    QSignalSpy held(&filter, &gallery::PictureFilter::heldChanged);
    filter.hold(true);
    QCOMPARE(filter.rowCount(), 2);
    library.model.putTile(tile("b", "waiting"));
    library.add("new");
    QCOMPARE(filter.rowCount(), 2);
    QCOMPARE(filter.held(), 2);
    QCOMPARE(held.last()[0].toInt(), 2);
    library.model.removeTile("a");  // its place is taken by what it became
    QCOMPARE(filter.rowCount(), 2);
    QCOMPARE(filter.index(0, 0).data(PictureModel::PromptRole).toString(), "new");
    QCOMPARE(filter.held(), 1);
    filter.setSearch("nothing");
    QCOMPARE(filter.rowCount(), 0);
    filter.setSearch("");
    filter.hold(false);
    QCOMPARE(filter.rowCount(), 3);
    QCOMPARE(held.last()[0].toInt(), 0);
}

void TestPictureModel::givesFilesToDrag() {
    Library library;
    const Picture first = library.add("first");
    const Picture second = library.add("second");
    library.model.putTile(tile("a", "running"));
    const std::unique_ptr<QMimeData> both(
        library.model.mimeData({library.model.index(0), library.model.index(1), library.model.index(2)}));
    QCOMPARE(both->urls(), (QList<QUrl>{QUrl::fromLocalFile(second.path), QUrl::fromLocalFile(first.path)}));
    QVERIFY(!both->hasImage());
    const std::unique_ptr<QMimeData> one(library.model.mimeData({library.model.index(2)}));
    QCOMPARE(qvariant_cast<QImage>(one->imageData()).size(), QSize(64, 48));
    QCOMPARE(library.model.mimeData({library.model.index(0)}), nullptr);
}

void TestPictureModel::holdsThousands() {
    const QTemporaryDir dir;
    constexpr int kMany = 2000;
    for (int i = 0; i < kMany; ++i) {
        QFile file(dir.filePath(QStringLiteral("2026-01-01_00-00-%1-%2_%3_picture.png")
                                    .arg(i / 1000, 2, 10, QLatin1Char('0'))
                                    .arg(i % 1000, 3, 10, QLatin1Char('0'))
                                    .arg(i)));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(tests::serverPng(tests::settings("picture " + std::to_string(i), i)));
    }
    gallery::PictureStore store(dir.path());
    gallery::Thumbnailer thumbnailer(dir.filePath("thumbnails"));
    PictureModel model(store, thumbnailer);
    QSignalSpy scanned(&store, &gallery::PictureStore::scanned);
    QSignalSpy changed(&model, &PictureModel::dataChanged);
    QVERIFY(store.open());
    QVERIFY(scanned.wait(60'000));
    QCOMPARE(model.rowCount(), kMany);
    for (int row = 0; row < kMany; ++row) {
        QCOMPARE(model.pictureAt(row)->settings->seed, kMany - 1 - row);
    }
    // The facts come in batches, not one by one: a view is not repainted two thousand times.
    QVERIFY(changed.size() <= kMany / 50);

    gallery::PictureFilter filter;
    filter.setSourceModel(&model);
    filter.setSearch("picture 1999");
    QCOMPARE(filter.rowCount(), 1);

    // A glance at all of them asks for no more thumbnails than a screen can show.
    for (int row = 0; row < kMany; ++row) {
        model.index(row).data(PictureModel::ThumbnailRole);
    }
    QTRY_VERIFY_WITH_TIMEOUT(thumbnailer.isIdle(), 60'000);
    QVERIFY(thumbnailer.made() < kMany / 2);
}

void TestPictureModel::keepsWhatArrivesDuringTheScan() {
    const QTemporaryDir dir;
    QStringList paths;
    {
        gallery::PictureStore store(dir.path());
        QVERIFY(store.open());
        for (int i = 0; i < 3; ++i) {
            paths << tests::addTo(store, tests::serverPng(tests::settings("old", i)),
                                  tests::settings("old", i))
                         ->path;
        }
    }
    gallery::PictureStore store(dir.path());
    gallery::Thumbnailer thumbnailer(dir.filePath("thumbnails"));
    PictureModel model(store, thumbnailer);
    const QAbstractItemModelTester tester(&model);
    QSignalSpy scanned(&store, &gallery::PictureStore::scanned);
    QVERIFY(store.open());
    QTest::qSleep(100);  // the folder is listed, and the list on its way
    const auto settings = tests::settings("new");
    QString added;
    store.add(tests::serverPng(settings), settings, this,
              [&](const auto& picture) { added = picture->path; });
    store.remove({paths[1]});
    QVERIFY(scanned.wait(30'000));
    QTRY_COMPARE(model.rowCount(), 3);
    QCOMPARE(model.rowOf(added), 0);
    QCOMPARE(model.rowOf(paths[1]), -1);
}

/// Each signal costs a walk over the whole list in every view.
void TestPictureModel::movesManyInFewSteps() {
    Library library;
    QStringList paths;
    for (int i = 0; i < 400; ++i) {
        const auto settings = tests::settings("picture", i);
        QFile file(library.store.folder() +
                   QStringLiteral("/2026-01-01_00-00-00-%1_1_x.png").arg(i, 3, 10, QChar('0')));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(tests::serverPng(settings));
        paths.prepend(file.fileName());
    }
    library.store.rescan();
    QTRY_COMPARE(library.model.rowCount(), 400);
    QSignalSpy removed(&library.model, &PictureModel::rowsRemoved);
    QSignalSpy inserted(&library.model, &PictureModel::rowsInserted);
    QSignalSpy reset(&library.model, &PictureModel::modelReset);
    library.store.remove(paths.mid(50, 300));
    QCOMPARE(library.model.rowCount(), 100);
    QCOMPARE(removed.size(), 1);
    QCOMPARE(library.model.rowOf(paths[350]), 50);
    QCOMPARE(library.model.rowOf(paths[60]), -1);
    library.store.undoRemove();
    QTRY_COMPARE(library.model.rowCount(), 400);
    QVERIFY(inserted.size() <= 3);
    for (int row = 0; row < 400; ++row) {
        QCOMPARE(library.model.pictureAt(row)->path, paths[row]);
    }

    // Every other one: more runs than are worth a signal each.
    QStringList others;
    for (int i = 0; i < 400; i += 2) {
        others << paths[i];
    }
    library.store.remove(others);
    QCOMPARE(library.model.rowCount(), 200);
    QCOMPARE(library.model.rowOf(paths[201]), 100);
    library.store.undoRemove();
    QTRY_COMPARE(library.model.rowCount(), 400);
    QVERIFY(removed.size() + inserted.size() + reset.size() < 10);
    for (int row = 0; row < 400; ++row) {
        QCOMPARE(library.model.pictureAt(row)->path, paths[row]);
    }
}

void TestPictureModel::shortensLongPrompts() {
    Library library;
    library.add("<b>bold</b> <img src=\"file:///etc/hostname\"> & " + std::string(3000, 'x') + " end");
    const QModelIndex index = library.model.index(0);
    const QString tip = index.data(Qt::ToolTipRole).toString();
    QVERIFY(tip.startsWith("<b>bold</b> <img src=\"file:///etc/hostname\"> &\nxxx"));
    QVERIFY(tip.count('\n') < 12);
    QVERIFY(!tip.contains("end"));
    QVERIFY(tip.endsWith("Seed 41"));
    QVERIFY(index.data(Qt::AccessibleTextRole).toString().startsWith("<b>bold</b> <img"));

    library.model.putTile(tile("a", "<h1>big</h1>"));
    QCOMPARE(library.model.index(0).data(Qt::ToolTipRole).toString(), "Waiting\n<h1>big</h1>");
}

QTEST_MAIN(TestPictureModel)
#include "test_picture_model.moc"
