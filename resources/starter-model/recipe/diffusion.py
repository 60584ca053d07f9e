# SPDX-License-Identifier: Apache-2.0
"""Stage 3: UNet and text encoder, trained together on latents that are made once."""
import math
import time

import torch
from PIL import Image
from torch.nn import functional

from . import autoencoder, data, networks, tokenizer, training
from .things import COLOURS, COLOUR_SYNONYMS, things

BATCH = 64  # over all workers; what the orthogonalization costs is paid once a step
MATRIX_RATE, RATE = 3e-3, 2e-3
WHITE, EMPTY, SYNONYM, ARTICLE = 0.4, 0.1, 0.12, 0.15
MIRRORED = 0.25  # seeds then differ, and most of the time goes into one version of each thing
SAMPLES = ["fox", "penguin on a blue background", "strawberry", "car on a yellow background"]


def normalized(vae, latents):
    """Folds each latent channel's mean and deviation into the 1x1 convolutions around it.

    Latents then have mean 0 and deviation 1 by channel, so that the pipeline's single
    scaling_factor is 1 and no channel drowns in the noise that all of them get alike.
    """
    mean, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    count = len(mean)
    with torch.no_grad():
        vae.quant_conv.weight[:count] /= deviation[:, None, None, None]
        vae.quant_conv.bias[:count] = (vae.quant_conv.bias[:count] - mean) / deviation
        vae.quant_conv.bias[count:] -= 2 * deviation.log()
        vae.post_quant_conv.bias += vae.post_quant_conv.weight[:, :, 0, 0] @ mean
        vae.post_quant_conv.weight *= deviation[None, :, None, None]
    return (latents - mean[:, None, None]) / deviation[:, None, None]


@torch.no_grad()
def encode(vae, rgba, device):
    """One sprite on every ground, as it is and mirrored: [colours, 2, C, h, w]."""
    pair = torch.stack([rgba, rgba.flip(1)])
    pixels = data.compose(
        pair.repeat(len(COLOURS), 1, 1, 1), data.palette().repeat_interleave(2, 0)
    )
    pixels = pixels.to(device, memory_format=torch.channels_last)
    latents = vae.encode(pixels).latent_dist.mean.cpu().contiguous()
    return latents.view(len(COLOURS), 2, *latents.shape[1:])


def cache(work, device, names, rank, world):
    """Latents [names, colours, 2, C, h, w] and the autoencoder that fits them.

    Every worker encodes its share; the first one puts the shares together.
    """
    file = work / "latents.pt"
    if not file.exists():
        sprites = data.load(work)
        chosen = data.chosen(sprites, names)
        vae = autoencoder.network()
        vae.load_state_dict(torch.load(work / "autoencoder.pt", map_location="cpu")["average"])
        vae.eval().to(device, memory_format=torch.channels_last)
        mine = [encode(vae, sprites["rgba"][thing["index"]], device) for thing in chosen[rank::world]]
        torch.save(torch.stack(mine), work / f"latents-{rank}.partial")
        if world > 1:
            torch.distributed.barrier()
        if rank == 0:
            latents = torch.empty(len(chosen), *mine[0].shape)
            for other in range(world):
                part = work / f"latents-{other}.partial"
                latents[other::world] = torch.load(part)
                part.unlink()
            vae.to("cpu", memory_format=torch.contiguous_format)
            flat = normalized(vae, latents.flatten(0, 2))
            made = {"latents": flat.view_as(latents), "things": chosen, "vae": vae.state_dict()}
            training.save(made, file)
    if world > 1:
        torch.distributed.barrier()
    made = torch.load(file)
    # The cache may hold more names than are taught now: a run can start with the first few
    # and be resumed with more. Looked up by name, as the list's order may have changed.
    where = {thing["name"]: index for index, thing in enumerate(made["things"])}
    taught = [where[thing["name"]] for thing in things() if thing["name"] in where][:names]
    made["latents"] = made["latents"][taught]
    made["things"] = [made["things"][index] for index in taught]
    return made


class Captions:
    """What a person might type for a thing on a ground."""

    def __init__(self, chosen, folder):
        self.things, self.tokenizer = chosen, tokenizer.Tokenizer(folder)
        self.colours = list(COLOURS)
        self.others = {}
        for other, colour in COLOUR_SYNONYMS.items():
            self.others.setdefault(colour, []).append(other)
        self.known = {}

    def ids(self, text):
        if text not in self.known:
            self.known[text] = self.tokenizer.encode(text)
        return self.known[text]

    def one(self, thing, ground, random):
        def chance(share):
            return torch.rand(1, generator=random).item() < share

        def pick(options):
            return options[torch.randint(len(options), (1,), generator=random).item()]

        if chance(EMPTY):
            return ""
        words = self.things[thing]["name"]
        if self.things[thing]["synonyms"] and chance(SYNONYM):
            words = pick(self.things[thing]["synonyms"])
        if chance(ARTICLE):
            words = "a " + words
        colour = self.colours[ground]
        if ground == 0 and not chance(0.1):
            return words  # a bare name is on white
        if colour in self.others and chance(0.2):
            colour = pick(self.others[colour])
        return data.caption(words, colour)


def batch(made, captions, count, random):
    latents = made["latents"]
    thing = torch.randint(len(latents), (count,), generator=random)
    ground = torch.randint(1, len(COLOURS), (count,), generator=random)
    ground[torch.rand(count, generator=random) < WHITE] = 0
    side = (torch.rand(count, generator=random) < MIRRORED).long()
    texts = [captions.one(t, g, random) for t, g in zip(thing.tolist(), ground.tolist())]
    ids = torch.tensor([captions.ids(text) for text in texts])
    # One time from each of `count` equal spans: every step sees all of the schedule.
    time_ = ((torch.arange(count) + torch.rand(count, generator=random)) / count * 1000).long()
    noise = torch.randn(count, *latents.shape[3:], generator=random)
    return latents[thing, ground, side], ids, time_, noise


