// SPDX-License-Identifier: Apache-2.0
// Draws all that the app shows of Google Cloud in every state, light and dark, for looking at:
//
//   QT_QPA_PLATFORM=offscreen draw_cloud FOLDER
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QDialog>
#include <QDir>
#include <QLineEdit>
#include <QMessageBox>
#include <QPainter>
#include <QScrollArea>
#include <QScrollBar>
#include <QTemporaryDir>

#include <functional>
#include <utility>

#include "tests/desktop/ui/window/machine_app.h"

using namespace easel;
using tests::actionNamed;
using tests::App;
using tests::MachineApp;
using tests::machineLine;
using tests::Scenes;
using tests::stageLine;

namespace {

constexpr int kAWhile = 1'200;  // milliseconds; enough for what stands in for easel-gcp to answer

QString errorLine(const char* code, const QString& detail, const QString& remedy, const QString& url = {}) {
    return QStringLiteral(R"({"event":"error","code":"%1","detail":"%2","remedy":"%3","url":"%4"})")
        .arg(code, detail, remedy, url);
}

QStringList stagesUntil(const QString& last, const QString& state, const QString& detail) {
    const std::pair<const char*, const char*> all[] = {
        {"project", "Looking at the project"},
        {"billing", "Checking that the project can be billed"},
        {"apis", "Switching on what Easel needs in the project"},
        {"quota", "Checking the GPU quota"},
        {"account", "Making the machine's own account"},
        {"network", "Making a network that nothing gets into"},
        {"capacity", "Looking for a zone with a free GPU"},
        {"machine", "Making the machine"},
        {"driver", "Installing the NVIDIA driver"},
        {"package", "Installing Easel"},
        {"libtorch", "Fetching libtorch"},
        {"model", "Fetching the model"},
        {"ready", "Waiting until the server is ready"},
        {"pair", "Making the pairing code"}};
    QStringList lines;
    for (const auto& [id, title] : all) {
        if (last == QLatin1String(id)) {
            return lines << stageLine(id, state, title, detail);
        }
        lines << stageLine(id, last != u"apis" && QLatin1String(id) == u"billing" ? "skipped" : "done", title,
                           QLatin1String(id) == u"project" ? "my-project, as ada@example.com" : "");
    }
    return lines;
}

class Shots {
public:
    Shots(QString folder, ui::Scheme scheme)
        : m_folder(std::move(folder)),
          m_suffix(scheme == ui::Scheme::Dark ? "-dark.png" : "-light.png"),
          m_scheme(scheme) {}

    /// The page, after `prepare` has set the scene and `act` has been at it.
    void page(const QString& name, const std::function<void(const Scenes& scenes)>& prepare,
              const std::function<void(App& app, QDialog& dialog)>& act = {}) {
        const QTemporaryDir folder;
        const Scenes scenes(folder.filePath("scenes"));
        tests::allIsWell(scenes);
        prepare(scenes);
        App app(folder.path(), QUrl("http://127.0.0.1:1"), Scenes::program());
        app.theme.setScheme(m_scheme);
        actionNamed(app, "Machines on &Google Cloud…")->trigger();
        auto* dialog = app.find<QDialog>("cloudDialog");
        QTest::qWait(kAWhile);
        if (act) {
            act(app, *dialog);
            QTest::qWait(kAWhile);
        }
        save(*dialog, name);
        if (auto* question = app.window.findChild<QMessageBox*>()) {
            save(*question, name + "-question");
            question->close();
        }
        dialog->close();
    }

    /// The window while a machine is drawn on.
    void window(const QString& name, const std::function<void(const Scenes& scenes)>& prepare,
                const std::function<void(MachineApp& machine)>& act, bool withPopover) {
        const QTemporaryDir folder;
        const Scenes scenes(folder.filePath("scenes"));
        tests::allIsWell(scenes);
        prepare(scenes);
        MachineApp machine(folder.path());
        App& app = *machine.app;
        app.theme.setScheme(m_scheme);
        app.window.resize(1000, 680);
        act(machine);
        QTest::qWait(kAWhile);
        QWidget* popover = app.find<QWidget>("serverPopover");
        if (withPopover) {
            QTest::mouseClick(app.find<QWidget>("serverChip"), Qt::LeftButton);
            QTest::qWait(100);
        }
        QPixmap picture = app.window.grab();
        if (withPopover) {
            QPainter painter(&picture);
            painter.drawPixmap(app.window.mapFromGlobal(popover->pos()), popover->grab());
            popover->hide();
        }
        picture.save(m_folder + '/' + name + m_suffix);
    }

private:
    void save(QWidget& widget, const QString& name) const {
        widget.grab().save(m_folder + '/' + name + m_suffix);
    }

