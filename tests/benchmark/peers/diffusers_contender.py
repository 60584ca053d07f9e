#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""diffusers' networks, a request a line. FORM is `fp32`, or `bf16`, with channels last; with `compiled` behind it UNet and
VAE are compiled by torch for the processor, with their weights as constants, in channels last, when they are first used."""

import sys
import warnings

import diffusers
import torch
import torch._inductor.config
import transformers
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextModel

import answering
from stages import Drawing



class Networks:
    def __init__(self, folder, form, compiled):
        self.dtype = torch.float32 if form == "fp32" else torch.bfloat16
        self.text_encoder = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder", dtype=self.dtype).eval()
        self.network = UNet2DConditionModel.from_pretrained(folder, subfolder="unet").to(self.dtype).eval()
        self.vae = AutoencoderKL.from_pretrained(folder, subfolder="vae").to(self.dtype).eval()
        self.layout = torch.contiguous_format if form == "fp32" and not compiled else torch.channels_last
        for network in (self.network, self.vae):
            network.to(memory_format=self.layout)
        if compiled:
            # Weights that are constants are packed once, as oneDNN wants them; of several ways to multiply the fastest
            # is taken. Dynamo looks at these, too, so they are no options of a single network.
            torch._inductor.config.freezing = torch._inductor.config.max_autotune = True
            for network in (self.network, self.vae.decoder, self.vae.encoder):
                network.compile(dynamic=False)
        self.channels, self.scaling = self.network.config.in_channels, self.vae.config.scaling_factor

    def latent_shape(self, settings):
        return self.channels, settings["height"] // 8, settings["width"] // 8

    def given(self, tensor):
        return tensor.to(self.dtype).contiguous(memory_format=self.layout)

    def text(self, tokens):
        return self.text_encoder(tokens)[0]

    def unet(self, latents, timestep, context):
        return self.network(self.given(latents), timestep, encoder_hidden_states=context, return_dict=False)[0]

    def decode(self, latents):
        return self.vae.decode(self.given(latents / self.scaling), return_dict=False)[0]

    def encode(self, picture):
        return self.vae.encode(self.given(picture), return_dict=False)[0].mode() * self.scaling


def main():
    form, compiled = sys.argv[1], sys.argv[2:] == ["compiled"]
    torch.set_num_threads(answering.threads())
    kept = {}

    def draw(asked):
        begun = answering.now()
        if not kept:
            kept["drawing"] = Drawing(asked["folder"], Networks(asked["folder"], form, compiled))
        loaded = answering.now() - begun
        return kept["drawing"].draw(asked) | {"load_seconds": loaded}

    answering.serve(draw)


if __name__ == "__main__":
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    warnings.simplefilter("ignore", FutureWarning)
    with torch.no_grad():
        main()
