// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractButton>
#include <QApplication>
#include <QListView>
#include <QPlainTextEdit>
#include <QSettings>
#include <QSignalSpy>
#include <QTest>

#include <chrono>

#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "desktop/remote/local_server.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/theme.h"
#include "desktop/ui/window/main_window.h"

namespace easel::tests {

inline constexpr remote::ServerLink::Timing kQuick{.whenConnected = std::chrono::milliseconds(20),
                                                   .whenNotReady = std::chrono::milliseconds(20),
                                                   .firstPause = std::chrono::milliseconds(20),
                                                   .longestPause = std::chrono::milliseconds(40)};

/// The whole app in a folder, as main puts it together.
struct App {
    QString folder;
    remote::Remote remote;
    remote::ServerLink link{remote, kQuick};
    gallery::PictureStore store{folder + "/pictures"};
    gallery::Thumbnailer thumbnailer{folder + "/thumbnails"};
    gallery::PictureModel model{store, thumbnailer};
    QSettings settings{folder + "/settings.ini", QSettings::IniFormat};
    studio::Studio studio{{remote, link, store, model, settings}, folder + "/tasks.json"};
    ui::Theme theme{*qApp};
    remote::LocalServer local{settings, {{}, 1, folder + "/local"}};
    ui::MainWindow window{{studio, link, local, model, store, settings, theme}};

    QSignalSpy asked{find<ui::PromptPanel>("promptPanel"), &ui::PromptPanel::generateRequested};

    App(const QString& where, const QUrl& server) : folder(where) {
        window.show();
        QSignalSpy scanned(&store, &gallery::PictureStore::scanned);
        if (!store.open() || !scanned.wait(30'000)) {
            qFatal("the library did not open");
        }
        if (!studio.start(server.toString())) {
            qFatal("the studio did not start");
        }
        if (!QTest::qWaitForWindowActive(&window)) {
            qFatal("the window did not come up");
        }
    }

    template <typename T = QAbstractButton>
    T* find(const char* name) const {
        T* found = window.findChild<T*>(name);
        if (!found) {
            qFatal("no %s", name);
        }
        return found;
    }
    QListView* grid() const { return find<QListView>("galleryView"); }
    /// What the newest task asked the studio for.
    protocol::GenerationRequest tileAsked() const {
        return asked.isEmpty() ? protocol::GenerationRequest()
                               : asked.last().first().value<protocol::GenerationRequest>();
    }
    QString page() const {
        for (const char* name : {"galleryView", "largeView", "emptyPage", "connectPage", "noMatchPage"}) {
            if (find<QWidget>(name)->isVisible()) {
                return name;
            }
        }
        return {};
    }
    const protocol::GenerationRequest& request() const {
        return find<ui::PromptPanel>("promptPanel")->request();
    }
    void write(const QString& prompt) const { find<QPlainTextEdit>("promptEdit")->setPlainText(prompt); }
    /// Presses a key where the keyboard is.
    void press(int key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) const {
        QTest::keyClick(QApplication::focusWidget(), Qt::Key(key), modifiers);
    }
};

QAction* actionNamed(const App& app, const QString& text) {
    const QList<QAction*> actions = app.window.findChildren<QAction*>();
    const auto found = std::ranges::find(actions, text, &QAction::text);
    return found == actions.end() ? nullptr : *found;
}

}  // namespace easel::tests
