#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what diffusers makes of hurried pictures: tests/fixtures/accelerations.safetensors. Its own feature where it has
one (the callback that cuts guidance off, AutoencoderTiny); DeepCache and token merging by their papers, on its networks."""

import argparse
import contextlib
import copy
import math
import pathlib

import torch
from diffusers import (AutoencoderTiny, ControlNetModel, StableDiffusionControlNetPipeline, StableDiffusionPipeline,
                       StableDiffusionXLPipeline)
from diffusers.callbacks import SDCFGCutoffCallback
from safetensors.torch import load_file, save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from make_fixtures import PROMPT
from schedulers import chosen

SIZE = {"width": 104, "height": 72}
NEGATIVE = "blurry red cat"
STEPS = 8
# As Easel's fields have them; the pictures with merged tokens are short, for the reason that `settled` gives.
CASES = {
    "guidance within": ("sd1-tiny", "euler", {"guidance_from": 0.25, "guidance_to": 0.75}),
    "guidance ends": ("sd1-tiny", "ddim", {"guidance_to": 0.5}),
    "guidance begins": ("sdxl-tiny", "dpmpp_2m", {"guidance_from": 0.4}),
    "guidance, two looks": ("sd2-tiny", "heun", {"guidance_from": 0.2, "guidance_to": 0.6}),
    "cached": ("sd1-tiny", "euler", {"deepcache_interval": 3}),
    "cached, two looks": ("sd1-tiny", "heun", {"deepcache_interval": 2}),
    "cached, one look more": ("sd2-tiny", "pndm", {"deepcache_interval": 2}),
    "cached, xl": ("sdxl-tiny", "dpmpp_2m", {"deepcache_interval": 3}),
    "cached, controlled": ("sd1-tiny", "euler", {"deepcache_interval": 2}),
    "cached, guidance begins": ("sd1-tiny", "euler", {"deepcache_interval": 4, "guidance_from": 0.3, "guidance_to": 0.8}),
    "merged": ("sd1-tiny", "euler", {"token_merging": 0.5, "steps": 3}),
    "merged, all that may": ("sd2-tiny", "euler", {"token_merging": 0.75, "steps": 3}),
    "merged, xl": ("sdxl-tiny", "euler", {"token_merging": 0.3, "steps": 3}),
    "merged and cached": ("sd1-tiny", "dpm2", {"token_merging": 0.4, "deepcache_interval": 2, "steps": 3}),
}
# Of the deviation between two likenesses that decide where a token goes, and one rounding's many times over.
LEAST_MARGIN = 1e-4
OWN = {}  # each model's scheduler


class Matching:
    """Tokens x [B, HW, C] of maps, one of each two by two of which stays, and the most alike others join one of those."""

    def __init__(self, x, height, width, share, margins):
        cells = torch.zeros(height, width, dtype=torch.bool)
        cells[:height // 2 * 2:2, :width // 2 * 2:2] = True
        self.stay, self.others = cells.flatten().nonzero()[:, 0], (~cells).flatten().nonzero()[:, 0]
        joining = min(int(height * width * share), len(self.others))
        unit = x / x.norm(dim=-1, keepdim=True)
        likeness = unit[:, self.others] @ unit[:, self.stay].mT
        best, self.partner = likeness.max(-1)
        order = best.argsort(dim=-1, descending=True)
        self.joining, self.apart = order[:, :joining], order[:, joining:]
        two = likeness.topk(2, dim=-1).values
        margins.append(two.diff().abs().gather(1, self.joining[..., None]).min().item())
        if joining < len(self.others):
            ordered = best.gather(1, order)
            margins.append((ordered[:, joining - 1] - ordered[:, joining]).min().item())

    def merged(self, x):
        rows = []
        for b in range(len(x)):
            sums, counts = x[b, self.stay].clone(), torch.ones(len(self.stay), 1)
            to = self.partner[b, self.joining[b]]
            sums.index_add_(0, to, x[b, self.others[self.joining[b]]])
            counts.index_add_(0, to, torch.ones(len(to), 1))
            rows.append(torch.cat([x[b, self.others[self.apart[b]]], sums / counts]))
        return torch.stack(rows)

    def unmerged(self, y):
        apart = self.apart.shape[1]
        x = y.new_empty(len(y), len(self.stay) + len(self.others), y.shape[2])
        for b in range(len(y)):
            x[b, self.others[self.apart[b]]] = y[b, :apart]
            x[b, self.stay] = y[b, apart:]
            x[b, self.others[self.joining[b]]] = y[b, apart + self.partner[b, self.joining[b]]]
        return x


def merge(block, size, share, margins, undo):
    """Has a BasicTransformerBlock's self-attention see merged tokens, matched by what comes into the block."""
    forward, attend = block.forward, block.attn1.forward
    now = {}

    def matched(hidden_states, *given, **named):
        now["matching"] = Matching(hidden_states, *size(hidden_states), share, margins)
        return forward(hidden_states, *given, **named)

    def attended(hidden_states, **named):
        return now["matching"].unmerged(attend(now["matching"].merged(hidden_states), **named))

    block.forward, block.attn1.forward = matched, attended
    undo.callback(lambda: (block.__dict__.pop("forward"), block.attn1.__dict__.pop("forward")))


