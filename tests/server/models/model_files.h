// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMap>
#include <QTemporaryDir>

#include "server/models/model_folder.h"
#include "tests/server/models/safetensors_bytes.h"

/// The small files of well-known models, to be changed and opened.
namespace easel::tests {

using Files = QMap<QString, QJsonObject>;

inline QJsonObject parsed(const char* json) {
    return QJsonDocument::fromJson(json).object();
}

/// The small files of Stable Diffusion 1.5, as far as they say more than the defaults do.
inline Files sd15() {
    return {
        {"model_index.json",
         parsed(R"({"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.6.0",
            "feature_extractor": ["transformers", "CLIPImageProcessor"], "safety_checker": [null, null],
            "scheduler": ["diffusers", "PNDMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"],
            "vae": ["diffusers", "AutoencoderKL"]})")},
        {"scheduler/scheduler_config.json", parsed(R"({"_class_name": "PNDMScheduler", "beta_end": 0.012,
            "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000,
            "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null,
            "clip_sample": false})")},
        {"tokenizer/tokenizer_config.json", parsed(R"({"model_max_length": 77})")},
        {"text_encoder/config.json",
         parsed(R"({"architectures": ["CLIPTextModel"], "hidden_act": "quick_gelu",
            "hidden_size": 768, "intermediate_size": 3072, "layer_norm_eps": 1e-05,
            "max_position_embeddings": 77, "model_type": "clip_text_model", "num_attention_heads": 12,
            "num_hidden_layers": 12, "vocab_size": 49408, "eos_token_id": 2, "torch_dtype": "float32"})")},
        {"unet/config.json", parsed(R"({"_class_name": "UNet2DConditionModel", "act_fn": "silu",
            "attention_head_dim": 8, "block_out_channels": [320, 640, 1280, 1280],
            "center_input_sample": false, "cross_attention_dim": 768,
            "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
            "DownBlock2D"], "downsample_padding": 1, "flip_sin_to_cos": true, "freq_shift": 0, "in_channels": 4,
            "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-05, "norm_num_groups": 32,
            "out_channels": 4, "sample_size": 64, "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D",
            "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]})")},
        {"vae/config.json", parsed(R"({"_class_name": "AutoencoderKL", "act_fn": "silu",
            "block_out_channels": [128, 256, 512, 512], "down_block_types": ["DownEncoderBlock2D",
            "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"], "in_channels": 3,
            "latent_channels": 4, "layers_per_block": 2, "norm_num_groups": 32, "out_channels": 3,
            "sample_size": 512, "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D",
            "UpDecoderBlock2D"]})")},
    };
}

/// The same with another class of scheduler, in its file and in the index.
inline Files withScheduler(const QString& className) {
    Files files = sd15();
    files["scheduler/scheduler_config.json"]["_class_name"] = className;
    files["model_index.json"]["scheduler"] = QJsonArray{"diffusers", className};
    return files;
}

/// What SD 2.1 says otherwise.
inline Files sd21() {
    Files files = sd15();
    QJsonObject& unet = files["unet/config.json"];
    unet["attention_head_dim"] = QJsonArray{5, 10, 20, 20};
    unet["cross_attention_dim"] = 1024;
    unet["use_linear_projection"] = true;
    unet["sample_size"] = 96;
    unet["upcast_attention"] = true;
    QJsonObject& text = files["text_encoder/config.json"];
    text["hidden_size"] = 1024;
    text["num_attention_heads"] = 16;
    text["num_hidden_layers"] = 23;
    text["hidden_act"] = "gelu";
    QJsonObject& scheduler = files["scheduler/scheduler_config.json"];
    scheduler["_class_name"] = "DDIMScheduler";
    scheduler["prediction_type"] = "v_prediction";
    files["model_index.json"]["scheduler"] = QJsonArray{"diffusers", "DDIMScheduler"};
    return files;
}

/// Those of Stable Diffusion XL.
inline Files sdxl() {
    Files files = sd15();
    QJsonObject& unet = files["unet/config.json"];
    unet["addition_embed_type"] = "text_time";
    unet["addition_time_embed_dim"] = 256;
    unet["projection_class_embeddings_input_dim"] = 2816;
    unet["attention_head_dim"] = QJsonArray{5, 10, 20};
    unet["block_out_channels"] = QJsonArray{320, 640, 1280};
    unet["cross_attention_dim"] = 2048;
    unet["down_block_types"] = QJsonArray{"DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"};
    unet["up_block_types"] = QJsonArray{"CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"};
    unet["transformer_layers_per_block"] = QJsonArray{1, 2, 10};
    unet["use_linear_projection"] = true;
    unet["sample_size"] = 128;
    QJsonObject second = files["text_encoder/config.json"];
    second["hidden_size"] = 1280;
    second["intermediate_size"] = 5120;
    second["num_attention_heads"] = 20;
    second["num_hidden_layers"] = 32;
    second["hidden_act"] = "gelu";
    second["projection_dim"] = 1280;
    files["text_encoder_2/config.json"] = second;
    files["tokenizer_2/tokenizer_config.json"] = files["tokenizer/tokenizer_config.json"];
    files["vae/config.json"]["scaling_factor"] = 0.13025;
    files["vae/config.json"]["force_upcast"] = true;
    QJsonObject& index = files["model_index.json"];
    index["_class_name"] = "StableDiffusionXLPipeline";
    index["text_encoder_2"] = QJsonArray{"transformers", "CLIPTextModelWithProjection"};
    index["tokenizer_2"] = QJsonArray{"transformers", "CLIPTokenizer"};
    index["scheduler"] = QJsonArray{"diffusers", "EulerDiscreteScheduler"};
    QJsonObject& scheduler = files["scheduler/scheduler_config.json"];
    scheduler["_class_name"] = "EulerDiscreteScheduler";
    scheduler["timestep_spacing"] = "leading";
    return files;
}

/// Those of its refiner.
inline Files sdxlRefiner() {
    Files files = sdxl();
    QJsonObject& unet = files["unet/config.json"];
    unet["attention_head_dim"] = QJsonArray{6, 12, 24, 24};
    unet["block_out_channels"] = QJsonArray{384, 768, 1536, 1536};
    unet["cross_attention_dim"] = 1280;
    unet["down_block_types"] =
        QJsonArray{"DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"};
    unet["up_block_types"] = QJsonArray{"UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"};
    unet["transformer_layers_per_block"] = 4;
    unet["projection_class_embeddings_input_dim"] = 2560;
    QJsonObject& index = files["model_index.json"];
    index["text_encoder"] = QJsonArray{QJsonValue::Null, QJsonValue::Null};
    index["tokenizer"] = QJsonArray{QJsonValue::Null, QJsonValue::Null};
    index["force_zeros_for_empty_prompt"] = false;
    files.remove("text_encoder/config.json");
    files.remove("tokenizer/tokenizer_config.json");
    return files;
}

inline void write(const QString& folder, const Files& files) {
    for (auto file = files.begin(); file != files.end(); ++file) {
        const QString path = folder + '/' + file.key();
        QDir().mkpath(QFileInfo(path).path());
        writeFile(path, QJsonDocument(file.value()).toJson());
    }
}

inline protocol::Expected<models::ModelFolder> openFiles(const Files& files) {
    const QTemporaryDir dir;
    write(dir.filePath("some-model"), files);
    return models::openModelFolder(dir.filePath("some-model").toStdString());
}

}  // namespace easel::tests
