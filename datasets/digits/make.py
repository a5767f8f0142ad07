#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py DIGITS_CSV_GZ: writes the idx files beside it from scikit-learn's sklearn/datasets/data/digits.csv.gz.

Rows of 64 values from 0 to 16 and the digit. Values are scaled to 0 ... 255. The first 1,437 rows are for training.
"""
import gzip
import pathlib
import struct
import sys

TRAIN_ROWS = 1437


def write_idx(path, sizes, values):
    header = bytes([0, 0, 8, len(sizes)]) + b"".join(struct.pack(">I", size) for size in sizes)
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as out:
        out.write(header + bytes(values))


def main():
    folder = pathlib.Path(__file__).parent
    with gzip.open(sys.argv[1], "rt") as lines:
        rows = [[int(float(value)) for value in line.split(",")] for line in lines]
    for name, part in ("train", rows[:TRAIN_ROWS]), ("test", rows[TRAIN_ROWS:]):
        pixels = [(value * 255 + 8) // 16 for row in part for value in row[:64]]
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", [len(part), 8, 8], pixels)
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", [len(part)], [row[64] for row in part])


main()
