// SPDX-License-Identifier: Apache-2.0
#include <QApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusVariant>
#include <QProcess>
#include <QSignalSpy>
#include <QTest>

#include "desktop/ui/parts/measures.h"
#include "desktop/ui/parts/system_scheme.h"
#include "desktop/ui/parts/theme.h"

using namespace easel;

namespace {

constexpr char kPath[] = "/org/freedesktop/portal/desktop";

/// The portal is another program, so it has a connection of its own.
QDBusConnection portalBus() {
    return QDBusConnection::connectToBus(QDBusConnection::SessionBus, "portal");
}

/// A session bus of the test's own, which ends with it.
class Bus {
public:
    Bus() {
        m_daemon.start("dbus-daemon", {"--session", "--nofork", "--print-address"});
        if (!m_daemon.waitForStarted() || !m_daemon.waitForReadyRead()) {
            qFatal("dbus-daemon does not start");
        }
        qputenv("DBUS_SESSION_BUS_ADDRESS", m_daemon.readLine().trimmed());
    }
    ~Bus() {
        m_daemon.terminate();
        m_daemon.waitForFinished();
    }
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;

private:
    QProcess m_daemon;
};

}  // namespace

/// What a desktop's settings portal says of its colours.
class Portal : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Settings")

public:
    uint colors = 0;

    void change(uint value) {
        colors = value;
        tell("org.freedesktop.appearance", "color-scheme");
    }
    void tell(const QString& group, const QString& key) {
        auto signal = QDBusMessage::createSignal(kPath, "org.freedesktop.portal.Settings", "SettingChanged");
        signal << group << key << QVariant::fromValue(QDBusVariant(colors));
        QVERIFY(portalBus().send(signal));
    }

public Q_SLOTS:
    QDBusVariant Read(const QString& group, const QString& key) {
        const bool known = group == "org.freedesktop.appearance" && key == "color-scheme";
        return QDBusVariant(QVariant::fromValue(QDBusVariant(known ? colors : 7)));
    }
};

class TestSystemScheme : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void noticesAPortalThatComesLater();
    void lightWithoutAPortal();
    void asksThePortal();
    void followsThePortal();
    void aChoiceOfTheirOwnStays();
    void cleanup();

private:
    void offer(uint colors);
    static bool looksDark() { return ui::isDark(QApplication::palette()); }

    Portal m_portal;
};

void TestSystemScheme::offer(uint colors) {
    m_portal.colors = colors;
    auto bus = portalBus();
    QVERIFY(bus.registerObject(kPath, &m_portal, QDBusConnection::ExportAllSlots));
    QVERIFY(bus.registerService("org.freedesktop.portal.Desktop"));
}

void TestSystemScheme::cleanup() {
    auto bus = portalBus();
    bus.unregisterService("org.freedesktop.portal.Desktop");
    bus.unregisterObject(kPath);
}

/// The first test: nothing in this process has spoken on the bus before.
void TestSystemScheme::noticesAPortalThatComesLater() {
    const ui::SystemScheme scheme;
    offer(0);
    QVERIFY(QTest::qWaitFor([&] {
        m_portal.change(1);  // again, until it has been noticed whose name that is now
        return scheme.prefersDark();
    }));
}

void TestSystemScheme::lightWithoutAPortal() {
    const ui::SystemScheme scheme;
    QTest::qWait(50);
    QVERIFY(!scheme.prefersDark());
}

void TestSystemScheme::asksThePortal() {
    offer(1);
    const ui::SystemScheme scheme;
    QSignalSpy changed(&scheme, &ui::SystemScheme::changed);
    QTRY_VERIFY(scheme.prefersDark());
    QCOMPARE(changed.count(), 1);
}

void TestSystemScheme::followsThePortal() {
    offer(1);
    const ui::Theme theme(*qApp);
    QVERIFY(!looksDark());
    QTRY_VERIFY(looksDark());
    m_portal.change(2);
    QTRY_VERIFY(!looksDark());
    m_portal.change(1);
    QTRY_VERIFY(looksDark());
    m_portal.colors = 0;
    m_portal.tell("org.freedesktop.appearance", "contrast");
    m_portal.tell("org.gnome.desktop.interface", "color-scheme");
    QTest::qWait(50);
    QVERIFY(looksDark());
    m_portal.change(0);
    QTRY_VERIFY(!looksDark());
}

void TestSystemScheme::aChoiceOfTheirOwnStays() {
    offer(1);
    ui::Theme theme(*qApp);
    QTRY_VERIFY(looksDark());
    theme.setScheme(ui::Scheme::Light);
    QVERIFY(!looksDark());
    m_portal.change(0);
    QTest::qWait(50);
    m_portal.change(1);
    QTest::qWait(50);
    QVERIFY(!looksDark());
    theme.setScheme(ui::Scheme::System);
    QTRY_VERIFY(looksDark());
}

int main(int argc, char** argv) {
    const Bus bus;
    QApplication app(argc, argv);
    TestSystemScheme test;
    return QTest::qExec(&test, argc, argv);
}

#include "test_system_scheme.moc"
