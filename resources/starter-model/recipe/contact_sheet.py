# SPDX-License-Identifier: Apache-2.0
"""Stage 6: the pictures that were measured, on one sheet with their prompts below."""
import json

from PIL import Image, ImageDraw, ImageFont

from . import measure

COLUMNS, CELL, TEXT, GAP = 12, 112, 26, 6


def wrapped(draw, text, font, width):
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines[:2])


def make(work, model, file, count=204):
    folder = next(f for f in (work / "pictures-easel", work / "pictures-diffusers") if f.exists())
    names = json.loads((model / "easel.json").read_text(encoding="utf-8"))["known_names"]
    asked = [prompt for prompt, _, _ in measure.prompts(names)]
    picked = list(range(len(asked)))
    if len(asked) > count:  # every name at least once where they fit, on white and on colours in turn
        picked = [n for n in picked if (n // 2 + n) % 2 == 0][:count]
    rows = -(-len(picked) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (CELL + GAP) + GAP, rows * (CELL + TEXT + GAP) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(10)
    for place, number in enumerate(picked):
        x = GAP + place % COLUMNS * (CELL + GAP)
        y = GAP + place // COLUMNS * (CELL + TEXT + GAP)
        picture = Image.open(folder / f"{number:04}.png").convert("RGB")
        sheet.paste(picture.resize((CELL, CELL), Image.LANCZOS), (x, y))
        draw.rectangle((x, y, x + CELL - 1, y + CELL - 1), outline="#dddddd")
        draw.text((x, y + CELL + 2), wrapped(draw, asked[number], font, CELL), fill="black", font=font, spacing=1)
    sheet.save(file, quality=88, subsampling=0, optimize=True)
    print(f"{file}: {len(picked)} pictures, {file.stat().st_size / 1e6:.2f} MB")
