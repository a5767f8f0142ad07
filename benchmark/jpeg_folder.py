#!/usr/bin/env python3
# A folder of JPEGs for the measurement of input: CLASS/NUMBER.jpg, 256×256 in colour, quality 90, 4:2:0.
#
# An image is what photographs are to a decoder: noise whose amplitude falls with the frequency, two smooth regions with
# an edge between them, and grain; about 21 KB each. Image i is a function of i alone.
#
# usage: jpeg_folder.py FOLDER IMAGES [CLASSES]
# SPDX-License-Identifier: Apache-2.0

import io
import pathlib
import sys

import numpy as np
from PIL import Image

SIZE = 256


def image(i):
    random = np.random.default_rng(i)
    grid = np.mgrid[0:SIZE, 0:SIZE].astype("float32") / SIZE
    canvas = np.zeros((SIZE, SIZE, 3), "float32")
    for octave in range(2, 8):  # noise of 4, 8, … 128 points a side, each enlarged to the whole
        side = 2 ** octave
        noise = random.standard_normal((side, side, 3)).astype("float32") * 0.5
        noise += random.standard_normal((side, side, 1)).astype("float32")  # more in the brightness than in the colours
        enlarged = [Image.fromarray(noise[..., c].astype("float32")).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
                    for c in range(3)]
        canvas += np.stack([np.asarray(e) for e in enlarged], -1) * 60 / side ** 0.75
    direction, offset = random.uniform(0, 2 * np.pi), random.uniform(-0.3, 0.3)
    side_of_edge = (grid[1] - 0.5) * np.cos(direction) + (grid[0] - 0.5) * np.sin(direction) > offset
    canvas += np.where(side_of_edge[..., None], random.uniform(-60, 60, 3), 0).astype("float32")
    canvas += random.standard_normal((SIZE, SIZE, 1)).astype("float32") * 6
    return Image.fromarray(np.clip(canvas + 118, 0, 255).astype("uint8"))


def make(folder, images, classes=10):
    """Images that are there already stay."""
    folder = pathlib.Path(folder)
    for c in range(classes):
        (folder / f"class{c}").mkdir(parents=True, exist_ok=True)
    for i in range(images):
        path = folder / f"class{i % classes}" / f"{i:06}.jpg"
        if path.exists():
            continue
        encoded = io.BytesIO()
        image(i).save(encoded, "JPEG", quality=90, subsampling="4:2:0")
        path.write_bytes(encoded.getvalue())


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]), *(int(a) for a in sys.argv[3:]))
