# SPDX-License-Identifier: Apache-2.0
"""Stage 5: how good it is, on pictures drawn with fixed seeds.

Each name is drawn once on white and once on a colour, and both again among words that the model does not
know and that no training has seen. A picture is compared with every sprite that any stage was trained on,
put on the asked ground, mirrored too. Prompts in which nothing is known shall give a plain ground.
"""
import json
import random as randoms
import shutil
import time

import numpy
import torch
from diffusers import AutoencoderKL

from . import autoencoder, data, engines, phrases
from .things import COLOURS

FINE = 1 / 8  # cycles per pixel: waves shorter than 8 pixels are "fine"


def prompts(names):
    """[(prompt, name, ground)]: each name on white and on a colour, the colours taking turns.

    Few names are asked for more than once, so that there are about a hundred pictures.
    """
    out = []
    colours = list(COLOURS)
    for turn in range(-(-48 // len(names))):
        for number, name in enumerate(names):
            ground = 1 + (number + 4 * turn) % (len(colours) - 1)
            out.append((name, name, 0))
            out.append((data.caption(name, colours[ground]), name, ground))
    return out


def strange_prompts(names, seed):
    """[(prompt, name, ground, where)]: 1 to 5 strange words before, between, after, and in all places."""
    random = randoms.Random(seed)
    words, colours = phrases.strange_words(for_measure=True), list(COLOURS)
    out = []
    for number, name in enumerate(names):
        for ground in (0, 1 + (number + 5) % (len(colours) - 1)):
            places = ["before", "between", "after", "everywhere"] if ground else ["before", "after", "everywhere"]
            where = places[number % len(places)]
            strange = [" ".join(random.choices(words, k=random.randint(1, 5))) for _ in range(3)]
            chosen = [text if where in (place, "everywhere") else "" for place, text in zip(places, strange)]
            before, between, after = chosen if ground else (chosen[0], "", chosen[1])
            on = data.caption("", colours[ground]).strip() if ground else ""
            out.append((" ".join(part for part in (before, name, between, on, after) if part), name, ground, where))
    return out


def nothing_prompts(seed, count=48):
    """[(prompt, ground)]: 1 to 6 strange words alone, on white and on colours."""
    random = randoms.Random(seed + 1)
    words, colours = phrases.strange_words(for_measure=True), list(COLOURS)
    out = []
    for number in range(count):
        text = " ".join(random.choices(words, k=random.randint(1, 6)))
        ground = number // 2 % len(colours) if number % 2 else 0
        out.append((data.caption(text, colours[ground]) if ground else text, ground))
    return out


def features(pixels):
    """[N, 3, S, S] in -1..1 -> pixels downsampled by 4 and their differences."""
    small = torch.nn.functional.avg_pool2d(pixels, 4)
    rows, columns = autoencoder.edges(small)
    return torch.cat([part.flatten(1) for part in (small, rows, columns)], 1)


def fine_share(pixels):
    """Share of a picture's luminance energy (without its mean) in fine detail."""
    grey = pixels.mean(1).numpy()
    energy = numpy.abs(numpy.fft.fft2(grey - grey.mean((1, 2), keepdims=True))) ** 2
    line = numpy.fft.fftfreq(data.SIZE)
    fine = numpy.hypot(*numpy.meshgrid(line, line)) > FINE
    return energy[:, fine].sum(1) / energy.sum((1, 2))


def ground_of(pixels):
    """The nearest of the named colours to the median of the outermost four pixels."""
    ring = torch.ones(data.SIZE, data.SIZE, dtype=torch.bool)
    ring[4:-4, 4:-4] = False
    colour = (pixels[:, :, ring].median(2).values + 1) * 127.5
    return torch.cdist(colour, data.palette().float()).argmin(1)


def share(values):
    return sum(values) / len(values)


class Judge:
    """Tells which sprite a picture shows, and on which ground."""

    def __init__(self, rgba, taught):
        self.rgba, self.taught = rgba, taught
        self.tables = {}

    def table(self, ground):
        if ground not in self.tables:
            reference = data.compose(self.rgba, data.palette()[ground].expand(len(self.rgba), 3))
            self.tables = {ground: (features(reference), features(reference.flip(3)), fine_share(reference))}
        return self.tables[ground]

    def rows(self, pixels, asked):
        """asked: [(target sprite, ground)] -> [(rank of all, rank of taught, fine ratio, drawn ground)]."""
        grounds, rows = ground_of(pixels), [None] * len(asked)
        for n in sorted(range(len(asked)), key=lambda n: asked[n][1]):
            target, ground = asked[n]
            straight, mirrored, fine = self.table(ground)
            drawn = features(pixels[n : n + 1])
            distance = torch.minimum(torch.cdist(drawn, straight), torch.cdist(drawn, mirrored))[0]
            rows[n] = (
                int((distance < distance[target]).sum()),
                int((distance[self.taught] < distance[target]).sum()),
                float(fine_share(pixels[n : n + 1])[0] / fine[target]),
                int(grounds[n]),
            )
        return rows


def drawn(engine, program, model, folder, prompts, seed):
    """[N, 3, S, S] in -1..1, and the seconds that one took."""
    newest = max(file.stat().st_mtime for file in model.rglob("*.safetensors"))
    if folder.exists() and folder.stat().st_mtime < newest:
        shutil.rmtree(folder)  # drawn by an earlier model
    seeds = [seed * 100000 + number for number in range(len(prompts))]
    images, seconds = engines.pictures(engine, program, model, prompts, seeds, folder)
    pixels = torch.stack([torch.from_numpy(numpy.array(image)) for image in images])
    return pixels.permute(0, 3, 1, 2).float() / 127.5 - 1, seconds


def plainness(pixels, grounds):
    """Share of the pixels that are within 16 levels of the ground's colour, by picture."""
    colours = data.palette()[grounds].float() / 127.5 - 1
    return ((pixels - colours[:, :, None, None]).abs().amax(1) <= 16 / 127.5).float().mean((1, 2))


def measure(work, model, engine, program, seed, file):
    rgba = (sprites := data.load(work))["rgba"]
    about = json.loads((model / "easel.json").read_text(encoding="utf-8"))
    where = {thing["name"]: thing["index"] for thing in data.chosen(sprites, len(rgba))}
    taught = torch.tensor([where[name] for name in about["known_names"]])
    judge = Judge(rgba, taught)

    def draw(kind, texts):
        return drawn(engine, program, model, work / f"pictures-{engine}-{kind}", texts, seed)

    asked = prompts(about["known_names"])
    pixels, seconds = draw("plain", [a[0] for a in asked])
    rows = judge.rows(pixels, [(where[a[1]], a[2]) for a in asked])
    found = {
        "names": len(about["known_names"]),
        "pictures": len(asked),
        "first_of_all_sprites": share([row[0] == 0 for row in rows]),
        "among_5_of_all_sprites": share([row[0] < 5 for row in rows]),
        "first_of_taught": share([row[1] == 0 for row in rows]),
        "among_5_of_taught": share([row[1] < 5 for row in rows]),
        "ground_right": share([row[3] == a[2] for row, a in zip(rows, asked)]),
        "fine_detail_within_factor_2": share([0.5 <= row[2] <= 2 for row in rows]),
        "fine_detail_median_ratio": float(numpy.median([row[2] for row in rows])),
        "seconds_a_picture": seconds,
    }

    among = strange_prompts(about["known_names"], seed)
    pixels, _ = draw("strange", [a[0] for a in among])
    strange = judge.rows(pixels, [(where[a[1]], a[2]) for a in among])
    found["among_strange_words"] = {"pictures": len(among)}
    for kind in ("before", "between", "after", "everywhere", "all"):
        mine = [(row, a) for row, a in zip(strange, among) if kind in (a[3], "all")]
        found["among_strange_words"][kind] = {
            "first_of_taught": share([row[1] == 0 for row, _ in mine]),
            "ground_right": share([row[3] == a[2] for row, a in mine]),
        }

    nothing = nothing_prompts(seed)
    pixels, _ = draw("nothing", [a[0] for a in nothing])
    plain = plainness(pixels, torch.tensor([a[1] for a in nothing]))
    found["nothing_known"] = {
        "pictures": len(nothing),
        "ground_right": share((ground_of(pixels) == torch.tensor([a[1] for a in nothing])).tolist()),
        "median_share_of_plain_pixels": float(plain.median()),
    }

    # [prompt, rank among all sprites, fine detail against the sprite's, the ground that was drawn]
    every = [(a[0], row) for a, row in zip([*asked, *among], [*rows, *strange])]
    worst = sorted(every, key=lambda pair: (-pair[1][0], pair[1][2]))[:25]
    worst = [[text, row[0] + 1, round(row[2], 2), list(COLOURS)[row[3]]] for text, row in worst]
    for row in worst:
        print("  rank {1}, fine detail {2}, ground {3}: {0}".format(*row))
    # Last, since it takes longest.
    vae = AutoencoderKL.from_pretrained(model / "vae", torch_dtype=torch.float32)
    for name, part in {"taught": rgba[taught], "all": rgba}.items():
        found[f"autoencoder_psnr_{name}_sprites"] = autoencoder.psnr(vae, part, "cpu")
    print(json.dumps(found, indent=1), flush=True)
    result = {"engine": engine, "measured": time.strftime("%Y-%m-%d"), **found, "worst": worst}
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
