# SPDX-License-Identifier: Apache-2.0
"""Two models small enough to commit, with random weights, that visit every branch of the engine."""

import json
import pathlib

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

WORDS = "a an the of on in and with photo astronaut riding horse mars red blue green circle square cat dog blurry".split()

SD1 = {
    "seed": 11,
    "unet": {
        "_class_name": "UNet2DConditionModel",
        "act_fn": "silu",
        "attention_head_dim": 4,
        "block_out_channels": [16, 32, 32],
        "center_input_sample": False,
        "cross_attention_dim": 32,
        "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "downsample_padding": 1,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "in_channels": 4,
        "layers_per_block": 2,
        "mid_block_scale_factor": 1,
        "norm_eps": 1e-05,
        "norm_num_groups": 8,
        "out_channels": 4,
        "sample_size": 8,
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    },
    "vae": {
        "_class_name": "AutoencoderKL",
        "act_fn": "silu",
        "block_out_channels": [8, 16, 16, 16],
        "down_block_types": ["DownEncoderBlock2D"] * 4,
        "in_channels": 3,
        "latent_channels": 4,
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "out_channels": 3,
        "sample_size": 64,
        "up_block_types": ["UpDecoderBlock2D"] * 4,
    },
    "text": {
        "architectures": ["CLIPTextModel"],
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "eos_token_id": 2,
        "hidden_act": "quick_gelu",
        "hidden_size": 32,
        "intermediate_size": 64,
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": 77,
        "model_type": "clip_text_model",
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "pad_token_id": 1,
    },
    # As Stable Diffusion 1.5 ships it: what is absent takes the class's default.
    "scheduler": {
        "_class_name": "PNDMScheduler",
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "num_train_timesteps": 1000,
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
        "trained_betas": None,
        "clip_sample": False,
    },
    "pad": "<|endoftext|>",
}

SD2 = {
    "seed": 22,
    "unet": {
        **SD1["unet"],
        "attention_head_dim": [2, 4],
        "block_out_channels": [16, 32],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
        "layers_per_block": 1,
        "use_linear_projection": True,
        "upcast_attention": True,
        "dual_cross_attention": False,
        "only_cross_attention": False,
        "num_class_embeds": None,
    },
    "vae": {**SD1["vae"], "scaling_factor": 0.2, "force_upcast": False},
    "text": {**SD1["text"], "hidden_act": "gelu", "num_hidden_layers": 3, "projection_dim": 24},
    "scheduler": {
        "_class_name": "DDIMScheduler",
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "beta_start": 0.00085,
        "clip_sample": False,
        "num_train_timesteps": 1000,
        "prediction_type": "v_prediction",
        "set_alpha_to_one": False,
        "skip_prk_steps": True,
        "steps_offset": 1,
        "trained_betas": None,
    },
    "pad": "!",
}


def byte_symbols():
    """CLIP's printable stand-ins for the 256 bytes, in its vocabulary's order."""
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    others = [b for b in range(256) if b not in plain]
    return [chr(b) for b in plain] + [chr(256 + i) for i in range(len(others))]


def vocabulary():
    symbols = byte_symbols()
    tokens = symbols + [s + "</w>" for s in symbols]
    merges = []
    for word in WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            pair = (parts[0], parts[1])
            if pair not in merges:
                merges.append(pair)
                tokens.append("".join(pair))
            parts = ["".join(pair), *parts[2:]]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}, merges


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tokenizer(folder, pad):
    vocab, merges = vocabulary()
    write_json(folder / "vocab.json", vocab)
    lines = ["#version: 0.2"] + [" ".join(pair) for pair in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    write_json(folder / "tokenizer_config.json",
               {**special, "pad_token": "<|endoftext|>", "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"})
    write_json(folder / "special_tokens_map.json", {**special, "pad_token": pad})
    return len(vocab)


def random_values(name, shape, generator):
    """Of a parameter, so that no bias or norm goes untested."""
    noise = torch.randn(shape, generator=generator)
    if noise.dim() > 1:
        return noise * (1.0 if "embedding" in name and "time" not in name else noise[0].numel() ** -0.5)
    return 1 + 0.2 * noise if name.endswith("weight") else 0.1 * noise


def stir(module, generator):
    for name, parameter in module.named_parameters():
        parameter.data = random_values(name, parameter.shape, generator)


def rename(state, pairs):
    for old, new in pairs:
        state = {key.replace(old, new): value for key, value in state.items()}
    return {key: value.contiguous() for key, value in state.items()}


def write_model(folder, model, modern):
    """`modern`: flattened text names, new attention names, shards, 16-bit files; else the names of 2022."""
    folder = pathlib.Path(folder)
    generator = torch.Generator().manual_seed(model["seed"])
    text = {**model["text"], "vocab_size": write_tokenizer(folder / "tokenizer", model["pad"])}
    unet = UNet2DConditionModel.from_config(model["unet"])
    vae = AutoencoderKL.from_config(model["vae"])
    encoder = CLIPTextModel(CLIPTextConfig(**text))
    for module in (unet, vae, encoder):
        module.eval()
        stir(module, generator)
    with torch.no_grad():  # pictures with contrast
        decoded = vae.decode(torch.randn(1, 4, 8, 8, generator=generator) / 0.2).sample
        vae.decoder.conv_out.weight.data *= 0.6 / decoded.std()

    write_json(folder / "model_index.json", {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.42.1",
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", model["scheduler"]["_class_name"]],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    })
    write_json(folder / "scheduler/scheduler_config.json", model["scheduler"])
    write_json(folder / "unet/config.json", model["unet"])
    write_json(folder / "vae/config.json", model["vae"])
    write_json(folder / "text_encoder/config.json", text)

    encoder_state = {"text_model." + key.removeprefix("text_model."): value for key, value in encoder.state_dict().items()}
    encoder_state.pop("text_model.embeddings.position_ids", None)
    vae_state = vae.state_dict()
    unet_state = unet.state_dict()
    if modern:
        encoder_state = rename(encoder_state, [("text_model.", "")])
        save_file({k: v.bfloat16() for k, v in encoder_state.items()}, folder / "text_encoder/model.safetensors",
                  metadata={"format": "pt"})
        save_file({k: v.half() for k, v in vae_state.items()}, folder / "vae/diffusion_pytorch_model.safetensors",
                  metadata={"format": "pt"})
        write_shards(folder / "unet", {k: v.half() for k, v in unet_state.items()})
    else:
        encoder_state["text_model.embeddings.position_ids"] = torch.arange(77).unsqueeze(0)
        vae_state = rename(vae_state, [("to_q.", "query."), ("to_k.", "key."), ("to_v.", "value."),
                                       ("to_out.0.", "proj_attn.")])
        save_file(encoder_state, folder / "text_encoder/model.safetensors", metadata={"format": "pt"})
        save_file(vae_state, folder / "vae/diffusion_pytorch_model.safetensors", metadata={"format": "pt"})
        save_file(unet_state, folder / "unet/diffusion_pytorch_model.safetensors", metadata={"format": "pt"})


def write_shards(folder, state):
    names = sorted(state)
    halves = [names[: len(names) // 2], names[len(names) // 2:]]
    where = {}
    for i, part in enumerate(halves, start=1):
        file = f"diffusion_pytorch_model-{i:05d}-of-{len(halves):05d}.safetensors"
        save_file({name: state[name] for name in part}, folder / file, metadata={"format": "pt"})
        where |= {name: file for name in part}
    total = sum(v.numel() * v.element_size() for v in state.values())
    write_json(folder / "diffusion_pytorch_model.safetensors.index.json",
               {"metadata": {"total_size": total}, "weight_map": where})
