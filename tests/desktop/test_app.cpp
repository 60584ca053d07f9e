// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QProcess>
#include <QProcessEnvironment>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

/// The program itself, without a window system.
class TestApp : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theEndOfTheSessionEndsItAsQuitDoes() {
        const QTemporaryDir home;
        QProcessEnvironment places = QProcessEnvironment::systemEnvironment();
        for (const char* name : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "HOME"}) {
            places.insert(name, home.path());
        }
        QProcess app;
        app.setProcessEnvironment(places);
        app.start(EASEL_APP, {"--server", "http://127.0.0.1:1"});
        const QString settings = home.filePath("Easel/Easel.ini");
        QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(home.filePath("Easel/Easel/tasks.json.lock")), 60'000);
        app.terminate();
        QVERIFY(app.waitForFinished(60'000));
        QCOMPARE(app.exitStatus(), QProcess::NormalExit);
        QCOMPARE(app.exitCode(), 0);
        QVERIFY(QSettings(settings, QSettings::IniFormat).contains("window/geometry"));
    }
};

QTEST_GUILESS_MAIN(TestApp)
#include "test_app.moc"