class Hurried:
    """A pipeline's UNet, asked as a request's accelerations have it."""

    def __init__(self, pipe, settings):
        self.pipe, self.unet = pipe, pipe.unet
        self.whole = pipe.unet.forward
        self.first, self.last = settings.get("guidance_from", 0), settings.get("guidance_to", 1)
        self.interval = settings.get("deepcache_interval", 1)
        self.calls = 0
        self.features = None

    def step(self):
        """Which of the steps that are taken it is, and how many there are."""
        scheduler = self.pipe.scheduler
        looks, steps = len(scheduler.timesteps), scheduler.num_inference_steps
        skipped = looks - self.pipe.num_timesteps
        done = skipped + self.calls
        first = skipped * steps // looks
        return done * steps // looks - first, steps - first

    def forward(self, sample, timestep, return_dict=True, **named):
        step, steps = self.step()
        self.calls += 1
        guided = int(self.first * steps) <= step < int(self.last * steps)
        branches = 3 if self.unet.config.in_channels == 8 else 2
        if guided or not self.pipe.do_classifier_free_guidance:
            answer = self.ask(step, sample, timestep, **named)
        else:
            # The prompt's answer for all, so that guidance has nowhere to go. Those that edit have it first.
            of = 0 if branches == 3 else branches - 1
            one = {key: part(value, of, branches) for key, value in named.items()}
            answer = torch.cat([self.ask(step, part(sample, of, branches), timestep, **one)] * branches)
        return (answer,)

    def ask(self, step, sample, timestep, **named):
        rows = len(sample)
        if step % self.interval and self.features is not None and len(self.features) >= rows:
            return self.short(sample, timestep, **named)
        last = self.unet.up_blocks[-1].resnets[-1]
        carried = last.conv1.in_channels - self.unet.conv_in.out_channels

        def keep(_resnet, given):
            self.features = given[0][:, :carried]

        hook = last.register_forward_pre_hook(keep)
        try:
            return self.whole(sample, timestep, return_dict=False, **named)[0]
        finally:
            hook.remove()

    def short(self, sample, timestep, encoder_hidden_states, timestep_cond=None, added_cond_kwargs=None,
              down_block_additional_residuals=None, **_):
        """Branch 0 of DeepCache: what comes before the last layer is that of an earlier step."""
        unet = self.unet
        time = unet.time_embedding(unet.get_time_embed(sample=sample, timestep=timestep), timestep_cond)
        more = unet.get_aug_embed(emb=time, encoder_hidden_states=encoder_hidden_states,
                                  added_cond_kwargs=added_cond_kwargs or {})
        time = time if more is None else time + more
        skip = unet.conv_in(sample)
        if down_block_additional_residuals is not None:
            skip = skip + down_block_additional_residuals[0]
        block = unet.up_blocks[-1]
        x = block.resnets[-1](torch.cat([self.features[-len(sample):], skip], 1), time)
        if getattr(block, "attentions", None):
            x = block.attentions[-1](x, encoder_hidden_states=encoder_hidden_states, return_dict=False)[0]
        return unet.conv_out(unet.conv_act(unet.conv_norm_out(x)))


def part(value, of, branches):
    """One branch's rows of what a UNet is given."""
    if isinstance(value, torch.Tensor):
        return value.chunk(branches)[of] if value.ndim > 0 and len(value) % branches == 0 else value
    if isinstance(value, dict):
        return {key: part(each, of, branches) for key, each in value.items()}
    return [part(each, of, branches) for each in value] if isinstance(value, (list, tuple)) else value


@contextlib.contextmanager
def hurried(pipe, settings, margins=None):
    """`pipe` draws once as `settings` say; `margins` gets how near another way of merging tokens was."""
    margins = [] if margins is None else margins
    with contextlib.ExitStack() as undo:
        share = settings.get("token_merging", 0)
        if share > 0:
            level = next(i for i, block in enumerate(pipe.unet.down_blocks) if getattr(block, "attentions", None))
            latents = {}

            def note(_unet, given):
                latents["size"] = given[0].shape[2:]

            def size(_tokens):
                return tuple(math.ceil(side / 2 ** level) for side in latents["size"])

            undo.callback(pipe.unet.register_forward_pre_hook(note).remove)
            for block in (pipe.unet.down_blocks[level], pipe.unet.up_blocks[-1 - level]):
                for transformer in block.attentions:
                    for each in transformer.transformer_blocks:
                        merge(each, size, share, margins, undo)
        pipe.unet.forward = Hurried(pipe, settings).forward
        undo.callback(lambda: pipe.unet.__dict__.pop("forward"))
        yield


