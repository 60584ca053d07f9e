// SPDX-License-Identifier: Apache-2.0
#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QListView>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <ctime>

#include <algorithm>
#include <cstdio>

#include "desktop/cloud/cloud.h"
#include "desktop/gallery/file_name.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "desktop/remote/local_server.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/parts/theme.h"
#include "desktop/ui/window/main_window.h"
#include "tests/desktop/gallery/pictures.h"

// bench_deleting [PICTURES]: the longest time for which the window does nothing else while that many pictures
// (20,000) are deleted and brought back. With a display it paints as the app does; QT_QPA_PLATFORM=offscreen
// needs none.
namespace {

using namespace easel;
using gallery::PictureStore;

struct Frame {
    qint64 wall = 0;  ///< ms
    qint64 busy = 0;  ///< ms that the GUI thread computed in it: less, where the machine did something else
};

qint64 busyMs() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1'000'000;
}

/// The longest time between two turns of the event loop.
class Frames : public QObject {
public:
    Frames() {
        m_since.start();
        connect(&m_timer, &QTimer::timeout, this, [this] { note(); });
        m_timer.start(1);
    }
    Frame longest() {
        note();
        return std::exchange(m_longest, {});
    }

private:
    void note() {
        const qint64 busy = busyMs();
        m_longest.wall = std::max(m_longest.wall, m_since.restart());
        m_longest.busy = std::max(m_longest.busy, busy - std::exchange(m_busy, busy));
    }

    QElapsedTimer m_since;
    QTimer m_timer;
    Frame m_longest;
    qint64 m_busy = busyMs();
};

/// Runs `act`, waits until `done`, and prints how long both took and the longest frame meanwhile.
template <typename Act, typename Done>
void measure(Frames& frames, const char* what, Act act, Done done) {
    QTest::qWait(300);
    frames.longest();
    QElapsedTimer whole;
    whole.start();
    act();
    if (!QTest::qWaitFor(done, 300'000)) {
        qFatal("%s did not end", what);
    }
    const qint64 took = whole.elapsed();
    QTest::qWait(300);
    const Frame frame = frames.longest();
    std::printf("%-20s %6lld ms, longest frame %5lld ms, busiest %5lld ms\n", what,
                static_cast<long long>(took), static_cast<long long>(frame.wall),
                static_cast<long long>(frame.busy));
    std::fflush(stdout);
}

void makePictures(const QString& folder, int count) {
    const QByteArray png = tests::serverPng(tests::settings("a red fox in the snow"));
    QDir().mkpath(folder);
    for (int i = 0; i < count; ++i) {
        const QDateTime time = QDateTime(QDate(2026, 1, 1), QTime(0, 0)).addSecs(i);
        QFile file(folder + '/' + gallery::pictureName(time, i, QStringLiteral("a red fox")));
        if (!file.open(QIODevice::WriteOnly) || file.write(png) != png.size()) {
            qFatal("the pictures can't be written");
        }
    }
}

}  // namespace

int main(int argc, char* argv[]) {
    QApplication app(argc, argv);
    const int count = argc > 1 ? QByteArray(argv[1]).toInt() : 20'000;
    const QTemporaryDir dir;
    makePictures(dir.filePath("pictures"), count);

    QSettings settings(dir.filePath("settings.ini"), QSettings::IniFormat);
    remote::Remote remote;
    remote::ServerLink link(remote);
    PictureStore store(dir.filePath("pictures"));
    gallery::Thumbnailer thumbnailer(dir.filePath("thumbnails"));
    gallery::PictureModel model(store, thumbnailer);
    studio::Studio studio({remote, link, store, model, settings}, dir.filePath("tasks.json"));
    ui::Theme theme(app);
    remote::LocalServer local(settings, {{}, 1, dir.filePath("local")});
    cloud::Cloud cloud(settings, studio.servers(), link, {});
    ui::MainWindow window({studio, link, local, cloud, model, store, settings, theme});
    window.show();
    Frames frames;
    bool scanned = false;
    QObject::connect(&store, &PictureStore::scanned, [&] { scanned = true; });
    measure(
        frames, "open and scan", [&] { (void)store.open(); }, [&] { return scanned; });

    auto* grid = window.findChild<QListView*>("galleryView");
    grid->setFocus();
    const auto key = [&](int code, Qt::KeyboardModifiers with = Qt::NoModifier) {
        QTest::keyClick(grid, Qt::Key(code), with);
    };
    int restored = 0;
    QObject::connect(&store, &PictureStore::restored, [&] { ++restored; });
    const auto away = [&](int deleted) {
        return [&, deleted] { return store.inTrash() == deleted && model.pictureCount() == count - deleted; };
    };
    measure(
        frames, "select all", [&] { key(Qt::Key_A, Qt::ControlModifier); }, [] { return true; });
    measure(
        frames, "delete all", [&] { key(Qt::Key_Delete); }, away(count));
    measure(
        frames, "undo", [&] { store.undoRemove(); }, away(0));
    measure(
        frames, "select every other",
        [&] {
            QItemSelection others;
            for (int row = 0; row < count; row += 2) {
                others.append(QItemSelectionRange(grid->model()->index(row, 0)));
            }
            grid->selectionModel()->select(others, QItemSelectionModel::ClearAndSelect);
        },
        [] { return true; });
    measure(
        frames, "delete every other", [&] { key(Qt::Key_Delete); }, away(count / 2));
    measure(
        frames, "undo", [&] { store.undoRemove(); }, away(0));
    return 0;
}
