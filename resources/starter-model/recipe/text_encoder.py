# SPDX-License-Identifier: Apache-2.0
"""Stage 4b: teaches the exported text encoder to find the name among words that it does not know.

UNet and autoencoder stay as they are. The encoder as it was is the teacher: what it says for "fox on a
blue background" is what the pupil shall say for "Happy fox, in the snow, on blue!". "Say" is meant as the
UNet hears it: the outputs of its cross-attentions, for queries that were recorded once. That costs a
hundredth of running the UNet. For prompts in which nothing is known the teacher is a context that was
fitted so that the UNet draws the plain ground.
"""
import random as randoms
import time

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch.nn import functional
from transformers import CLIPTextModel

from . import data, networks, phrases, tokenizer, training
from .things import COLOURS

BATCH = 32
RATE = 1.5e-3
PLAIN, EMPTY, NOTHING = 0.3, 0.03, 0.12  # of the captions; the rest are names among strange words
VIEWS = 3  # noisy latents of a thing on a ground from which queries are recorded
QUERIES = 12  # of each attention in each view
PLAIN_STEPS, PLAIN_RATE = 240, 0.02


def attentions(unet):
    return [module for name, module in unet.named_modules() if name.endswith("attn2")]


def heard(attention, hidden, context):
    """What a cross-attention adds: hidden [B, Q, C], context [B, T, D] -> [B, Q, C]."""
    heads = attention.heads

    def split(x):
        return x.unflatten(2, (heads, -1)).transpose(1, 2)

    q, k, v = split(attention.to_q(hidden)), split(attention.to_k(context)), split(attention.to_v(context))
    out = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    return attention.to_out[0](out)


class Recorder:
    """Keeps what each cross-attention is asked, QUERIES places of it."""

    def __init__(self, unet):
        self.found = attentions(unet)
        self.hidden = {}
        for attention in self.found:
            attention.register_forward_pre_hook(self.keep, with_kwargs=True)

    def keep(self, attention, arguments, _):
        hidden = arguments[0]
        places = torch.randperm(hidden.shape[1])[:QUERIES]
        self.hidden[attention] = hidden[:, places].half()

    def take(self):
        """One tensor an attention, in the order of `attentions`."""
        return [self.hidden[attention] for attention in self.found]


@torch.no_grad()
def latents_of(vae, rgba, ground):
    pixels = data.compose(rgba, data.palette()[ground])
    return vae.encode(pixels).latent_dist.mean


def noisy(latents, alphas, time_, noise):
    alpha = alphas[time_].view(-1, 1, 1, 1)
    return alpha.sqrt() * latents + (1 - alpha).sqrt() * noise


