# SPDX-License-Identifier: Apache-2.0
"""Stage 1: sprites out of the emoji font, and the words that belong to them."""
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy
import torch
from fontTools.ttLib import TTFont
from PIL import Image

from .things import COLOURS, COLOUR_SYNONYMS, things

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
ANNOTATIONS = "/usr/share/unicode/cldr/common/annotations/en.xml"
SIZE = 128  # width and height of a training picture
FIT = 112  # the sprite's longer side: a margin keeps the ground's colour visible

# Signs, clocks and people are no things that one would ask this model to draw, and
# people come in variants that differ in skin only. The autoencoder does not see them
# either, so that its figures are about what the model is for.
LEFT_OUT = re.compile(
    "button|arrow|clock|skin|square|circle|triangle|zodiac|moon|flag|sign|symbol|person|man|woman"
    "|boy|girl|hand|o’|:|mark|aries|taurus|gemini|cancer|leo|virgo|libra|scorpi|sagitt|capric"
    "|aquar|pisces|ophiu|number|letter|input|finger|fist|japanese",
    re.IGNORECASE,
)


def annotations():
    """Code point -> (name, keywords) from CLDR's English annotations, single code points only."""
    names, keywords = {}, {}
    for node in ElementTree.parse(ANNOTATIONS).getroot().iter("annotation"):
        cluster = node.get("cp")
        if len(cluster) != 1:
            continue
        if node.get("type") == "tts":
            names[ord(cluster)] = node.text
        else:
            keywords[ord(cluster)] = [word.strip() for word in node.text.split("|")]
    return {point: (name, keywords.get(point, [])) for point, name in names.items()}


def read_sprite(bitmap):
    """A glyph's PNG, fitted and centred on a transparent SIZE x SIZE ground."""
    glyph = Image.open(io.BytesIO(bitmap)).convert("RGBA")
    scale = FIT / max(glyph.size)
    glyph = glyph.resize(
        (round(glyph.width * scale), round(glyph.height * scale)), Image.LANCZOS
    )
    canvas = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    canvas.paste(glyph, ((SIZE - glyph.width) // 2, (SIZE - glyph.height) // 2))
    return numpy.asarray(canvas)


def prepare(work):
    font = TTFont(FONT)
    glyphs, bitmaps = font.getBestCmap(), font["CBDT"].strikeData[0]
    sprites, names, keywords = [], [], []
    for point, (name, words) in sorted(annotations().items()):
        glyph = glyphs.get(point)
        if glyph not in bitmaps or LEFT_OUT.search(name):
            continue
        sprites.append(read_sprite(bitmaps[glyph].imageData))
        names.append(name)
        keywords.append(words)
    torch.save(
        {
            "rgba": torch.from_numpy(numpy.stack(sprites)),  # [N, SIZE, SIZE, 4] uint8
            "names": names,
            "keywords": keywords,
        },
        work / "sprites.pt",
    )
    print(f"{len(names)} sprites")


def load(work):
    return torch.load(work / "sprites.pt")


def compose(rgba, colour):
    """[N, S, S, 4] uint8 sprites on grounds [N, 3] (0..255) -> [N, 3, S, S] in -1..1."""
    pixels = rgba.permute(0, 3, 1, 2).float()
    alpha = pixels[:, 3:] / 255
    ground = colour.float()[:, :, None, None]
    return (pixels[:, :3] * alpha + ground * (1 - alpha)) / 127.5 - 1


def palette():
    return torch.tensor(list(COLOURS.values()))


def chosen(sprites, count):
    """The first `count` things whose sprites exist, with the sprite's index."""
    where = {name: index for index, name in enumerate(sprites["names"])}
    found = [dict(thing, index=where[thing["sprite"]]) for thing in things() if thing["sprite"] in where]
    return found[:count]


def caption(words, colour):
    """The one template. A bare name means a white ground, as on paper."""
    return words if colour is None else f"{words} on a {colour} background"


def vocabulary_words(sprites):
    """Word -> weight for learning the tokenizer's merges: what is drawn weighs most."""
    weights = {}

    def add(text, weight):
        for word in re.findall(r"[^\W\d_]+", text.lower()):
            weights[word] = weights.get(word, 0) + weight

    for thing in things():
        for text in [thing["name"], *thing["synonyms"]]:
            add(text, 1000)
    for colour in [*COLOURS, *COLOUR_SYNONYMS]:
        add(caption("", colour), 1000)
    add("a an the of with and in picture photo drawing small large", 1000)
    for name, words in zip(sprites["names"], sprites["keywords"]):
        add(name, 5)
        for word in words:
            add(word, 1)
    return weights
