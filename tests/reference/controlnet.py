#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tiny ControlNets for sd1-tiny and sdxl-tiny, and what diffusers makes of them: tests/fixtures/controlnet."""

import argparse
import json
import pathlib

import torch
from diffusers import (ControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionXLControlNetPipeline,
                       UNet2DConditionModel)
from safetensors.torch import save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from make_fixtures import PROMPT, own_scheduler
from schedulers import chosen

HINT_CHANNELS = (4, 8, 8, 16)
STEPS = 8
SIZE = {"width": 104, "height": 72}
# Each ControlNet's scale, and from where to where in the steps it is heard.
PICTURES = {
    "all along": [("sd1", 0.8, 0.0, 1.0)],
    "for a while": [("sd1", 1.5, 0.25, 0.7)],
    "two": [("sd1", 0.7, 0.0, 0.6), ("sd1", -0.5, 0.3, 1.0)],
}
KINDS = {"sd1": ("sd1-tiny", StableDiffusionControlNetPipeline), "sdxl": ("sdxl-tiny", StableDiffusionXLControlNetPipeline)}


def make(unet, generator):
    """A ControlNet with nothing of it at nought, as after training."""
    net = ControlNetModel.from_unet(unet, conditioning_channels=3, load_weights_from_unet=True,
                                    conditioning_embedding_out_channels=HINT_CHANNELS)
    with torch.no_grad():
        for name, value in sorted(net.state_dict().items()):
            if name.startswith("controlnet_"):
                value.copy_(torch.randn(value.shape, generator=generator) * (0.3 if value.ndim > 1 else 0.1))
    return net.half().float().eval()  # to be kept in 16 bits


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixtures", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[1] / "fixtures")
    parser.add_argument("--like", action="store_true", help="take the committed ControlNets instead of new ones")
    arguments = parser.parse_args()
    folder = arguments.fixtures / "controlnet"
    made = {}
    generator = torch.Generator().manual_seed(45)
    hints = torch.rand(2, 3, 72, 104, generator=generator)
    nets, pipes = {}, {}
    for kind, (model, pipeline) in KINDS.items():
        unet = UNet2DConditionModel.from_pretrained(arguments.fixtures / "models" / model / "unet",
                                                    torch_dtype=torch.float32)
        if arguments.like:
            nets[kind] = ControlNetModel.from_pretrained(folder / kind, torch_dtype=torch.float32).eval()
        else:
            nets[kind] = make(unet, generator)
            nets[kind].half().save_pretrained(folder / kind)
            nets[kind].float()
        pipes[kind] = pipeline.from_pretrained(arguments.fixtures / "models" / model, controlnet=nets[kind],
                                               torch_dtype=torch.float32)
        pipes[kind].set_progress_bar_config(disable=True)
        sample = torch.randn(2, 4, 9, 13, generator=generator)
        context = torch.randn(2, 77, unet.config.cross_attention_dim, generator=generator)
        added = {}
        if kind == "sdxl":
            pooled = unet.config.projection_class_embeddings_input_dim - 6 * unet.config.addition_time_embed_dim
            added = {"text_embeds": torch.randn(2, pooled, generator=generator),
                     "time_ids": torch.tensor([[72., 104, 0, 0, 72, 104], [300, 512, 10, 20, 480, 640]])}
            made |= {f"{kind}/pooled": added["text_embeds"], f"{kind}/ids": added["time_ids"]}
        skips, mid = nets[kind](sample, torch.tensor(501.5), encoder_hidden_states=context, controlnet_cond=hints,
                                added_cond_kwargs=added, return_dict=False)
        made |= {f"{kind}/sample": sample, f"{kind}/context": context, f"{kind}/mid": mid}
        made |= {f"{kind}/skips/{i}": skip for i, skip in enumerate(skips)}
    made["hints"] = hints
    scheduler = own_scheduler(json.loads(
        (arguments.fixtures / "models/sd1-tiny/scheduler/scheduler_config.json").read_text()))
    for name, controls in PICTURES.items():
        several = len(controls) > 1
        pipe = StableDiffusionControlNetPipeline(
            **{**pipes["sd1"].components,
               "controlnet": [nets[kind] for kind, *_ in controls] if several else nets[controls[0][0]]},
            requires_safety_checker=False)
        pipe.set_progress_bar_config(disable=True)
        pipe.scheduler = chosen(scheduler, "euler", "default")

        def of(index, controls=controls, several=several):
            values = [control[index] for control in controls]
            return values if several else values[0]

        pictures = [hints[i:i + 1] for i in range(len(controls))]
        made[f"pictures/{name}/latents"] = pipe(
            prompt=PROMPT, negative_prompt="blurry red cat", image=pictures if several else pictures[0],
            num_inference_steps=STEPS, guidance_scale=7.5, output_type="latent", **SIZE,
            controlnet_conditioning_scale=of(1), control_guidance_start=of(2), control_guidance_end=of(3),
            generator=torch.Generator().manual_seed(42)).images
    save_file({name: value.detach().contiguous() for name, value in made.items()}, folder / "golden.safetensors")


if __name__ == "__main__":
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        main()
