# Fashion-MNIST's training part: images f32 in [0, 1] [60000, 28, 28], labels i32.
# SPDX-License-Identifier: Apache-2.0

import gzip
import os
import pathlib

import numpy as np

FOLDER = pathlib.Path(os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))


def values(name, header_bytes):
    with gzip.open(FOLDER / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header_bytes)


def training_part():
    x = values("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28).astype("float32") / 255
    return x, values("train-labels-idx1-ubyte.gz", 8).astype("int32")
