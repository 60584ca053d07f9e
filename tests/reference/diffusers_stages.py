#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what standard input asks for, a request a line, as `easel_stages` does, but with diffusers: what a person who
knows its pipelines would call for the same picture."""

import copy
import inspect
import json
import math
import pathlib
import resource
import sys
import time
import warnings

import diffusers
import numpy as np
import torch
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file

from accelerations import hurried
from operations import between
from schedulers import chosen

# By what a request begins with or holds to.
PIPELINES = {
    "plain": {"noise": diffusers.StableDiffusionPipeline, "picture": diffusers.StableDiffusionImg2ImgPipeline,
              "mask": diffusers.StableDiffusionInpaintPipeline, "control": diffusers.StableDiffusionControlNetPipeline,
              "edit": diffusers.StableDiffusionInstructPix2PixPipeline},
    "xl": {"noise": diffusers.StableDiffusionXLPipeline, "picture": diffusers.StableDiffusionXLImg2ImgPipeline,
           "mask": diffusers.StableDiffusionXLInpaintPipeline, "control": diffusers.StableDiffusionXLControlNetPipeline},
}
MOST_STRENGTH = 0.999  # of a second pass


def pixels_of(picture):
    """[1, 3, H, W], 0 to 1."""
    return torch.from_numpy(np.asarray(picture.convert("RGB")).copy()).permute(2, 0, 1)[None].float() / 255


def picture_of(decoded):
    """[1, 3, H, W] → [H, W, 3] in 8 bits, as diffusers rounds."""
    shown = (decoded[0].float() / 2 + 0.5).clamp(0, 1).permute(1, 2, 0)
    return (shown.cpu() * 255).round().to(torch.uint8)


class Model:
    """A folder in memory, with what was added to it."""

    def __init__(self, folder, device, dtype, added=()):
        folder = pathlib.Path(folder)
        parts = json.loads((folder / "model_index.json").read_text())
        self.kind = "xl" if "text_encoder_2" in parts else "plain"
        is_refiner = self.kind == "xl" and parts["text_encoder"][0] is None
        variant = "fp16" if list(folder.glob("unet/*.fp16.safetensors")) else None
        more = {"add_watermarker": False} if self.kind == "xl" else {"safety_checker": None, "requires_safety_checker": False}
        self.pipe = PIPELINES[self.kind]["picture" if is_refiner else "noise"].from_pretrained(
            folder, torch_dtype=dtype, variant=variant, **more)
        self.pipe.to(device)
        self.scheduler = self.pipe.scheduler
        self.pipes = {}
        for material in added:
            getattr(self, "add_" + material["kind"])(material)

    def add_lora(self, lora):
        self.pipe.load_lora_weights(lora["path"], adapter_name="it")
        self.pipe.set_adapters("it", lora["weight"])

    def add_embedding(self, embedding):
        if self.kind == "plain":
            self.pipe.load_textual_inversion(embedding["path"], token=embedding["name"])
            return
        for key, number in (("clip_l", ""), ("clip_g", "_2")):
            encoder, tokenizer = (getattr(self.pipe, part + number) for part in ("text_encoder", "tokenizer"))
            if encoder is None:
                continue  # a refiner's
            # Configs of before say 2, and then transformers takes the greatest id for the end: the word's that is added.
            next(each for each in encoder.modules() if hasattr(each, "eos_token_id")).eos_token_id = tokenizer.eos_token_id
            self.pipe.load_textual_inversion(load_file(embedding["path"])[key], token=embedding["name"],
                                             text_encoder=encoder, tokenizer=tokenizer)

    def add_controlnet(self, controlnet):
        self.controlnet = diffusers.ControlNetModel.from_pretrained(controlnet["path"], torch_dtype=self.pipe.dtype)
        self.controlnet.to(self.pipe.device)

    def beginning_with(self, what, sampler, schedule):
        if what not in self.pipes:
            cls = PIPELINES[self.kind][what]
            more = {"controlnet": self.controlnet} if what == "control" else {}
            self.pipes[what] = self.pipe if isinstance(self.pipe, cls) \
                else cls.from_pipe(self.pipe, torch_dtype=self.pipe.dtype, **more)
            self.pipes[what].set_progress_bar_config(disable=True)
        pipe = self.pipes[what]
        family = "XL" if getattr(pipe, "text_encoder_2", None) else "SD"
        pipe.scheduler = chosen(copy.deepcopy(self.scheduler), sampler, schedule, family)
        return pipe

    @property
    def edits(self):
        return self.pipe.unet.config.in_channels == 8


class Reference:
    def __init__(self, device, precision):
        self.device = device
        self.dtype = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[precision]
        self.models = {}

    def model(self, folder, added=()):
        key = json.dumps([folder, added])
        if key not in self.models:
            if len(self.models) > 1:
                self.models.clear()
            self.models[key] = Model(folder, self.device, self.dtype, added)
        return self.models[key]

    def draw(self, asked):
        settings = asked["settings"]
        places = {(each["kind"], each["name"]): each["path"] for each in asked["others"]}
        weights = {each["name"]: each["weight"] for each in settings.get("loras", [])}
        added = [each | ({"weight": weights[each["name"]]} if each["kind"] == "lora" else {})
                 for each in asked["others"] if each["kind"] in ("lora", "embedding", "controlnet")]
        start = time.perf_counter()
        model = self.model(asked["folder"], added)
        taught = [each for each in added if each["kind"] == "embedding"]
        refiner = self.model(places["refiner", settings["refiner"]], taught) if settings.get("refiner") else None
        loaded = time.perf_counter() - start

        def read(key):
            return Image.open(places["input", key])

        start, cpu_start = time.perf_counter(), time.process_time()
        stages = Drawing(settings, read).draw(model, refiner)
        drawn, cpu = time.perf_counter() - start, time.process_time() - cpu_start
        save_file({name: value.cpu().contiguous() for name, value in stages.items()}, asked["output"])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"load_seconds": loaded, "draw_seconds": drawn, "draw_cpu_seconds": cpu, "peak_mb": peak}


def between_steps(scheduler, steps, share):
    """Where a sampler that looks twice in a step hands over next to `share`: after how many looks, and what an XL pipeline
    is to be told to begin there. By themselves the pipelines part in the middle of a step."""
    scheduler = copy.deepcopy(scheduler)
    scheduler.set_timesteps(steps)
    trained = scheduler.config.num_train_timesteps
    before = int((scheduler.timesteps >= round(trained * (1 - share))).sum())
    turn = (before + 1) // 2 * 2
    return turn, 1 - math.floor(scheduler.timesteps[turn]) / trained


class Drawing:
    def __init__(self, settings, read):
        self.settings, self.read = settings, read
        self.stages = {}

    def generator(self):
        return torch.Generator().manual_seed(self.settings["seed"])

    def call(self, model, what, generator, **given):
        """Latents; and of each step those that it arrives at."""
        settings = self.settings
        pipe = model.beginning_with(what, settings["sampler"], settings.get("schedule", "default"))

        def note_text(_unet, _arguments, keywords):
            self.stages.setdefault("text", keywords["encoder_hidden_states"][-1:].float())

        turn = None

        def note(pipe, _step, _timestep, tensors):
            self.stages[f"latents_{len(self.stages)}"] = tensors["latents"].float().clone()
            pipe._interrupt = turn is not None and pipe.scheduler.step_index >= turn
            return tensors

        # An empty negative prompt of XL is none.
        negative = settings.get("negative_prompt") or (None if what == "noise" and model.kind == "xl" else "")
        given = {"num_inference_steps": settings["steps"], "negative_prompt": negative} | given
        if pipe.scheduler.order == 2 and "denoising_end" in given:
            turn, _ = between_steps(pipe.scheduler, settings["steps"], given.pop("denoising_end"))
        if pipe.scheduler.order == 2 and "denoising_start" in given:
            _, given["denoising_start"] = between_steps(pipe.scheduler, settings["steps"], given["denoising_start"])
        eta = inspect.signature(pipe.scheduler.step).parameters.get("eta")
        if eta:
            given["eta"] = eta.default  # the sampler's own, not the pipelines' 0
        hook = pipe.unet.register_forward_pre_hook(note_text, with_kwargs=True)
        try:
            with hurried(pipe, settings):
                return pipe(prompt=settings["prompt"], guidance_scale=settings["guidance"], generator=generator,
                            output_type="latent", callback_on_step_end=note, **given).images
        finally:
            hook.remove()

    def first(self, model, generator):
        settings = self.settings
        size = {"width": settings["width"], "height": settings["height"]}
        handover = {"denoising_end": settings["refiner_start"]} if settings.get("refiner") else {}
        if not settings.get("init_image"):
            shape = (1, model.pipe.unet.config.out_channels, *(size[side] // 8 for side in ("height", "width")))
            if settings.get("variation_strength"):
                other = torch.Generator().manual_seed(settings["variation_seed"])
                size["latents"] = between(torch.randn(shape, generator=generator), torch.randn(shape, generator=other),
                                          settings["variation_strength"])
            if not settings.get("controls"):
                return self.call(model, "noise", generator, **size, **handover)
            use = settings["controls"][0]
            return self.call(model, "control", generator, image=pixels_of(self.read(use["image"])), **size,
                             controlnet_conditioning_scale=use["scale"], control_guidance_start=use["start"],
                             control_guidance_end=use["end"])
        picture = np.asarray(self.read(settings["init_image"]).convert("RGB"))
        mask = np.asarray(self.read(settings["mask"]).convert("L")) if settings.get("mask") else None
        edges = [[settings.get("extend_" + edge, 0) for edge in pair] for pair in (("top", "bottom"), ("left", "right"))]
        if np.any(edges):
            inner = np.zeros(picture.shape[:2], np.uint8) if mask is None else mask
            mask = np.pad(inner, edges, constant_values=255)
            picture = np.pad(picture, [*edges, [0, 0]], mode="edge")
        image = 2 * pixels_of(Image.fromarray(picture)) - 1
        if model.edits:
            return self.call(model, "edit", generator, image=image, image_guidance_scale=settings["image_guidance"])
        given = {"image": image, "strength": settings["strength"]} | handover
        if mask is None:
            return self.call(model, "picture", generator, **given)
        self.put_back = lambda drawn: torch.where(torch.tensor(mask >= 128)[..., None], drawn, torch.tensor(picture))
        return self.call(model, "mask", generator, **given, mask_image=torch.tensor(mask)[None, None].float() / 255,
                         height=picture.shape[0], width=picture.shape[1])

    def second(self, model, begun):
        settings = self.settings
        steps = settings["hires_steps"] or settings["steps"]
        width, height = (int(settings[side] * settings["hires_scale"]) // 8 * 8 for side in ("width", "height"))
        if settings["hires_upscaler"] == "latent":
            larger = torch.nn.functional.interpolate(begun, size=(height // 8, width // 8), mode="bilinear")
        else:
            picture = Image.fromarray(picture_of(decode(model, begun)).numpy())
            larger = 2 * pixels_of(picture.resize((width, height), Image.Resampling.LANCZOS)) - 1
        every = int(steps / min(settings["hires_strength"], MOST_STRENGTH))
        return self.call(model, "picture", self.generator(), image=larger, num_inference_steps=every,
                         strength=(steps + 0.5) / every)

    def draw(self, model, refiner):
        settings, generator = self.settings, self.generator()
        self.put_back = lambda drawn: drawn
        latents = self.first(model, generator)
        if refiner:
            latents = self.call(refiner, "picture", generator, image=latents, denoising_start=settings["refiner_start"])
        if settings.get("hires_scale", 1) > 1:
            latents = self.second(model, latents)
        return self.stages | {"picture": self.put_back(picture_of(decode(model, latents)))}


def decode(model, latents):
    vae = model.pipe.vae
    return vae.decode(latents.to(vae.dtype) / vae.config.scaling_factor).sample


def main():
    reference = Reference(*sys.argv[1:])
    for line in sys.stdin:
        try:
            answer = reference.draw(json.loads(line))
        except Exception as error:  # a request that it cannot draw
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    warnings.simplefilter("ignore", FutureWarning)  # of the names that the pinned versions still take
    with torch.no_grad():
        main()
