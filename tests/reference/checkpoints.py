#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/fixtures/checkpoints.json: small models with the names that their tensors have in diffusers' folders and
in checkpoints of the original code. Exits 1 unless diffusers' own converters find from each checkpoint just the tensors
that its names stand for."""

import json
import pathlib
import re
import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders import single_file_utils as diffusers_own
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

OUT = pathlib.Path(__file__).parents[1] / "fixtures" / "checkpoints.json"

A, D = "CrossAttnDownBlock2D", "DownBlock2D"
VAE = {"_class_name": "AutoencoderKL", "block_out_channels": [32, 32, 64, 64], "latent_channels": 4,
       "layers_per_block": 1, "norm_num_groups": 32, "down_block_types": ["DownEncoderBlock2D"] * 4,
       "up_block_types": ["UpDecoderBlock2D"] * 4}
TEXT = {"architectures": ["CLIPTextModel"], "hidden_act": "quick_gelu", "hidden_size": 64, "intermediate_size": 128,
        "max_position_embeddings": 77, "model_type": "clip_text_model", "num_attention_heads": 1,
        "num_hidden_layers": 2, "vocab_size": 49408, "projection_dim": 64}
OPEN_CLIP = {**TEXT, "hidden_act": "gelu"}
SECOND = {**OPEN_CLIP, "architectures": ["CLIPTextModelWithProjection"]}
COMMON = {"beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000,
          "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "clip_sample": False}


def unet(channels, types, **others):
    ups = [kind.replace("Down", "Up") for kind in reversed(types)]
    return {"_class_name": "UNet2DConditionModel", "in_channels": 4, "out_channels": 4, "norm_num_groups": 32,
            "layers_per_block": 2, "sample_size": 64, "cross_attention_dim": 64, "block_out_channels": channels,
            "down_block_types": types, "up_block_types": ups, **others}


MODELS = {
    "sd1": {
        "class": "StableDiffusionPipeline",
        "unet": unet([32, 64, 64], [A, A, D], attention_head_dim=8),
        "vae": VAE,
        "text_encoder": TEXT,
        "scheduler": {"_class_name": "PNDMScheduler", **COMMON},
    },
    "sd2": {
        "class": "StableDiffusionPipeline",
        "unet": unet([64, 128], [A, D], attention_head_dim=[1, 2], layers_per_block=1, use_linear_projection=True),
        "vae": VAE,
        "text_encoder": {**OPEN_CLIP, "num_hidden_layers": 23},
        "scheduler": {"_class_name": "PNDMScheduler", **COMMON},
    },
    "sdxl": {
        "class": "StableDiffusionXLPipeline",
        "unet": unet([64, 128, 128], [D, A, A], attention_head_dim=[1, 2, 2], transformer_layers_per_block=[1, 2, 3],
                     layers_per_block=1, sample_size=128, cross_attention_dim=128, use_linear_projection=True,
                     addition_embed_type="text_time", addition_time_embed_dim=256,
                     projection_class_embeddings_input_dim=64 + 6 * 256),
        "vae": {**VAE, "scaling_factor": 0.13025, "force_upcast": True},
        "text_encoder": TEXT,
        "text_encoder_2": SECOND,
        "scheduler": {"_class_name": "EulerDiscreteScheduler", **COMMON, "timestep_spacing": "leading",
                      "use_karras_sigmas": False},
    },
    "sdxl-refiner": {
        "class": "StableDiffusionXLImg2ImgPipeline",
        "unet": unet([64, 128], [D, A], attention_head_dim=[1, 2], transformer_layers_per_block=[1, 2],
                     layers_per_block=1, sample_size=128, use_linear_projection=True, addition_embed_type="text_time",
                     addition_time_embed_dim=256, projection_class_embeddings_input_dim=64 + 5 * 256),
        "vae": {**VAE, "scaling_factor": 0.13025, "force_upcast": True},
        "text_encoder_2": SECOND,
        "scheduler": {"_class_name": "EulerDiscreteScheduler", **COMMON, "timestep_spacing": "leading",
                      "use_karras_sigmas": False},
    },
}
ROOTS = {
    "sd1": {"text_encoder": "cond_stage_model.transformer."},
    "sd2": {"text_encoder": "cond_stage_model.model."},
    "sdxl": {"text_encoder": "conditioner.embedders.0.transformer.",
             "text_encoder_2": "conditioner.embedders.1.model."},
    "sdxl-refiner": {"text_encoder_2": "conditioner.embedders.0.model."},
}

RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
OUTSIDE = {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0",
           "time_embedding.linear_2": "time_embed.2", "add_embedding.linear_1": "label_emb.0.0",
           "add_embedding.linear_2": "label_emb.0.2", "conv_norm_out": "out.0", "conv_out": "out.2",
           "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
           "mid_block.resnets.1": "middle_block.2"}


def in_resnet(rest):
    head, _, tail = rest.partition(".")
    return f"{RESNET[head]}.{tail}"


def unet_name(name, config):
    """The original's name of a tensor of the UNet."""
    for mine, theirs in OUTSIDE.items():
        if name.startswith(mine + "."):
            rest = name[len(mine) + 1:]
            return f"{theirs}.{in_resnet(rest) if 'resnets' in mine else rest}"
    layers = config["layers_per_block"]
    kind, block, what, index, rest = re.fullmatch(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.*)", name).groups()
    block, index = int(block), int(index)
    if kind == "down":
        place = 1 + block * (layers + 1) + (layers if what == "downsamplers" else index)
        if what == "downsamplers":
            return f"input_blocks.{place}.0.op.{rest.removeprefix('conv.')}"
        return f"input_blocks.{place}." + (f"0.{in_resnet(rest)}" if what == "resnets" else f"1.{rest}")
    place = block * (layers + 1) + (layers if what == "upsamplers" else index)
    if what == "upsamplers":
        inner = 2 if "CrossAttn" in config["up_block_types"][block] else 1
        return f"output_blocks.{place}.{inner}.{rest}"
    return f"output_blocks.{place}." + (f"0.{in_resnet(rest)}" if what == "resnets" else f"1.{rest}")


