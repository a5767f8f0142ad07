#!/usr/bin/env python3
# Writes the small images that tests/data/image_decoders.cpp reads, and beside each what Pillow makes of it: NAME.ppm
# (colours); and images that are large enough for a window to leave out some blocks: large-*.jpg.
# usage: make.py (needs Pillow)
# SPDX-License-Identifier: Apache-2.0
import pathlib

import numpy
from PIL import Image

FOLDER = pathlib.Path(__file__).parent
H, W = 13, 18
y, x = numpy.mgrid[0:H, 0:W]
COLOURS = numpy.stack([255 * x // W, 255 * y // H, (x * y * 7) % 256], -1).astype(numpy.uint8)


def write(name, image, **options):
    image.save(FOLDER / name, **options)
    (FOLDER / name).with_suffix(".ppm").write_bytes(
        f"P6\n{W} {H}\n255\n".encode() + numpy.asarray(Image.open(FOLDER / name).convert("RGB")).tobytes())


colours = Image.fromarray(COLOURS)
write("baseline.jpg", colours, quality=85)
write("progressive.jpg", colours, quality=85, progressive=True, subsampling=0)
write("grey.jpg", colours.convert("L"), quality=85)
write("cmyk.jpg", colours.convert("CMYK"), quality=95)
write("palette.png", colours.quantize(16))
write("alpha.png", Image.fromarray(numpy.dstack([COLOURS, 255 - COLOURS[..., 0]])))

y, x = numpy.mgrid[0:70, 0:83]
waves = [numpy.sin(y / a) * numpy.cos(x / b) for a, b in ((5, 7), (3, 11), (13, 4))]
noise = numpy.random.default_rng(1).normal(0, 6, (70, 83, 3))
large = Image.fromarray(numpy.clip(128 + 90 * numpy.stack(waves, -1) + noise, 0, 255).astype(numpy.uint8))
for subsampling in ("4:2:0", "4:2:2", "4:4:4"):
    large.save(FOLDER / f"large-{subsampling.replace(':', '')}.jpg", quality=70, subsampling=subsampling)
large.save(FOLDER / "large-progressive.jpg", quality=70, progressive=True)
large.convert("L").save(FOLDER / "large-grey.jpg", quality=70)
large.convert("CMYK").save(FOLDER / "large-cmyk.jpg", quality=60)

# Formats that are decoded where their library is there: each beside what Pillow makes of it.
write("webp-lossy.webp", colours, quality=80)
write("webp-lossless.webp", colours, lossless=True)
write("webp-alpha.webp", Image.fromarray(numpy.dstack([COLOURS, 255 - COLOURS[..., 0]])), lossless=True, exact=True)
write("webp-animated.webp", colours, save_all=True, append_images=[colours.rotate(180)], lossless=True)
write("tiff-lzw.tif", colours, compression="tiff_lzw")
write("tiff-alpha.tif", Image.fromarray(numpy.dstack([COLOURS, 255 - COLOURS[..., 0]])), compression="tiff_deflate")
write("tiff-palette.tif", colours.quantize(16))
write("tiff-grey.tif", colours.convert("L"))
write("tiff-cmyk.tif", colours.convert("CMYK"))
write("tiff-bits.tif", colours.convert("1"), compression="group4")
write("transparent.gif", colours.quantize(16), transparency=3)
