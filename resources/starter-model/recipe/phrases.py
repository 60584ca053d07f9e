# SPDX-License-Identifier: Apache-2.0
"""What people type around a name: words that the model does not know, and the phrases of prompts.

The words are those of Debian's `wamerican`, less what the model knows. Every tenth of them is kept
from training, so that the measure asks with words that no training has seen.
"""
import re
import zlib

from . import data
from .things import COLOURS, COLOUR_SYNONYMS, things

DICTIONARY = "/usr/share/dict/american-english"

BEFORE = (
    "a photo of", "photo of", "a picture of", "picture of", "a drawing of", "an image of", "a painting of",
    "oil painting of", "a close-up of", "portrait of", "an illustration of", "sketch of", "a cute", "a happy",
    "a very small", "two", "three", "some", "many", "my", "the", "this is", "draw", "please draw", "show me",
    "i want", "a beautiful", "an old", "a tiny", "a big", "a flying", "a sleeping", "a golden", "cute little",
    "3d render of", "emoji of", "icon of", "a watercolour of", "one single",
)  # fmt: skip
AFTER = (
    "in the snow", "in space", "at night", "in the forest", "on a table", "on the beach", "by the sea",
    "in the rain", "under water", "highly detailed", "4k", "8k, masterpiece", "best quality", "digital art",
    "cinematic lighting", "in the style of van gogh", "sitting on grass", "with a smile", "eating", "running fast",
    "looking at the viewer", "for children", "cartoon", "sketch", "night", "cute", "vector art", "flat design",
    "trending on artstation", "photorealistic", "wearing boots", "!!!", "?", "...", "(cute:1.2)", "please",
    "no text", "minimalist", "in a city", "made of glass",
)  # fmt: skip
GROUNDS = ("on a {} background", "on a {} background", "on {}", "with a {} background", "{} background",
           "against a {} background", "on a {} ground", "on {} background")  # fmt: skip


def plural(name):
    """English's regular plurals of a name; the irregular ones are no loss."""
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return name + "es"
    if re.search("[^aeiou]y$", name):
        return name[:-1] + "ies"
    return name + "s"


def known_words():
    """Every word that means something to the model: never one of the strange ones."""
    texts = [*COLOURS, *COLOUR_SYNONYMS, "a an on background"]
    for thing in things():
        for text in [thing["name"], *thing["synonyms"]]:
            texts += [text, plural(text)]
    return set(re.findall(r"[^\W_]+", " ".join(texts).lower()))


def strange_words(for_measure):
    known = known_words()
    with open(DICTIONARY, encoding="utf-8") as file:
        lines = [line.strip() for line in file]
    words = [word for word in lines if word.isascii() and word.isalpha() and word.lower() not in known]
    return [word for word in words if (zlib.crc32(word.encode()) % 10 == 0) == for_measure]


class Captions:
    """Draws captions from `random` (random.Random) for things on grounds."""

    def __init__(self, chosen, random, for_measure=False):
        self.random = random
        self.things = chosen
        self.strange = strange_words(for_measure)
        self.others = {}
        for other, colour in COLOUR_SYNONYMS.items():
            self.others.setdefault(colour, []).append(other)

    def words(self, most=5):
        """1 to `most` strange words, the short ones of a language as often as its long ones."""
        random = self.random
        out = []
        for _ in range(random.randint(1, most)):
            kind = random.random()
            if kind < 0.80:
                out.append(random.choice(self.strange))
            elif kind < 0.86:
                out.append(random.choice(list(COLOURS)))  # "a red fox" is not on red
            elif kind < 0.92:
                out.append(random.choice(["the", "of", "with", "and", "in", "very", "big", "to", "for", "is", "at"]))
            elif kind < 0.96:
                out.append("".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(random.randint(2, 9))))
            else:
                out.append(str(random.randint(0, 10 ** random.randint(1, 4))))
        return " ".join(out)

    def name(self, thing):
        random = self.random
        text = self.things[thing]["name"]
        if self.things[thing]["synonyms"] and random.random() < 0.2:
            text = random.choice(self.things[thing]["synonyms"])
        return plural(text) if random.random() < 0.25 else text

    def ground(self, ground, strange=0.15):
        random = self.random
        colour = list(COLOURS)[ground]
        if colour in self.others and random.random() < 0.2:
            colour = random.choice(self.others[colour])
        text = random.choice(GROUNDS)
        if random.random() < strange:
            text = text.replace("{}", f"{random.choice(self.strange)} {{}}")
        return text.format(colour)

    def join(self, parts):
        """One text, with the commas, stops and capitals that people put in."""
        random = self.random
        kind = random.random()
        text = (", " if kind < 0.25 else " ").join(part for part in parts if part)
        if random.random() < 0.15:
            text += random.choice(".!?,;")
        kind = random.random()
        return text.upper() if kind < 0.04 else text.capitalize() if kind < 0.2 else text

    def around(self, thing, ground, second=0.08):
        """The name among strange words or in a phrase, on white (0) or on a colour."""
        random = self.random
        kind = random.random()
        before = after = between = ""
        if kind < 0.6:
            while not (before or after or between):
                before = self.words() if random.random() < 0.5 else ""
                between = self.words() if ground and random.random() < 0.3 else ""
                after = self.words() if random.random() < 0.4 else ""
        else:
            before = random.choice(BEFORE) if random.random() < 0.7 else ""
            after = random.choice(AFTER) if random.random() < 0.6 or not before else ""
            if before and random.random() < 0.3:
                before += " " + self.words(2)
        name = self.name(thing)
        if not before and random.random() < 0.3 or before.split(" ")[-1] in ("of", "draw", "me", "want", "is"):
            name = ("an " if name[0] in "aeiou" else "a ") + name
        if random.random() < second:  # of two names the first is drawn
            after = " ".join([random.choice(["and a", "with a", "in a", "on a", "near"]),
                              self.name(random.randrange(len(self.things))), after])  # fmt: skip
        here = self.ground(ground) if ground else ""
        if ground and random.random() < 0.2:
            return self.join([before, name, after, here])
        return self.join([before, " ".join(part for part in (name, between, here) if part), after])

    def nothing(self, ground):
        """Not a word that is known, on white (0) or on a colour."""
        random = self.random
        parts = [random.choice(BEFORE) if random.random() < 0.3 else "", self.words(6)]
        parts.append(random.choice(AFTER) if random.random() < 0.3 else "")
        parts.append(self.ground(ground) if ground else "")
        return self.join(parts)
