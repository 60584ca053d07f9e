// SPDX-License-Identifier: Apache-2.0
#include "server/commands/pull.h"

#include <iostream>
#include <stop_token>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "server/commands/command_line.h"
#include "server/commands/config_file.h"
#include "server/commands/locations.h"
#include "server/commands/messages.h"
#include "server/commands/progress_bar.h"
#include "server/commands/signals.h"
#include "server/hub/pull.h"
#include "server/hub/settings.h"
#include "shared/protocol/json.h"

namespace easel::commands {

namespace {

std::string progressLine(const protocol::PullProgress& progress) {
    return progressOfBytes(progress.bytesDone, progress.bytes,
                           fmt::format("{} of {} files", progress.filesDone, progress.files),
                           progress.bytesPerSecond);
}

/// Says how a pull goes, to a person or a program.
class Teller {
public:
    explicit Teller(const PullCommand& command) : m_json(command.json) {
        m_pull.id = "pull";
        m_pull.request = command.request;
        m_pull.state = protocol::PullState::Running;
    }

    void planned(const hub::PullPlan& plan) {
        m_pull.commit = plan.commit;
        m_pull.licence = plan.licence;
        m_pull.progress.files = plan.files;
        m_pull.progress.bytes = plan.bytes;
        if (m_json) {
            return print();
        }
        std::string text =
            fmt::format("{} at {}: {} files, {}\nLicence: {}\n", m_pull.request.model,
                        plan.commit.substr(0, 12), plan.files, spelledBytes(plan.bytes),
                        plan.licence.empty() ? "the model's card names none" : printable(plan.licence));
        for (const std::string& note : plan.notes) {
            text += "Note: " + printable(note) + '\n';
        }
        std::cout << text << std::flush;
    }

    void got(const protocol::PullProgress& progress) {
        m_pull.progress = progress;
        if (m_json) {
            return print();
        }
        m_bar.say(progressLine(progress));
    }

    int ended(const protocol::Expected<hub::Pulled>& pulled, bool isCancelled) {
        m_bar.clear();
        m_pull.state = pulled        ? protocol::PullState::Succeeded
                       : isCancelled ? protocol::PullState::Cancelled
                                     : protocol::PullState::Failed;
        if (!pulled && !isCancelled) {
            m_pull.problem = pulled.error();
        }
        if (m_json) {
            print();
        } else if (pulled) {
            std::cout << m_pull.request.model << " is here: " << printable(pulled->snapshot.string()) << '\n'
                      << std::flush;
        }
        if (isCancelled && !pulled) {
            return fail(kInterrupted, "Interrupted. What is here is kept; pull again to go on from there.");
        }
        return pulled ? kSuccess : failWith(pulled.error());
    }

private:
    void print() { std::cout << protocol::toJson(m_pull) << '\n' << std::flush; }

    const bool m_json;
    protocol::PullInfo m_pull;
    ProgressBar m_bar;
};

}  // namespace

int failWith(const protocol::Problem& problem) {
    return fail(problem.field ? kWrongArgument : kFailure, problem.detail);
}

int pull(PullCommand command) {
    std::stop_source stop;
    const SignalWatch signals([&stop] { stop.request_stop(); });
    const auto settings = hub::settingsFromEnvironment(command.tokenFile, hubHome());
    if (!settings) {
        return failWith(settings.error());
    }
    if (command.cache.empty()) {
        if (const auto own = workForService(); !own) {
            return fail(kFailure, own.error());
        }
        command.cache = hubCache();
    }
    Teller teller(command);
    hub::PullOptions options;
    options.cache = command.cache;
    options.model = command.request.model;
    options.revision = command.request.revision;
    options.wish = {command.request.variant, command.only};
    const auto pulled = hub::pull(*settings, options,
                                  {[&](const auto& plan) { teller.planned(plan); },
                                   [&](const auto& progress) { teller.got(progress); }},
                                  stop.get_token());
    return teller.ended(pulled, stop.stop_requested());
}

}  // namespace easel::commands
