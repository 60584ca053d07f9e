#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what diffusers makes of pictures that begin with others: tests/fixtures/operations.safetensors. What it has no
pipeline for, the second pass and the way between two seeds, is computed from the formulas."""

import argparse
import json
import pathlib

import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline, StableDiffusionPipeline
from safetensors.torch import load_file, save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from families import STEPS, grown_unet
from make_fixtures import PROMPT, own_scheduler
from schedulers import chosen

NEGATIVE = "blurry red cat"
PLAIN = [("euler", 0.6), ("ddim", 0.6), ("dpmpp_2m", 0.6), ("heun", 0.6), ("euler_a", 0.6), ("pndm", 0.6), ("ddim", 1.0)]
TAUGHT = [("euler", 0.6), ("ddim", 1.0), ("dpmpp_2m", 0.6), ("euler_a", 1.0)]
# Steps of the second pass, and its strength.
LARGER = [("euler", 6, 0.7), ("ddim", 5, 0.5), ("dpmpp_2m", 6, 0.7)]


def generator(seed=42):
    return torch.Generator().manual_seed(seed)


def pipes(models):
    plain = StableDiffusionPipeline.from_pretrained(models / "sd1-tiny", torch_dtype=torch.float32)
    grown = load_file(models.parent / "families.safetensors")
    tensors = {name.removeprefix("grown/inpaint/"): value for name, value in grown.items()
               if name.startswith("grown/inpaint/")}
    parts = plain.components
    taught = {**parts, "unet": grown_unet(plain.unet, "inpaint", tensors)}
    made = {"plain": StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False),
            "taught": StableDiffusionInpaintPipeline(**taught, requires_safety_checker=False),
            "words": plain, "again": StableDiffusionImg2ImgPipeline(**parts, requires_safety_checker=False)}
    for pipe in made.values():
        pipe.set_progress_bar_config(disable=True)
    return made


def between(a, b, share):
    """On the arc, over the rows of each channel."""
    unit = [x / x.norm(dim=2, keepdim=True) for x in (a, b)]
    angle = torch.acos((unit[0] * unit[1]).sum(2, keepdim=True))
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent / "fixtures")
    args = parser.parse_args()
    models = args.folder / "models"
    config = own_scheduler(json.loads((models / "sd1-tiny/scheduler/scheduler_config.json").read_text()))
    levels = torch.randint(0, 256, (72, 104, 3), generator=generator(6), dtype=torch.uint8)
    mask = torch.zeros(72, 104, dtype=torch.uint8)
    mask[13:50, 20:77] = 255  # no edge on a latent's
    made = {"pixels": levels, "mask": mask}
    pixels = 2 * (levels.permute(2, 0, 1)[None].float() / 255) - 1
    asked = dict(prompt=PROMPT, negative_prompt=NEGATIVE, guidance_scale=7.5, output_type="latent")
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        all_pipes = pipes(models)
        for kind, cases in (("plain", PLAIN), ("taught", TAUGHT)):
            pipe = all_pipes[kind]
            for sampler, strength in cases:
                pipe.scheduler = chosen(config, sampler, "default")
                made[f"{kind}/{sampler}/{strength}"] = pipe(
                    **asked, image=pixels, mask_image=mask[None, None].float() / 255, strength=strength,
                    num_inference_steps=STEPS, height=72, width=104, generator=generator()).images
        for sampler, steps, strength in LARGER:
            all_pipes["words"].scheduler = chosen(config, sampler, "default")
            first = all_pipes["words"](**asked, width=64, height=48, num_inference_steps=STEPS,
                                       generator=generator()).images
            larger = torch.nn.functional.interpolate(first, size=(9, 12), mode="bilinear")
            every = int(steps / min(strength, 0.999))
            all_pipes["again"].scheduler = chosen(config, sampler, "default")
            made[f"larger/{sampler}"] = all_pipes["again"](
                **asked, image=larger, num_inference_steps=every, strength=(steps + 0.5) / every,
                generator=generator()).images
    a, b = (torch.randn(1, 4, 9, 13, generator=generator(seed)) for seed in (42, 7))
    for share in (0.25, 1.0):
        made[f"between/{share}"] = between(a, b, share)
    for name, value in made.items():
        print(f"{name}: {list(value.shape)}, deviation {value.float().std():.3f}")
    save_file({name: value.contiguous() for name, value in made.items()}, args.folder / "operations.safetensors")


if __name__ == "__main__":
    main()
