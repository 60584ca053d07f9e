// SPDX-License-Identifier: Apache-2.0
#include "server/models/files/file_kind.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "server/models/files/model_problem.h"

namespace easel::models {

namespace {

constexpr std::string_view kNested = "state_dict.";
constexpr std::size_t kMostInAnEmbedding = 4;  // tensors

constexpr std::string_view kLoraEnds[] = {".lora_down.weight",
                                          ".lora_up.weight",
                                          ".lora_A.weight",
                                          ".lora_B.weight",
                                          ".lora.down.weight",
                                          ".lora.up.weight",
                                          "_lora.down.weight",
                                          "_lora.up.weight",
                                          ".hada_w1_a",
                                          ".hada_w1_b",
                                          ".lokr_w1",
                                          ".lokr_w1_a",
                                          ".lokr_w2",
                                          ".lokr_w2_a",
                                          ".lora_A.default.weight",
                                          ".lora_B.default.weight",
                                          ".oft_blocks",
                                          ".lora_linear_layer.down.weight",
                                          ".lora_linear_layer.up.weight"};

/// Which names are there; what many files nest everything under is left out.
class Names {
public:
    explicit Names(std::span<const TensorEntry> tensors) {
        for (const TensorEntry& tensor : tensors) {
            std::string_view name = tensor.name;
            if (name.starts_with(kNested)) {
                name.remove_prefix(kNested.size());
            }
            m_all.insert(name);
        }
    }

