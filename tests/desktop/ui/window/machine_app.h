// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QSettings>

#include "desktop/preferences/preferences.h"
#include "desktop/remote/fingerprint.h"
#include "desktop/remote/server_profile.h"
#include "tests/desktop/cloud/scenes.h"
#include "tests/desktop/ui/window/window_test.h"

namespace easel::tests {

/// Scenes of an account with two projects, a few GPUs and models, and one machine.
inline void allIsWell(const Scenes& scenes) {
    scenes.succeed("account", {R"({"event":"account","email":"ada@example.com"})"});
    scenes.succeed("projects", {R"({"event":"project","id":"my-project","name":"Pictures"})",
                                R"({"event":"project","id":"other-project","name":""})"});
    scenes.succeed(
        "offers",
        {R"({"event":"offer","gpu":"l4","title":"NVIDIA L4, 24 GB","machine_type":"g2-standard-4","hourly":0.7068,)"
         R"("spot_hourly":0.28,"region":"us-central1","as_of":"2026-11","note":""})",
         R"({"event":"offer","gpu":"t4","title":"NVIDIA T4, 16 GB","machine_type":"n1-standard-4","hourly":0.54,)"
         R"("spot_hourly":0.216,"region":"us-central1","as_of":"2026-11","note":"has no bf16; the Spot price is an upper figure"})",
         R"({"event":"offer","gpu":"h100","title":"NVIDIA H100, 80 GB","machine_type":"a3-highgpu-1g","hourly":12.5,)"
         R"("spot_hourly":5,"region":"us-central1","as_of":"2026-11","note":"only as Spot or Flex-start; the price is an upper figure"})"});
    scenes.succeed(
        "models",
        {R"({"event":"model","id":"stable-diffusion-v1-5/stable-diffusion-v1-5","title":"Stable Diffusion 1.5",)"
         R"("licence":"CreativeML Open RAIL-M","licence_url":"https://hub.example/sd15","gated":false,"gb":2.7,"note":""})",
         R"({"event":"model","id":"somebody/gated","title":"A model with a licence to accept","licence":"Of its own",)"
         R"("licence_url":"https://hub.example/gated","gated":true,"gb":5.2,"note":""})"});
    scenes.succeed("list", {machineLine("running")});
    scenes.succeed("status", {machineLine("running")});
    scenes.succeed(
        "up.dry-run",
        {R"({"event":"price","gpu":"l4","machine_type":"g2-standard-4","region":"us-central1","provisioning":"standard",)"
         R"("hourly":0.7068,"disk_monthly":6,"other_hourly":0.005,"total_hourly":0.72,"hours":"8","limit":5.76,)"
         R"("currency":"USD","as_of":"2026-11","way_out":"address","note":""})"});
}

/// The app as it starts where a machine on Google Cloud was drawn on last; the tunnel is open.
struct MachineApp {
    Identity identity = makeIdentity();
    FakeEasel server{identity};
    std::chrono::milliseconds time{1'000};
    std::unique_ptr<App> app;

    explicit MachineApp(const QString& folder) {
        remember(folder);
        app = std::make_unique<App>(folder, QUrl(), Scenes::program(),
                                    cloud::MachineKeeper::Timing{.look = std::chrono::milliseconds(300),
                                                                 .tick = std::chrono::milliseconds(10),
                                                                 .now = [this] { return time; }});
        Q_EMIT app->tunnels.last()->opened(server.url().port());
    }
    bool isReady() const {
        return QTest::qWaitFor([this] { return app->link.isOnline() && app->cloud.keeper.machine(); },
                               20'000);
    }

private:
    void remember(const QString& folder) const {
        remote::ServerProfile profile;
        profile.id = "machine";
        profile.address = "https://127.0.0.1:1";
        profile.fingerprint = remote::fingerprintOf(identity.certificate);
        profile.gcp = kMachinePlace;
        profile.wasThere = true;
        QSettings settings(folder + "/settings.ini", QSettings::IniFormat);
        preferences::kServers.set(settings, QString::fromUtf8(remote::toJson({profile})));
        preferences::kServer.set(settings, profile.id);
    }
};

}  // namespace easel::tests
