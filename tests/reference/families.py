#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tiny models of further families, and what diffusers makes of them, stage by stage:
tests/fixtures/families.safetensors."""

import argparse
import json
import pathlib

import diffusers
import torch
from diffusers import (StableDiffusionInpaintPipeline, StableDiffusionInstructPix2PixPipeline, StableDiffusionPipeline,
                       StableDiffusionXLImg2ImgPipeline, StableDiffusionXLInpaintPipeline, StableDiffusionXLPipeline,
                       UNet2DConditionModel)
from safetensors.torch import load_file, save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

import tiny_families
from make_fixtures import PROMPT, own_scheduler
from schedulers import chosen

STEPS = 10
SIZE = {"width": 104, "height": 72}
# What each whole picture asks for beside the prompt; `easel` as Easel's fields call it.
PICTURES = {
    "plain": {"sampler": "euler"},
    "negative": {"sampler": "ddim", "negative_prompt": "blurry red cat"},
    "no guidance": {"sampler": "euler", "guidance": 1.0},
    "sizes": {"sampler": "dpmpp_2m", "original_width": 512, "original_height": 300, "crop_left": 20, "crop_top": 10,
              "target_width": 640, "target_height": 480},
    "clip skip": {"sampler": "heun", "clip_skip": 2, "negative_prompt": "blurry red cat"},
}
HANDOVERS = [("euler", 0.8), ("ddim", 0.5), ("dpmpp_2m", 0.8), ("euler_a", 0.6)]


def set_sampler(pipe, config, sampler):
    pipe.scheduler = chosen(getattr(diffusers, config["_class_name"]).from_config(config), sampler, "default")


def xl_arguments(case):
    given = dict(prompt=PROMPT, negative_prompt=case.get("negative_prompt"), num_inference_steps=STEPS,
                 guidance_scale=case.get("guidance", 5.0), output_type="latent")
    if "clip_skip" in case:
        given["clip_skip"] = case["clip_skip"] - 1
    if "original_width" in case:
        given |= dict(original_size=(case["original_height"], case["original_width"]),
                      crops_coords_top_left=(case["crop_top"], case["crop_left"]),
                      target_size=(case["target_height"], case["target_width"]))
    return given


def texts(pipe, prefix):
    encoded = pipe.encode_prompt(PROMPT, num_images_per_prompt=1, do_classifier_free_guidance=False)
    empty = pipe.encode_prompt("", num_images_per_prompt=1, do_classifier_free_guidance=False)
    skipped = pipe.encode_prompt(PROMPT, num_images_per_prompt=1, do_classifier_free_guidance=False, clip_skip=1)
    return {f"{prefix}/text/context": encoded[0], f"{prefix}/text/pooled": encoded[2],
            f"{prefix}/text/empty context": empty[0], f"{prefix}/text/empty pooled": empty[2],
            f"{prefix}/text/skipped context": skipped[0]}


def unet_call(unet, prefix, made, normal, ids):
    """One call with two pictures of odd size, each with numbers of its own."""
    sample = normal(f"{prefix}/unet/sample", (2, 4, 9, 13), 7)
    context = torch.cat([made[f"{prefix}/text/context"], made[f"{prefix}/text/empty context"]])
    pooled = torch.cat([made[f"{prefix}/text/pooled"], made[f"{prefix}/text/empty pooled"]])
    output = unet(sample, torch.tensor(501.5), encoder_hidden_states=context,
                  added_cond_kwargs={"text_embeds": pooled, "time_ids": ids}).sample
    return {f"{prefix}/unet/sample": sample, f"{prefix}/unet/ids": ids, f"{prefix}/unet/output": output}


def stable_diffusion_xl(models, normal):
    base = StableDiffusionXLPipeline.from_pretrained(models / "sdxl-tiny", torch_dtype=torch.float32,
                                                     add_watermarker=False)
    refiner = StableDiffusionXLImg2ImgPipeline.from_pretrained(
        models / "sdxl-refiner-tiny", torch_dtype=torch.float32, variant="fp16", add_watermarker=False)
    for pipe in (base, refiner):
        pipe.set_progress_bar_config(disable=True)
    config = tiny_families.SCHEDULER
    made = texts(base, "sdxl") | texts(refiner, "refiner")
    made |= unet_call(base.unet, "sdxl", made, normal, torch.tensor([[72., 104, 0, 0, 72, 104],
                                                                     [300, 512, 10, 20, 480, 640]]))
    made |= unet_call(refiner.unet, "refiner", made, normal, torch.tensor([[72., 104, 0, 0, 6.0],
                                                                           [300, 512, 10, 20, 2.5]]))
    for name, case in PICTURES.items():
        set_sampler(base, config, case["sampler"])
        made[f"sdxl/pictures/{name}/latents"] = base(
            **xl_arguments(case), **SIZE, generator=torch.Generator().manual_seed(42)).images
    latents = made["sdxl/pictures/plain/latents"]
    made["sdxl/decoded"] = base.vae.decode(latents / base.vae.config.scaling_factor).sample

    pixels = torch.rand(1, 3, 72, 104, generator=torch.Generator().manual_seed(6)) if normal.like is None \
        else normal.like["pixels"]
    made["pixels"] = pixels
    set_sampler(refiner, config, "euler")
    arguments = dict(prompt=PROMPT, num_inference_steps=STEPS, guidance_scale=5.0, output_type="latent")
    made["refiner/from a picture/latents"] = refiner(
        **arguments, negative_prompt="", image=pixels, strength=0.6,
        generator=torch.Generator().manual_seed(42)).images
    for sampler, start in HANDOVERS:
        set_sampler(base, config, sampler)
        set_sampler(refiner, config, sampler)
        generator = torch.Generator().manual_seed(42)
        begun = base(**arguments, **SIZE, denoising_end=start, generator=generator).images
        done = refiner(**arguments, negative_prompt="", image=begun, denoising_start=start,
                       generator=generator).images
        made[f"handover/{sampler}/{start}/begun"] = begun
        made[f"handover/{sampler}/{start}/latents"] = done
    return made


def grown_unet(unet, kind, tensors):
    grown = UNet2DConditionModel.from_config(unet.config, **tiny_families.GROWN_CONFIGS[kind])
    grown.load_state_dict({**unet.state_dict(), **tensors})
    return grown.eval()


def inpainted(name, pipe, arguments, pixels):
    """A picture, and what the UNet was given beside the latents."""
    mask = torch.zeros(1, 1, 72, 104)
    mask[..., 16:56, 24:80] = 1
    seen = {}
    forward = pipe.unet.forward

    def note(sample, *args, **kwargs):
        seen.setdefault("beside", sample[:1, 4:])
        return forward(sample, *args, **kwargs)

    pipe.unet.forward = note
    latents = pipe(**arguments, image=2 * pixels - 1, mask_image=mask, strength=1.0, height=72, width=104,
                   generator=torch.Generator().manual_seed(42)).images
    return {f"{name}/latents": latents, f"{name}/beside": seen["beside"]}


def grown_models(models, normal):
    tensors = tiny_families.grown(torch.Generator().manual_seed(44)) if normal.like is None else {
        kind: {name.removeprefix(f"grown/{kind}/"): value for name, value in normal.like.items()
               if name.startswith(f"grown/{kind}/")} for kind in tiny_families.GROWN_CONFIGS}
    made = {f"grown/{kind}/{name}": value for kind, each in tensors.items() for name, value in each.items()}
    plain = StableDiffusionPipeline.from_pretrained(models / "sd1-tiny", torch_dtype=torch.float32)
    config = own_scheduler(json.loads((models / "sd1-tiny/scheduler/scheduler_config.json").read_text()))
    arguments = dict(prompt=PROMPT, negative_prompt="blurry red cat", num_inference_steps=STEPS, guidance_scale=7.5,
                     output_type="latent")

    def pipe_of(kind, pipeline):
        pipe = pipeline(**{**plain.components, "unet": grown_unet(plain.unet, kind, tensors[kind])},
                        requires_safety_checker=False)
        pipe.set_progress_bar_config(disable=True)
        pipe.scheduler = chosen(config, "ddim", "default")
        return pipe

    pixels = torch.rand(1, 3, 72, 104, generator=torch.Generator().manual_seed(6)) if normal.like is None \
        else normal.like["pixels"]
    edit = pipe_of("edit", StableDiffusionInstructPix2PixPipeline)
    made["edit/beside"] = edit.vae.encode(2 * pixels - 1).latent_dist.mode()
    made["edit/latents"] = edit(**arguments, image=2 * pixels - 1, image_guidance_scale=1.5,
                                generator=torch.Generator().manual_seed(42)).images

    xl = StableDiffusionXLPipeline.from_pretrained(models / "sdxl-tiny", torch_dtype=torch.float32,
                                                   add_watermarker=False)
    xl_inpaint = StableDiffusionXLInpaintPipeline(
        **{**xl.components, "unet": grown_unet(xl.unet, "inpaint xl", tensors["inpaint xl"])}, add_watermarker=False)
    xl_inpaint.set_progress_bar_config(disable=True)
    set_sampler(xl_inpaint, tiny_families.SCHEDULER, "ddim")
    made |= inpainted("inpaint", pipe_of("inpaint", StableDiffusionInpaintPipeline), arguments, pixels)
    made |= inpainted("inpaint xl", xl_inpaint, arguments, pixels)

    taught = pipe_of("taught", StableDiffusionPipeline)
    made["taught/latents"] = taught(**arguments, **SIZE, generator=torch.Generator().manual_seed(42)).images
    return made


class Normal:
    """Random inputs; or those of a former run, so that only what is computed differs."""

    def __init__(self, like):
        self.like = like

    def __call__(self, key, shape, seed):
        return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) if self.like is None \
            else self.like[key]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent / "fixtures")
    parser.add_argument("--like", type=pathlib.Path, metavar="FIXTURES", help="take the models and the inputs from there")
    args = parser.parse_args()
    models, like = args.folder / "models", None
    if args.like:
        models, like = args.like / "models", load_file(args.like / "families.safetensors")
    else:
        torch.manual_seed(0)
        tiny_families.write_families(models)
    normal = Normal(like)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        made = stable_diffusion_xl(models, normal) | grown_models(models, normal)
    for name, value in made.items():
        print(f"{name}: {list(value.shape)}, deviation {value.float().std():.3f}")
    args.folder.mkdir(parents=True, exist_ok=True)
    save_file({name: value.float().contiguous() for name, value in made.items()}, args.folder / "families.safetensors")


if __name__ == "__main__":
    main()
