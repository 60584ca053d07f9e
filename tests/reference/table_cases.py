# SPDX-License-Identifier: Apache-2.0
"""What `table` draws: small models of each family, what is added to them, and each operation as a request."""

import json
import pathlib
import shutil

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from safetensors.torch import load_file, save_file

import controlnet
import loras
from make_fixtures import PROMPT
from tiny_families import GROWN_CONFIGS

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
TRAILING = {"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing", "prediction_type": "epsilon"}
WIDTH, HEIGHT = 104, 72
WORD = "my-dog"
PICTURE = {"init_image": "picture", "strength": 0.6}
MASK = {**PICTURE, "strength": 0.75, "mask": "mask", "mask_blur": 0}

# Each as Easel's fields have it.
OPERATIONS = {
    "text to image": {},
    "image to image": PICTURE,
    "inpaint": MASK,
    "outpaint": {"init_image": "picture", "strength": 1.0, "mask_blur": 0, "extend_right": 24, "extend_top": 16},
    "hires, latent": {"width": 64, "height": 48, "hires_scale": 1.5, "hires_steps": 6, "hires_strength": 0.6,
                      "hires_upscaler": "latent"},
    "hires, Lanczos": {"width": 64, "height": 48, "hires_scale": 1.5, "hires_steps": 6, "hires_strength": 0.6,
                       "hires_upscaler": "lanczos"},
    "ControlNet": {"controls": [{"model": "controlnet", "image": "hint", "scale": 0.8, "start": 0.0, "end": 0.8}]},
    "LoRA": {"loras": [{"name": "lora", "weight": 0.8}]},
    "textual inversion": {"prompt": f"a photo of {WORD} riding a horse on mars"},
    "variation": {"variation_strength": 0.3, "variation_seed": 7},
    "guidance interval": {"guidance_from": 0.2, "guidance_to": 0.8},
    "DeepCache": {"deepcache_interval": 3},
    "DeepCache from a picture": {**PICTURE, "deepcache_interval": 2, "guidance_to": 0.6},
}
ALL = tuple(OPERATIONS)
HURRIED = ("guidance interval", "DeepCache", "DeepCache from a picture")
# Per family the model, what its requests have otherwise, and its operations. Left out is what the family does not do,
# a refiner with a mask or a ControlNet, for which diffusers has no pipeline that keeps the noise, and one that is
# hurried, of whose steps the two pipelines know nothing from each other.
FAMILIES = {
    "SD 1": ("sd1-tiny", {}, ALL),
    "SD 2, v-prediction": ("sd2-tiny", {}, ALL),
    "SDXL": ("sdxl-tiny", {"guidance": 5.0}, ALL),
    "SDXL and refiner": ("sdxl-tiny", {"guidance": 5.0, "steps": 10, "refiner": "refiner", "refiner_start": 0.6},
                         tuple(each for each in ALL if each not in ("inpaint", "outpaint", "ControlNet", *HURRIED))),
    "inpainting, 9 channels": ("inpaint", {}, ("inpaint", "outpaint", "LoRA", "textual inversion")),
    "editing, 8 channels": ("edit", {"image_guidance": 1.5}, ("image to image", "LoRA", "textual inversion")),
    "LCM": ("lcm", {"steps": 4}, ALL),
    "Turbo": ("turbo", {"steps": 2, "guidance": 1.0}, ALL),
    "Lightning": ("lightning", {"steps": 4, "guidance": 1.0}, ALL),
}
# What the operation of these families' additions begins with.
BEGINNINGS = {"inpainting, 9 channels": MASK, "editing, 8 channels": PICTURE}
CONTROLNETS = {"sd1-tiny": "sd1", "lcm": "sd1", "sdxl-tiny": "sdxl", "lightning": "sdxl"}


