// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/generator/device_pool.h"
#include "tests/server/jobs/manual_generator.h"

using namespace easel;
using generator::DevicePool;
using protocol::DeviceState;
using protocol::ModelState;

namespace {

/// A pool of devices that do what the test says.
struct Pool {
    explicit Pool(int count) {
        std::vector<DevicePool::Device> list;
        for (int i = 0; i < count; ++i) {
            auto device = std::make_unique<ManualGenerator>();
            device->setCapacity(2);
            devices.push_back(device.get());
            list.push_back({"manual", std::move(device)});
        }
        pool.emplace(std::move(list));
        pool->onStatusChanged([this] { ++changes; });
    }

    /// The device says that it holds models.
    void hold(std::size_t index, const std::vector<generator::ModelStatus>& models, std::int64_t used = 0) {
        generator::Status status{.ready = true, .message = "Ready", .device = "cpu", .deviceName = "Manual"};
        status.memoryBudget = 1000;
        status.memoryUsed = used;
        status.models = models;
        devices[index]->setStatus(status);
    }

    void submit(const std::string& id, const std::string& model = "m") {
        protocol::GenerationSettings settings;
        settings.model = model;
        pool->submit(id, settings, {.progress = {}, .image = {}, .finished = [this, id](const auto& problem) {
                                        ended.emplace_back(id, problem);
                                    }});
    }

    /// The device that a request for `model` goes to; -1: none.
    int placeOf(const std::string& id, const std::string& model = "m") {
        submit(id, model);
        for (std::size_t i = 0; i < devices.size(); ++i) {
            if (!devices[i]->isIdle()) {
                taken.push_back(*devices[i]->take());
                return static_cast<int>(i);
            }
        }
        return -1;
    }

    void finish(const std::string& id) {
        for (const auto& request : taken) {
            if (request.id == id) {
                ManualGenerator::finish(request);
            }
        }
    }

    std::vector<ManualGenerator*> devices;
    std::vector<ManualGenerator::Request> taken;
    std::vector<std::pair<std::string, std::optional<protocol::Problem>>> ended;
    int changes = 0;
    std::optional<DevicePool> pool;  // goes first
};

generator::ModelStatus loaded(const std::string& id, std::int64_t bytes = 100) {
    return {id, ModelState::Loaded, bytes, {}};
}

}  // namespace

