// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/diffusion/device.h"
#include "server/diffusion/failure.h"
#include "tests/server/generator/false_machine.h"

using namespace easel;
using namespace easel::diffusion;

namespace {

/// With a card, and without its driver.
generator::Nvidia withoutDriver() {
    const tests::FalseMachine machine;
    machine.plug("0000:00:04.0", "0x10de", "0x030200");
    return generator::findNvidia(machine.root());
}

}  // namespace

class TestDevice : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theCpuAloneIsNothingToRemark() {
        const Device device = openDevice("auto", "auto", {});
        QCOMPARE(device.name, std::string("cpu"));
        QVERIFY(device.remark.empty());
    }

    void aGpuThatIsLeftAloneIsRemarked() {
        for (const char* precision : {"auto", "fp32"}) {
            const Device device = openDevice("auto", precision, withoutDriver());
            QCOMPARE(device.name, std::string("cpu"));
            QVERIFY2(device.remark.find("0000:00:04.0") != std::string::npos, device.remark.c_str());
        }
    }

    void theCpuThatWasAskedForIsNotRemarked() {
        QVERIFY(openDevice("cpu", "auto", withoutDriver()).remark.empty());
    }

    void aPrecisionThatNeedsTheGpuIsNotReplaced() {
        QVERIFY_EXCEPTION_THROWN(openDevice("auto", "fp16", withoutDriver()), Failure);
    }

    void aGpuThatWasAskedForIsNeverReplaced() {
        try {
            openDevice("cuda", "auto", withoutDriver());
            QFAIL("It was replaced.");
        } catch (const Failure& failure) {
            const std::string& why = failure.problem().detail;
            QVERIFY2(why.find("has no driver") != std::string::npos, why.c_str());
            QVERIFY2(why.find("--device cpu") != std::string::npos, why.c_str());
        }
        QVERIFY_EXCEPTION_THROWN(openDevice("cuda:1", "auto", {}), Failure);
    }
};

QTEST_APPLESS_MAIN(TestDevice)
#include "test_device.moc"
