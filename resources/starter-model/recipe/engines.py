# SPDX-License-Identifier: Apache-2.0
"""Who draws when measuring: Easel itself, or diffusers to compare with."""
import json
import subprocess
import time

import torch
from PIL import Image


class Diffusers:
    def __init__(self, model):
        from diffusers import StableDiffusionPipeline

        self.about = json.loads((model / "easel.json").read_text(encoding="utf-8"))
        self.pipe = StableDiffusionPipeline.from_pretrained(model, torch_dtype=torch.float32)
        self.pipe.set_progress_bar_config(disable=True)

    def draw(self, prompts, seeds, folder):
        for start in range(0, len(prompts), 8):
            part = slice(start, start + 8)
            pictures = self.pipe(
                prompts[part],
                width=self.about["width"],
                height=self.about["height"],
                num_inference_steps=self.about["steps"],
                guidance_scale=self.about["guidance"],
                generator=[torch.Generator().manual_seed(seed) for seed in seeds[part]],
            ).images
            for number, picture in enumerate(pictures, start):
                picture.save(folder / f"{number:04}.png")


class Easel:
    """Runs `easel-server generate` once a picture, as a person would."""

    def __init__(self, model, program):
        self.model, self.program = model, program

    def draw(self, prompts, seeds, folder):
        for number, (prompt, seed) in enumerate(zip(prompts, seeds)):
            file = folder / f"{number:04}.png"
            command = [self.program, "generate", "--model", self.model, "--prompt", prompt]
            command += ["--seed", str(seed), "--output", file]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"{prompt}: {done.stderr.strip()}")


def pictures(engine, program, model, prompts, seeds, folder):
    """Draws what is not in `folder` yet from an earlier run, and reads all of it."""
    folder.mkdir(parents=True, exist_ok=True)
    seconds = None
    if len(list(folder.glob("*.png"))) < len(prompts):
        drawer = Easel(model, program) if engine == "easel" else Diffusers(model)
        start = time.monotonic()
        drawer.draw(prompts, seeds, folder)
        seconds = (time.monotonic() - start) / len(prompts)
    return [Image.open(folder / f"{n:04}.png").convert("RGB") for n in range(len(prompts))], seconds
