// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "desktop/preferences/preferences.h"

using namespace easel::preferences;

class TestPreferences : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void knowsWhatAnEarlierEaselWrote();
    void beginsWithWhatIsUsual();
    void keepsWhatIsSet();
    void takesNoNonsense();

private:
    /// The settings in a file with this text.
    std::unique_ptr<QSettings> settings(const QByteArray& text) const {
        const QString path = m_dir->filePath("Easel.ini");
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size()) {
            qFatal("no settings");
        }
        file.close();
        return std::make_unique<QSettings>(path, QSettings::IniFormat);
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestPreferences::knowsWhatAnEarlierEaselWrote() {
    const auto stored = settings(R"([server]
address=gpu-box:5000
id=5f1c

[studio]
request="{\"prompt\":\"a cat\"}"

[local]
used=true
keep=true
pid=4321
port=5001

[cloud]
project=my-project
prolong=true
idleMinutes=20
pictures={}

[window]
geometry=@ByteArray(\x1\xd9\xd0)
splitter=@ByteArray(\0\0\0\xff)
theme=dark
thumbnailSize=240
details=false

[export]
folder=/home/ada/out
pattern={seed}
format=1
quality=80
longestSide=1024
keepSettings=false
)");
    QCOMPARE(kServerAddress.of(*stored), "gpu-box:5000");
    QCOMPARE(kServerId.of(*stored), "5f1c");
    QCOMPARE(kRequest.of(*stored), R"({"prompt":"a cat"})");
    QCOMPARE(kLocalUsed.of(*stored), true);
    QCOMPARE(kLocalKept.of(*stored), true);
    QCOMPARE(kLocalPid.of(*stored), 4321);
    QCOMPARE(kLocalPort.of(*stored), 5001);
    QCOMPARE(kGeometry.of(*stored), QByteArray("\x01\xd9\xd0"));
    QCOMPARE(kSplitter.of(*stored), QByteArray("\0\0\0\xff", 4));
    QCOMPARE(kCloudProject.of(*stored), "my-project");
    QCOMPARE(kCloudProlongs.of(*stored), true);
    QCOMPARE(kCloudIdleMinutes.of(*stored), 20);
    QCOMPARE(kCloudPictures.of(*stored), "{}");
    QCOMPARE(kTheme.of(*stored), "dark");
    QCOMPARE(kThumbnailSize.of(*stored), 240);
    QCOMPARE(kDetailsShown.of(*stored), false);
    QCOMPARE(kExportFolder.of(*stored), "/home/ada/out");
    QCOMPARE(kExportPattern.of(*stored), "{seed}");
    QCOMPARE(kExportFormat.of(*stored), 1);
    QCOMPARE(kExportQuality.of(*stored), 80);
    QCOMPARE(kExportLongestSide.of(*stored), 1024);
    QCOMPARE(kExportKeepsSettings.of(*stored), false);
}

void TestPreferences::beginsWithWhatIsUsual() {
    const auto stored = settings({});
    QVERIFY(!kServerAddress.isSet(*stored));
    QCOMPARE(kServerAddress.of(*stored), "localhost");
    QCOMPARE(kServerId.of(*stored), "");
    QCOMPARE(kLocalPid.of(*stored), 0);
    QCOMPARE(kGeometry.of(*stored), QByteArray());
    QCOMPARE(kDetailsShown.of(*stored), true);
    QCOMPARE(kExportQuality.of(*stored), 92);
    QVERIFY(!kCloudProlongs.isSet(*stored));
    QCOMPARE(kCloudIdleMinutes.of(*stored), 0);
}

void TestPreferences::keepsWhatIsSet() {
    const auto stored = settings({});
    kServerAddress.set(*stored, "gpu-box");
    kLocalPid.set(*stored, 5'000'000'000);
    kDetailsShown.set(*stored, false);
    kGeometry.set(*stored, QByteArray("\0\xff", 2));
    stored->sync();
    const QSettings again(stored->fileName(), QSettings::IniFormat);
    QVERIFY(kServerAddress.isSet(again));
    QCOMPARE(kServerAddress.of(again), "gpu-box");
    QCOMPARE(kLocalPid.of(again), 5'000'000'000);
    QCOMPARE(kDetailsShown.of(again), false);
    QCOMPARE(kGeometry.of(again), QByteArray("\0\xff", 2));
    kServerAddress.forget(*stored);
    QCOMPARE(kServerAddress.of(*stored), "localhost");
}

void TestPreferences::takesNoNonsense() {
    const auto stored = settings("[window]\nthumbnailSize=huge\n[export]\nquality=\n");
    QCOMPARE(kThumbnailSize.of(*stored), kThumbnailSize.usual);
    QCOMPARE(kExportQuality.of(*stored), kExportQuality.usual);
}

QTEST_GUILESS_MAIN(TestPreferences)
#include "test_preferences.moc"
