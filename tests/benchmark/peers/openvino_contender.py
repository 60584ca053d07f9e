#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""OpenVINO, a request a line, with the networks that `to_openvino.py` wrote into FOLDER, computing in f32 or bf16.
Networks are compiled for the sizes that they are first asked for."""

import json
import pathlib
import sys

import openvino
import torch

import answering
from stages import Drawing


class Networks:
    def __init__(self, folder, converted, precision):
        self.core = openvino.Core()
        self.hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": answering.threads(),
                      "PERFORMANCE_HINT": "LATENCY"}
        self.converted = converted
        self.models = {name: self.core.read_model(converted / f"{name}.xml")
                       for name in ("text_encoder", "unet", "decoder", "encoder")}
        self.compiled = {}
        self.channels = json.loads((folder / "unet/config.json").read_text())["in_channels"]
        self.scaling = json.loads((folder / "vae/config.json").read_text()).get("scaling_factor", 0.18215)

    def latent_shape(self, settings):
        return self.channels, settings["height"] // 8, settings["width"] // 8

    def run(self, name, *tensors):
        shapes = [list(tensor.shape) for tensor in tensors]
        key = name, json.dumps(shapes)
        if key not in self.compiled:
            model = self.models[name]
            model.reshape(dict(enumerate(shapes)))
            self.compiled[key] = self.core.compile_model(model, "CPU", self.hints)
        return torch.from_numpy(self.compiled[key]([tensor.numpy() for tensor in tensors])[0])

    def text(self, tokens):
        return self.run("text_encoder", tokens)

    def unet(self, latents, timestep, context):
        return self.run("unet", latents.contiguous(), timestep.float(), context.contiguous())

    def decode(self, latents):
        return self.run("decoder", (latents / self.scaling).contiguous())

    def encode(self, picture):
        return self.run("encoder", picture.contiguous()) * self.scaling


def main():
    precision, converted = sys.argv[1], pathlib.Path(sys.argv[2])
    kept = {}

    def draw(asked):
        begun = answering.now()
        if not kept:
            folder = pathlib.Path(asked["folder"])
            kept["drawing"] = Drawing(folder, Networks(folder, converted, precision))
        loaded = answering.now() - begun
        return kept["drawing"].draw(asked) | {"load_seconds": loaded}

    answering.serve(draw)


if __name__ == "__main__":
    with torch.no_grad():
        main()
