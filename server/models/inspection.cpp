// SPDX-License-Identifier: Apache-2.0
#include "server/models/inspection.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "server/models/checkpoint.h"
#include "server/models/files/file_kind.h"
#include "server/models/model_folder.h"

namespace easel::models {

namespace {

protocol::Inspection::Part partOf(const std::string& name, const TensorSource& source) {
    protocol::Inspection::Part part{name, 0, source.numbers(), {}};
    std::set<std::string_view> precisions;
    for (const SourceFile& file : source.files()) {
        for (const TensorEntry& tensor : file.tensors) {
            part.bytes += static_cast<std::int64_t>(tensor.data.size());
            if (const auto dtype = toString(tensor.dtype); dtype.starts_with('F') || dtype == "BF16") {
                precisions.insert(dtype);  // not that of counters
            }
        }
    }
    part.precision = fmt::format("{}", fmt::join(precisions, " and "));
    return part;
}

std::string_view toString(PredictionType type) {
    return type == PredictionType::Epsilon ? "epsilon" : "v_prediction";
}

/// "Stable Diffusion 1.x for inpainting"
std::string inWords(Family family, const UNetConfig& unet) {
    std::string words = "Stable Diffusion XL";
    if (family == Family::StableDiffusion) {
        words = unet.linearProjection ? "Stable Diffusion 2.x" : "Stable Diffusion 1.x";
    } else if (family == Family::StableDiffusionXLRefiner) {
        words += "'s refiner";
    }
    if (const int more = unet.inChannels - unet.outChannels; more == 5) {
        words += " for inpainting";  // a mask, and what it leaves
    } else if (more == 4) {
        words += " for edits";  // the picture
    }
    return words;
}

void addCheckpoint(const std::filesystem::path& file, protocol::Inspection& inspection) {
    const auto notes = readCheckpointNotes(file);
    const auto checkpoint = notes ? readCheckpoint(file, *notes) : tl::unexpected(notes.error());
    if (!checkpoint) {
        inspection.problem = checkpoint.error().detail;
        return;
    }
    inspection.what = inWords(checkpoint->family, checkpoint->unet);
    inspection.family = toString(checkpoint->family);
    inspection.prediction = toString(checkpoint->prediction.type);
    inspection.predictionReason = checkpoint->prediction.why;
    for (const auto& [name, source] : checkpoint->parts) {
        inspection.parts.push_back(partOf(name, source));
    }
    inspection.lacks = missingParts(*checkpoint);
    if (checkpoint->hasAverage) {
        inspection.notes.push_back(fmt::format(
            "It also has the running average of its weights (EMA); {{\"ema\": true}} in {} draws with that.",
            notesFileOf(file).filename().string()));
    }
    if (const auto model = openModelFolder(file); !model) {
        inspection.problem = model.error().detail;
    }
}

protocol::Expected<protocol::Inspection> inspectFile(const std::filesystem::path& file) {
    if (isPickleName(file)) {
        return tl::unexpected(pickleProblem(file));
    }
    return SafetensorsFile::open(file).map([&file](const SafetensorsFile& opened) {
        const FileNature nature = natureOf(opened.tensors());
        std::error_code error;
        protocol::Inspection inspection{file.string(),
                                        std::string(toString(nature.kind)),
                                        std::string(nature.what),
                                        {},
                                        static_cast<std::int64_t>(std::filesystem::file_size(file, error))};
        if (nature.kind == FileKind::Checkpoint || nature.kind == FileKind::UNet) {
            addCheckpoint(file, inspection);
        }
        return inspection;
    });
}

protocol::Inspection inspectFolder(const std::filesystem::path& folder) {
    protocol::Inspection inspection{folder.string(), "folder", "a folder in diffusers' layout", {}};
    const auto model = openModelFolder(folder);
    if (!model) {
        inspection.problem = model.error().detail;
        return inspection;
    }
    inspection.what = inWords(model->family, model->unet);
    inspection.family = toString(model->family);
    inspection.prediction = toString(model->scheduler.prediction);
    inspection.predictionReason = "its scheduler's config says so";
    inspection.notes = model->info.notes;
    for (const std::string& name : partsWithWeights(*model)) {
        const auto source = openWeights(*model, name);
        if (!source) {
            inspection.lacks.push_back(name);
            inspection.problem = source.error().detail;
            continue;
        }
        inspection.parts.push_back(partOf(name, *source));
        inspection.bytes += inspection.parts.back().bytes;
        if (!source->note().empty()) {
            inspection.notes.push_back(source->note());
        }
    }
    return inspection;
}

}  // namespace

protocol::Expected<protocol::Inspection> inspect(const std::filesystem::path& place) {
    std::error_code error;
    if (std::filesystem::is_directory(place, error)) {
        return inspectFolder(place);
    }
    return inspectFile(place);
}

}  // namespace easel::models
