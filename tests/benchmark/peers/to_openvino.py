#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the networks of a diffusers folder as OpenVINO reads them: traced, with their weights in single precision."""

import argparse
import pathlib
import warnings

import openvino
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel


class Text(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, tokens):
        return self.network(tokens)[0]


class Unet(Text):
    def forward(self, latents, timestep, context):
        return self.network(latents, timestep, encoder_hidden_states=context, return_dict=False)[0]


class Decoder(Text):
    def forward(self, latents):
        return self.network.decode(latents, return_dict=False)[0]


class Encoder(Text):
    def forward(self, picture):
        return self.network.encode(picture, return_dict=False)[0].mode()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    given = parser.parse_args()
    given.folder.mkdir()
    unet = UNet2DConditionModel.from_pretrained(given.model, subfolder="unet").float().eval()
    vae = AutoencoderKL.from_pretrained(given.model, subfolder="vae").float().eval()
    text = CLIPTextModel.from_pretrained(given.model, subfolder="text_encoder", dtype=torch.float32,
                                         attn_implementation="eager").eval()
    latents = torch.randn(2, unet.config.in_channels, 16, 16)
    width = text.config.hidden_size
    networks = {"text_encoder": (Text(text), (torch.ones(2, 77, dtype=torch.long),)),
                "unet": (Unet(unet), (latents, torch.tensor(1.0), torch.randn(2, 77, width))),
                "decoder": (Decoder(vae), (latents[:1],)),
                "encoder": (Encoder(vae), (torch.randn(1, 3, 128, 128),))}
    for name, (network, example) in networks.items():
        openvino.save_model(openvino.convert_model(network, example_input=example), given.folder / f"{name}.xml",
                            compress_to_fp16=False)


if __name__ == "__main__":
    warnings.simplefilter("ignore", torch.jit.TracerWarning)
    with torch.no_grad():
        main()
