// SPDX-License-Identifier: Apache-2.0
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QProcessEnvironment>
#include <QSettings>
#include <QTemporaryDir>
#include <QTest>

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
};

QTEST_GUILESS_MAIN(TestApp)
#include "test_app.moc"
