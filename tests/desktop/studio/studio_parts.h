// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSettings>
#include <QSignalSpy>

#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/studio/studio.h"
#include "tests/desktop/remote/fake_tunnels.h"
#include "tests/desktop/remote/quick_link.h"

namespace easel::tests {

/// All of the app but its windows, in a folder, as main puts it together.
struct StudioParts {
    QString folder;
    remote::Remote remote;
    remote::ServerLink link{remote, kQuick};
    gallery::PictureStore store{folder + "/pictures"};
    gallery::Thumbnailer thumbnailer{folder + "/thumbnails"};
    gallery::PictureModel model{store, thumbnailer};
    QSettings settings{folder + "/settings.ini", QSettings::IniFormat};
    FakeTunnels tunnels;
    studio::Studio studio{{remote, link, store, model, settings, nullptr, &tunnels}, folder + "/tasks.json"};

    explicit StudioParts(const QString& where) : folder(where) {}

    void openLibrary() {
        QSignalSpy scanned(&store, &gallery::PictureStore::scanned);
        if (!store.open() || !scanned.wait(30'000)) {
            qFatal("the library did not open");
        }
    }
    void start(const QUrl& server) {
        if (auto started = studio.start(server.toString()); !started) {
            qFatal("the studio did not start: %s", started.error().detail.c_str());
        }
    }
};

}  // namespace easel::tests