def fit_plain(unet, vae, text, ids):
    """A context for each ground with which the UNet draws nothing but the ground: [grounds, 77, D]."""
    grounds = len(COLOURS)
    empty = torch.zeros(grounds, data.SIZE, data.SIZE, 4, dtype=torch.uint8)
    latents = latents_of(vae, empty, torch.arange(grounds))
    with torch.no_grad():
        start = text(ids).last_hidden_state
    context = start.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([context], PLAIN_RATE)
    alphas = networks.alphas()
    for step in range(PLAIN_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = PLAIN_RATE * min(1, 2 * (1 - step / PLAIN_STEPS))
        # One time from each of equal spans, the ground's span another one at each step.
        order = torch.randperm(grounds)
        time_ = ((order + torch.rand(grounds)) / grounds * 1000).long()
        noise = torch.randn_like(latents)
        alpha = alphas[time_].view(-1, 1, 1, 1)
        velocity = alpha.sqrt() * noise - (1 - alpha).sqrt() * latents
        found = unet(noisy(latents, alphas, time_, noise), time_, context).sample
        loss = functional.mse_loss(found, velocity)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0:
            print(f"plain ground, step {step}: loss {loss.item():.4f}", flush=True)
    return context.detach()


def prepare(work, model, names):
    """The teacher's lessons, made once: {contexts [N, T, D], asked: [attention][N, VIEWS * QUERIES, C]}.

    Lesson number thing * grounds + ground; after the things come the plain grounds, and the empty prompt.
    """
    file = work / "lessons.pt"
    if file.exists():
        return torch.load(file)
    torch.manual_seed(7)
    unet = UNet2DConditionModel.from_pretrained(model / "unet", torch_dtype=torch.float32).requires_grad_(False)
    vae = AutoencoderKL.from_pretrained(model / "vae", torch_dtype=torch.float32).requires_grad_(False)
    text = CLIPTextModel.from_pretrained(model / "text_encoder", torch_dtype=torch.float32).requires_grad_(False)
    words = tokenizer.Tokenizer(model / "tokenizer")
    sprites = data.load(work)
    chosen = data.chosen(sprites, names)
    colours = list(COLOURS)

    def ids(texts):
        return torch.tensor([words.encode(t) for t in texts])

    plain = fit_plain(unet, vae, text, ids([f"on a {colour} background" for colour in colours]))
    recorder, alphas = Recorder(unet), networks.alphas()
    contexts, asked = [], []

    def record(latents, context):
        views = []
        for view in range(VIEWS):
            time_ = ((torch.arange(len(latents)) + torch.rand(len(latents))) / len(latents) * 1000).long()
            time_ = time_[torch.randperm(len(latents))]
            if view == 0:
                time_[::4] = 999  # pure noise, where the picture is decided
            unet(noisy(latents, alphas, time_, torch.randn_like(latents)), time_, context)
            views.append(recorder.take())
        contexts.append(context)
        asked.append([torch.cat(parts, 1) for parts in zip(*views)])

    grounds = torch.arange(len(colours))
    with torch.no_grad():
        for number, thing in enumerate(chosen):
            texts = [data.caption(thing["name"], colour if ground else None) for ground, colour in enumerate(colours)]
            rgba = sprites["rgba"][thing["index"]].expand(len(colours), -1, -1, -1)
            record(latents_of(vae, rgba, grounds), text(ids(texts)).last_hidden_state)
            if number % 20 == 0:
                print(f"lessons: {number} of {len(chosen)}", flush=True)
        empty = torch.zeros(len(colours), data.SIZE, data.SIZE, 4, dtype=torch.uint8)
        record(latents_of(vae, empty, grounds), plain)
        some = [sprites["rgba"][chosen[n]["index"]] for n in torch.randperm(len(chosen))[: len(colours)]]
        nothing = text(ids([""])).last_hidden_state.expand(len(colours), -1, -1)
        record(latents_of(vae, torch.stack(some), grounds), nothing)
    made = {
        "contexts": torch.cat(contexts).half(),
        "asked": [torch.cat(parts) for parts in zip(*asked)],
        "names": [thing["name"] for thing in chosen],
    }
    training.save(made, file)
    return made


def lesson(captions, random, things):
    """(number of the lesson, a caption for it)."""
    grounds = len(COLOURS)
    kind = random.random()
    if kind < EMPTY:
        return (things + 1) * grounds + random.randrange(grounds), ""
    ground = 0 if random.random() < 0.4 else random.randrange(1, grounds)
    if kind < EMPTY + NOTHING:
        return things * grounds + ground, captions.nothing(ground)
    thing = random.randrange(things)
    number = thing * grounds + ground
    if kind < EMPTY + NOTHING + PLAIN:
        name = captions.name(thing)
        article = random.random()
        name = f"a {name}" if article < 0.2 else name
        if not ground:
            return number, data.caption(name, "white" if random.random() < 0.1 else None)
        colour = list(COLOURS)[ground]
        if colour in captions.others and random.random() < 0.2:
            colour = random.choice(captions.others[colour])
        return number, data.caption(name, colour)
    return number, captions.around(thing, ground)


def train(work, model, minutes, seed, names):
    torch.set_num_threads(1)
    made = prepare(work, model, names)
    original = work / "text_encoder-taught"  # the teacher's weights, kept so that a second run starts alike
    if not original.exists():
        CLIPTextModel.from_pretrained(model / "text_encoder").save_pretrained(original)
    text = CLIPTextModel.from_pretrained(original, torch_dtype=torch.float32).train()
    unet = UNet2DConditionModel.from_pretrained(model / "unet", torch_dtype=torch.float32).requires_grad_(False)
    words, listening = tokenizer.Tokenizer(model / "tokenizer"), attentions(unet)
    optimizer = torch.optim.AdamW(text.parameters(), RATE, betas=(0.9, 0.98), weight_decay=0.0)
    average = training.Average(text, 0.998)
    step, clock = 0, training.Clock(minutes)
    file = work / "text_encoder.pt"
    if file.exists():
        saved = torch.load(file)
        text.load_state_dict(saved["text"])
        average.module.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        step, clock = saved["step"], training.Clock(minutes, saved["minutes"])
    random = randoms.Random(seed * 1000 + step)
    torch.manual_seed(seed * 1000 + step)
    things = data.chosen(data.load(work), len(made["names"]))
    captions = phrases.Captions(things, random)
    contexts, asked = made["contexts"], made["asked"]
    # Each attention counts by how much its outputs differ between lessons.
    with torch.no_grad():
        some = torch.randperm(len(contexts))[:256]
        spread = []
        for attention, hidden in zip(listening, asked):
            out = heard(attention, hidden[some].float(), contexts[some].float())
            other = heard(attention, hidden[some].float(), contexts[some.roll(1)].float())
            spread.append((out - other).square().mean().item())

    def checkpoint():
        training.save(
            {
                "text": text.state_dict(),
                "average": average.module.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "minutes": clock.spent(),
            },
            file,
        )

    saved_at, smooth = time.monotonic(), None
    while (progress := clock.progress(1, 0)) < 1:
        picked = [lesson(captions, random, len(things)) for _ in range(BATCH)]
        numbers = torch.tensor([number for number, _ in picked])
        ids = torch.tensor([words.encode(caption) for _, caption in picked])
        wanted = contexts[numbers].float()
        context = text(ids).last_hidden_state
        places = torch.randperm(asked[0].shape[1])[:QUERIES]
        loss = 0
        for attention, hidden, scale in zip(listening, asked, spread):
            query = hidden[numbers][:, places].float()
            with torch.no_grad():
                target = heard(attention, query, wanted)
            loss = loss + (heard(attention, query, context) - target).square().mean() / scale / len(spread)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(text.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / 50, max(0.01, (1 - progress) / 0.6))
        optimizer.step()
        average.update(text, step)
        step += 1
        smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
        if step % 50 == 0:
            print(f"step {step} minute {clock.spent():.1f} of {minutes:g}: loss {smooth:.4f}", flush=True)
        if time.monotonic() - saved_at > 100:
            checkpoint()
            saved_at = time.monotonic()
    checkpoint()
    average.module.half().save_pretrained(model / "text_encoder", safe_serialization=True)
