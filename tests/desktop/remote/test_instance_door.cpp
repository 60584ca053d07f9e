// SPDX-License-Identifier: Apache-2.0
#include <QFile>
#include <QFileInfo>
#include <QLocalSocket>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <memory>
#include <thread>

#include "desktop/remote/instance_door.h"

using namespace easel;
using remote::InstanceDoor;

class TestInstanceDoor : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void handsALinkOver();
    void knowsThatNobodyIsThere();
    void leavesTheDoorToTheFirst();
    void takesOverFromOneThatDied();
    void listensToNoFlood();

private:
    QString place() const { return m_dir->filePath("door"); }
    /// Hands over as another process would, while this one's events go on.
    bool handOver(const QString& link) const {
        std::atomic<int> taken = -1;
        std::thread other([&] { taken = InstanceDoor(place()).handOver(link) ? 1 : 0; });
        const bool came = QTest::qWaitFor([&] { return taken >= 0; }, 30'000);
        other.join();
        return came && taken == 1;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestInstanceDoor::handsALinkOver() {
    InstanceDoor door(place());
    const QSignalSpy links(&door, &InstanceDoor::linkCame);
    door.open();
    QVERIFY(!(QFileInfo(place()).permissions() & (QFile::ReadGroup | QFile::WriteGroup | QFile::WriteOther)));
    QVERIFY(handOver("easel://gpu-box?ticket=abc&name=Ä"));
    QVERIFY(handOver("easel://other"));
    QTRY_COMPARE(links.size(), 2);
    QCOMPARE(links.first().first().toString(), "easel://gpu-box?ticket=abc&name=Ä");
}

void TestInstanceDoor::knowsThatNobodyIsThere() {
    QVERIFY(!InstanceDoor(place()).handOver("easel://gpu-box"));
}

void TestInstanceDoor::leavesTheDoorToTheFirst() {
    InstanceDoor first(place());
    first.open();
    const QSignalSpy links(&first, &InstanceDoor::linkCame);
    {
        InstanceDoor second(place());
        second.open();
    }
    QVERIFY(handOver("easel://gpu-box"));
    QTRY_COMPARE(links.size(), 1);
}

void TestInstanceDoor::takesOverFromOneThatDied() {
    QFile left(place());
    QVERIFY(left.open(QIODevice::WriteOnly));
    left.close();
    InstanceDoor door(place());
    door.open();
    QVERIFY(handOver("easel://gpu-box"));
}

void TestInstanceDoor::listensToNoFlood() {
    InstanceDoor door(place());
    door.open();
    const QSignalSpy links(&door, &InstanceDoor::linkCame);
    QLocalSocket flood;
    flood.connectToServer(place());
    QVERIFY(flood.waitForConnected());
    flood.write(QByteArray(100'000, 'x'));
    QTRY_COMPARE(flood.state(), QLocalSocket::UnconnectedState);
    QVERIFY(links.isEmpty());
    QVERIFY(handOver("easel://gpu-box"));
}

QTEST_GUILESS_MAIN(TestInstanceDoor)
#include "test_instance_door.moc"
