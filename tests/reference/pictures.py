#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fixtures/pictures: small pictures in every form in which they are sent, and what Pillow makes of them.

    tests/reference/pictures.py [FOLDER]

NAME is a picture and NAME.expected.png its pixels, upright, with alpha where it has any. resize-*.png are
source.png resized; each name tells how. Run it after a change to it or to the pins, and commit the outcome.
"""
import io
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageFilter, ImageOps

FOLDER = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1] / "fixtures" / "pictures"
WIDTH, HEIGHT = 20, 12
ORIENTATION = 0x0112


def pattern(width=WIDTH, height=HEIGHT, channels=3):
    """Smooth, with an edge, and unlike itself in every orientation."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // (width - 1), y * 255 // (height - 1), (x * 7 + y * 13) % 256, 255 - (x + y) * 255 // (width + height)]
    pixels = np.stack(planes[:channels], -1).astype(np.uint8)
    pixels[: height // 3, : width // 4, :3] = (230, 20, 40)
    return pixels


def chunk(name, data):
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(colour_type, depth, rows, width, height, extra=b""):
    """A PNG file by hand, for what Pillow does not write: 16 bits of each colour."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    raw = b"".join(b"\0" + row for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def interlaced(pixels):
    """The same pixels in seven passes."""
    raw = b""
    for left, top, across, down in ADAM7:
        part = pixels[top::down, left::across]
        if part.size:
            raw += b"".join(b"\0" + row.tobytes() for row in part)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 6, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")


def keep(name, data):
    """Writes a file, and beside it what Pillow reads."""
    (FOLDER / name).write_bytes(data)
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    has_alpha = image.has_transparency_data
    write(f"{name}.expected.png", image.convert("RGBA" if has_alpha else "RGB"))


def write(name, image):
    image.save(FOLDER / name, optimize=True)


def saved(image, form, **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def exif(orientation):
    data = Image.Exif()
    data[ORIENTATION] = orientation
    return data


def pngs():
    rgb, rgba = Image.fromarray(pattern()), Image.fromarray(pattern(channels=4))
    keep("rgb.png", saved(rgb, "PNG"))
    keep("rgba.png", saved(rgba, "PNG"))
    keep("grey.png", saved(rgb.convert("L"), "PNG"))
    keep("grey-alpha.png", saved(rgba.convert("LA"), "PNG"))
    keep("palette.png", saved(rgb.quantize(16), "PNG"))
    keep("palette-transparent.png", saved(rgb.quantize(16), "PNG", transparency=3))
    keep("one-bit.png", saved(rgb.convert("1"), "PNG"))
    keep("rgb-transparent.png", saved(rgb, "PNG", transparency=(230, 20, 40)))
    keep("interlaced.png", interlaced(pattern(channels=4)))
    keep("gamma.png", png(2, 8, [row.tobytes() for row in pattern()], WIDTH, HEIGHT, chunk(b"gAMA", struct.pack(">I", 100000))))
    keep("turned.png", saved(rgb, "PNG", exif=exif(6)))
    # Of 16 bits Pillow's readers agree with each other only where the lower 8 are nothing; see decode.h.
    wide = (pattern(channels=4).astype(np.uint16) * 256 + 77).astype(">u2")
    keep("rgba16.png", png(6, 16, [row.tobytes() for row in wide], WIDTH, HEIGHT))
    keep("rgb16.png", png(2, 16, [row.tobytes() for row in wide[:, :, :3]], WIDTH, HEIGHT))
    grey = wide[:, :, 2]
    (FOLDER / "grey16.png").write_bytes(png(0, 16, [row.tobytes() for row in grey], WIDTH, HEIGHT))
    write("grey16.png.expected.png", Image.fromarray((grey >> 8).astype(np.uint8)).convert("RGB"))


def jpegs():
    rgb = Image.fromarray(pattern())
    keep("baseline.jpg", saved(rgb, "JPEG", quality=90, subsampling=0))
    keep("subsampled.jpg", saved(rgb, "JPEG", quality=90, subsampling=2))
    keep("progressive.jpg", saved(rgb, "JPEG", quality=90, progressive=True))
    keep("grey.jpg", saved(rgb.convert("L"), "JPEG", quality=90))
    inks = rgb.convert("CMYK")
    keep("cmyk.jpg", saved(inks, "JPEG", quality=95))
    keep("ycck.jpg", saved(inks, "JPEG", quality=95, keep_rgb=False))
    for orientation in range(1, 9):
        keep(f"turned-{orientation}.jpg", saved(rgb, "JPEG", quality=90, subsampling=0, exif=exif(orientation)))


def webps():
    rgb, rgba = Image.fromarray(pattern()), Image.fromarray(pattern(channels=4))
    keep("lossy.webp", saved(rgb, "WEBP", quality=80))
    keep("lossless.webp", saved(rgb, "WEBP", lossless=True))
    keep("lossy-alpha.webp", saved(rgba, "WEBP", quality=80))
    keep("lossless-alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True))
    keep("turned.webp", saved(rgb, "WEBP", lossless=True, exif=exif(8)))
    (FOLDER / "animation.webp").write_bytes(saved(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(180)], lossless=True))


def resized():
    source = Image.fromarray(pattern(37, 23))
    write("source.png", source)
    for name, kernel in (("lanczos", Image.Resampling.LANCZOS), ("bicubic", Image.Resampling.BICUBIC)):
        for size in ((64, 64), (16, 9), (37, 8), (5, 23), (1, 1), (100, 23)):
            write(f"resize-{name}-{size[0]}x{size[1]}.png", source.resize(size, kernel))
    write("luma.png", source.convert("L"))


def masks():
    """A mask, blurred by OpenCV as AUTOMATIC1111 does it, and Pillow's mixture of two pictures under it."""
    import cv2
    mask = np.zeros((48, 64), np.uint8)
    mask[10:30, 20:44] = 255
    mask[0:4, 60:64] = 200
    write("mask.png", Image.fromarray(mask))
    for deviation in (1, 4, 13):
        size = 2 * int(2.5 * deviation + 0.5) + 1
        soft = cv2.GaussianBlur(cv2.GaussianBlur(mask, (size, 1), deviation), (1, size), deviation)
        write(f"mask-blur-{deviation}.png", Image.fromarray(soft))
    under, over = Image.fromarray(pattern(64, 48)), Image.fromarray(255 - pattern(64, 48))
    soft = Image.open(FOLDER / "mask-blur-4.png")
    write("under.png", under)
    write("composite.png", Image.composite(over, under, soft))
    write("masked-fill.png", masked_fill(under, soft))


def masked_fill(image, mask):
    """What is kept, blurred from far to near and laid over itself."""
    result = Image.new("RGBA", image.size)
    kept = Image.new("RGBa", image.size)
    kept.paste(image.convert("RGBA").convert("RGBa"), mask=ImageOps.invert(mask))
    for radius, times in ((256, 1), (64, 1), (16, 2), (4, 4), (2, 2), (0, 1)):
        blurred = kept.filter(ImageFilter.GaussianBlur(radius)).convert("RGBA")
        for _ in range(times):
            result.alpha_composite(blurred)
    return result.convert("RGB")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for make in (pngs, jpegs, webps, resized, masks):
        make()


main()
