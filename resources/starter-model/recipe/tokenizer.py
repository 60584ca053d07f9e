# SPDX-License-Identifier: Apache-2.0
"""CLIP's tokenizer rules on a vocabulary of our own.

The rules are CLIP's (lower-case, its split into pieces, byte-level pairs with </w>),
so any engine that reads CLIP tokenizers reads this one; only the merges are learnt
here, from the names and keywords. All 256 bytes are symbols, so every prompt has ids.
"""
import collections
import json
import unicodedata

VOCABULARY = 2560
CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
START, END = "<|startoftext|>", "<|endoftext|>"


def byte_symbols():
    """GPT-2's printable stand-ins: byte -> character, in the order of CLIP's vocabulary."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in printable}
    table |= {byte: chr(256 + n) for n, byte in enumerate(b for b in range(256) if b not in table)}
    return table


def join(parts, pair):
    """Every occurrence of the pair made one part, left to right."""
    joined, at = [], 0
    while at < len(parts):
        if tuple(parts[at : at + 2]) == pair:
            joined.append(parts[at] + parts[at + 1])
            at += 2
        else:
            joined.append(parts[at])
            at += 1
    return joined


def learn_merges(weights, count):
    symbols = byte_symbols()
    words = []
    for word, weight in sorted(weights.items()):
        parts = [symbols[byte] for byte in word.encode()]
        parts[-1] += "</w>"
        words.append([parts, weight])
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for parts, weight in words:
            for pair in zip(parts, parts[1:]):
                pairs[pair] += weight
        if not pairs:
            break
        # The pair itself breaks ties, so that the result is the same on every machine.
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for entry in words:
            parts = entry[0]
            if best[0] not in parts:
                continue
            entry[0] = join(parts, best)
        words = [entry for entry in words if len(entry[0]) > 1]
    return merges


def write(weights, folder):
    folder.mkdir(parents=True, exist_ok=True)
    symbols = list(byte_symbols().values())
    merges = learn_merges(weights, VOCABULARY - 2 * len(symbols) - 2)
    tokens = symbols + [s + "</w>" for s in symbols] + [a + b for a, b in merges] + [START, END]
    # Two different pairs may join to one string; the id is the first one's, as in CLIP's file.
    vocabulary = {}
    for token in tokens:
        vocabulary.setdefault(token, len(vocabulary))

    def save(name, value):
        text = json.dumps(value, ensure_ascii=False, indent=None if name == "vocab.json" else 2)
        (folder / name).write_text(text + "\n", encoding="utf-8")

    save("vocab.json", vocabulary)
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    special = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
    save("special_tokens_map.json", special)
    save(
        "tokenizer_config.json",
        {
            **special,
            "add_prefix_space": False,
            "do_lower_case": True,
            "errors": "replace",
            "model_max_length": 77,
            "tokenizer_class": "CLIPTokenizer",
        },
    )
    return vocabulary


class Tokenizer:
    """The rules themselves, written out, to check that the files mean the same to others."""

    def __init__(self, folder):
        self.ids = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
        lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
        self.ranks = {tuple(line.split(" ")): rank for rank, line in enumerate(lines)}
        self.symbols = byte_symbols()

    def pieces(self, text):
        text = unicodedata.normalize("NFC", text).lower()
        kind = {"L": "letter", "N": "number"}
        at = 0
        while at < len(text):
            if text[at].isspace():
                at += 1
                continue
            short = next((s for s in CONTRACTIONS if text.startswith(s, at)), None)
            if short:
                yield short
                at += len(short)
                continue
            first = kind.get(unicodedata.category(text[at])[0], "other")
            end = at + 1
            while first != "number" and end < len(text) and not text[end].isspace():
                if kind.get(unicodedata.category(text[end])[0], "other") != first:
                    break
                end += 1
            yield text[at:end]
            at = end

    def bpe(self, piece):
        parts = [self.symbols[byte] for byte in piece.encode()]
        parts[-1] += "</w>"
        while len(parts) > 1:
            best = min(zip(parts, parts[1:]), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if best not in self.ranks:
                break
            parts = join(parts, best)
        return parts

    def encode(self, text, length=77):
        ids = [self.ids[part] for piece in self.pieces(text) for part in self.bpe(piece)]
        ids = [self.ids[START], *ids[: length - 2], self.ids[END]]
        return ids + [self.ids[END]] * (length - len(ids))
