// SPDX-License-Identifier: Apache-2.0
#include "server/commands/setup.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <stop_token>
#include <string_view>
#include <system_error>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "server/commands/command_line.h"
#include "server/commands/locations.h"
#include "server/commands/messages.h"
#include "server/commands/ownership.h"
#include "server/commands/progress_bar.h"
#include "server/commands/pull.h"
#include "server/commands/signals.h"
#include "server/commands/worker_libraries.h"
#include "server/generator/nvidia.h"
#include "server/libtorch/choice.h"
#include "server/libtorch/index.h"
#include "server/libtorch/setup.h"
#include "server/libtorch/setup_json.h"

namespace easel::commands {

namespace {

using libtorch::SetupProgress;
using libtorch::SetupStage;

#if defined(__x86_64__)
constexpr bool kHasWheels = true;
#else
constexpr bool kHasWheels = false;
#endif

/// Root of a machine with the packages works for all of it.
std::filesystem::path whereTo() {
    std::error_code error;
    std::filesystem::path system(kSystemLibtorch);
    if (::geteuid() == 0 && std::filesystem::is_directory(system.parent_path(), error)) {
        return system;
    }
    return libtorchFolders().front();
}

std::string progressLine(const SetupProgress& progress) {
    switch (progress.stage) {
        case SetupStage::Waiting:
            return "Waiting for another setup to end";
        case SetupStage::LookingUp:
            return "Asking the index where the wheels are";
        case SetupStage::Comparing:
            return fmt::format("Comparing hashes, {}", spelledBytes(progress.bytesDone));
        case SetupStage::Fetching:
        case SetupStage::Unpacking:
            break;
    }
    return (progress.stage == SetupStage::Fetching ? "Fetching: " : "Unpacking: ") +
           progressOfBytes(progress.bytesDone, progress.bytes,
                           fmt::format("{} of {} wheels", progress.filesDone, progress.files),
                           progress.bytesPerSecond);
}

/// Says how it goes, to a person or a program.
class Teller {
public:
    Teller(const libtorch::PinList& list, bool json) : m_list(list), m_json(json) {}

    void begins(const std::string& remark, const std::filesystem::path& into) {
        if (m_json) {
            return print(beginningToJson(m_list, remark));
        }
        std::cout << remark << (remark.empty() ? "" : "\n")
                  << printable(fmt::format("libtorch ({}) goes into {}", toString(m_list.kind),
                                           (into / m_list.name).string()))
                  << '\n'
                  << std::flush;
    }

    void got(const SetupProgress& progress) {
        if (m_json) {
            return print(toJson(m_list, progress));
        }
        m_bar.say(progressLine(progress));
    }

    int ended(const protocol::Expected<libtorch::SetupResult>& result, bool isCancelled) {
        m_bar.clear();
        if (m_json) {
            print(endToJson(m_list, result, isCancelled));
        } else if (result) {
            std::cout << printable(told(*result)) << '\n';
            for (const std::string& name : result->older.removed) {
                std::cout << "The older " << name << " is removed\n";
            }
            for (const std::string& name : result->older.kept) {
                std::cout << "The older " << name
                          << " is still in use; run this again when its server has ended\n";
            }
            if (!result->otherInUse.empty()) {
                std::cout << "A server that is running draws with " << result->otherInUse
                          << "; restart it to draw with this one\n";
            }
            std::cout << std::flush;
        }
        if (isCancelled && !result) {
            return fail(kInterrupted,
                        "Interrupted. What is here is kept; the same command goes on from there.");
        }
        return result ? kSuccess : failWith(result.error());
    }

private:
    static std::string told(const libtorch::SetupResult& result) {
        const std::string folder = result.folder.string();
        const auto places = libtorchFolders();
        const bool isFound = std::ranges::find(places, result.folder.parent_path()) != places.end();
        return fmt::format("libtorch is here{}: {}{}", result.wasHere ? " already" : "", folder,
                           isFound ? "" : ". Tell the server: EASEL_LIBTORCH=" + folder);
    }
    static void print(const std::string& line) { std::cout << line << '\n' << std::flush; }

    const libtorch::PinList& m_list;
    const bool m_json;
    ProgressBar m_bar;
};

int printList(libtorch::Kind kind) {
    std::cout << libtorch::listOf(kind) << std::flush;
    return kSuccess;
}

std::string indexOf(const SetupCommand& command) {
    const char* const usual = std::getenv("PIP_INDEX_URL");
    return !command.index.empty()               ? command.index
           : usual != nullptr && *usual != '\0' ? usual
                                                : libtorch::kUsualIndex;
}

}  // namespace

int setup(const SetupCommand& command) {
    if (!kHasWheels) {
        return fail(
            kFailure,
            "The wheels that this version of Easel knows are for x86-64. Unpack another libtorch and name "
            "its folder in EASEL_LIBTORCH.");
    }
    const auto choice = libtorch::choose(generator::findNvidia(), command.kind);
    if (command.list) {
        return printList(choice.kind);
    }
    const auto settings = command.from ? hub::Settings() : libtorch::indexSettings(indexOf(command));
    if (!settings) {
        return failWith(settings.error());
    }
    std::error_code gone;  // the folder that this runs in: then as it was said
    const std::filesystem::path said = command.into.empty() ? whereTo() : command.into;
    const std::filesystem::path whole = std::filesystem::absolute(said, gone);
    const std::filesystem::path into = gone ? said : whole.lexically_normal();
    if (auto became = becomeOwnerOf(into); !became) {
        return failWith(became.error());
    }
    std::stop_source stop;
    const SignalWatch signals([&stop] { stop.request_stop(); });
    libtorch::SetupOptions options;
    options.list = libtorch::pinsOf(choice.kind);
    options.into = into;
    options.from = command.from;
    Teller teller(options.list, command.json);
    teller.begins(choice.remark, into);
    const auto result = libtorch::setUp(
        *settings, options, [&teller](const auto& progress) { teller.got(progress); }, stop.get_token());
    return teller.ended(result, stop.stop_requested());
}

}  // namespace easel::commands
