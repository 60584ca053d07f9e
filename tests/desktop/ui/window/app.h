// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QAbstractButton>
#include <QApplication>
#include <QListView>
#include <QPlainTextEdit>
#include <QSignalSpy>
#include <QTest>

#include <algorithm>

#include "desktop/cloud/cloud.h"
#include "desktop/remote/local_server.h"
#include "desktop/ui/panel/prompt_panel.h"
#include "desktop/ui/parts/theme.h"
#include "desktop/ui/window/main_window.h"
#include "tests/desktop/studio/studio_parts.h"

namespace easel::tests {

/// The whole app.
struct App : StudioParts {
    ui::Theme theme{*qApp};
    remote::LocalServer local{settings, {{}, 1, folder + "/local"}};
    cloud::Cloud cloud;
    ui::MainWindow window{{studio, link, local, cloud, model, store, settings, theme}};

    QSignalSpy asked{find<ui::PromptPanel>("promptPanel"), &ui::PromptPanel::generateRequested};

    /// `gcp`: what stands in for easel-gcp; empty: there is none.
    App(const QString& where, const QUrl& server, const QString& gcp = {},
        const cloud::MachineKeeper::Timing& timing = {})
        : StudioParts(where), cloud(settings, studio.servers(), link, gcp, timing) {
        window.show();
        openLibrary();
        start(server);
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

inline QAction* actionNamed(const App& app, const QString& text) {
    const QList<QAction*> actions = app.window.findChildren<QAction*>();
    const auto found = std::ranges::find(actions, text, &QAction::text);
    return found == actions.end() ? nullptr : *found;
}

}  // namespace easel::tests
