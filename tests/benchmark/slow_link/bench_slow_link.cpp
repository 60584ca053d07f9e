// SPDX-License-Identifier: Apache-2.0
#include <QApplication>
#include <QDir>
#include <QFile>
#include <QHash>
#include <QImage>
#include <QListView>
#include <QSettings>
#include <QSocketNotifier>
#include <QTimer>

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "desktop/cloud/cloud.h"
#include "desktop/gallery/file_name.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/png_text.h"
#include "desktop/gallery/thumbnailer.h"
#include "desktop/remote/keyring.h"
#include "desktop/remote/local_server.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/parts/theme.h"
#include "desktop/ui/window/main_window.h"
#include "tests/desktop/gallery/pictures.h"

// bench_slow_link FOLDER [CODE]: the app, for slow_link.py, which says on standard input what is to be drawn
// ("draw EDGE STEPS COUNT NAME") and reads on standard output what is to be seen, each line with the
// monotonic clock's nanoseconds. With a CODE it fills its gallery, pairs, keeps the key in FOLDER/keys.ini,
// and ends.
namespace {

using namespace easel;
using State = remote::ServerLink::State;

constexpr int kPictures = 300;

void note(const QString& what) {
    const std::chrono::nanoseconds now = std::chrono::steady_clock::now().time_since_epoch();
    std::printf("%lld %s\n", static_cast<long long>(now.count()), qPrintable(what));
    std::fflush(stdout);
}

/// Keeps keys in a file, where slow_link.py finds them.
class FileKeyring : public remote::Keyring {
public:
    explicit FileKeyring(const QString& file) : m_settings(file, QSettings::IniFormat) {}

    void read(const QString& place, QObject* context,
              std::function<void(std::optional<QByteArray>)> done) override {
        const QVariant key = m_settings.value(nameOf(place));
        later(context, [done = std::move(done), key] {
            done(key.isNull() ? std::nullopt : std::optional(key.toString().toLatin1()));
        });
    }
    void write(const QString& place, const QByteArray& key, QObject* context,
               std::function<void(bool)> done) override {
        m_settings.setValue(nameOf(place), QString::fromLatin1(key));
        m_settings.sync();
        later(context, [done = std::move(done)] { done(true); });
    }
    void remove(const QString& place) override { m_settings.remove(nameOf(place)); }

    bool isEmpty() const { return m_settings.allKeys().isEmpty(); }

private:
    static QString nameOf(const QString& place) { return QString::fromLatin1(place.toUtf8().toHex()); }
    static void later(QObject* context, std::function<void()> call) {
        QMetaObject::invokeMethod(context, std::move(call), Qt::QueuedConnection);
    }

    QSettings m_settings;
};

void makePictures(const QString& folder) {
    QDir().mkpath(folder);
    for (int i = 0; i < kPictures; ++i) {
        QImage image(512, 512, QImage::Format_RGB32);
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                image.setPixel(x, y, qRgb((x * x + y * i) / 1024, (x * y + i * 16) / 1024, (x + y) / 4));
            }
        }
        QByteArray png;
        QBuffer buffer(&png);
        image.save(&buffer, "PNG");
        const QDateTime time = QDateTime(QDate(2026, 1, 1), QTime(0, 0)).addSecs(i);
        QFile file(folder + '/' + gallery::pictureName(time, i, QStringLiteral("waves")));
        if (!file.open(QIODevice::WriteOnly) || file.write(png) != png.size()) {
            qFatal("the pictures can't be written");
        }
    }
}

/// The app as main puts it together.
class Bench {
public:
    Bench(QApplication& app, const QString& folder)
        : m_keyring(folder + "/keys.ini"),
          m_settings(folder + "/settings.ini", QSettings::IniFormat),
          m_theme(app),
          m_link(m_remote),
          m_store(folder + "/pictures"),
          m_thumbnailer(folder + "/thumbnails"),
          m_model(m_store, m_thumbnailer),
          m_studio({m_remote, m_link, m_store, m_model, m_settings, &m_keyring}, folder + "/tasks.json"),
          m_local(m_settings, {{}, 1, folder + "/local"}),
          m_cloud(m_settings, m_studio.servers(), m_link, {}),
          m_window({m_studio, m_link, m_local, m_cloud, m_model, m_store, m_settings, m_theme}) {}

    void pair(const QString& code) {
        QObject::connect(&m_link, &remote::ServerLink::stateChanged, &m_link, [this](State state) {
            if (state == State::Connected && !m_keyring.isEmpty()) {
                QApplication::quit();
            }
        });
        start(code);
    }

