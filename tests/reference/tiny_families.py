# SPDX-License-Identifier: Apache-2.0
"""Further models small enough to commit: Stable Diffusion XL and its refiner; and what makes of `sd1-tiny` a model
that inpaints, one that edits and one that was taught the guidance scale."""

import pathlib

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from tiny_models import SD1, stir, write_json, write_tokenizer

TEXT = {**SD1["text"], "num_hidden_layers": 3}
TEXTS = {
    "text_encoder": {**TEXT, "hidden_size": 24, "num_attention_heads": 2, "intermediate_size": 48},
    "text_encoder_2": {**TEXT, "architectures": ["CLIPTextModelWithProjection"], "hidden_act": "gelu",
                       "projection_dim": 20},
}
UNET = {
    **SD1["unet"],
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "attention_head_dim": [1, 2, 4],
    "block_out_channels": [8, 16, 16],
    "cross_attention_dim": 24 + 32,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "layers_per_block": 1,
    "norm_num_groups": 4,
    "projection_class_embeddings_input_dim": 20 + 6 * 8,
    "transformer_layers_per_block": [1, 1, 2],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "use_linear_projection": True,
}
VAE = {**SD1["vae"], "block_out_channels": [4, 8, 8, 8], "scaling_factor": 0.13025, "force_upcast": True}
SCHEDULER = {
    "_class_name": "EulerDiscreteScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "beta_start": 0.00085, "clip_sample": False, "interpolation_type": "linear", "num_train_timesteps": 1000,
    "prediction_type": "epsilon", "sample_max_value": 1.0, "set_alpha_to_one": False, "skip_prk_steps": True,
    "steps_offset": 1, "timestep_spacing": "leading", "trained_betas": None, "use_karras_sigmas": False,
}
REFINER_UNET = {
    **UNET,
    "attention_head_dim": [2, 4],
    "block_out_channels": [8, 16],
    "cross_attention_dim": 32,
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "projection_class_embeddings_input_dim": 20 + 5 * 8,
    "transformer_layers_per_block": 2,
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
}


def parts():
    """The networks that the two share, with random values."""
    generator = torch.Generator().manual_seed(33)
    vae = AutoencoderKL.from_config(VAE)
    texts = {"text_encoder": CLIPTextModel, "text_encoder_2": CLIPTextModelWithProjection}
    made = {"vae": (vae, VAE)}
    for name, kind in texts.items():
        made[name] = (kind, TEXTS[name])
    made["unet"] = (UNet2DConditionModel.from_config(UNET), UNET)
    made["refiner"] = (UNet2DConditionModel.from_config(REFINER_UNET), REFINER_UNET)
    return made, generator


def write_families(models):
    models = pathlib.Path(models)
    made, generator = parts()
    base, refiner = models / "sdxl-tiny", models / "sdxl-refiner-tiny"
    vocabulary = 0
    for folder, name, pad in ((base, "tokenizer", "<|endoftext|>"), (base, "tokenizer_2", "!"),
                              (refiner, "tokenizer_2", "!")):
        vocabulary = write_tokenizer(folder / name, pad)
    networks = {}
    for name, (network, config) in made.items():
        if name.startswith("text"):
            config = {**config, "vocab_size": vocabulary}
            network = network(CLIPTextConfig(**config))
        network.eval()
        stir(network, generator)
        networks[name] = (network, config)
    vae = networks["vae"][0]
    with torch.no_grad():  # pictures with contrast
        decoded = vae.decode(torch.randn(1, 4, 8, 8, generator=generator) / 0.13).sample
        vae.decoder.conv_out.weight.data *= 0.6 / decoded.std()
    write_xl(base, {name: networks[name] for name in ("text_encoder", "text_encoder_2", "unet", "vae")}, "")
    write_xl(refiner, {"text_encoder_2": networks["text_encoder_2"], "unet": networks["refiner"],
                       "vae": networks["vae"]}, ".fp16")


def write_xl(folder, networks, variant):
    """`variant`: of the weights' names, as the hub has many models: ".fp16", and no others."""
    def named(part, kind):
        library = "transformers" if part.startswith(("text", "tok")) else "diffusers"
        return [library, kind] if part in networks or part.replace("tokenizer", "text_encoder") in networks \
            else [None, None]

    is_refiner = "text_encoder" not in networks
    write_json(folder / "model_index.json", {
        "_class_name": "StableDiffusionXLImg2ImgPipeline" if is_refiner else "StableDiffusionXLPipeline",
        "_diffusers_version": "0.42.1",
        "force_zeros_for_empty_prompt": not is_refiner,
        **({"requires_aesthetics_score": True} if is_refiner else {}),
        "scheduler": ["diffusers", SCHEDULER["_class_name"]],
        "text_encoder": named("text_encoder", "CLIPTextModel"),
        "text_encoder_2": named("text_encoder_2", "CLIPTextModelWithProjection"),
        "tokenizer": named("tokenizer", "CLIPTokenizer"),
        "tokenizer_2": named("tokenizer_2", "CLIPTokenizer"),
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    })
    write_json(folder / "scheduler/scheduler_config.json", SCHEDULER)
    for name, (network, config) in networks.items():
        write_json(folder / name / "config.json", config)
        stem = "model" if name.startswith("text") else "diffusion_pytorch_model"
        state = {key: value.half().contiguous() for key, value in network.state_dict().items()
                 if not key.endswith("position_ids")}
        if name.startswith("text"):
            state = {key if key.startswith("text_") else "text_model." + key: value for key, value in state.items()}
        save_file(state, folder / name / f"{stem}{variant}.safetensors", metadata={"format": "pt"})


def grown(generator):
    """Tensors that take the place of `sd1-tiny`'s, or join them, in each kind of model that is made of it; and of
    `sdxl-tiny`'s."""
    def wide(channels, outputs=16):
        return torch.randn(outputs, channels, 3, 3, generator=generator) * (channels * 9) ** -0.5

    return {"inpaint": {"conv_in.weight": wide(9)}, "edit": {"conv_in.weight": wide(8)},
            "taught": {"time_embedding.cond_proj.weight": torch.randn(16, 32, generator=generator) * 32**-0.5},
            "inpaint xl": {"conv_in.weight": wide(9, 8)}}


GROWN_CONFIGS = {"inpaint": {"in_channels": 9}, "edit": {"in_channels": 8}, "taught": {"time_cond_proj_dim": 32},
                 "inpaint xl": {"in_channels": 9}}
