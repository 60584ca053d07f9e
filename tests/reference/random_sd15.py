#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a model of Stable Diffusion 1.5's full size with random weights: 4.3 GB that need no download, for `compare`."""

import argparse
import copy
import pathlib

import tiny_models

WIDTHS = [320, 640, 1280, 1280]
MODEL = copy.deepcopy(tiny_models.SD1)
MODEL["unet"] |= {
    "attention_head_dim": 8,
    "block_out_channels": WIDTHS,
    "cross_attention_dim": 768,
    "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
    "norm_num_groups": 32,
    "sample_size": 64,
    "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3,
}
MODEL["vae"] |= {"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "norm_num_groups": 32, "sample_size": 512}
MODEL["text"] |= {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12, "num_hidden_layers": 12}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    tiny_models.write_model(parser.parse_args().folder, MODEL, modern=False)
