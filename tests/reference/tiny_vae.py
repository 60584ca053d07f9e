#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fixtures/tiny_vae: a small AutoencoderTiny with random weights as diffusers writes it, its decoder as
TAESD's own program does, and what diffusers makes of some latents with it."""

import argparse
import pathlib

import torch
from diffusers import AutoencoderTiny
from safetensors.torch import load_file, save_file

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures/tiny_vae"
WIDTH = 8


def tiny_vae():
    torch.manual_seed(33)
    vae = AutoencoderTiny(encoder_block_out_channels=(WIDTH,) * 4, decoder_block_out_channels=(WIDTH,) * 4,
                          num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(2, 1, 0, 1))
    with torch.no_grad():
        for weight in vae.parameters():  # as alive after ten layers as after one
            weight.copy_(torch.randn(weight.shape) * (0.2 if weight.dim() == 1 else 1.2 / weight[0].numel() ** 0.5))
    return vae.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=FIXTURES)
    parser.add_argument("--like", type=pathlib.Path, help="a folder made before, whose weights and latents are taken")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    if args.like:
        vae = AutoencoderTiny.from_pretrained(args.like / "diffusers").eval()
        latents = load_file(args.like / "decoded.safetensors")["latents"]
    else:
        vae = tiny_vae()
        latents = torch.randn(1, 4, 9, 12, generator=torch.Generator().manual_seed(9)) * 2
        vae.save_pretrained(args.folder / "diffusers")
        # Its list begins with the layer that bounds latents, which has no weights.
        bare = {f"{int(layer) + 1}.{rest}": weight for layer, rest, weight in
                ((*name.removeprefix("layers.").split(".", 1), weight) for name, weight in vae.decoder.state_dict().items())}
        (args.folder / "taesd").mkdir(exist_ok=True)
        save_file({name: weight.contiguous() for name, weight in bare.items()}, args.folder / "taesd/taesd_decoder.safetensors")
    with torch.no_grad():
        decoded = vae.decode(latents).sample
    save_file({"latents": latents, "decoded": decoded.contiguous()}, args.folder / "decoded.safetensors")


if __name__ == "__main__":
    main()