    QString m_folder;
    QString m_suffix;
    ui::Scheme m_scheme;
};

void scrollDown(QDialog& dialog) {
    for (auto* scroll : dialog.findChildren<QScrollArea*>()) {
        scroll->verticalScrollBar()->setValue(scroll->verticalScrollBar()->maximum());
    }
}

void make(QDialog& dialog) {
    dialog.findChild<QAbstractButton*>("makeMachineButton")->click();
}

void drawOverview(Shots& shots) {
    const auto nothing = [](const Scenes&) {};
    shots.page("gcloud-missing", [](const Scenes& scenes) {
        scenes.set("account", {errorLine("gcloud_missing", "The program gcloud is not on this computer.",
                                         "Install the Google Cloud CLI, then try it again.",
                                         "https://cloud.google.com/sdk/docs/install"),
                               "%exit 1"});
    });
    shots.page("not-logged-in", [](const Scenes& scenes) {
        scenes.fail("account", "not_logged_in", "gcloud is not signed in.", "Sign in, then this goes on.");
    });
    shots.page("looking", [](const Scenes& scenes) { scenes.set("account", {"%until never"}); });
    shots.page("no-machines", [](const Scenes& scenes) { scenes.succeed("list"); });
    shots.page("machines", [](const Scenes& scenes) {
        scenes.succeed("list",
                       {machineLine("running", 22'320, 1.32), machineLine("stopped", 0, 0, "easel-night"),
                        machineLine("preempted", 0, 0, "easel-spot-with-a-long-name")});
    });
    shots.page("machines-end", nothing, [](App&, QDialog& dialog) { scrollDown(dialog); });
    shots.page(
        "starting",
        [](const Scenes& scenes) {
            scenes.succeed("list", {machineLine("stopped")});
            scenes.set("start",
                       {stageLine("ready", "running", "Waiting until the server is ready"), "%until never"});
        },
        [](App&, QDialog& dialog) { dialog.findChild<QAbstractButton*>("startMachineButton")->click(); });
    shots.page(
        "extend-failed",
        [](const Scenes& scenes) {
            scenes.fail(
                "extend", "bad_argument",
                "easel is stopped at 2026-11-27T06:00:00Z at the latest, whatever is asked; that was fixed "
                "when it started.",
                "Stop it and start it again: then it may run as long again.");
        },
        [](App&, QDialog& dialog) { dialog.findChild<QAbstractButton*>("extendMachineButton")->click(); });
    shots.page(
        "remove",
        [](const Scenes& scenes) {
            scenes.set(
                "down.ask",
                {R"x({"event":"question","id":"down","text":"This goes:\n  the machine easel in us-central1-a with its disk\n  the network easel-net (free)\n  the service account easel@my-project (free)"})x",
                 "%exit 3"});
        },
        [](App&, QDialog& dialog) { dialog.findChild<QAbstractButton*>("removeMachineButton")->click(); });
    shots.page("gated-model", nothing, [](App&, QDialog& dialog) {
        dialog.findChild<QComboBox*>("cloudModelBox")->setCurrentIndex(1);
        dialog.findChild<QLineEdit*>("tokenEdit")->setText("hf_x y");
        dialog.findChild<QLineEdit*>("machineNameEdit")->setText("My machine");
        scrollDown(dialog);
    });
    shots.page(
        "no-price",
        [](const Scenes& scenes) {
            scenes.fail("up.dry-run", "bad_argument",
                        "Google sells one NVIDIA H100, 80 GB only as Spot or Flex-start.",
                        "Add --spot (cheaper, can be taken back) or --flex (waits, then runs undisturbed).");
        },
        [](App&, QDialog& dialog) { dialog.findChild<QComboBox*>("gpuBox")->setCurrentIndex(2); });
}

void drawMaking(Shots& shots) {
    const auto makes = [](App&, QDialog& dialog) { make(dialog); };
    shots.page(
        "making",
        [](const Scenes& scenes) {
            scenes.set("up", stagesUntil("driver", "waiting", "the machine starts anew with its driver, once")
                                 << "%until never");
        },
        makes);
    const auto fails = [&](const char* name, const QString& stage, const QString& error) {
        shots.page(
            QLatin1String(name),
            [&](const Scenes& scenes) {
                scenes.set("up", stagesUntil(stage, "failed", "x") << error << "%exit 1");
            },
            makes);
    };
    fails("quota-zero", "quota",
          errorLine("quota_zero", "The project may have no GPU at all (GPUS-ALL-REGIONS-per-project is 0).",
                    "Ask Google for one on the quota page; the answer comes by mail, often within a day.",
                    "https://console.cloud.google.com/iam-admin/quotas?project=my-project"));
    fails("stockout", "capacity",
          errorLine("stockout", "No NVIDIA L4 is free in us-central1: every zone was asked.",
                    "Try it again later, or choose another GPU: a T4 costs $0.54 an hour, as Spot $0.22."));
    fails("driver-failed", "driver",
          errorLine("driver_failed",
                    "The NVIDIA driver does not see the GPU. The end of its log: NVRM: RmInitAdapter failed! "
                    "(0x62:0x40:2142)",
                    "Go on tries it once more; if it fails again, remove the machine and make another."));
    shots.page(
        "cancelled",
        [](const Scenes& scenes) {
            scenes.set("up", stagesUntil("package", "running", "")
                                 << machineLine("running") << "%until never");
        },
        [](App&, QDialog& dialog) {
            make(dialog);
            QTest::qWait(kAWhile);
            dialog.findChild<QAbstractButton*>("cancelMakingButton")->click();
        });
    shots.page(
        "made",
        [](const Scenes& scenes) {
            scenes.succeed("up", stagesUntil("", "", "")
                                     << tests::pairingLine("ticket-0123456789", QByteArray(64, 'a')));
        },
        makes);
}

void drawWindow(Shots& shots) {
    using namespace std::chrono_literals;
    const auto nothing = [](const Scenes&) {};
    const auto ready = [](MachineApp& machine) { static_cast<void>(machine.isReady()); };
    shots.window(
        "panel-running", nothing,
        [&](MachineApp& machine) {
            ready(machine);
            for (int i = 0; i < 41; ++i) {
                machine.app->cloud.keeper.countPicture();
            }
        },
        true);
    shots.window(
        "panel-stopped", [](const Scenes& scenes) { scenes.succeed("status", {machineLine("stopped")}); },
        [&](MachineApp& machine) {
            Q_EMIT machine.app->tunnels.last()->failed(
                {0, remote::kMachineStopped, "stopped",
                 "easel is switched off and costs nothing but its disk. Start it to draw on it.",
                 std::nullopt});
        },
        true);
    shots.window(
        "window-opening", nothing,
        [](MachineApp& machine) { machine.app->link.awaitTunnel(machine.app->link.endpoint()); }, false);
    shots.window(
        "strip-stopping", nothing,
        [&](MachineApp& machine) {
            machine.app->cloud.keeper.setIdleMinutes(20);
            ready(machine);
            machine.time += 20min;
            QTest::qWait(100);
            machine.time += 8s;
        },
        false);
    shots.window(
        "strip-prolong",
        [](const Scenes& scenes) { scenes.succeed("status", {machineLine("running", 14 * 60)}); },
        [&](MachineApp& machine) {
            ready(machine);
            machine.app->write("a lighthouse above the clouds");
            machine.app->find("generateButton")->click();
        },
        false);
    shots.window(
        "strip-starting",
        [](const Scenes& scenes) {
            scenes.succeed("status", {machineLine("stopped")});
            scenes.set("start",
                       {stageLine("ready", "running", "Waiting until the server is ready"), "%until never"});
        },
        [&](MachineApp& machine) {
            Q_EMIT machine.app->tunnels.last()->failed(
                {0, remote::kMachineStopped, "stopped", "Off.", std::nullopt});
            QTest::qWait(kAWhile);
            machine.app->cloud.keeper.start();
        },
        false);
    shots.window(
        "strip-trouble",
        [](const Scenes& scenes) {
            scenes.fail("stop", "no_permission", "This account may not stop machines in my-project.",
                        "Ask whoever the project belongs to for the role Compute Instance Admin (v1).",
                        "https://console.cloud.google.com/iam-admin/iam");
        },
        [&](MachineApp& machine) {
            ready(machine);
            machine.app->cloud.keeper.stop();
        },
        false);
    shots.window(
        "signed-out", nothing,
        [](MachineApp& machine) {
            Q_EMIT machine.app->tunnels.last()->failed({0, "not_logged_in", "Not signed in to Google Cloud",
                                                        "gcloud is not signed in. Run “gcloud auth login”.",
                                                        std::nullopt});
        },
        true);
}

}  // namespace

int main(int argc, char* argv[]) {
    QApplication application(argc, argv);
    const QString folder = QApplication::arguments().value(1, QStringLiteral("cloud"));
    QDir().mkpath(folder);
    for (const ui::Scheme scheme : {ui::Scheme::Light, ui::Scheme::Dark}) {
        Shots shots(folder, scheme);
        drawOverview(shots);
        drawMaking(shots);
        drawWindow(shots);
    }
    return 0;
}
