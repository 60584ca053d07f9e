// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QProcessEnvironment>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/preferences/preferences.h"
#include "desktop/remote/server_profile.h"
#include "tests/desktop/cloud/scenes.h"

using namespace easel;

namespace {

QProcessEnvironment placesIn(const QTemporaryDir& home) {
    QProcessEnvironment places = QProcessEnvironment::systemEnvironment();
    for (const char* name :
         {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "HOME"}) {
        places.insert(name, home.path());
    }
    return places;
}

}  // namespace

/// The program itself, without a window system.
class TestApp : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theEndOfTheSessionEndsItAsQuitDoes() {
        const QTemporaryDir home;
        QProcess app;
        app.setProcessEnvironment(placesIn(home));
        app.start(EASEL_APP, {"--server", "http://127.0.0.1:1"});
        const QString settings = home.filePath("Easel/Easel.ini");
        QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(home.filePath("Easel/Easel/tasks.json.lock")), 60'000);
        app.terminate();
        QVERIFY(app.waitForFinished(60'000));
        QCOMPARE(app.exitStatus(), QProcess::NormalExit);
        QCOMPARE(app.exitCode(), 0);
        QVERIFY(QSettings(settings, QSettings::IniFormat).contains("window/geometry"));
    }

    void aLinkGoesToTheAppThatIsOpen() {
        const QTemporaryDir home;
        QProcess app;
        app.setProcessEnvironment(placesIn(home));
        app.start(EASEL_APP, {"--server", "http://127.0.0.1:1"});
        const auto isOpen = [&] {
            return !QDir(home.path()).entryList({"easel-*"}, QDir::AllEntries | QDir::System).isEmpty();
        };
        QTRY_VERIFY_WITH_TIMEOUT(isOpen(), 60'000);
        QProcess again;
        again.setProcessEnvironment(placesIn(home));
        again.start(EASEL_APP, {"easel://gpu-box?ticket=ticket-0123456789"});
        QVERIFY(again.waitForFinished(60'000));
        QCOMPARE(again.exitStatus(), QProcess::NormalExit);
        QCOMPARE(again.exitCode(), 0);
        QCOMPARE(app.state(), QProcess::Running);
        app.terminate();
        QVERIFY(app.waitForFinished(60'000));
        // It was a question, and nobody has said yes.
        QVERIFY(!QSettings(home.filePath("Easel/Easel.ini"), QSettings::IniFormat)
                     .value("server/list")
                     .toString()
                     .contains("gpu-box"));
    }

    /// However the app ends, nothing of what it has started for a machine on Google Cloud goes on.
    void aTunnelEndsWithTheApp_data() {
        QTest::addColumn<bool>("crashes");
        QTest::newRow("it quits") << false;
        QTest::newRow("it crashes") << true;
    }
    void aTunnelEndsWithTheApp() {
        QFETCH(bool, crashes);
        const QTemporaryDir home;
        const tests::Scenes scenes(home.filePath("scenes"));
        scenes.set("tunnel", {R"({"event":"tunnel","port":PORT})", "%pid", "%wait"});
        scenes.succeed("status", {tests::machineLine("running")});
        remote::ServerProfile profile;
        profile.id = "machine";
        profile.address = "https://127.0.0.1:1";
        profile.fingerprint = QByteArray(64, 'a');
        profile.gcp = tests::kMachinePlace;
        QDir().mkpath(home.filePath("Easel"));
        {
            QSettings settings(home.filePath("Easel/Easel.ini"), QSettings::IniFormat);
            preferences::kServers.set(settings, QString::fromUtf8(remote::toJson({profile})));
            preferences::kServer.set(settings, profile.id);
        }
        QProcess app;
        QProcessEnvironment places = placesIn(home);
        places.insert("EASEL_GCP", tests::Scenes::program());
        places.insert("EASEL_GCP_SCENES", home.filePath("scenes"));
        app.setProcessEnvironment(places);
        app.start(EASEL_APP, {});
        QTRY_VERIFY_WITH_TIMEOUT(!scenes.read("pid").isEmpty(), 60'000);
        QVERIFY(tests::isAlive(scenes, "pid"));
        if (crashes) {
            app.kill();
        } else {
            app.terminate();
        }
        QVERIFY(app.waitForFinished(60'000));
        QTRY_VERIFY_WITH_TIMEOUT(!tests::isAlive(scenes, "pid"), 60'000);
    }
};

QTEST_GUILESS_MAIN(TestApp)
#include "test_app.moc"