def pipes(models, controlnet):
    made = {}
    for model, cls in (("sd1-tiny", StableDiffusionPipeline), ("sd2-tiny", StableDiffusionPipeline),
                       ("sdxl-tiny", StableDiffusionXLPipeline)):
        made[model] = cls.from_pretrained(models / model, torch_dtype=torch.float32)
    net = ControlNetModel.from_pretrained(controlnet / "sd1", torch_dtype=torch.float32).eval()
    made["controlled"] = StableDiffusionControlNetPipeline(**made["sd1-tiny"].components, controlnet=net,
                                                           requires_safety_checker=False)
    for name, pipe in made.items():
        pipe.set_progress_bar_config(disable=True)
    return made


def draw(pipe, model, sampler, settings, seed, **given):
    pipe.scheduler = chosen(copy.deepcopy(OWN[model]), sampler, "default", "XL" if model == "sdxl-tiny" else "SD")
    return pipe(prompt=PROMPT, negative_prompt=NEGATIVE, num_inference_steps=settings.get("steps", STEPS),
                guidance_scale=7.5, output_type="latent", generator=torch.Generator().manual_seed(seed),
                **({"image": given.pop("hint")} if "hint" in given else {}), **SIZE, **given).images


def settled(pipe, model, sampler, settings, **given):
    """Latents of the first seed with which no rounding could send a token elsewhere, which is no matter of more or less."""
    for seed in range(42, 1000):
        margins = []
        with hurried(pipe, settings, margins):
            latents = draw(pipe, model, sampler, settings, seed, **given)
        if min(margins, default=1) >= LEAST_MARGIN:
            return latents, seed
    raise RuntimeError("no seed is settled")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixtures", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[1] / "fixtures")
    fixtures = parser.parse_args().fixtures
    all_pipes = pipes(fixtures / "models", fixtures / "controlnet")
    OWN.update({name: pipe.scheduler for name, pipe in all_pipes.items()})
    hint = load_file(fixtures / "controlnet/golden.safetensors")["hints"][:1]
    made = {}
    for name, (model, sampler, settings) in CASES.items():
        is_controlled = name.endswith("controlled")
        key = "controlled" if is_controlled else model
        pipe, given = all_pipes[key], {"hint": hint} if is_controlled else {}
        latents, seed = settled(pipe, model, sampler, settings, **given)
        plain = draw(pipe, model, sampler, settings, seed, **given)
        made |= {f"{name}/latents": latents, f"{name}/plain": plain, f"{name}/seed": torch.tensor([seed])}
        print(f"{name}: seed {seed}, {((latents - plain).abs().max() / plain.std()).item():.2g} from the plain picture")

    # diffusers' own way to end guidance: after the step that it is told.
    pipe = all_pipes["sd1-tiny"]
    ended = draw(pipe, "sd1-tiny", "ddim", {}, 42,
                 callback_on_step_end=SDCFGCutoffCallback(cutoff_step_ratio=None, cutoff_step_index=STEPS // 2 - 1))
    assert (ended - made["guidance ends/latents"]).abs().max() < 1e-5 * ended.std()
    made["guidance ends/latents"] = ended

    tokens = torch.randn(2, 9 * 13, 6, generator=torch.Generator().manual_seed(3))
    margins = []
    matching = Matching(tokens, 9, 13, 0.5, margins)
    assert min(margins) > LEAST_MARGIN
    merged = matching.merged(tokens)
    # Rows of their own order, so what is told of them is what does not depend on it.
    made |= {"tokens": tokens, "tokens merged": merged.sum(1), "tokens back": matching.unmerged(merged)}

    pipe.vae = AutoencoderTiny.from_pretrained(fixtures / "tiny_vae/diffusers", torch_dtype=torch.float32).eval()
    pipe.scheduler = chosen(copy.deepcopy(OWN["sd1-tiny"]), "euler", "default")
    picture = pipe(prompt=PROMPT, negative_prompt=NEGATIVE, num_inference_steps=STEPS, guidance_scale=7.5, output_type="pt",
                   generator=torch.Generator().manual_seed(42), **SIZE).images
    made["tiny decoder/picture"] = (picture[0].permute(1, 2, 0) * 255).round().to(torch.uint8)
    save_file({name: value.detach().contiguous() for name, value in made.items()}, fixtures / "accelerations.safetensors")


if __name__ == "__main__":
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        main()
