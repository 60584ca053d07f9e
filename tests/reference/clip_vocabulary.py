#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes resources/clip-vocabulary/merges.txt: CLIP's real merges, as open_clip_torch brings them; and
tests/fixtures/tokens/clip/ids.json: the ids that transformers gives for many prompts. Exits 1 when these are not the published ones, or when open_clip's own tokenizer finds others
for a reason that is not known: it cleans text in a way of its own, and its special tokens have other names."""

import gzip
import json
import pathlib
import sys
import tempfile

import open_clip
from open_clip.tokenizer import SimpleTokenizer
from transformers import CLIPTokenizer

from tokens import BOS, EOS, ODD, OUT, PLAIN, byte_symbols

MERGES = 48894
SHIPPED = pathlib.Path(__file__).parents[2] / "resources" / "clip-vocabulary"
# Published: what the tokenizer of Stable Diffusion gives, without the ends.
GOLDEN = {
    "a photo of an astronaut riding a horse on mars": [320, 1125, 539, 550, 18376, 6765, 320, 4558, 525, 7496],
    "Hello, World!!  it's 2024": [3306, 267, 1002, 748, 585, 568, 273, 271, 273, 275],
    "café — naïve": [15304, 2005, 1097, 35689, 563],
    "masterpiece, best quality, 1girl": [12066, 267, 949, 3027, 267, 272, 1611],
    "猫 cat 🐱": [163, 234, 360, 2368, 22979],
    "": [],
}
# Spelled as people spell: long words, names, slips, hashtags, other languages.
MORE = """
antidisestablishmentarianism and pneumonoultramicroscopicsilicovolcanoconiosis
a photoreallistic portait of a beutiful woman
greg rutkowski, alphonse mucha, artgerm, trending on artstation
#throwbackthursday #tbt lol omg
un gato negro durmiendo en una silla
ein kleines haus am see im herbst
une vieille église sous la neige
кот в сапогах
unreal engine 5, octane render, ray tracing, hdr
nikon d850 85mm f1.4 iso100
"""


def write_vocabulary(folder, lines):
    symbols = byte_symbols()
    tokens = symbols + [symbol + "</w>" for symbol in symbols] + ["".join(line.split()) for line in lines] + [BOS, EOS]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *lines]) + "\n", encoding="utf-8")


def main():
    packed = pathlib.Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.decompress(packed.read_bytes()).decode("utf-8").split("\n")[1 : 1 + MERGES]
    out = OUT / "clip"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        write_vocabulary(pathlib.Path(scratch), lines)
        (SHIPPED / "merges.txt").write_bytes(pathlib.Path(scratch, "merges.txt").read_bytes())
        reference = CLIPTokenizer.from_pretrained(scratch)
    assert reference.vocab_size == 49408
    prompts = list(dict.fromkeys([*GOLDEN, *(PLAIN + MORE).strip().split("\n"), *ODD]))
    ids = [reference(prompt, truncation=True, max_length=77).input_ids for prompt in prompts]

    bad = [prompt for prompt, golden in GOLDEN.items() if ids[prompts.index(prompt)][1:-1] != golden]
    other, same_text = SimpleTokenizer(), SimpleTokenizer()
    same_text.clean_fn = reference.backend_tokenizer.normalizer.normalize_str
    cleaned = special = 0
    for prompt, row in zip(prompts, ids):
        if other.encode(prompt)[:75] == row[1:-1]:
            continue
        if any(name in prompt.lower() for name in (BOS, EOS)):
            special += 1
        elif same_text.encode(prompt)[:75] == row[1:-1]:
            cleaned += 1
        else:
            bad.append(prompt)
    (out / "ids.json").write_text(
        '{"prompts": [\n' + ",\n".join(json.dumps(prompt) for prompt in prompts) + '\n],\n"ids": [\n' +
        ",\n".join(json.dumps(row, separators=(",", ":")) for row in ids) + "\n]}\n")
    print(f"{len(prompts)} prompts; open_clip differs for {cleaned} that it cleans otherwise and {special} with special "
          f"tokens written out; not explained: {bad}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
