#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a diffusers folder as one checkpoint in half precision, as stable-diffusion.cpp reads it."""

import argparse
import json
import pathlib
import sys

from safetensors import safe_open

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "reference"))
import checkpoints  # noqa: E402
import random_model  # noqa: E402

NAME = "model.safetensors"


class Numbers:
    """The tensors of a part of the folder, each read when it is looked at."""

    def __init__(self, folder, part, config):
        stem = "model" if part.startswith("text") else "diffusion_pytorch_model"
        self.file = safe_open(folder / part / f"{stem}.safetensors", "pt")
        names = self.file.keys()
        self.shells = random_model.empty(part, config).state_dict()
        self.held = {name: name for name in names}
        if part.startswith("text"):
            self.shells = checkpoints.text_names(self.shells)
            self.held = checkpoints.text_names(self.held)

    def __getitem__(self, name):
        return self.file.get_tensor(self.held[name]).float()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    given = parser.parse_args()
    model = {part: json.loads((given.model / part / "config.json").read_text())
             for part in ("unet", "vae", "text_encoder")}
    roots = checkpoints.ROOTS["sd1" if model["text_encoder"]["hidden_size"] == 768 else "sd2"]
    given.folder.mkdir()
    random_model.write_checkpoint(given.folder / NAME, model, roots, "fp16",
                                  lambda part, config: Numbers(given.model, part, config))


if __name__ == "__main__":
    main()
