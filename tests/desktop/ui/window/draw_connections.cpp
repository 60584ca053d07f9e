// SPDX-License-Identifier: Apache-2.0
// Draws the window in every state of the connection, the models and the diagnostics, light and dark, for
// looking at:
//
//   QT_QPA_PLATFORM=offscreen draw_connections FOLDER
#include <QAbstractButton>
#include <QAction>
#include <QApplication>
#include <QDialog>
#include <QDir>
#include <QFileDialog>
#include <QLineEdit>
#include <QPainter>
#include <QPlainTextEdit>
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

void reach(App& app, State state) {
    if (!QTest::qWaitFor([&] { return app.link.state() == state; }, 10'000)) {
        qWarning("not reached");
    }
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

    /// The models of this server, what its hub offers, and a picture that waits for one.
    void takeModels(FakeEasel& server) {
        using protocol::PullState;
        protocol::ModelInfo good;
        good.id = "stable-diffusion-v1-5/stable-diffusion-v1-5";
        good.title = "Stable Diffusion v1.5";
        good.family = "stable-diffusion";
        good.licence = "creativeml-openrail-m";
        good.bytes = 4'265'000'000;
        good.isPulled = true;
        good.state = protocol::ModelState::Loaded;
        protocol::ModelInfo bad = good;
        bad.id = bad.title = "somebody/half-a-model";
        bad.state = protocol::ModelState::Failed;
        bad.why = "unet/config.json is missing.";
        server.shelf.models = {good, bad};
        protocol::PullInfo running{.id = "p_3",
                                   .request = {.model = "stabilityai/sd-turbo", .variant = "fp16"}};
        running.state = PullState::Running;
        running.licence = "other (https://huggingface.co/stabilityai/sd-turbo)";
        running.progress = {3, 12, 830'000'000, 2'580'000'000, 11'200'000};
        protocol::PullInfo gated{.id = "p_2", .request = {.model = "stabilityai/stable-diffusion-2-1"}};
        gated.state = PullState::Failed;
        gated.problem = protocol::Problem{
            403,
            "licence_not_accepted",
            "",
            "stabilityai/stable-diffusion-2-1 asks you to accept its licence first: open "
            "https://huggingface.co/stabilityai/stable-diffusion-2-1, sign in and agree, then try again.",
            {}};
        protocol::PullInfo verifying{
            .id = "p_1", .task = protocol::PullTask::Verify, .request = {.model = good.id}};
        verifying.state = PullState::Succeeded;
        server.shelf.pulls = {running, gated, verifying};
        server.shelf.hits = {
            {"stable-diffusion-v1-5/stable-diffusion-v1-5", 1'734'204, "creativeml-openrail-m", false},
            {"stabilityai/stable-diffusion-2-1", 402'118, "openrail++", true}};
        protocol::HubModel offer;
        offer.id = "stable-diffusion-v1-5/stable-diffusion-v1-5";
        offer.licence = "creativeml-openrail-m";
        offer.page = "https://huggingface.co/" + offer.id;
        offer.variants = {{"", 15, 4'265'000'000, 0}, {"fp16", 15, 2'133'000'000, 492'000'000}};
        take("with-models", server.url(), [&](App& app) {
            reach(app, State::Connected);
            const QString dark = m_scheme == ui::Scheme::Dark ? "-dark.png" : "-light.png";
            tests::actionNamed(app, "&Models…")->trigger();
            auto* dialog = app.find<QDialog>("modelsDialog");
            auto* search = dialog->findChild<QLineEdit*>("hubSearchEdit");
            const auto shoot = [&](const char* name, const QString& typed) {
                search->setText(typed);
                QTest::qWait(1'200);
                dialog->grab().save(m_folder + '/' + name + dark);
            };
            shoot("models", {});
            shoot("models-search", "stable diffusion");
            server.shelf.offer = offer;
            shoot("models-offer", QString::fromStdString(offer.id));
            server.shelf.offer.reset();
            shoot("models-none", "nobody/nothing");
            server.shelf.mayPull = false;
            shoot("models-no-admin", {});
            QTest::qWait(5'000);
            dialog->grab().save(m_folder + "/models-no-admin" + dark);
            server.shelf.mayPull = true;
            dialog->close();
            QTest::qWait(6'000);
            protocol::GenerationRequest wish;
            wish.prompt = "a fox in the snow";
            wish.model = "test/not-here";
            app.studio.generate(wish);
            QTest::qWaitFor([&] { return server.jobCount() > 0; });
            server.hold("j_1", {protocol::HoldReason::ModelMissing,
                                "The model test/not-here is not on this server.", "Pull it."});
            QTest::qWait(500);
        });
    }

    /// The diagnostics of this server: their beginning, and their end when they could not be saved.
    void takeDiagnostics(const QUrl& url) {
        take("with-diagnostics", url, [&](App& app) {
            reach(app, State::Connected);
            QTest::qWait(200);
            tests::actionNamed(app, "&Collect diagnostics…")->trigger();
            auto* dialog = app.find<QDialog>("diagnosticsDialog");
            QTest::qWait(200);
            const QString dark = m_scheme == ui::Scheme::Dark ? "-dark.png" : "-light.png";
            dialog->grab().save(m_folder + "/diagnostics" + dark);
            dialog->findChild<QAbstractButton*>("saveDiagnosticsButton")->click();
            auto* question = dialog->findChild<QFileDialog*>("saveDiagnosticsQuestion");
            Q_EMIT question->fileSelected("/not/there/easel-diagnostics-2026-05-01.txt");
            question->close();
            dialog->findChild<QPlainTextEdit*>("diagnosticsText")->moveCursor(QTextCursor::End);
            dialog->findChild<QAbstractButton*>("copyDiagnosticsButton")->setFocus();
            QTest::qWait(50);
            dialog->grab().save(m_folder + "/diagnostics-end" + dark);
            dialog->close();
        });
    }

private:
    QString m_folder;
    ui::Scheme m_scheme;
};

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
    with("not-on-the-gpu", State::Connected, [&] {
        server.info.status =
            "Ready, but not on the GPU. The NVIDIA device at 0000:00:04.0 has no driver. Install NVIDIA's "
            "driver (on "
            "Debian \"apt install nvidia-driver\", on Ubuntu \"ubuntu-drivers install\") and restart the "
            "machine.";
        server.info.deviceWarning = server.info.status.substr(server.info.status.find("The NVIDIA"));
    });
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
    server.info.device = "cuda:0";
    server.info.precision = "fp16";
    server.log = std::vector<std::string>{
        "[2026-05-01 12:00:00.000] [easel-server] [info] Ready (cuda:0, NVIDIA L4, fp16)",
        "[2026-05-01 12:00:03.120] [easel-server] [info] 192.168.0.17 202 2 ms POST /v1/jobs",
        "[2026-05-01 12:00:09.480] [easel-server] [error] Model hub/other failed: The file "
        "unet/diffusion_pytorch_model.safetensors is cut short."};
    shots.takeDiagnostics(server.url());
    FakeEasel shelf;
    shots.takeModels(shelf);
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
