# SPDX-License-Identifier: Apache-2.0
"""A picture from its stages, for the contenders whose networks are called from Python: diffusers' Euler, both branches
of guidance in one batch. The networks are the contender's own; what lies between them costs next to nothing."""

import torch
from diffusers import EulerDiscreteScheduler
from transformers import CLIPTokenizer

import answering
import pictures_in


class Tokens:
    def __init__(self, folder):
        self.tokenizer = CLIPTokenizer.from_pretrained(folder, subfolder="tokenizer")

    def of(self, settings):
        """[2, 77]: the negative prompt's and the prompt's."""
        texts = [settings["negative_prompt"], settings["prompt"]]
        return self.tokenizer(texts, padding="max_length", max_length=77, truncation=True,
                              return_tensors="pt").input_ids


class Watch:
    """The seconds since it was last looked at."""

    def __init__(self):
        self.last = answering.now()

    def lap(self):
        before, self.last = self.last, answering.now()
        return self.last - before


class Drawing:
    """`networks` has of each stage a function: text [2, 77] → [2, 77, C]; unet (latents [2B, c, h, w], timestep,
    context) → as the latents; decode [B, c, h, w] → [B, 3, H, W]; encode the way back, as a mean."""

    def __init__(self, folder, networks):
        self.tokens = Tokens(folder)
        self.networks = networks
        self.scheduler = EulerDiscreteScheduler.from_pretrained(folder, subfolder="scheduler")

    def draw(self, asked):
        settings = asked["settings"]
        count = settings["count"]
        answer, started, cpu = {"pictures": count}, answering.now(), answering.processor_seconds()
        watch = Watch()
        context = self.networks.text(self.tokens.of(settings))
        answer["text_seconds"] = watch.lap()
        begun = None
        if "init_image" in settings:
            picture = pictures_in.tensor(asked).expand(count, -1, -1, -1)
            watch.lap()
            begun = self.networks.encode(picture)
            answer["encode_seconds"] = watch.lap()
        latents = self.loop(settings, context, begun, watch, answer)
        watch.lap()
        decoded = self.networks.decode(latents)
        rgb = ((decoded.float() / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1) * 255).round().to(torch.uint8)
        answer["decode_seconds"] = watch.lap()
        answer["draw_seconds"] = answering.now() - started
        answer["draw_cpu_seconds"] = answering.processor_seconds() - cpu
        if list(rgb.shape) != [count, settings["height"], settings["width"], 3]:
            raise ValueError(f"drew {list(rgb.shape)}")
        if not torch.isfinite(decoded).all():
            raise ValueError("drew what is not finite")
        return answer | {"peak_mb": answering.peak_mb()}

    def loop(self, settings, context, begun, watch, answer):
        count, steps = settings["count"], settings["steps"]
        self.scheduler.set_timesteps(steps)
        first = min(int(steps * settings["strength"]), steps) if begun is not None else steps
        timesteps = self.scheduler.timesteps[steps - first:]
        shape, seed = self.networks.latent_shape(settings), settings["seed"]
        generators = [torch.Generator().manual_seed(seed + i) for i in range(count)]
        noise = torch.stack([torch.randn(shape, generator=generator) for generator in generators])
        if begun is None:
            latents = noise * self.scheduler.init_noise_sigma
        else:
            self.scheduler.set_begin_index(steps - first)
            latents = self.scheduler.add_noise(begun.float(), noise, timesteps[:1].expand(count))
        context = context.repeat_interleave(count, dim=0)
        answer["step_seconds"] = []
        watch.lap()
        for timestep in timesteps:
            scaled = self.scheduler.scale_model_input(torch.cat([latents, latents]), timestep)
            negative, positive = self.networks.unet(scaled, timestep, context).float().chunk(2)
            guided = negative + settings["guidance"] * (positive - negative)
            latents = self.scheduler.step(guided, timestep, latents).prev_sample
            answer["step_seconds"].append(watch.lap())
            answer.setdefault("first_step_at", watch.last)
        return latents
