// SPDX-License-Identifier: Apache-2.0
// Draws the window in every state of the connection, light and dark, for looking at:
//
//   QT_QPA_PLATFORM=offscreen draw_connections FOLDER
#include <QApplication>
#include <QDir>
#include <QLineEdit>
#include <QPainter>
#include <QTemporaryDir>
#include <QTest>

#include <functional>
#include <utility>

#include "desktop/remote/servers.h"
#include "tests/desktop/ui/window/window_test.h"

using namespace easel;
using tests::App;
using tests::FakeEasel;
using State = remote::ServerLink::State;

namespace {

const QByteArray kKey = "easel_0123456789abcdefghij";

/// The window with the popover over it, as on a screen.
void draw(App& app, const QString& path, bool withPopover) {
    QWidget* popover = app.find<QWidget>("serverPopover");
    if (withPopover) {
        QTest::mouseClick(app.find<QWidget>("serverChip"), Qt::LeftButton);
    }
    QTest::qWait(50);
    QPixmap picture = app.window.grab();
    if (withPopover) {
        QPainter painter(&picture);
        painter.drawPixmap(app.window.mapFromGlobal(popover->pos()), popover->grab());
        popover->hide();
    }
    picture.save(path);
}

class Shots {
public:
    Shots(QString folder, ui::Scheme scheme) : m_folder(std::move(folder)), m_scheme(scheme) {}

    /// `url`: of the server that is chosen first; empty: none. `prepare` leads to the state.
    void take(const QString& name, const QUrl& url, const std::function<void(App& app)>& prepare) {
        const QTemporaryDir folder;
        App app(folder.path(), url);
        app.theme.setScheme(m_scheme);
        app.window.resize(1000, 680);
        prepare(app);
        const QString dark = m_scheme == ui::Scheme::Dark ? "-dark" : "-light";
        draw(app, m_folder + '/' + name + dark + ".png", true);
        draw(app, m_folder + '/' + name + dark + "-window.png", false);
    }

private:
    QString m_folder;
    ui::Scheme m_scheme;
};

void reach(App& app, State state) {
    if (!QTest::qWaitFor([&] { return app.link.state() == state; }, 10'000)) {
        qWarning("not reached");
    }
}

/// `name` for the server that is chosen, and two more in the list.
void addServers(App& app, const QString& name) {
    auto& servers = app.studio.servers();
    const QString id = servers.current()->id;
    servers.rename(id, name);
    const std::pair<const char*, const char*> others[] = {
        {"http://10.0.0.4:5000", ""},
        {"https://easel.example.org/a/rather/long/path", "The studio's render farm in the cellar"}};
    for (const auto& [address, title] : others) {
        static_cast<void>(servers.enter(address));
        servers.rename(servers.current()->id, title);
        servers.trust();
    }
    servers.use(id);
}

void takeAll(Shots& shots) {
    const QUrl nowhere("http://127.0.0.1:1");
    shots.take("unreachable", nowhere, [](App& app) {
        app.studio.servers().rename(app.studio.servers().current()->id, "GPU box");
        reach(app, State::Unreachable);
    });
    const auto identity = tests::makeIdentity();
    {
        FakeEasel server(identity);
        shots.take("certificate-unknown", server.url(), [](App& app) {
            addServers(app, "GPU box");
            reach(app, State::CertificateUnknown);
        });
        shots.take("certificate-changed", server.url(), [&](App& app) {
            reach(app, State::CertificateUnknown);
            app.studio.servers().trust();
            reach(app, State::Connected);
            server.http().setIdentity(tests::makeIdentity());
            addServers(app, "GPU box");
            reach(app, State::CertificateChanged);
            server.http().setIdentity(identity);
            QTest::qWait(0);
        });
    }
    FakeEasel server;
    server.key = kKey;
    shots.take("key-missing", server.url(), [](App& app) { reach(app, State::KeyMissing); });
    shots.take("key-refused", server.url(), [&](App& app) {
        reach(app, State::KeyMissing);
        static_cast<void>(app.studio.setServerAddress(kKey));
        reach(app, State::Connected);
        app.studio.servers().rename(app.studio.servers().current()->id, "GPU box");
        app.write("a fox");
        app.find("generateButton")->click();
        QTest::qWait(200);
        server.key = "easel_another-key-of-another-time";
        server.http().cut();
        reach(app, State::KeyRefused);
        server.key = kKey;
    });
    server.key.reset();
    const auto before = server.info;
    const auto with = [&](const char* name, State state, const std::function<void()>& change) {
        server.info = before;
        change();
        shots.take(name, server.url(), [&](App& app) {
            addServers(app, "A server with a name that somebody has taken great delight in making long");
            reach(app, state);
        });
    };
    with("ready", State::Connected, [] {});
    with("busy", State::Busy, [&] {
        server.info.queued = 3;
        server.info.running = 1;
    });
    with("starting", State::Starting, [&] {
        server.info.ready = false;
        server.info.status = "Starting the worker.";
    });
    with("loading", State::LoadingModel, [&] {
        server.info.ready = false;
        server.info.status = "Loading the model";
    });
    with("too-old", State::TooOld, [&] { server.info.version = "0.0.3"; });
    with("too-new", State::TooNew, [&] { server.info.version = "12.4.0"; });
    server.info = before;
    shots.take("bad-code", server.url(), [](App& app) {
        reach(app, State::Connected);
        auto* popover = app.find<QWidget>("serverPopover");
        auto* field = popover->findChild<QLineEdit*>("addressEdit");
        field->setText("easel://gpu-box?ticket=x");
        QTest::keyClick(field, Qt::Key_Return);
    });
    shots.take("first-start", QUrl(), [](App&) { QTest::qWait(200); });
}

}  // namespace

int main(int argc, char* argv[]) {
    QApplication application(argc, argv);
    const QString folder = QApplication::arguments().value(1, QStringLiteral("connections"));
    QDir().mkpath(folder);
    for (const ui::Scheme scheme : {ui::Scheme::Light, ui::Scheme::Dark}) {
        Shots shots(folder, scheme);
        takeAll(shots);
    }
    return 0;
}
