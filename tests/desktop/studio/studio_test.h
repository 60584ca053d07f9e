// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <chrono>
#include <memory>
#include <string>

#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/studio/studio.h"
#include "tests/desktop/studio/fake_easel.h"

namespace easel::tests {

inline constexpr remote::ServerLink::Timing kQuick{.whenConnected = std::chrono::milliseconds(20),
                                                   .whenNotReady = std::chrono::milliseconds(20),
                                                   .firstPause = std::chrono::milliseconds(20),
                                                   .longestPause = std::chrono::milliseconds(40)};

/// The app without its windows, in a folder; destroying it and making another one is a restart.
struct App {
    QString folder;
    remote::Remote remote;
    remote::ServerLink link{remote, kQuick};
    gallery::PictureStore store{folder + "/pictures"};
    gallery::Thumbnailer thumbnailer{folder + "/thumbnails"};
    gallery::PictureModel model{store, thumbnailer};
    QSettings settings{folder + "/settings.ini", QSettings::IniFormat};
    studio::Studio studio{{remote, link, store, model, settings}, folder + "/tasks.json"};

    explicit App(const QString& where) : folder(where) {
        QSignalSpy scanned(&store, &gallery::PictureStore::scanned);
        if (!store.open() || !scanned.wait(30'000)) {
            qFatal("the library did not open");
        }
    }
    App(const QString& where, const QUrl& server) : App(where) {
        if (auto started = studio.start(server.toString()); !started) {
            qFatal("the studio did not start: %s", started.error().detail.c_str());
        }
    }

    /// The newest tile.
    gallery::PendingTile tile() const {
        return model.tileAt(0) != nullptr ? *model.tileAt(0) : gallery::PendingTile();
    }
    QString saved(int position) const {
        const gallery::Picture* picture = model.pictureAt(model.tileCount() + position);
        return picture == nullptr ? QString() : gallery::describe(*picture);
    }
};

inline protocol::GenerationRequest request(const std::string& prompt, int count = 1) {
    protocol::GenerationRequest request;
    request.prompt = prompt;
    request.count = count;
    return request;
}

/// For tests of the studio, each with a folder of its own.
class StudioTest : public QObject {
protected:
    void begin() { m_dir = std::make_unique<QTemporaryDir>(); }
    QString folder() const { return m_dir->path(); }

private:
    std::unique_ptr<QTemporaryDir> m_dir;
};

}  // namespace easel::tests