    bool has(std::string_view name) const { return m_all.contains(name); }
    bool haveBegin(std::string_view begin) const {
        return std::ranges::any_of(m_all, [begin](std::string_view name) { return name.starts_with(begin); });
    }
    bool haveAnyEnd(std::span<const std::string_view> ends) const {
        return std::ranges::any_of(m_all, [ends](std::string_view name) {
            return std::ranges::any_of(ends, [name](std::string_view end) { return name.ends_with(end); });
        });
    }

private:
    std::unordered_set<std::string_view> m_all;
};

/// A tensor that only such a file has.
struct Mark {
    std::string_view name;  ///< with a dot at its end: the beginning of names
    FileNature nature;
};

constexpr FileNature kVae{FileKind::Vae, "a VAE"};
constexpr FileNature kTinyVae{FileKind::TinyVae, "a tiny autoencoder for previews (TAESD)"};
constexpr FileNature kTextEncoder{FileKind::TextEncoder, "a text encoder"};
constexpr FileNature kControlNet{FileKind::ControlNet, "a ControlNet"};
constexpr FileNature kUNet{FileKind::UNet, "a UNet without the other parts of its model"};
constexpr FileNature kCheckpoint{FileKind::Checkpoint, "a Stable Diffusion checkpoint"};

constexpr FileNature other(std::string_view what) {
    return {FileKind::OtherModel, what};
}

/// What is not Stable Diffusion but has tensors with names like its own, before what is.
constexpr Mark kMarks[] = {
    {"lllite_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.down.0.weight",
     other("a ControlNet-LLLite")},
    {"lora_controlnet", other("a Control-LoRA")},
    {"ip_adapter.", other("an IP-Adapter")},
    {"adapter.body.", other("a T2I-Adapter")},
    {"controlnet_down_blocks.0.weight", kControlNet},
    {"control_model.input_hint_block.0.weight", kControlNet},
    {"input_hint_block.0.weight", kControlNet},
    {"model.diffusion_model.joint_blocks.", other("a Stable Diffusion 3 model")},
    {"joint_blocks.", other("a Stable Diffusion 3 model")},
    {"model.diffusion_model.double_blocks.", other("a FLUX.1 model")},
    {"double_blocks.", other("a FLUX.1 model")},
    {"single_transformer_blocks.", other("a FLUX.1 model")},
    {"transformer_blocks.0.attn.add_k_proj.weight", other("a Stable Diffusion 3 model")},
    {"model.diffusion_model.clip_txt_mapper.weight", other("a Stable Cascade model")},
    {"clip_txt_mapper.weight", other("a Stable Cascade model")},
    {"adaln_single.", other("a PixArt model")},
    {"down_blocks.0.motion_modules.", other("a motion module (AnimateDiff)")},
    {"encoder.block.0.layer.0.SelfAttention.q.weight", other("a T5 text encoder")},
    {"vision_model.embeddings.class_embedding", other("a CLIP vision encoder")},
    {"conv_first.weight", other("an upscaler (ESRGAN)")},
    {"model.1.sub.", other("an upscaler (ESRGAN)")},
};

constexpr std::string_view kUNetMarks[] = {"model.diffusion_model.input_blocks.0.0.weight",
                                           "unet.conv_in.weight", "unet.input_blocks.0.0.weight",
                                           "input_blocks.0.0.weight", "down_blocks.0.resnets.0.conv1.weight"};
constexpr std::string_view kOtherParts[] = {"first_stage_model.", "cond_stage_model.", "conditioner.", "vae.",
                                            "text_encoder.",      "text_encoder_2."};

constexpr Mark kParts[] = {
    {"decoder.layers.1.conv.0.weight", kTinyVae},
    {"encoder.layers.1.conv.0.weight", kTinyVae},
    {"taesd_decoder.1.weight", kTinyVae},
    {"decoder.mid.block_1.norm1.weight", kVae},
    {"decoder.mid_block.resnets.0.norm1.weight", kVae},
    {"first_stage_model.decoder.mid.block_1.norm1.weight", kVae},
    {"vae.decoder.mid.block_1.norm1.weight", kVae},
    {"vae.decoder.mid_block.resnets.0.norm1.weight", kVae},
    {"text_model.embeddings.token_embedding.weight", kTextEncoder},
    {"embeddings.token_embedding.weight", kTextEncoder},
    {"transformer.resblocks.0.ln_1.weight", kTextEncoder},
    {"cond_stage_model.", kTextEncoder},
    {"conditioner.", kTextEncoder},
};

const FileNature* marked(const Names& names, std::span<const Mark> marks) {
    const auto found = std::ranges::find_if(marks, [&names](const Mark& mark) {
        return mark.name.ends_with('.') ? names.haveBegin(mark.name) : names.has(mark.name);
    });
    return found == marks.end() ? nullptr : &found->nature;
}

/// TAESD's own file of its decoder: a list of layers without a name. Its picture's three colours come last.
bool isBareTinyDecoder(const Names& names) {
    return names.has("1.weight") && names.has("3.conv.0.weight") && names.has("3.conv.4.weight");
}

/// Rows for a text encoder's vocabulary, and nothing else.
bool isEmbedding(std::span<const TensorEntry> tensors) {
    constexpr std::int64_t kMostRows = 1024;
    constexpr std::int64_t kNarrowest = 16;
    return !tensors.empty() && tensors.size() <= kMostInAnEmbedding &&
           std::ranges::all_of(tensors, [](const TensorEntry& tensor) {
               const auto rank = tensor.shape.size();
               return (rank == 1 || rank == 2) && tensor.shape.back() >= kNarrowest &&
                      (rank == 1 || tensor.shape.front() <= kMostRows);
           });
}

}  // namespace

std::string_view toString(FileKind kind) {
    switch (kind) {
        case FileKind::Checkpoint:
            return "checkpoint";
        case FileKind::UNet:
            return "unet";
        case FileKind::Vae:
            return "vae";
        case FileKind::TinyVae:
            return "tiny_vae";
        case FileKind::TextEncoder:
            return "text_encoder";
        case FileKind::ControlNet:
            return "controlnet";
        case FileKind::Lora:
            return "lora";
        case FileKind::Embedding:
            return "embedding";
        case FileKind::OtherModel:
            return "other";
        case FileKind::Unknown:
            break;
    }
    return "unknown";
}

FileNature natureOf(std::span<const TensorEntry> tensors) {
    const Names names(tensors);
    if (names.haveAnyEnd(kLoraEnds)) {
        return {FileKind::Lora, "a LoRA"};
    }
    if (const FileNature* const found = marked(names, kMarks)) {
        return *found;
    }
    const auto isThere = [&names](std::string_view name) { return names.has(name); };
    const auto isBegun = [&names](std::string_view name) { return names.haveBegin(name); };
    if (std::ranges::any_of(kUNetMarks, isThere)) {
        return std::ranges::any_of(kOtherParts, isBegun) ? kCheckpoint : kUNet;
    }
    if (const FileNature* const found = marked(names, kParts)) {
        return *found;
    }
    if (isBareTinyDecoder(names)) {
        return kTinyVae;
    }
    if (isEmbedding(tensors)) {
        return {FileKind::Embedding, "an embedding (textual inversion)"};
    }
    return {FileKind::Unknown, "nothing that Easel knows"};
}

bool isPickleName(const std::filesystem::path& file) {
    static constexpr std::string_view kEnds[] = {".ckpt", ".pt", ".pth", ".bin"};
    const std::string end = file.extension().string();
    return std::ranges::find(kEnds, end) != std::end(kEnds);
}

protocol::Problem pickleProblem(const std::filesystem::path& file) {
    return modelProblem(
        file,
        "This is a pickle file. Pickle files can run code, so they are not read. Get the model's "
        ".safetensors "
        "file, or convert this one with Python where you trust it: load it with torch.load(FILE, "
        "map_location=\"cpu\", weights_only=True), take what is under \"state_dict\" where there is such a "
        "key, and save its tensors with safetensors.torch.save_file.");
}

protocol::Expected<FileNature> classify(const std::filesystem::path& file) {
    if (isPickleName(file)) {
        return tl::unexpected(pickleProblem(file));
    }
    return SafetensorsFile::open(file).map(
        [](const SafetensorsFile& opened) { return natureOf(opened.tensors()); });
}

}  // namespace easel::models
