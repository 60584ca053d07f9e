// SPDX-License-Identifier: Apache-2.0
#include "server/commands/models.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <stop_token>
#include <system_error>
#include <utility>

#include <spdlog/fmt/fmt.h>

#include "server/commands/command_line.h"
#include "server/commands/locations.h"
#include "server/commands/messages.h"
#include "server/commands/progress_bar.h"
#include "server/commands/pull.h"
#include "server/commands/signals.h"
#include "server/hub/cache.h"
#include "server/hub/verify.h"
#include "server/models/catalogue.h"
#include "server/models/inspection.h"
#include "shared/protocol/inspection.h"
#include "shared/protocol/json.h"
#include "shared/protocol/pull_info.h"

namespace easel::commands {

namespace {

using std::filesystem::path;

path cacheOf(const ModelsCommand& command) {
    return command.cache.empty() ? hubCache() : command.cache;
}

/// The models that `serve` would find.
models::Catalogue catalogueOf(const ModelsCommand& command) {
    models::Places places{.folders = {findStarterModel()}, .hubs = {}};
    places.folders.insert(places.folders.end(), command.models.begin(), command.models.end());
    if (path cache = cacheOf(command); !cache.empty()) {
        places.hubs.push_back(std::move(cache));
    }
    return models::Catalogue(std::move(places));
}

int unknown(const ModelsCommand& command) {
    return fail(kFailure,
                "There is no model \"" + command.id + "\" here." +
                    (protocol::isHubName(command.id) ? " " + protocol::howToPull(command.id, false)
                                                     : " \"easel-server models list\" shows what there is."));
}

/// A model that is in the hub's cache; other folders are their owners' own.
std::optional<hub::CachedRepository> cached(const ModelsCommand& command) {
    const path cache = cacheOf(command);
    if (cache.empty() || !protocol::isHubName(command.id)) {
        return std::nullopt;
    }
    hub::CachedRepository repository(cache, command.id);
    return repository.exists() ? std::optional(std::move(repository)) : std::nullopt;
}

int notCached(const ModelsCommand& command) {
    auto catalogue = catalogueOf(command);
    const path folder = catalogue.folderOf(command.id);
    return folder.empty() ? unknown(command)
                          : fail(kFailure, "The model " + command.id + " is not in the hub's cache but in " +
                                               folder.string() + ", which is left to its owner.");
}

std::int64_t bytesBelow(const path& folder) {
    std::int64_t bytes = 0;
    std::error_code error;
    for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error)) {
        std::error_code gone;
        const auto size = it->is_regular_file(gone) ? it->file_size(gone) : 0;  // behind links, too
        bytes += gone ? 0 : static_cast<std::int64_t>(size);
    }
    return bytes;
}

std::string partsOf(const protocol::Inspection& inspection) {
    std::string text = inspection.parts.empty() ? "" : "Parts\n";
    for (const protocol::Inspection::Part& part : inspection.parts) {
        text += fmt::format("  {:<16}{:>10}  {}\n", part.name, spelledBytes(part.bytes), part.precision);
    }
    return text;
}

/// What a person wants to know, with what its maker says of it where it is one of the models that are here.
std::string inWords(const protocol::Inspection& inspection, const std::optional<protocol::ModelInfo>& model) {
    std::string text =
        fmt::format("{}\n", printable(model ? model->id : path(inspection.place).filename().string()));
    const auto say = [&text](const char* name, const std::string& value) {
        text += value.empty() ? "" : fmt::format("{:<12}{}\n", name, printable(value));
    };
    if (model) {
        say("Title", model->title == model->id ? "" : model->title);
        say("About", model->description);
    }
    say("Is", inspection.what);
    say("Family", inspection.family);
    if (model) {
        say("Licence", model->licence.empty() ? "its card names none" : model->licence);
        say("Draws", model->family.empty()
                         ? ""
                         : fmt::format("{}x{}, sampler {}", model->width, model->height, model->sampler));
    }
    if (!inspection.prediction.empty()) {
        say("Predicts", inspection.prediction + ": " + inspection.predictionReason);
    }
    say("Weights", spelledBytes(inspection.bytes));
    say("Lies in", inspection.place);
    text += partsOf(inspection);
    for (const std::string& part : inspection.lacks) {
        say("Lacks", part);
    }
    for (const std::string& note : inspection.notes) {
        say("Note", note);
    }
    say("Problem", inspection.problem);
    return text;
}

