#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py: draws the images beside it, 16 x 16 colour PNGs of circles, squares and triangles, always the same ones."""
import pathlib
import random
import struct
import zlib

SIZE = 16
INSIDE = {
    "circle": lambda x, y, r: x * x + y * y <= r * r,
    "square": lambda x, y, r: max(abs(x), abs(y)) <= r * 0.85,
    "triangle": lambda x, y, r: -r <= y <= r * 0.8 and abs(x) <= (y + r) * 0.6,
}


def png(rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def draw(shape, generator):
    ground = [generator.randrange(0, 96) for _ in range(3)]
    ink = [generator.randrange(144, 256) for _ in range(3)]
    centre_x, centre_y = (SIZE / 2 + generator.uniform(-2, 2) for _ in range(2))
    radius = generator.uniform(4, 6)
    rows = []
    for y in range(SIZE):
        row = bytearray()
        for x in range(SIZE):
            inside = INSIDE[shape](x + 0.5 - centre_x, y + 0.5 - centre_y, radius)
            row += bytes(ink if inside else ground)
        rows.append(bytes(row))
    return rows


def main():
    folder = pathlib.Path(__file__).parent
    generator = random.Random(1)
    for part, count in ("train", 12), ("test", 4):
        for shape in INSIDE:
            (folder / part / shape).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                (folder / part / shape / f"{i:02}.png").write_bytes(png(draw(shape, generator)))


main()
