// SPDX-License-Identifier: Apache-2.0
#include <QApplication>
#include <QCommandLineParser>
#include <QIcon>
#include <QSocketNotifier>

#include <fcntl.h>
#include <unistd.h>

#include <clocale>
#include <csignal>

#include "desktop/cloud/cloud.h"
#include "desktop/cloud/gcp_tunnel.h"
#include "desktop/gallery/picture_model.h"
#include "desktop/gallery/picture_store.h"
#include "desktop/gallery/thumbnailer.h"
#include "desktop/preferences/preferences.h"
#include "desktop/remote/desktop_keyring.h"
#include "desktop/remote/instance_door.h"
#include "desktop/remote/local_server.h"
#include "desktop/remote/remote.h"
#include "desktop/remote/server_link.h"
#include "desktop/remote/servers.h"
#include "desktop/remote/wake_watch.h"
#include "desktop/studio/studio.h"
#include "desktop/ui/parts/theme.h"
#include "desktop/ui/window/main_window.h"
#include "shared/process/standard_streams.h"

namespace {

using namespace easel;

int g_wake = -1;  // NOLINT: a signal handler can be told nothing else

void onSignal(int) {
    const char byte = 0;
    [[maybe_unused]] const auto written = ::write(g_wake, &byte, 1);
}

/// The end of the session or of the terminal ends the app as Quit does: settings are kept, and a server that
/// was started here ends, too.
void quitOnSignals(QApplication& app) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return;
    }
    g_wake = ends[1];
    auto* notifier = new QSocketNotifier(ends[0], QSocketNotifier::Read, &app);
    QObject::connect(notifier, &QSocketNotifier::activated, &app, &QApplication::quit);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        std::signal(signal, onSignal);
    }
}

/// Settings, pictures and thumbnails live in the user's folders (XDG_CONFIG_HOME, XDG_DATA_HOME and
/// XDG_CACHE_HOME move them).
int run(QApplication& app, const QString& server, const QString& theme, const QString& connection) {
    remote::InstanceDoor door(remote::InstanceDoor::defaultPlace());
    if (!connection.isEmpty() && door.handOver(connection)) {
        return 0;
    }
    QSettings settings(QSettings::IniFormat, QSettings::UserScope, QApplication::organizationName(),
                       QApplication::applicationName());
    ui::Theme look(app);
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/app.svg")));
    look.setScheme(ui::schemeFrom(theme.isEmpty() ? preferences::kTheme.of(settings) : theme));

    remote::Remote remote;
    remote::ServerLink link(remote);
    remote::LocalServer local(settings);
    gallery::PictureStore store(gallery::PictureStore::defaultFolder());
    gallery::Thumbnailer thumbnailer(gallery::Thumbnailer::defaultFolder());
    gallery::PictureModel model(store, thumbnailer);
    remote::DesktopKeyring keyring;
    cloud::GcpTunnelMaker tunnels;
    studio::Studio studio({remote, link, store, model, settings, &keyring, &tunnels},
                          studio::Studio::defaultTaskFile());
    cloud::Cloud cloud(settings, studio.servers(), link);
    ui::MainWindow window({studio, link, local, cloud, model, store, settings, look});
    window.show();

    if (auto opened = store.open(); !opened) {
        window.warn(opened.error());
    }
    const auto started = studio.start(server);
    if (!started) {
        window.warn(started.error());
    }
    // A second window leaves the server to the first, with which it ends.
    if (server.isEmpty() && local.wasUsed() && (started || started.error().code != "already_running")) {
        local.start();
    }
    remote::WakeWatch sleep;
    QObject::connect(&sleep, &remote::WakeWatch::woke, &studio.servers(), &remote::Servers::resume);
    QObject::connect(&sleep, &remote::WakeWatch::woke, &link, &remote::ServerLink::resume);
    QObject::connect(&door, &remote::InstanceDoor::linkCame, &window, &ui::MainWindow::open);
    door.open();
    if (!connection.isEmpty()) {
        window.open(connection);
    }
    return QApplication::exec();
}

}  // namespace

int main(int argc, char* argv[]) {
    process::openStandardStreams();
    QApplication app(argc, argv);
    // Qt takes the locale from the environment for the C library, too. What people read is QLocale's; files
    // and messages have a point in their numbers everywhere.
    std::setlocale(LC_NUMERIC, "C");
    QApplication::setOrganizationName(QStringLiteral("Easel"));
    QApplication::setApplicationName(QStringLiteral("Easel"));
    QApplication::setApplicationVersion(QStringLiteral(EASEL_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("easel"));

    quitOnSignals(app);

    QCommandLineParser parser;
    parser.setApplicationDescription(QStringLiteral("Pictures from words, drawn on your own GPU."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption server(
        QStringLiteral("server"), QStringLiteral("Address of the server to draw on."), QStringLiteral("URL"));
    const QCommandLineOption theme(QStringLiteral("theme"), QStringLiteral("light, dark or system."),
                                   QStringLiteral("name"));
    parser.addOptions({server, theme});
    parser.addPositionalArgument(QStringLiteral("link"),
                                 QStringLiteral("What “easel-server pair” has printed: easel://…"),
                                 QStringLiteral("[link]"));
    parser.process(app);
    return run(app, parser.value(server), parser.value(theme), parser.positionalArguments().value(0));
}
