#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a model of a published one's full size with random weights: gigabytes that need no download, for `compare` and
`easel_memory`. Tensor by tensor, so that it takes no more memory than the largest of them."""

import argparse
import copy
import json
import pathlib
import struct
import zlib

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

import checkpoints
import tiny_families
import tiny_models

DTYPES = {"fp32": (torch.float32, "F32"), "fp16": (torch.float16, "F16")}
CROSS, PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
VAE = {**tiny_models.SD1["vae"], "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
       "norm_num_groups": 32, "sample_size": 512}
TEXT = {**tiny_models.SD1["text"], "hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12,
        "num_hidden_layers": 12, "vocab_size": 49408}
XL_UNET = {key: value for key, value in tiny_families.UNET.items() if key not in tiny_models.SD1["unet"]}


def unet(channels, types, **others):
    return {**tiny_models.SD1["unet"], "block_out_channels": channels, "norm_num_groups": 32, "sample_size": 64,
            "down_block_types": types, "up_block_types": [kind.replace("Down", "Up") for kind in reversed(types)],
            **others}


MODELS = {
    "sd15": {
        "unet": unet([320, 640, 1280, 1280], [CROSS] * 3 + [PLAIN], attention_head_dim=8, cross_attention_dim=768),
        "vae": VAE,
        "text_encoder": TEXT,
        "scheduler": tiny_models.SD1["scheduler"],
    },
    "sd21": {
        "unet": unet([320, 640, 1280, 1280], [CROSS] * 3 + [PLAIN], attention_head_dim=[5, 10, 20, 20],
                     cross_attention_dim=1024, use_linear_projection=True, upcast_attention=True, sample_size=96),
        "vae": {**VAE, "sample_size": 768},
        "text_encoder": {**TEXT, "hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16,
                         "num_hidden_layers": 23, "hidden_act": "gelu", "projection_dim": 512},
        "scheduler": tiny_models.SD2["scheduler"],
    },
    "sdxl": {
        "unet": {**unet([320, 640, 1280], [PLAIN, CROSS, CROSS], sample_size=128), **XL_UNET,
                 "attention_head_dim": [5, 10, 20], "cross_attention_dim": 2048, "addition_time_embed_dim": 256,
                 "projection_class_embeddings_input_dim": 2816, "transformer_layers_per_block": [1, 2, 10]},
        "vae": {**VAE, "sample_size": 1024, "scaling_factor": 0.13025, "force_upcast": True},
        "text_encoder": TEXT,
        "text_encoder_2": {**TEXT, "architectures": ["CLIPTextModelWithProjection"], "hidden_size": 1280,
                           "intermediate_size": 5120, "num_attention_heads": 20, "num_hidden_layers": 32,
                           "hidden_act": "gelu", "projection_dim": 1280},
        "scheduler": tiny_families.SCHEDULER,
    },
}
ROOTS = {"sd15": checkpoints.ROOTS["sd1"], "sd21": checkpoints.ROOTS["sd2"], "sdxl": checkpoints.ROOTS["sdxl"]}


def empty(part, config):
    """The network without its numbers."""
    with torch.device("meta"):
        if part.startswith("text"):
            kind = CLIPTextModelWithProjection if "WithProjection" in config["architectures"][0] else CLIPTextModel
            return kind(CLIPTextConfig(**config))
        return (UNet2DConditionModel if part == "unet" else AutoencoderKL).from_config(config)


class Numbers:
    """The tensors of a part; each is drawn from a seed of its own, and anew whenever it is looked at."""

    def __init__(self, part, config):
        self.part = part
        state = empty(part, config).state_dict()
        self.shells = checkpoints.text_names(state) if part.startswith("text") else state
        self.contrast = 1.0
        if part == "vae":
            vae = AutoencoderKL.from_config(config)
            vae.load_state_dict({name: self[name] for name in self.shells})
            with torch.no_grad():
                drawn = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
                self.contrast = 0.6 / vae.decode(drawn / config.get("scaling_factor", 0.18215)).sample.std()

    def __getitem__(self, name):
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.part}/{name}".encode()))
        values = tiny_models.random_values(name, self.shells[name].shape, generator)
        return values * self.contrast if name == "decoder.conv_out.weight" else values


def write(path, tensors, dtype):
    """`tensors`: for each name the numbers that it is made of, and what makes it of them or of their shells."""
    kind, called = DTYPES[dtype]
    header, end = {}, 0
    for name, (numbers, make) in tensors.items():
        shape = list(make(numbers.shells).shape)
        begin, end = end, end + torch.Size(shape).numel() * kind.itemsize
        header[name] = {"dtype": called, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers are aligned
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for numbers, make in tensors.values():
            file.write(make(numbers).to(kind).contiguous().numpy().tobytes())


def write_folder(folder, model, dtype):
    classes = {"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
               "scheduler": ["diffusers", model["scheduler"]["_class_name"]]}
    for part, config in model.items():
        if part.startswith("text"):
            classes[part] = ["transformers", config["architectures"][0]]
            tokenizer = part.replace("text_encoder", "tokenizer")
            classes[tokenizer] = ["transformers", "CLIPTokenizer"]
            tiny_models.write_tokenizer(folder / tokenizer, "<|endoftext|>")
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        tiny_models.write_json(folder / part / name, config)
        if part != "scheduler":
            numbers = Numbers(part, config)
            stem = "model" if part.startswith("text") else "diffusion_pytorch_model"
            write(folder / part / f"{stem}.safetensors",
                  {name: (numbers, lambda source, name=name: source[name]) for name in numbers.shells}, dtype)
    is_xl = "text_encoder_2" in model
    more = {"force_zeros_for_empty_prompt": True} if is_xl else {"safety_checker": [None, None],
                                                                 "feature_extractor": [None, None]}
    tiny_models.write_json(folder / "model_index.json", {
        "_class_name": "StableDiffusionXLPipeline" if is_xl else "StableDiffusionPipeline",
        "_diffusers_version": "0.42.1", **more, **classes})


def write_checkpoint(file, model, roots, dtype, numbers_of=Numbers):
    """`model`: the parts' configurations, by which `numbers_of` finds their tensors."""
    tensors = {}
    for part, config in model.items():
        if part == "scheduler":
            continue
        numbers = numbers_of(part, config)
        for name in numbers.shells:
            if part == "unet":
                theirs = "model.diffusion_model." + checkpoints.unet_name(name, config)
            elif part == "vae":
                theirs = "first_stage_model." + checkpoints.vae_name(name, config)
            else:
                root = roots[part]
                theirs = root + (name if root.endswith("transformer.") else checkpoints.open_clip_name(name))
            tensors[theirs] = numbers, lambda source, part=part, name=name, theirs=theirs: checkpoints.stored(
                part, name, theirs, source[name], source)
    write(file, tensors, dtype)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=pathlib.Path, help="a folder; or a file .safetensors, to be one checkpoint")
    parser.add_argument("--family", choices=MODELS, default="sd15")
    parser.add_argument("--precision", choices=DTYPES, default="fp32")
    given = parser.parse_args()
    model = copy.deepcopy(MODELS[given.family])
    if given.place.suffix == ".safetensors":
        write_checkpoint(given.place, model, ROOTS[given.family], given.precision)
    else:
        write_folder(given.place, model, given.precision)


if __name__ == "__main__":
    main()
