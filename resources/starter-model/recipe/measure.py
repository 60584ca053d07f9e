# SPDX-License-Identifier: Apache-2.0
"""Stage 5: how good it is, on pictures drawn with fixed seeds.

Each name is drawn once on white and once on a colour. A picture is compared with every
sprite that any stage was trained on, put on the asked ground, mirrored too.
"""
import json
import shutil
import time

import numpy
import torch
from diffusers import AutoencoderKL

from . import autoencoder, data, engines
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


def measure(work, model, engine, program, seed, file):
    sprites = data.load(work)
    rgba = sprites["rgba"]
    about = json.loads((model / "easel.json").read_text(encoding="utf-8"))
    where = {thing["name"]: thing["index"] for thing in data.chosen(sprites, len(rgba))}
    asked = prompts(about["known_names"])
    taught = torch.tensor([where[name] for name in about["known_names"]])

    folder = work / f"pictures-{engine}"
    newest = max(file.stat().st_mtime for file in model.rglob("*.safetensors"))
    if folder.exists() and folder.stat().st_mtime < newest:
        shutil.rmtree(folder)  # drawn by an earlier model
    seeds = [seed * 100000 + number for number in range(len(asked))]
    images, seconds = engines.pictures(engine, program, model, [a[0] for a in asked], seeds, folder)
    pixels = torch.stack([torch.from_numpy(numpy.array(image)) for image in images])
    pixels = pixels.permute(0, 3, 1, 2).float() / 127.5 - 1

    ranks, ranks_taught, ratios, rows = [], [], [], []
    grounds = ground_of(pixels)
    for ground in range(len(COLOURS)):
        mine = [n for n, a in enumerate(asked) if a[2] == ground]
        reference = data.compose(rgba, data.palette()[ground].expand(len(rgba), 3))
        table = features(reference), features(reference.flip(3))
        fine = fine_share(reference[[where[asked[n][1]] for n in mine]])
        drawn = features(pixels[mine])
        distance = torch.minimum(torch.cdist(drawn, table[0]), torch.cdist(drawn, table[1]))
        for at, n in enumerate(mine):
            target = where[asked[n][1]]
            rank = int((distance[at] < distance[at, target]).sum())
            rank_taught = int((distance[at, taught] < distance[at, target]).sum())
            ratio = float(fine_share(pixels[n : n + 1])[0] / fine[at])
            ranks.append(rank)
            ranks_taught.append(rank_taught)
            ratios.append(ratio)
            rows.append([asked[n][0], rank + 1, round(ratio, 2), list(COLOURS)[grounds[n]]])
    found = {
        "names": len(about["known_names"]),
        "pictures": len(asked),
        "first_of_all_sprites": share([rank == 0 for rank in ranks]),
        "among_5_of_all_sprites": share([rank < 5 for rank in ranks]),
        "first_of_taught": share([rank == 0 for rank in ranks_taught]),
        "among_5_of_taught": share([rank < 5 for rank in ranks_taught]),
        "ground_right": share([int(grounds[n]) == a[2] for n, a in enumerate(asked)]),
        "fine_detail_within_factor_2": share([0.5 <= ratio <= 2 for ratio in ratios]),
        "fine_detail_median_ratio": float(numpy.median(ratios)),
        "seconds_a_picture": seconds,
    }
    # [prompt, rank among all sprites, fine detail against the sprite's, the ground that was drawn]
    worst = sorted(rows, key=lambda row: (-row[1], row[2]))[:25]
    for row in worst:
        print("  rank {1}, fine detail {2}, ground {3}: {0}".format(*row))
    for name, value in found.items():
        print(f"{name:34} {value:.3f}" if isinstance(value, float) else f"{name:34} {value}", flush=True)
    # Last, since it takes longest.
    vae = AutoencoderKL.from_pretrained(model / "vae", torch_dtype=torch.float32)
    for name, part in {"taught": rgba[taught], "all": rgba}.items():
        found[f"autoencoder_psnr_{name}_sprites"] = autoencoder.psnr(vae, part, "cpu")
        print(f"autoencoder PSNR, {name} sprites: {found[f'autoencoder_psnr_{name}_sprites']:.2f} dB", flush=True)
    result = {"engine": engine, "measured": time.strftime("%Y-%m-%d"), **found, "worst": worst}
    file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