bool agrees(const std::string& question) {
    std::cerr << question << " [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

int listModels(ModelsCommand command) {
    auto catalogue = catalogueOf(command);
    const auto page = catalogue.page(std::numeric_limits<int>::max(), {});
    if (command.json) {
        std::cout << protocol::toJson(page) << '\n' << std::flush;
        return kSuccess;
    }
    for (const protocol::ModelInfo& model : page.models) {
        const bool isUsable = model.state != protocol::ModelState::Failed;
        std::cout << fmt::format("{:<44} {:>10}  {:<18} {}\n", printable(model.id), spelledBytes(model.bytes),
                                 isUsable ? model.family : "cannot be used",
                                 isUsable ? printable(model.licence) : "");
    }
    std::cout << std::flush;
    return kSuccess;
}

int inspectModel(ModelsCommand command) {
    auto catalogue = catalogueOf(command);
    const auto model = catalogue.describe(command.id);
    std::error_code error;
    if (!model && !std::filesystem::exists(command.id, error)) {
        return unknown(command);
    }
    const auto inspection = models::inspect(model ? catalogue.folderOf(command.id) : path(command.id));
    if (!inspection) {
        return fail(kFailure, inspection.error().detail);
    }
    std::cout << (command.json ? protocol::toJson(*inspection) + '\n' : inWords(*inspection, model))
              << std::flush;
    return kSuccess;
}

int verifyModel(ModelsCommand command) {
    const auto repository = cached(command);
    if (!repository) {
        return notCached(command);
    }
    std::stop_source stop;
    const SignalWatch signals([&stop] { stop.request_stop(); });
    ProgressBar bar;
    const auto result = hub::verify(
        *repository,
        [&](const protocol::PullProgress& progress) {
            bar.say(spelledBytes(progress.bytesDone) + " of " + spelledBytes(progress.bytes) + " compared");
        },
        stop.get_token());
    bar.clear();
    if (stop.stop_requested()) {
        return fail(kInterrupted, "Interrupted.");
    }
    if (result.files == 0) {
        return fail(kFailure,
                    "Nothing of " + command.id + " is complete. " + protocol::howToPull(command.id, false));
    }
    for (const std::string& what : result.wrong) {
        fail(kFailure, what);
    }
    if (!result.wrong.empty()) {
        return fail(kFailure,
                    fmt::format("{} of {} files are not what they should be. Remove the model and pull it "
                                "again: easel-server models remove {}; easel-server pull {}",
                                result.wrong.size(), result.files, command.id, command.id));
    }
    std::cout << fmt::format("{}: {} files, {}, all as the hub gave them.\n", command.id, result.files,
                             spelledBytes(result.bytes))
              << std::flush;
    return kSuccess;
}

int removeModel(ModelsCommand command) {
    const auto repository = cached(command);
    if (!repository) {
        return notCached(command);
    }
    std::optional<std::string> commit;
    if (!command.revision.empty()) {
        commit = repository->commitOf(command.revision);
        if (!commit) {
            return fail(kFailure,
                        "There is no revision \"" + command.revision + "\" of " + command.id + " here.");
        }
    }
    const std::string what =
        commit ? command.id + " at " + *commit
               : fmt::format("{} ({})", command.id, spelledBytes(bytesBelow(repository->folder() / "blobs")));
    if (!command.yes) {
        if (::isatty(STDIN_FILENO) == 0) {
            return fail(kWrongArgument, "Nobody can be asked here; say --yes to remove " + what + ".");
        }
        if (!agrees("Remove " + what + " from the hub's cache, for all programs that use it?")) {
            return fail(kFailure, "Nothing is removed.");
        }
    }
    const auto freed = repository->remove(commit);
    if (!freed) {
        return failWith(freed.error());
    }
    std::cout << "Removed " << what << ": " << spelledBytes(*freed) << " are free again." << '\n'
              << std::flush;
    return kSuccess;
}

}  // namespace easel::commands