    void run() {
        QObject::connect(&m_link, &remote::ServerLink::stateChanged, &m_link,
                         [](State state) { note("link " + QVariant::fromValue(state).toString()); });
        QObject::connect(&m_model, &gallery::PictureModel::dataChanged, &m_model, [this] { noteSteps(); });
        QObject::connect(&m_studio, &studio::Studio::pictureSaved, &m_studio,
                         [this](const QString& id) { note("saved " + m_names.value(id)); });
        QObject::connect(&m_studio, &studio::Studio::failed, &m_studio,
                         [this](const QString& id, const protocol::Problem& problem) {
                             note("failed " + m_names.value(id) + ' ' + QString::fromStdString(problem.code));
                         });
        QObject::connect(&m_looks, &QTimer::timeout, &m_looks, [this] {
            if (isUsable()) {
                m_looks.stop();
                note("usable");
            }
        });
        m_looks.start(5);
        m_window.resize(1280, 800);
        m_window.show();
        note("shown");
        QObject::connect(&m_input, &QSocketNotifier::activated, &m_input, [this] { read(); });
        start({});
    }

private:
    void start(const QString& address) {
        if (const auto opened = m_store.open(); !opened) {
            qFatal("the pictures can't be opened: %s", opened.error().detail.c_str());
        }
        if (const auto started = m_studio.start(address); !started) {
            qFatal("the studio did not start: %s", started.error().detail.c_str());
        }
    }

    /// All pictures are listed, and those that are in view are to be seen.
    bool isUsable() const {
        const auto* grid = m_window.findChild<QListView*>("galleryView");
        if (m_model.pictureCount() < kPictures || !grid->isVisible()) {
            return false;
        }
        int seen = 0;
        for (int row = 0; row < grid->model()->rowCount(); ++row) {
            const QModelIndex index = grid->model()->index(row, 0);
            if (!grid->visualRect(index).intersects(grid->viewport()->rect())) {
                continue;
            }
            if (index.data(gallery::PictureModel::ThumbnailRole).value<QPixmap>().isNull()) {
                return false;
            }
            ++seen;
        }
        return seen > 0;
    }

    void noteSteps() {
        for (int row = 0; row < m_model.tileCount(); ++row) {
            const gallery::PendingTile& tile = *m_model.tileAt(row);
            if (tile.step != m_steps.value(tile.id)) {
                m_steps[tile.id] = tile.step;
                note(QStringLiteral("step %1 %2").arg(tile.prompt).arg(tile.step));
            }
        }
    }

    void read() {
        char bytes[4096];
        const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (count <= 0) {
            m_input.setEnabled(false);
            return QApplication::quit();
        }
        m_typed.append(bytes, count);
        for (qsizetype end = m_typed.indexOf('\n'); end >= 0; end = m_typed.indexOf('\n')) {
            const QList<QByteArray> words = m_typed.left(end).split(' ');
            m_typed.remove(0, end + 1);
            protocol::GenerationRequest request;
            request.width = request.height = words.value(1).toInt();
            request.steps = words.value(2).toInt();
            request.count = words.value(3).toInt();
            request.prompt = words.value(4).toStdString();
            m_names[m_studio.generate(request)] = words.value(4);
        }
    }

    FileKeyring m_keyring;
    QSettings m_settings;
    ui::Theme m_theme;
    remote::Remote m_remote;
    remote::ServerLink m_link;
    gallery::PictureStore m_store;
    gallery::Thumbnailer m_thumbnailer;
    gallery::PictureModel m_model;
    studio::Studio m_studio;
    remote::LocalServer m_local;
    cloud::Cloud m_cloud;
    ui::MainWindow m_window;
    QTimer m_looks;
    QSocketNotifier m_input{STDIN_FILENO, QSocketNotifier::Read};
    QByteArray m_typed;
    QHash<QString, QString> m_names;  ///< by task
    QHash<QString, int> m_steps;
};

}  // namespace

int main(int argc, char* argv[]) {
    QApplication app(argc, argv);
    const QStringList arguments = QApplication::arguments();
    const QString folder = arguments.value(1);
    const QString code = arguments.value(2);
    if (folder.isEmpty()) {
        qFatal("slow_link.py starts this");
    }
    if (!code.isEmpty()) {
        makePictures(folder + "/pictures");
    }
    Bench bench(app, folder);
    if (code.isEmpty()) {
        bench.run();
    } else {
        bench.pair(code);
    }
    return QApplication::exec();
}
