#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fixtures/prompts: what prompts with weights, of any length, come to with transformers' text encoders, and
what diffusers' UNets make of prompts that are joined or change. The syntax is read here on its own, by other means than
Easel's.

    python tests/reference/prompts.py [FOLDER]
"""

import json
import pathlib
import re
import sys
from itertools import groupby

import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file
from torch.nn.attention import SDPBackend, sdpa_kernel

from make_fixtures import own_scheduler
from schedulers import chosen

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
ROOM, BACKTRACK, BREAK = 75, 20, "\0"

LONG = "a red cat, a blue dog on the green square and the circle of mars, " * 6
READ = [  # name, models, prompt, and how it is read
    ("weights", ["sd1-tiny"], "a (red:1.5) circle on [the] ((blue)) square", {}),
    ("weights, no norm", ["sd1-tiny"], "a (red:1.5) circle on [the] ((blue)) square", {"emphasis": "no_norm"}),
    ("nested, escaped", ["sd2-tiny"], r"(a \(red\) (cat:1.3), [(dog)] on) mars", {}),
    ("less than nothing", ["sd2-tiny"], "a dog with a (blurry:-0.5) (cat:0)", {}),
    ("chunks", ["sd2-tiny"], LONG, {}),
    ("weighted chunks", ["sd1-tiny"], LONG + "(" + LONG + ":0.7)", {}),
    ("break", ["sd2-tiny"], "a red cat BREAK (a blue dog:1.3), BREAK on mars", {}),
    ("clip skip", ["sd2-tiny"], "a (red:1.5) circle", {"clip_skip": 2}),
    ("plain", ["sd1-tiny"], "a (red:1.5) circle BREAK", {"prompt_syntax": "plain"}),
    ("two encoders", ["sd1-tiny", "sd2-tiny"], "a (red:1.4) circle, " + LONG, {}),
    ("taught", ["sd1-tiny"], "a photo of (My-Dog:1.2) riding a horse, my-dogs", {"taught": ["my-dog", 3]}),
    ("taught, two encoders", ["sd1-tiny", "sd2-tiny"], LONG + "my-dog", {"taught": ["my-dog", 3]}),
]
# name, prompt, negative prompt, and what is said until which step by whom, with which weight
DRAWN = [
    ("editing", "a [red:blue:0.5] circle", "", [(1.0, [(4, "a red circle"), (6, "a blue circle")])]),
    ("turns", "a [red|blue] circle", "a cat", [(1.0, [(2, "a red circle"), (3, "a blue circle"), (4, "a red circle"),
                                                     (5, "a blue circle"), (6, "a red circle")])]),
    ("and", "a red circle AND a blue square :0.7 AND a dog:-0.2", "blurry",
     [(1.0, [(6, "a red circle ")]), (0.7, [(6, " a blue square ")]), (-0.2, [(6, " a dog")])]),
    ("lengths", LONG + "AND a dog", "a cat", [(1.0, [(6, LONG)]), (1.0, [(6, " a dog")])]),
]
STEPS, GUIDANCE, SEED = 6, 5.0, 3
# Deliberate errors, which the gate must not let pass: weights that are a hundredth greater or a token late, and a chunk
# that ends where it is full and not at the comma.
WRONG = {"weights": ["factor", "place"], "weights, no norm": ["factor", "place"], "chunks": ["comma"],
         "weighted chunks": ["factor", "comma"]}


def passages(prompt):
    """The characters with their weights, as runs of equal ones."""
    prompt = re.sub(r"\s*\bBREAK\b\s*", BREAK, prompt)
    chars, rounds, squares, i = [], [], [], 0

    def weigh(begin, factor):
        for place in range(begin, len(chars)):
            chars[place] = (chars[place][0], chars[place][1] * factor)

    while i < len(prompt):
        number = re.match(r":\s*([-+]?\d*\.?\d+)\s*\)", prompt[i:])
        c = prompt[i]
        i += 1
        if c == "\\":
            chars.append((prompt[i], 1.0))
            i += 1
        elif c == "(":
            rounds.append(len(chars))
        elif c == "[":
            squares.append(len(chars))
        elif number:
            weigh(rounds.pop(), float(number[1]))
            i += number.end() - 1
        elif c == ")":
            weigh(rounds.pop(), 1.1)
        elif c == "]":
            weigh(squares.pop(), 1 / 1.1)
        else:
            chars.append((c, 1.0))
    for part in "".join(c for c, _ in chars).split(BREAK):
        yield [("".join(c for c, _ in run), weight) for weight, run in groupby(chars[:len(part)], lambda pair: pair[1])]
        del chars[:len(part) + 1]


def units(tokenizer, text, weight, taught):
    """Each token, and each taught word as a whole: its ids, the word, its weight."""
    ids = tokenizer(text, add_special_tokens=False).input_ids
    name = tokenizer(taught[0], add_special_tokens=False).input_ids if taught else None
    while ids:
        if name and ids[:len(name)] == name:
            yield [0] * taught[1], taught[0], weight
            del ids[:len(name)]
        else:
            yield ids[:1], None, weight
            del ids[0]


def chunked(tokenizer, stream, backtrack):
    """One part between BREAKs, in chunks."""
    comma = tokenizer(",", add_special_tokens=False).input_ids
    chunks = []
    while True:
        count, size = 0, 0
        while count < len(stream) and size + len(stream[count][0]) <= ROOM:
            size += len(stream[count][0])
            count += 1
        if count < len(stream) and size == ROOM and stream[count][0] != comma:
            back = [i for i in range(count) if stream[i][0] == comma]
            behind = sum(len(ids) for ids, *_ in stream[back[-1]:count]) if back else ROOM
            count = back[-1] + 1 if behind <= backtrack else count
        chunks.append(stream[:count])
        stream = stream[count:]
        if not stream:
            return chunks


def encoded(pipe, prompt, how, vectors):
    """[chunks, 77, D] of one encoder."""
    tokenizer, encoder = pipe.tokenizer, pipe.text_encoder
    plain = how.get("prompt_syntax") == "plain"
    parts = [[(prompt, 1.0)]] if plain else passages(prompt)
    chunks = []
    for part in parts:
        stream = [unit for text, weight in part for unit in units(tokenizer, text, weight, how.get("taught"))]
        chunks += chunked(tokenizer, stream, -1 if how.get("wrong") == "comma" else BACKTRACK)
    rows = []
    for chunk in chunks:
        ids = [tokenizer.bos_token_id] + [id for unit in chunk for id in unit[0]] + [tokenizer.eos_token_id]
        weights = [1.0] + [unit[2] for unit in chunk for _ in unit[0]]
        ids += [tokenizer.pad_token_id] * (ROOM + 2 - len(ids))
        weights += [1.0] * (ROOM + 2 - len(weights))
        if how.get("wrong") == "factor":
            weights = [weight if weight == 1 else 1.01 * weight for weight in weights]
        if how.get("wrong") == "place":
            weights = weights[-1:] + weights[:-1]
        places, at = [], 1
        for unit in chunk:
            places += [at] if unit[1] else []
            at += len(unit[0])
        rows.append(emphasized(features(encoder, ids, how.get("clip_skip", 1), places, vectors),
                               torch.tensor(weights), how.get("emphasis", "original")))
    return torch.stack(rows)


def features(encoder, ids, clip_skip, places, vectors):
    table = encoder.get_input_embeddings()

    def replaced(module, given, looked_up):
        for place in places:
            looked_up = torch.cat([looked_up[:, :place], vectors[None], looked_up[:, place + len(vectors):]], 1)
        return looked_up

    hook = table.register_forward_hook(replaced)
    out = encoder(torch.tensor([ids]), output_hidden_states=True)
    hook.remove()
    return (encoder.final_layer_norm(out.hidden_states[-clip_skip]) if clip_skip > 1 else out.last_hidden_state)[0]


def emphasized(z, weights, emphasis):
    weighed = z * weights[:, None]
    return weighed * (z.mean() / weighed.mean()) if emphasis == "original" else weighed


def context(pipes, prompt, how, vectors):
    """Of all encoders, side by side; the shorter gets empty chunks."""
    each = [encoded(pipe, prompt, how, vectors.get(name)) for name, pipe in pipes]
    most = max(len(rows) for rows in each)
    for i, (_, pipe) in enumerate(pipes):
        empty = encoded(pipe, "", {"clip_skip": how.get("clip_skip", 1)}, None)
        each[i] = torch.cat([each[i], *[empty] * (most - len(each[i]))])
    return torch.cat(each, -1).flatten(0, 1)[None]


def latents(pipe, negative, branches):
    """Composable guidance, with what each branch says at each step."""
    scheduler = chosen(own_scheduler(dict(pipe.scheduler.config)), "ddim", "default")
    scheduler.set_timesteps(STEPS)
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(SEED)) * scheduler.init_noise_sigma
    said = [[context([("", pipe)], negative, {}, {})]] + [
        [context([("", pipe)], next(text for until, text in stretches if step < until), {}, {}) for step in range(STEPS)]
        for _, stretches in branches]
    tokens = max(each.shape[1] for texts in said for each in texts)
    empty = context([("", pipe)], "", {}, {})
    for step, t in enumerate(scheduler.timesteps):
        now = [texts[min(step, len(texts) - 1)] for texts in said]
        now = [torch.cat([each] + [empty] * ((tokens - each.shape[1]) // empty.shape[1]), 1) for each in now]
        e = pipe.unet(x.expand(len(now), -1, -1, -1), t, encoder_hidden_states=torch.cat(now)).sample
        guided = e[:1] + sum(weight * GUIDANCE * (e[i + 1:i + 2] - e[:1]) for i, (weight, _) in enumerate(branches))
        x = scheduler.step(guided, t, x).prev_sample
    return x


def make():
    generator = torch.Generator().manual_seed(9)
    vectors = {"sd1-tiny": torch.randn(3, 32, generator=generator) * 0.02,
               "sd2-tiny": torch.randn(3, 32, generator=generator) * 0.02}
    pipes = {}
    for name in vectors:
        pipe = StableDiffusionPipeline.from_pretrained(FIXTURES / "models" / name, torch_dtype=torch.float32)
        pipes[name] = pipe
    tensors = {}
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
        for name, models, prompt, how in READ:
            of = [(model, pipes[model]) for model in models]
            tensors[f"{name}/context"] = context(of, prompt, how, vectors)
            for error in WRONG.get(name, []):
                tensors[f"{name}/wrong/{error}"] = context(of, prompt, how | {"wrong": error}, vectors)
        for name, _, negative, branches in DRAWN:
            tensors[f"{name}/latents"] = latents(pipes["sd1-tiny"], negative, branches)
    return vectors, tensors


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    vectors, tensors = make()
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "prompts.safetensors")
    save_file({"emb_params": vectors["sd1-tiny"]}, folder / "my-dog.safetensors")
    save_file({"clip_l": vectors["sd1-tiny"], "clip_g": vectors["sd2-tiny"]}, folder / "my-dog-xl.safetensors")
    read = [{"name": name, "models": models, "prompt": prompt, **how} for name, models, prompt, how in READ]
    drawn = [{"name": name, "prompt": prompt, "negative_prompt": negative} for name, prompt, negative, _ in DRAWN]
    drawing = {"steps": STEPS, "guidance": GUIDANCE, "seed": SEED, "cases": drawn}
    (folder / "cases.json").write_text(json.dumps({"read": read, "drawn": drawing}, indent=1) + "\n")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES / "prompts")