def edited(folder, source, scheduler=None, kind=None):
    """A copy of a tiny model, with another scheduler or grown as `tiny_families` has it."""
    shutil.copytree(FIXTURES / "models" / source, folder, dirs_exist_ok=True)
    if scheduler:
        change(folder / "scheduler/scheduler_config.json", scheduler)
    if kind:
        change(folder / "unet/config.json", GROWN_CONFIGS[kind])
        tensors = load_file(FIXTURES / "families.safetensors")
        file = folder / "unet/diffusion_pytorch_model.safetensors"
        grown = {name.removeprefix(f"grown/{kind}/"): value for name, value in tensors.items()
                 if name.startswith(f"grown/{kind}/")}
        save_file(load_file(file) | grown, file, metadata={"format": "pt"})


def change(file, keys):
    file.write_text(json.dumps(json.loads(file.read_text()) | keys, indent=2) + "\n")


class Stock:
    """Models and what is added to them, written into a folder."""

    def __init__(self, folder):
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        edited(self.folder / "inpaint", "sd1-tiny", kind="inpaint")
        edited(self.folder / "edit", "sd1-tiny", kind="edit")
        edited(self.folder / "lcm", "sd1-tiny", {"_class_name": "LCMScheduler"}, kind="taught")
        edited(self.folder / "turbo", "sd2-tiny", TRAILING)
        edited(self.folder / "lightning", "sdxl-tiny", TRAILING)
        numbers = torch.Generator().manual_seed(46)
        for name in ("picture", "hint"):
            levels = torch.randint(0, 256, (HEIGHT, WIDTH, 3), generator=numbers, dtype=torch.uint8)
            Image.fromarray(levels.numpy()).save(self.place(name))
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[13:50, 20:77] = 255  # no edge on a latent's
        Image.fromarray(mask).save(self.place("mask"))
        for model in {family[0] for family in FAMILIES.values()}:
            self.add_to(model, numbers)

    def place(self, name):
        return self.folder / f"{name}.png"

    def model(self, name):
        made = self.folder / name
        return made if made.is_dir() else FIXTURES / "models" / name

    def controlnet(self, model):
        return FIXTURES / "controlnet" / CONTROLNETS[model] if model in CONTROLNETS \
            else self.folder / f"controlnet-{model}"

    def add_to(self, model, numbers):
        loras.full_size(self.model(model), 4, self.folder / f"lora-{model}.safetensors", numbers, size=0.3)
        widths = [json.loads(file.read_text())["hidden_size"]
                  for file in sorted(self.model(model).glob("text_encoder*/config.json"))]
        vectors = [torch.randn(3, width, generator=numbers) for width in widths]
        save_file(dict(zip(("clip_l", "clip_g"), vectors)) if len(vectors) > 1 else {"emb_params": vectors[0]},
                  self.folder / f"{WORD}-{model}.safetensors")
        if model in ("sd2-tiny", "turbo"):
            unet = UNet2DConditionModel.from_pretrained(self.model(model) / "unet", torch_dtype=torch.float32)
            controlnet.make(unet, numbers).half().save_pretrained(self.controlnet(model))

    def request(self, family, operation, sampler, schedule):
        model, own, _ = FAMILIES[family]
        settings = {"prompt": PROMPT, "negative_prompt": "blurry red cat", "width": WIDTH, "height": HEIGHT, "steps": 8,
                    "guidance": 7.5, "seed": 42, "sampler": sampler, "schedule": schedule}
        settings |= {**BEGINNINGS.get(family, {}), **OPERATIONS[operation], **own}
        others = [{"kind": "input", "name": name, "path": str(self.place(name))} for name in ("picture", "mask", "hint")]
        if operation == "LoRA":
            others.append({"kind": "lora", "name": "lora", "path": str(self.folder / f"lora-{model}.safetensors")})
        if operation == "textual inversion":
            others.append({"kind": "embedding", "name": WORD, "path": str(self.folder / f"{WORD}-{model}.safetensors")})
        if operation == "ControlNet":
            others.append({"kind": "controlnet", "name": "controlnet", "path": str(self.controlnet(model))})
        if "refiner" in settings:
            others.append({"kind": "refiner", "name": "refiner", "path": str(FIXTURES / "models/sdxl-refiner-tiny")})
        return {"folder": str(self.model(model)), "settings": settings, "others": others}