class TestDevicePool : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aRequestGoesWhereItsModelIs() {
        Pool pool(3);
        pool.hold(0, {});
        pool.hold(1, {loaded("m"), loaded("n")});
        pool.hold(2, {loaded("o")});
        QCOMPARE(pool.placeOf("1", "o"), 2);
        QCOMPARE(pool.placeOf("2", "m"), 1);
        QCOMPARE(pool.placeOf("3", "new"), 0);
    }

    void aModelThatFailedOnADeviceIsNotThere() {
        Pool pool(2);
        pool.hold(0, {{"m", ModelState::Failed, 0, "broken"}});
        pool.hold(1, {{"m", ModelState::Loading, 0, {}}});
        QCOMPARE(pool.placeOf("1", "m"), 1);
    }

    void anIdleDeviceWithRoomTakesItRatherThanLetItJoin() {
        Pool pool(2);
        pool.hold(0, {loaded("m")}, 100);
        pool.hold(1, {}, 0);
        QCOMPARE(pool.placeOf("1"), 0);
        QCOMPARE(pool.placeOf("2"), 1);
    }

    void anIdleDeviceWithoutRoomDoesNot() {
        Pool pool(2);
        pool.hold(0, {loaded("m")}, 100);
        pool.hold(1, {loaded("other", 950)}, 950);
        QCOMPARE(pool.placeOf("1"), 0);
        QCOMPARE(pool.placeOf("2"), 0);
        // Two are all that the first is worth giving.
        QCOMPARE(pool.placeOf("3"), 1);
    }

    void aModelThatIsNowhereGoesWhereMostMemoryIsLeft() {
        Pool pool(2);
        pool.hold(0, {loaded("a")}, 700);
        pool.hold(1, {loaded("b")}, 300);
        QCOMPARE(pool.placeOf("1", "new"), 1);
    }

    void whatIsFinishedMakesRoom() {
        Pool pool(2);
        pool.hold(0, {loaded("m")}, 100);
        pool.hold(1, {}, 0);
        QCOMPARE(pool.placeOf("1"), 0);
        pool.finish("1");
        QCOMPARE(pool.ended.size(), std::size_t{1});
        QVERIFY(!pool.ended.front().second);
        QCOMPARE(pool.placeOf("2"), 0);
        QCOMPARE(pool.pool->devices()[0].running, 1);
    }

    void aDeviceThatIsNotReadyGetsNothing() {
        Pool pool(2);
        pool.devices[0]->setStatus({.ready = false, .message = "Loading the model"});
        QCOMPARE(pool.placeOf("1"), 1);
        QCOMPARE(pool.placeOf("2"), 1);
        QCOMPARE(pool.pool->capacity(), 2);
        pool.devices[1]->setStatus({.ready = false, .message = "Gone"});
        QCOMPARE(pool.placeOf("3"), -1);
        QCOMPARE(pool.ended.back().first, "3");
        QVERIFY(generator::endOf(pool.ended.back().second) == generator::End::NotReady);
    }

    void aDrainedDeviceFinishesWhatItHas() {
        Pool pool(2);
        pool.hold(0, {loaded("m")});
        QCOMPARE(pool.placeOf("1"), 0);
        const auto draining = pool.pool->setDrained("0", true);
        QVERIFY(draining);
        QVERIFY(draining->state == DeviceState::Draining);
        QCOMPARE(pool.placeOf("2"), 1);
        QCOMPARE(pool.placeOf("3"), 1);
        QCOMPARE(pool.pool->capacity(), 3);  // what it finishes counts, and takes no place of another

        const int before = pool.changes;
        pool.finish("1");
        QCOMPARE(pool.changes, before + 1);
        QVERIFY(pool.pool->devices()[0].state == DeviceState::Drained);
        QCOMPARE(pool.pool->capacity(), 2);
        QVERIFY(!pool.pool->isDrained());

        QVERIFY(pool.pool->setDrained("0", false)->state == DeviceState::Ready);
        QCOMPARE(pool.placeOf("4"), 0);
    }

    void withAllDrainedNothingIsBegun() {
        Pool pool(2);
        QVERIFY(pool.pool->setDrained("0", true));
        QVERIFY(pool.pool->setDrained("1", true));
        QVERIFY(pool.pool->isDrained());
        QCOMPARE(pool.pool->capacity(), 1);
        QCOMPARE(pool.placeOf("1"), -1);
        QVERIFY(generator::endOf(pool.ended.back().second) == generator::End::NotReady);
    }

    void anUnknownDeviceIsNone() {
        Pool pool(2);
        const int before = pool.changes;
        for (const char* const id : {"2", "", "-1", "00", "0 ", "cpu"}) {
            QVERIFY(!pool.pool->setDrained(id, true));
        }
        QCOMPARE(pool.changes, before);
    }

    void aCancelGoesWhereItIsDrawn() {
        Pool pool(2);
        QCOMPARE(pool.placeOf("1"), 0);
        QCOMPARE(pool.placeOf("2"), 1);
        pool.pool->cancel("2");
        pool.pool->cancel("unknown");
        QVERIFY(!pool.devices[0]->wasCancelled("2"));
        QVERIFY(pool.devices[1]->wasCancelled("2"));
    }

    void aModelIsLoadedOnceAndLetGoEverywhere() {
        Pool pool(2);
        pool.hold(0, {loaded("other")}, 500);
        pool.hold(1, {}, 0);
        pool.pool->load("m");
        QCOMPARE(pool.devices[0]->loads(), std::vector<std::string>{});
        QCOMPARE(pool.devices[1]->loads(), std::vector<std::string>{"+m"});
        pool.hold(1, {loaded("m")}, 100);
        pool.pool->load("m");
        pool.pool->unload("m");
        QCOMPARE(pool.devices[0]->loads(), std::vector<std::string>{"-m"});
        QCOMPARE(pool.devices[1]->loads(), (std::vector<std::string>{"+m", "-m"}));
    }

    void theStatusIsThatOfAll() {
        Pool pool(2);
        pool.hold(0, {{"m", ModelState::Loading, 0, {}}, {"n", ModelState::Failed, 0, "broken"}}, 10);
        generator::Status larger{.ready = true, .message = "Ready", .device = "cuda:0", .deviceName = "GPU"};
        larger.memoryBudget = 2000;
        larger.memoryUsed = 20;
        larger.notes = {"A note."};
        larger.warning = "The NVIDIA device has no driver.";
        larger.models = {loaded("m"), loaded("o")};
        pool.devices[1]->setStatus(larger);

        const auto status = pool.pool->status();
        QVERIFY(status.ready);
        QVERIFY(!status.failed);
        QCOMPARE(status.message, "Ready");
        QCOMPARE(status.device, "cpu, cuda:0");
        QCOMPARE(status.deviceName, "Manual, GPU");
        QCOMPARE(status.memoryBudget, 2000);
        QCOMPARE(status.memoryUsed, 20);
        QCOMPARE(status.notes, std::vector<std::string>{"A note."});
        QCOMPARE(status.warning, larger.warning);
        QCOMPARE(status.models.size(), std::size_t{3});
        QCOMPARE(status.models[0], loaded("m"));
        QCOMPARE(status.models[1].message, "broken");
    }

    void oneOfSeveralThatCannotDrawIsNamed() {
        Pool pool(2);
        pool.hold(0, {});
        pool.devices[1]->setStatus({.failed = true, .message = "There is no such GPU."});
        auto status = pool.pool->status();
        QVERIFY(status.ready);
        QVERIFY(!status.failed);
        QCOMPARE(status.message, "Ready; device 1 (manual): There is no such GPU.");
        QVERIFY(pool.pool->devices()[1].state == DeviceState::Failed);

        pool.devices[0]->setStatus({.failed = true, .message = "The worker is missing."});
        status = pool.pool->status();
        QVERIFY(!status.ready);
        QVERIFY(status.failed);
        QCOMPARE(status.message, "The worker is missing.");
    }

    /// Whoever is told of a change asks the pool, which is going.
    void theEndIsNoChange() {
        Pool pool(2);
        pool.submit("1");
        pool.pool->setDrained("0", true);
        const int before = pool.changes;
        pool.pool.reset();
        QCOMPARE(pool.ended.size(), std::size_t{1});
        QCOMPARE(pool.changes, before);
    }

    void whatIsInFlightAtTheEndIsTold() {
        Pool pool(2);
        pool.submit("1");
        pool.submit("2");
        pool.pool.reset();
        QCOMPARE(pool.ended.size(), std::size_t{2});
        QVERIFY(generator::endOf(pool.ended[0].second) == generator::End::WorkerLost);
    }
};

QTEST_GUILESS_MAIN(TestDevicePool)
#include "test_device_pool.moc"
