// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPushButton>
#include <QSettings>
#include <QTemporaryDir>
#include <QUrl>

#include "desktop/cloud/cloud.h"
#include "desktop/cloud/gcp_tunnel.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "desktop/remote/local_server.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/parts/theme.h"
#include "desktop/ui/window/main_window.h"

/// The desktop as main puts it together, in folders of its own: a second one on the same `home` is the app
/// started again. GUI thread.
class App {
public:
    /// `gcp`: what stands in for easel-gcp; empty: there is none.
    App(QApplication& application, const QTemporaryDir& home, const QString& gcp = {})
        : settings(home.filePath("settings.ini"), QSettings::IniFormat),
          theme(application),
          link(remote, {std::chrono::milliseconds(200), std::chrono::milliseconds(200),
                        std::chrono::milliseconds(200), std::chrono::milliseconds(400),
                        std::chrono::milliseconds(400)}),
          store(home.filePath("pictures")),
          thumbnailer(home.filePath("thumbnails")),
          model(store, thumbnailer),
          tunnels(gcp),
          studio({remote, link, store, model, settings, nullptr, &tunnels}, home.filePath("tasks.json")),
          local(settings, {EASEL_SERVER, 0, home.filePath("local")}),
          cloud(settings, studio.servers(), link, gcp),
          window({studio, link, local, cloud, model, store, settings, theme}) {}

    /// Opens the window on the server at `url`; false with a sentence in `error`.
    bool open(const QUrl& url) {
        window.resize(1280, 800);
        window.show();
        const auto opened = store.open();
        const auto started = studio.start(url.toString());
        error = !opened ? opened.error().detail : !started ? started.error().detail : std::string();
        return error.empty();
    }

    template <typename T>
    T* find(const char* name) const {
        return window.findChild<T*>(name);
    }

    std::string error;
    QSettings settings;
    easel::ui::Theme theme;
    easel::remote::Remote remote;
    easel::remote::ServerLink link;
    easel::gallery::PictureStore store;
    easel::gallery::Thumbnailer thumbnailer;
    easel::gallery::PictureModel model;
    easel::cloud::GcpTunnelMaker tunnels;
    easel::studio::Studio studio;
    easel::remote::LocalServer local;
    easel::cloud::Cloud cloud;
    easel::ui::MainWindow window;
};
