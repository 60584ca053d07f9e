// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <filesystem>
#include <string>

#include "server/generator/nvidia.h"
#include "tests/server/generator/false_machine.h"

using namespace easel;
using namespace easel::generator;
using tests::FalseMachine;

namespace {

constexpr const char* kNvidia = "0x10de";
constexpr const char* kGraphics = "0x030000";
constexpr const char* kWithoutScreen = "0x030200";

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

class TestNvidia : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anEmptyMachineHasNone() {
        const FalseMachine machine;
        const Nvidia found = findNvidia(machine.root());
        QVERIFY(!found.isThere());
        QVERIFY(contains(whyUnusable(found), "no NVIDIA device"));
        QVERIFY(!findNvidia(machine.root() / "nowhere").isThere());
    }

    void othersDevicesAreNotMistaken() {
        const FalseMachine machine;
        machine.plug("0000:00:02.0", "0x8086", kGraphics, "i915");
        machine.plug("0000:01:00.1", kNvidia, "0x040300", "snd_hda_intel");  // the sound of a graphics card
        machine.plug("0000:02:00.0", kNvidia, "0x068000");                   // a switch between such cards
        QVERIFY(!findNvidia(machine.root()).isThere());
    }

    void aCardWithoutADriverIsToldWithWhatToInstall() {
        const FalseMachine machine;
        machine.plug("0000:00:05.0", kNvidia, kGraphics);
        machine.plug("0000:00:04.0", kNvidia, kWithoutScreen);
        const Nvidia found = findNvidia(machine.root());
        QVERIFY(found.isThere());
        QCOMPARE(found.cards.size(), std::size_t{2});
        QCOMPARE(found.cards[0].address, std::string("0000:00:04.0"));
        QVERIFY(found.driver.empty());
        const std::string why = whyUnusable(found);
        QVERIFY2(contains(why, "0000:00:04.0 has no driver") && contains(why, "nvidia-driver"), why.c_str());
    }

    void aCardThatAnotherDriverHoldsIsToldWithItsName() {
        const FalseMachine free;
        free.plug("0000:01:00.0", kNvidia, kGraphics, "nouveau");
        QVERIFY(contains(whyUnusable(findNvidia(free.root())), "nouveau, which cannot compute"));
        const FalseMachine passed;
        passed.plug("0000:01:00.0", kNvidia, kGraphics, "vfio-pci");
        const std::string why = whyUnusable(findNvidia(passed.root()));
        QVERIFY2(contains(why, "virtual machines") && !contains(why, "Install"), why.c_str());
    }

    void aContainerWithoutItsDevicesIsTold() {
        const FalseMachine machine;
        machine.plug("0000:00:04.0", kNvidia, kWithoutScreen, "nvidia");
        machine.loadDriver("580.95.05");
        const Nvidia found = findNvidia(machine.root());
        QCOMPARE(found.driver, std::string("580.95.05"));
        QVERIFY(!found.isReachable);
        const std::string why = whyUnusable(found);
        QVERIFY2(contains(why, "580.95.05 runs") && contains(why, "--gpus all"), why.c_str());
    }

    void whatIsCompleteCanBeTried() {
        const FalseMachine machine;
        machine.plug("0000:00:04.0", kNvidia, kWithoutScreen, "nvidia");
        machine.loadDriver("580.95.05");
        machine.makeNodes();
        QCOMPARE(whyUnusable(findNvidia(machine.root())), std::string());
        const FalseMachine container;  // which often sees no bus, nor /proc/driver
        container.makeNodes();
        QVERIFY(findNvidia(container.root()).isThere());
        QCOMPARE(whyUnusable(findNvidia(container.root())), std::string());
    }

    void aVersionIsFoundOrNone_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("version");
        QTest::newRow("closed") << "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12"
                                << "535.183.01";
        QTest::newRow("open")
            << "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  595.84  Release Build"
            << "595.84";
        QTest::newRow("empty") << ""
                               << "";
        QTest::newRow("only words") << "NVRM version: none . .5x"
                                    << "";
        QTest::newRow("a whole number") << "NVRM version: 580"
                                        << "";
    }

    void aVersionIsFoundOrNone() {
        QFETCH(QString, text);
        QFETCH(QString, version);
        const FalseMachine machine;
        machine.write("proc/driver/nvidia/version", text.toStdString());
        QCOMPARE(QString::fromStdString(findNvidia(machine.root()).driver), version);
    }

    void theMajorNumberIsTheFirst() {
        QCOMPARE(majorOf("580.95.05"), 580);
        QCOMPARE(majorOf(""), 0);
        QCOMPARE(majorOf("new"), 0);
    }
};

QTEST_APPLESS_MAIN(TestNvidia)
#include "test_nvidia.moc"
