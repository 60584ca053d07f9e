// SPDX-License-Identifier: Apache-2.0
#include "server/generator/frame_coding.h"

#include <cstring>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "shared/protocol/json.h"

namespace easel::generator {

namespace {

using nlohmann::json;
using protocol::Expected;

/// Throws json::exception for anything but a whole number; get<>() would cast a fraction.
std::int64_t integer(const json& value) {
    return value.get_ref<const json::number_integer_t&>();
}

json embed(const std::string& text) {
    return json::parse(text);
}

json control(const Generate& frame) {
    json others = json::array();
    for (const Material& material : frame.materials.others) {
        others.push_back(
            {{"kind", toString(material.kind)}, {"name", material.name}, {"path", material.path.string()}});
    }
    return {{"id", frame.id},
            {"settings", embed(toJson(frame.settings))},
            {"folder", frame.materials.model.folder.string()},
            {"others", std::move(others)}};
}

json control(const Load& frame) {
    return {{"model", frame.model}, {"folder", frame.folder}};
}

json control(const Unload& frame) {
    return {{"model", frame.model}};
}

json control(const Cancel& frame) {
    return {{"id", frame.id}};
}

json control(const WorkerStatus& frame) {
    const Status& status = frame.status;
    json models = json::array();
    for (const ModelStatus& model : status.models) {
        models.push_back({{"id", model.id},
                          {"state", protocol::toString(model.state)},
                          {"bytes", model.bytes},
                          {"message", model.message}});
    }
    return {{"ready", status.ready},
            {"failed", status.failed},
            {"message", status.message},
            {"device", status.device},
            {"device_name", status.deviceName},
            {"precision", status.precision},
            {"notes", status.notes},
            {"capacity", status.capacity},
            {"memory_budget", status.memoryBudget},
            {"memory_used", status.memoryUsed},
            {"models", std::move(models)},
            {"warning", status.warning},
            {"kernels", status.kernels}};
}

json control(const ProgressMade& frame) {
    return {{"id", frame.id}, {"progress", embed(toJson(frame.progress))}};
}

json control(const Picture& frame) {
    return {{"id", frame.id},
            {"index", frame.index},
            {"seed", frame.seed},
            {"width", frame.image.width},
            {"height", frame.image.height},
            {"note", frame.image.note}};
}

json control(const PreviewMade& frame) {
    return {{"id", frame.id},
            {"index", frame.preview.index},
            {"step", frame.preview.step},
            {"steps", frame.preview.steps},
            {"width", frame.preview.picture.width},
            {"height", frame.preview.picture.height}};
}

json control(const Finished& frame) {
    json value = {{"id", frame.id}};
    if (frame.problem) {
        value["problem"] = embed(toJson(*frame.problem));
    }
    return value;
}

json control(const Heartbeat& frame) {
    return {{"passes", frame.passes}, {"drawn", frame.drawn}};
}

json control(const Inventory& frame) {
    json devices = json::array();
    for (const ListedDevice& device : frame.devices) {
        devices.push_back({{"device", device.device},
                           {"name", device.name},
                           {"precisions", device.precisions},
                           {"memory", device.memory},
                           {"memory_free", device.memoryFree},
                           {"problem", device.problem},
                           {"kernels", device.kernels}});
    }
    return {{"libtorch", frame.libtorch},
            {"cuda", frame.cuda},
            {"driver_cuda", frame.driverCuda},
            {"problem", frame.problem},
            {"devices", std::move(devices)}};
}

json control(const Stage& frame) {
    return {{"name", frame.name}, {"shape", frame.shape}};
}

json control(const Proof& frame) {
    return {{"load_seconds", frame.loadSeconds},
            {"picture_seconds", frame.pictureSeconds},
            {"step_seconds", frame.stepSeconds},
            {"memory", frame.memory}};
}

Expected<Generate> readGenerate(const json& value) {
    auto settings = protocol::parseSettings(value.at("settings").dump());
    if (!settings) {
        return tl::unexpected(settings.error());
    }
    Materials materials(ModelPlace{settings->model, value.at("folder").get<std::string>()});
    for (const json& other : value.at("others")) {
        const auto kind = materialKindFrom(other.at("kind").get<std::string>());
        if (!kind) {
            return tl::unexpected(broken("a material's kind is not known"));
        }
        materials.others.push_back(
            {*kind, other.at("name").get<std::string>(), other.at("path").get<std::string>()});
    }
    return Generate{value.at("id").get<std::string>(), std::move(*settings), std::move(materials)};
}

Expected<ProgressMade> readProgress(const json& value) {
    return protocol::parseProgress(value.at("progress").dump()).map([&](auto progress) {
        return ProgressMade{value.at("id").get<std::string>(), progress};
    });
}

Expected<std::vector<ModelStatus>> readModels(const json& value) {
    std::vector<ModelStatus> models;
    for (const json& model : value) {
        const auto state = protocol::modelStateFrom(model.at("state").get<std::string>());
        if (!state) {
            return tl::unexpected(broken("a model's state is not known"));
        }
        models.push_back({model.at("id").get<std::string>(), *state, integer(model.at("bytes")),
                          model.at("message").get<std::string>()});
    }
    return models;
}

Expected<WorkerStatus> readStatus(const json& value) {
    const auto capacity = integer(value.at("capacity"));
    if (capacity < 1 || !std::in_range<int>(capacity)) {
        return tl::unexpected(broken("a capacity is out of bounds"));
    }
    auto models = readModels(value.at("models"));
    if (!models) {
        return tl::unexpected(models.error());
    }
    return WorkerStatus{Status{.ready = value.at("ready").get<bool>(),
                               .failed = value.at("failed").get<bool>(),
                               .message = value.at("message").get<std::string>(),
                               .device = value.at("device").get<std::string>(),
                               .deviceName = value.at("device_name").get<std::string>(),
                               .precision = value.at("precision").get<std::string>(),
                               .notes = value.at("notes").get<std::vector<std::string>>(),
                               .capacity = static_cast<int>(capacity),
                               .memoryBudget = integer(value.at("memory_budget")),
                               .memoryUsed = integer(value.at("memory_used")),
                               .models = std::move(*models),
                               .warning = value.at("warning").get<std::string>(),
                               .kernels = value.at("kernels").get<std::string>()}};
}

Expected<int> readNumber(const json& value) {
    const auto number = integer(value);
    if (!std::in_range<int>(number)) {
        return tl::unexpected(broken("a number is out of bounds"));
    }
    return static_cast<int>(number);
}

/// Without its note.
Expected<image::Image> readImage(const json& value, std::vector<std::uint8_t> pixels, std::int64_t maxSide) {
    const auto width = integer(value.at("width"));
    const auto height = integer(value.at("height"));
    if (width < 1 || height < 1 || width > maxSide || height > maxSide ||
        width * height * 3 != static_cast<std::int64_t>(pixels.size())) {
        return tl::unexpected(broken("a picture does not fit its pixels"));
    }
    return image::Image{static_cast<int>(width), static_cast<int>(height), std::move(pixels)};
}

Expected<Picture> readPicture(const json& value, std::vector<std::uint8_t> pixels) {
    constexpr std::int64_t kMaxSide = 1 << 16;
    return readNumber(value.at("index")).and_then([&](int index) {
        return readImage(value, std::move(pixels), kMaxSide).map([&](image::Image image) {
            image.note = value.at("note").get<std::string>();
            return Picture{value.at("id").get<std::string>(), index, integer(value.at("seed")),
                           std::move(image)};
        });
    });
}

Expected<PreviewMade> readPreview(const json& value, std::vector<std::uint8_t> pixels) {
    PreviewMade frame{value.at("id").get<std::string>(), {}};
    Preview& preview = frame.preview;
    for (const auto& [key, target] : {std::pair("index", &preview.index), std::pair("step", &preview.step),
                                      std::pair("steps", &preview.steps)}) {
        const auto number = readNumber(value.at(key));
        if (!number) {
            return tl::unexpected(number.error());
        }
        *target = *number;
    }
    return readImage(value, std::move(pixels), protocol::kMaxPreviewSide).map([&](image::Image picture) {
        preview.picture = std::move(picture);
        return std::move(frame);
    });
}

Expected<Finished> readFinished(const json& value) {
    Finished frame{value.at("id").get<std::string>(), {}};
    if (!value.contains("problem")) {
        return frame;
    }
    return protocol::parseProblem(value.at("problem").dump()).map([&](auto problem) {
        frame.problem = std::move(problem);
        return frame;
    });
}

Inventory readInventory(const json& value) {
    Inventory frame{value.at("libtorch").get<std::string>(),
                    value.at("cuda").get<std::string>(),
                    value.at("driver_cuda").get<std::string>(),
                    value.at("problem").get<std::string>(),
                    {}};
    for (const json& device : value.at("devices")) {
        frame.devices.push_back({device.at("device").get<std::string>(), device.at("name").get<std::string>(),
                                 device.at("precisions").get<std::vector<std::string>>(),
                                 integer(device.at("memory")), integer(device.at("memory_free")),
                                 device.at("problem").get<std::string>(),
                                 device.at("kernels").get<std::string>()});
    }
    return frame;
}

Expected<Stage> readStage(const json& value, std::span<const std::uint8_t> bytes) {
    constexpr std::size_t kMostSides = 8;
    Stage frame{value.at("name").get<std::string>(), {}, {}};
    std::size_t numbers = 1;
    for (const json& side : value.at("shape")) {
        const std::int64_t length = integer(side);
        const bool isRight = frame.shape.size() < kMostSides && length > 0 &&
                             !__builtin_mul_overflow(numbers, static_cast<std::size_t>(length), &numbers);
        if (!isRight) {
            return tl::unexpected(broken("a stage has no shape that can be"));
        }
        frame.shape.push_back(length);
    }
    if (numbers > bytes.size() || numbers * sizeof(float) != bytes.size()) {
        return tl::unexpected(broken("a stage does not fit its numbers"));
    }
    frame.values.resize(numbers);
    std::memcpy(frame.values.data(), bytes.data(), bytes.size());
    return frame;
}

Proof readProof(const json& value) {
    return {value.at("load_seconds").get<double>(), value.at("picture_seconds").get<double>(),
            value.at("step_seconds").get<std::vector<double>>(), integer(value.at("memory"))};
}

Expected<Frame> decode(std::size_t type, const json& value, std::vector<std::uint8_t> pixels) {
    const auto asFrame = [](auto frame) { return Frame(std::move(frame)); };
    switch (type) {  // by the order in Frame
        case 0:
            return readGenerate(value).map(asFrame);
        case 1:
            return Frame(Cancel{value.at("id").get<std::string>()});
        case 2:
            return readStatus(value).map(asFrame);
        case 3:
            return readProgress(value).map(asFrame);
        case 4:
            return readPicture(value, std::move(pixels)).map(asFrame);
        case 5:
            return readFinished(value).map(asFrame);
        case 6:
            return Frame(
                Heartbeat{value.at("passes").get<std::int64_t>(), value.at("drawn").get<std::int64_t>()});
        case 7:
            return Frame(Load{value.at("model").get<std::string>(), value.at("folder").get<std::string>()});
        case 8:
            return Frame(Unload{value.at("model").get<std::string>()});
        case 9:
            return Frame(readInventory(value));
        case 10:
            return readStage(value, pixels).map(asFrame);
        case 11:
            return Frame(readProof(value));
        default:
            return readPreview(value, std::move(pixels)).map(asFrame);
    }
}

}  // namespace

protocol::Problem broken(std::string_view what) {
    return protocol::internalError(fmt::format("The worker's channel is broken: {}.", what));
}

std::string controlOf(const Frame& frame) {
    // An id or a message may hold text that is not UTF-8; it becomes U+FFFD rather than an exception.
    return std::visit([](const auto& each) { return control(each); }, frame)
        .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::span<const std::uint8_t> pixelsOf(const Frame& frame) {
    if (const auto* picture = std::get_if<Picture>(&frame)) {
        return picture->image.rgb;
    }
    if (const auto* made = std::get_if<PreviewMade>(&frame)) {
        return made->preview.picture.rgb;
    }
    if (const auto* stage = std::get_if<Stage>(&frame)) {
        return {reinterpret_cast<const std::uint8_t*>(stage->values.data()),
                stage->values.size() * sizeof(float)};
    }
    return {};
}

std::size_t mostPixels(std::size_t type) {
    if (type == Frame(PreviewMade()).index()) {
        return FrameChannel::kMaxPreviewBytes;
    }
    const bool hasPixels = type == Frame(Picture()).index() || type == Frame(Stage()).index();
    return hasPixels ? FrameChannel::kMaxPixelBytes : 0;
}

Expected<Frame> frameOf(std::size_t type, std::string_view control, std::vector<std::uint8_t> pixels) {
    try {
        return decode(type, json::parse(control), std::move(pixels));
    } catch (const json::exception&) {
        return tl::unexpected(broken("a message was not understood"));
    }
}

bool Stage::operator==(const Stage& other) const {
    return name == other.name && shape == other.shape && values.size() == other.values.size() &&
           std::memcmp(values.data(), other.values.data(), values.size() * sizeof(float)) == 0;
}

}  // namespace easel::generator