def loss_of(unet, text, alphas, latents, ids, time_, noise):
    alpha = alphas[time_].view(-1, 1, 1, 1)
    noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
    velocity = alpha.sqrt() * noise - (1 - alpha).sqrt() * latents
    found = unet(noisy, time_, text(ids).last_hidden_state).sample
    each = functional.mse_loss(found, velocity, reduction="none").mean((1, 2, 3))
    # 1 / (1 - alpha) is the signal-to-noise ratio plus one. Nearly clean latents are easy and
    # say nothing about names, so what they count is capped (min-SNR, Hang 2023, arXiv:2303.09556);
    # with the plus one, pure noise, where the picture is decided, keeps its full weight.
    weight = (5 * (1 - alpha.flatten())).clamp(max=1)
    return (each * weight).mean()


@torch.no_grad()
def draw(unet, text, vae, captions, prompts, device, steps=20, guidance=3.0, seed=1):
    """[N, 3, S, S] in 0..1, as the pipeline would draw them."""
    schedule = networks.scheduler()
    schedule.set_timesteps(steps)
    ids = torch.tensor([captions.ids(prompt) for prompt in ["", *prompts]], device=device)
    context = text(ids).last_hidden_state
    context = torch.cat([context[:1].expand(len(prompts), -1, -1), context[1:]])
    shape = (1, networks.LATENT_CHANNELS, data.SIZE // 8, data.SIZE // 8)
    x = torch.cat([torch.randn(shape, generator=torch.Generator().manual_seed(seed + n)) for n in range(len(prompts))])
    x = x.to(device)
    for t in schedule.timesteps:
        free, guided = unet(torch.cat([x, x]), t, context).sample.chunk(2)
        x = schedule.step(free + guidance * (guided - free), t, x).prev_sample
    return (vae.decode(x).sample / 2 + 0.5).clamp(0, 1)


def save_row(pictures, file):
    row = torch.cat(list(pictures), 2).permute(1, 2, 0)
    Image.fromarray((row * 255).round().byte().cpu().numpy()).save(file)


def train(rank, world, work, device, minutes, seed, names):
    made = cache(work, device, names, rank, world)
    captions = Captions(made["things"], work / "tokenizer")
    torch.manual_seed(seed)
    unet = networks.unet().to(device)
    text = networks.text_encoder(captions.tokenizer.ids).to(device)
    both = torch.nn.ModuleDict({"unet": unet, "text": text})
    average = training.Average(both, 0.99)
    found = training.optimizers([unet, text], RATE, rank, world)
    for group in found[-1].param_groups:
        group["peak"] = MATRIX_RATE
    parameters = list(both.parameters())
    step, clock = 0, training.Clock(minutes)
    file = work / "diffusion.pt"
    if file.exists():
        saved = torch.load(file, map_location=device)
        unet.load_state_dict(saved["unet"])
        text.load_state_dict(saved["text"])
        average.module["unet"].load_state_dict(saved["average"]["unet"])
        average.module["text"].load_state_dict(saved["average"]["text"])
        for optimizer, state in zip(found, saved["optimizers"]):
            optimizer.load_state_dict(state)
        step, clock = saved["step"], training.Clock(minutes, saved["minutes"])
    random = torch.Generator().manual_seed(seed * 1000 + 7 + step * world + rank)
    alphas = networks.alphas().to(device)
    vae = autoencoder.network()
    vae.load_state_dict(made["vae"])
    vae.eval().to(device)

    def checkpoint():
        # Without the optimizer's state no run could go on as if it had not been killed;
        # each worker holds all of it, so the first one's is enough.
        if rank == 0:
            training.save(
                {
                    "unet": unet.state_dict(),
                    "text": text.state_dict(),
                    "average": {part: module.state_dict() for part, module in average.module.items()},
                    "optimizers": [optimizer.state_dict() for optimizer in found],
                    "step": step,
                    "minutes": clock.spent(),
                    "names": [thing["name"] for thing in made["things"]],
                },
                file,
            )

    saved_at = drawn_at = time.monotonic()
    smooth = None
    while (progress := clock.progress(world, rank)) < 1:
        x = [part.to(device) for part in batch(made, captions, BATCH // world, random)]
        loss = loss_of(unet, text, alphas, *x)
        both.zero_grad()
        loss.backward()
        training.share_gradients(parameters, world)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        training.set_rate(found, min(1, (step + 1) / 30, max(0.01, (1 - progress) / 0.35)))
        for optimizer in found:
            optimizer.step()
        average.update(both, step)
        step += 1
        if rank:
            continue
        smooth = loss.item() if smooth is None else 0.97 * smooth + 0.03 * loss.item()
        if step % 20 == 0:
            print(f"step {step} minute {clock.spent():.1f} of {minutes:g}: loss {smooth:.4f}", flush=True)
        if time.monotonic() - saved_at > 100:
            checkpoint()
            saved_at = time.monotonic()
        if time.monotonic() - drawn_at > 420:
            pictures = draw(*average.module.values(), vae, captions, SAMPLES, device)
            save_row(pictures, work / f"sample-{step}.png")
            drawn_at = time.monotonic()
    checkpoint()
    if rank == 0:
        pictures = draw(*average.module.values(), vae, captions, SAMPLES, device)
        save_row(pictures, work / f"sample-{step}.png")
