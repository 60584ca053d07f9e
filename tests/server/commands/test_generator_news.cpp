// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "server/commands/generator_log.h"
#include "server/commands/generator_news.h"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

using namespace easel;
using protocol::DeviceState;
using protocol::ModelState;

namespace {

/// What draws, as the test says.
struct Source {
    generator::Status status;
    std::vector<protocol::DeviceInfo> devices{{.id = "0", .device = "cpu"}};
    commands::GeneratorNews news{[this] { return status; }, [this] { return devices; }};
    std::vector<std::string> heard;

    std::shared_ptr<void> follow() {
        return news.follow([this](const protocol::ServerNews& each) { heard.push_back(inWords(each)); });
    }

    static std::string inWords(const protocol::ServerNews& news) {
        if (const auto* model = std::get_if<protocol::ModelNews>(&news)) {
            return model->id + " " + std::string(toString(model->state)) + " " + model->why;
        }
        if (const auto* pull = std::get_if<protocol::PullInfo>(&news)) {
            return pull->id + " " + std::string(toString(pull->state));
        }
        const auto& device = std::get<protocol::DeviceInfo>(news);
        return device.id + " " + std::string(toString(device.state));
    }
};

using Heard = std::vector<std::string>;

}  // namespace

class TestGeneratorNews : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void eachChangeIsToldOnce() {
        Source source;
        const auto follower = source.follow();
        QCOMPARE(source.heard, Heard{});
        source.status.models = {{"m", ModelState::Loading, 0, {}}};
        source.news.changed();
        source.news.changed();
        QCOMPARE(source.heard, (Heard{"0 starting", "m loading "}));
        source.heard.clear();

        source.devices[0].state = DeviceState::Ready;
        source.status.models = {{"m", ModelState::Loaded, 100, {}}, {"n", ModelState::Failed, 0, "why"}};
        source.news.changed();
        QCOMPARE(source.heard, (Heard{"0 ready", "m loaded ", "n failed why"}));
        source.heard.clear();

        source.status.models = {{"n", ModelState::Failed, 0, "why"}};
        source.news.changed();
        source.news.changed();
        QCOMPARE(source.heard, Heard{"m available "});
    }

    void whoJoinsIsToldHowThingsAre() {
        Source source;
        source.status.models = {{"m", ModelState::Loaded, 100, {}}};
        source.news.changed();
        QCOMPARE(source.heard, Heard{});
        const auto follower = source.follow();
        QCOMPARE(source.heard, (Heard{"0 starting", "m loaded "}));
    }

    void whoHasGoneIsToldNothing() {
        Source source;
        source.news.changed();
        auto follower = source.follow();
        source.heard.clear();
        follower.reset();
        source.devices[0].state = DeviceState::Drained;
        source.news.changed();
        QCOMPARE(source.heard, Heard{});
    }

    void pullsAreToldAndRemembered() {
        Source source;
        const auto follower = source.follow();
        protocol::PullInfo pull{.id = "p_1", .request = {.model = "a/b"}};
        source.news.changed(pull);
        pull.state = protocol::PullState::Running;
        source.news.changed(pull);
        QCOMPARE(source.heard, (Heard{"p_1 waiting", "p_1 running"}));
        source.heard.clear();
        pull.state = protocol::PullState::Succeeded;
        source.news.changed(pull);
        const auto late = source.follow();
        QCOMPARE(source.heard, (Heard{"p_1 succeeded", "p_1 succeeded"}));
    }

    /// As long as the lines are right, a person who reads the log knows what drew and why it stopped.
    void theLogSaysWhatHasBecome() {
        std::ostringstream lines;
        const auto before = spdlog::default_logger();
        auto logger =
            std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines));
        logger->set_pattern("%l %v");
        spdlog::set_default_logger(logger);
        commands::GeneratorLog log;
        const auto model = [&](ModelState state, const char* why = "") {
            log.heard(protocol::ModelNews{"m", state, why});
        };
        model(ModelState::Loading);
        model(ModelState::Loaded);
        model(ModelState::Available);
        model(ModelState::Failed, "It is cut short.");
        for (const auto state : {DeviceState::Ready, DeviceState::Draining, DeviceState::Draining,
                                 DeviceState::Drained, DeviceState::Ready}) {
            log.heard(protocol::DeviceInfo{.id = "1", .device = "cuda:1", .state = state});
        }
        for (const auto state : {protocol::PullState::Waiting, protocol::PullState::Running,
                                 protocol::PullState::Running, protocol::PullState::Succeeded}) {
            log.heard(protocol::PullInfo{.id = "p_1", .request = {.model = "a/b"}, .state = state});
        }
        log.heard(protocol::PullInfo{.id = "p_2",
                                     .request = {.model = "a/c"},
                                     .state = protocol::PullState::Failed,
                                     .problem = protocol::notFound("model a/c")});
        const generator::Status ready{.ready = true,
                                      .message = "Ready",
                                      .device = "cpu",
                                      .deviceName = "AMD",
                                      .precision = "fp32",
                                      .notes = {"A note."}};
        log.changed(ready);
        log.changed(ready);
        log.changed({.failed = true, .message = "The worker is missing."});
        spdlog::set_default_logger(before);
        const std::string said =
            std::regex_replace(lines.str(), std::regex("after [0-9.]+ s"), "after a while");
        QCOMPARE(said, std::string("info Model m is loading\n"
                                   "info Model m is loaded, after a while\n"
                                   "info Model m is no longer held\n"
                                   "error Model m failed: It is cut short.\n"
                                   "info Device 1 (cuda:1) is draining\n"
                                   "info Device 1 (cuda:1) is drained\n"
                                   "info Device 1 (cuda:1) is in use again\n"
                                   "info Pulling a/b: waiting\n"
                                   "info Pulling a/b: running\n"
                                   "info Pulling a/b: succeeded\n"
                                   "error Pulling a/c failed: There is no model a/c.\n"
                                   "info Ready (cpu, AMD, fp32)\n"
                                   "info A note.\n"
                                   "error The worker is missing.\n"));
    }
};

QTEST_GUILESS_MAIN(TestGeneratorNews)
#include "test_generator_news.moc"
