#!/usr/bin/env python3
# Writes the small images that tests/data/image.cpp reads, and beside each what Pillow makes of it: NAME.ppm (colours).
# usage: make.py (needs Pillow)
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
