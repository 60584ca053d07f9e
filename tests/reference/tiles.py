#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what diffusers' VAEs make in tiles, both ways, for the tiny models."""

import argparse
import pathlib

import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
# Latents of two tiles by three, the last ones narrow; and of a picture that is one tile high.
SIZES = {"sd1-tiny": (10, 15), "sd2-tiny": (5, 11)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=pathlib.Path, default=FIXTURES / "diffusion/tiles.safetensors")
    parser.add_argument("--like", type=pathlib.Path, help="a file made before, whose inputs are taken")
    args = parser.parse_args()
    like = load_file(args.like) if args.like else None
    tensors = {}
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        for name, (h, w) in SIZES.items():
            vae = AutoencoderKL.from_pretrained(FIXTURES / "models" / name / "vae", torch_dtype=torch.float32).eval()
            vae.enable_tiling()
            drawn = torch.randn(1, 4, h, w, generator=torch.Generator().manual_seed(h)) * 4
            tensors[f"{name}/latents"] = drawn if like is None else like[f"{name}/latents"]
            pixels = vae.decode(tensors[f"{name}/latents"]).sample
            tensors[f"{name}/decoded"] = pixels
            # Decoded again, so that no second picture need be kept.
            given = pixels if like is None else like[f"{name}/decoded"]
            tensors[f"{name}/moments"] = vae.encode(given.clamp(-1, 1)).latent_dist.parameters
    args.file.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.contiguous() for key, value in tensors.items()}, args.file)


if __name__ == "__main__":
    main()