def vae_name(name, config):
    blocks = len(config["block_out_channels"])
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    for mine, theirs in {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}.items():
        name = name.replace(f"mid_block.attentions.0.{mine}.", f"mid.attn_1.{theirs}.")
    name = re.sub(r"down_blocks\.(\d)", r"down.\1", name)
    name = re.sub(r"up_blocks\.(\d)", lambda m: f"up.{blocks - 1 - int(m[1])}", name)
    name = name.replace("downsamplers.0.", "downsample.").replace("upsamplers.0.", "upsample.")
    return name.replace(".resnets.", ".block.")


def open_clip_name(name):
    """The original's name; for queries, keys and values with which third of it this is."""
    for mine, theirs in {"text_model.embeddings.token_embedding.weight": "token_embedding.weight",
                         "text_model.embeddings.position_embedding.weight": "positional_embedding",
                         "text_projection.weight": "text_projection"}.items():
        if name == mine:
            return theirs
    name = name.replace("text_model.final_layer_norm", "ln_final")
    name = name.replace("text_model.encoder.layers.", "transformer.resblocks.")
    for mine, theirs in {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
                         "self_attn.out_proj": "attn.out_proj"}.items():
        name = name.replace(f".{mine}.", f".{theirs}.")
    return re.sub(r"self_attn\.[qkv]_proj\.", "attn.in_proj_", name)


def text_names(state):
    """As files of transformers before its version 5.6 have it."""
    return {name if name.startswith(("text_model.", "text_projection")) else "text_model." + name: tensor
            for name, tensor in state.items() if not name.endswith("position_ids")}


def stored(part, mine, theirs, tensor, parts):
    """`tensor` as the checkpoint holds it under the name `theirs`."""
    if part == "vae" and ".attn_1." in theirs and tensor.ndim == 2:
        return tensor[:, :, None, None]
    if theirs.endswith("text_projection"):
        return tensor.T
    if ".in_proj_" in theirs:
        return torch.cat([parts[re.sub(r"[qkv]_proj", f"{which}_proj", mine)] for which in "qkv"])
    return tensor


def networks(model):
    made = {"unet": UNet2DConditionModel.from_config(model["unet"]), "vae": AutoencoderKL.from_config(model["vae"])}
    for part in ("text_encoder", "text_encoder_2"):
        if part in model:
            config = CLIPTextConfig(**{key: value for key, value in model[part].items() if key != "architectures"})
            with_projection = model[part] is SECOND
            made[part] = (CLIPTextModelWithProjection if with_projection else CLIPTextModel)(config)
    return made


def rows_of(name, model, checkpoint, expected):
    rows = []
    for part, network in networks(model).items():
        state = network.state_dict()
        if part.startswith("text"):
            state = text_names(state)
        expected[part] = state
        for mine, tensor in state.items():
            if part == "unet":
                theirs = "model.diffusion_model." + unet_name(mine, model["unet"])
            elif part == "vae":
                theirs = "first_stage_model." + vae_name(mine, model["vae"])
            else:
                root = ROOTS[name][part]
                theirs = root + (mine if root.endswith("transformer.") else open_clip_name(mine))
            held = stored(part, mine, theirs, tensor, state)
            checkpoint[theirs] = held
            shapes = [list(held.shape)] if held.shape != tensor.shape else []
            rows.append([part, mine, list(tensor.shape), theirs, *shapes])
    return rows


def differences(found, expected):
    found = text_names(found) if any("layer_norm1" in name for name in expected) else found
    return [name for name, tensor in expected.items()
            if name not in found or found[name].shape != tensor.shape or not torch.equal(found[name], tensor)]


def as_diffusers_reads(name, model, checkpoint, expected):
    """What differs between the tensors that diffusers' converters make of `checkpoint` and those it was made of."""
    found = diffusers_own.convert_ldm_unet_checkpoint(dict(checkpoint), dict(model["unet"]))
    bad = differences(found, expected["unet"])
    found = diffusers_own.convert_ldm_vae_checkpoint(dict(checkpoint), dict(model["vae"]))
    bad += differences(found, expected["vae"])
    for part, root in ROOTS[name].items():
        if root.endswith("transformer."):
            found = diffusers_own.convert_ldm_clip_checkpoint(dict(checkpoint), remove_prefix=root)
        else:
            config = CLIPTextConfig(**{key: value for key, value in model[part].items() if key != "architectures"})
            shell = (CLIPTextModelWithProjection if model[part] is SECOND else CLIPTextModel)(config)
            found = diffusers_own.convert_open_clip_checkpoint(shell, dict(checkpoint), prefix=root)
        bad += differences(found, expected[part])
    return bad


def main():
    torch.manual_seed(14)
    fixture, bad = {}, {}
    for name, model in MODELS.items():
        checkpoint, expected = {}, {}
        rows = rows_of(name, model, checkpoint, expected)
        bad[name] = as_diffusers_reads(name, model, checkpoint, expected)
        print(f"{name}: {len(rows)} tensors; diffusers finds {len(bad[name])} of them otherwise: {bad[name][:5]}")
        fixture[name] = {"configs": model, "tensors": rows}
    lines = []
    for name, model in fixture.items():
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in model["tensors"])
        lines.append(f'"{name}": {{"configs": {json.dumps(model["configs"])},\n"tensors": [\n{rows}\n]}}')
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    sys.exit(1 if any(bad.values()) else 0)


if __name__ == "__main__":
    main()
