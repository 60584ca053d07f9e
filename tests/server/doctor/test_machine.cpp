// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include "server/doctor/machine.h"

using namespace easel;
using namespace easel::doctor;
using generator::Inventory;
using generator::Nvidia;

namespace {

constexpr std::int64_t kGiB = std::int64_t{1} << 30;

const Nvidia kWithout;
const Nvidia kWithoutDriver{.cards = {{"0000:00:04.0", ""}}, .driver = "", .isReachable = false};

Nvidia withDriver(const std::string& version) {
    return {.cards = {{"0000:00:04.0", "nvidia"}}, .driver = version, .isReachable = true};
}

Inventory withCuda(const std::string& cuda, const std::string& problem = {}) {
    return {"2.11.0", cuda, "13.1", problem, {}};
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

class TestMachine : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aMachineWithoutNvidiaIsAsItShouldBe() {
        QVERIFY(judgeDriver(kWithout).state == State::Skipped);
        QVERIFY(judgeCuda(withCuda("13.0"), kWithout).state == State::Skipped);
        QVERIFY(judgeLibtorch(withCuda(""), kWithout).state == State::Right);
    }

    void aCardWithoutItsDriverIsWrong() {
        const Finding driver = judgeDriver(kWithoutDriver);
        QVERIFY(driver.state == State::Wrong);
        QVERIFY2(contains(driver.cure, "nvidia-driver"), driver.cure.c_str());
        QVERIFY(judgeCuda(withCuda("13.0"), kWithoutDriver).state == State::Skipped);  // told once
        QVERIFY(judgeLibtorch(withCuda(""), kWithoutDriver).state == State::Right);
    }

    void aDriverIsToldWithItsVersion() {
        QVERIFY(judgeDriver(withDriver("580.95.05")).state == State::Right);
        QCOMPARE(judgeDriver(withDriver("580.95.05")).found, std::string("580.95.05 runs."));
        QVERIFY(judgeDriver(withDriver("")).state == State::Right);  // a container does not show it
    }

    void libtorchForTheCpuIsWrongBesideAGpu() {
        const Finding finding = judgeLibtorch(withCuda(""), withDriver("580.1"));
        QVERIFY(finding.state == State::Wrong);
        QVERIFY(contains(finding.cure, "easel-server setup cuda"));
    }

    void cudaNeedsItsDriver_data() {
        QTest::addColumn<QString>("cuda");
        QTest::addColumn<QString>("driver");
        QTest::addColumn<bool>("right");
        QTest::newRow("just new enough") << "13.0"
                                         << "580.65.06" << true;
        QTest::newRow("too old") << "13.0"
                                 << "575.99" << false;
        QTest::newRow("of its time") << "12.6"
                                     << "535.183.01" << true;
        QTest::newRow("older than that") << "12.6"
                                         << "520.61" << false;
        QTest::newRow("not known") << "13.0"
                                   << "" << true;
        QTest::newRow("from the future") << "14.0"
                                         << "580.65.06" << true;
    }

    void cudaNeedsItsDriver() {
        QFETCH(QString, cuda);
        QFETCH(QString, driver);
        QFETCH(bool, right);
        const Finding finding = judgeCuda(withCuda(cuda.toStdString()), withDriver(driver.toStdString()));
        QVERIFY2((finding.state == State::Right) == right, finding.found.c_str());
        QCOMPARE(contains(finding.cure, "restart the machine"), !right);
    }

    void whatKeepsCudaFromWorkingIsTold() {
        const Finding finding =
            judgeCuda(withCuda("13.0", "The CUDA half cannot be loaded."), withDriver("580.1"));
        QVERIFY(finding.state == State::Wrong);
        QCOMPARE(finding.cure, std::string("The CUDA half cannot be loaded."));
    }

    void eachDeviceIsJudged() {
        const Inventory inventory{"2.11.0",
                                  "13.0",
                                  "13.0",
                                  "",
                                  {{"cpu", "AMD", {"fp32"}, 0, 0, ""},
                                   {"cuda:0", "NVIDIA L4", {"fp32"}, 24 * kGiB, 20 * kGiB, ""},
                                   {"cuda:1", "NVIDIA T4", {"fp32"}, 16 * kGiB, 1 * kGiB, ""},
                                   {"cuda:2", "", {}, 0, 0, "It is too old."}}};
        const auto findings = judgeDevices(inventory, 2 * kGiB);
        QCOMPARE(findings.size(), std::size_t{3});  // the CPU has none of its own
        QVERIFY(findings[0].state == State::Right);
        QVERIFY(contains(findings[0].found, "NVIDIA L4: 20.0 GiB of 24.0 GiB"));
        QVERIFY(findings[1].state == State::Warning);
        QVERIFY(contains(findings[1].cure, "2.0 GiB"));
        QVERIFY(findings[2].state == State::Wrong);
        QCOMPARE(findings[2].cure, std::string("It is too old."));
    }

    void kernelsThatAreOffAreTold() {
        Inventory inventory{
            "2.11.0", "13.0", "13.0", "", {{"cuda:0", "NVIDIA L4", {"fp32"}, 24 * kGiB, 20 * kGiB, ""}}};
        inventory.devices.front().kernels = "GPU kernels of Easel's own: 13 of 13 in use.";
        auto findings = judgeDevices(inventory, kGiB);
        QCOMPARE(findings.size(), std::size_t{2});
        QVERIFY(findings[1].state == State::Right);
        QVERIFY(contains(findings[1].found, "13 of 13"));
        inventory.devices.front().kernels =
            "GPU kernels of Easel's own: 12 of 13 in use; off: geglu/fp16 (differs).";
        findings = judgeDevices(inventory, kGiB);
        QVERIFY(findings[1].state == State::Warning);
        QVERIFY(contains(findings[1].found, "geglu/fp16"));
        QVERIFY(!findings[1].cure.empty());
    }

    void memoryMustHoldTheModelAndSomeMore() {
        QVERIFY(judgeMemory({8 * kGiB, 5 * kGiB}, 4 * kGiB).state == State::Right);
        const Finding little = judgeMemory({8 * kGiB, 5 * kGiB - 1}, 4 * kGiB);
        QVERIFY(little.state == State::Warning);
        QVERIFY(contains(little.cure, "5.0 GiB"));
        QVERIFY(judgeMemory({}, kGiB).state == State::Skipped);
    }

    void fewDescriptorsAreFewClients() {
        QVERIFY(judgeDescriptors(1024).state == State::Right);
        QVERIFY(judgeDescriptors(1023).state == State::Warning);
    }

    void aClockIsNoOlderThanTheProgram() {
        QVERIFY(judgeClock({2026, true}, 2026).state == State::Right);
        QVERIFY(judgeClock({2031, {}}, 2026).state == State::Right);
        QVERIFY(judgeClock({2026, false}, 2026).state == State::Warning);
        const Finding early = judgeClock({1970, true}, 2026);
        QVERIFY(early.state == State::Wrong);
        QVERIFY(contains(early.found, "1970"));
        QVERIFY(readClock().year >= 2026);
    }

    void memoryIsSpelledForPeople() {
        QCOMPARE(spelledMemory(35 * 1024 * 1024), std::string("35 MiB"));
        QCOMPARE(spelledMemory(3 * kGiB + kGiB / 2), std::string("3.5 GiB"));
    }
};

QTEST_APPLESS_MAIN(TestMachine)
#include "test_machine.moc"
