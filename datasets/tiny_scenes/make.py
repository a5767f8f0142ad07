#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py: draws the images beside it, 48 x 48 grey PNGs with one to four circles, squares and triangles on them, and
writes their boxes as COCO has them, always the same ones."""
import json
import pathlib
import random
import struct
import zlib

SIZE = 48
INSIDE = {
    "circle": lambda x, y, r: x * x + y * y <= r * r,
    "square": lambda x, y, r: max(abs(x), abs(y)) <= r * 0.85,
    "triangle": lambda x, y, r: -r <= y <= r * 0.8 and abs(x) <= (y + r) * 0.6,
}
IDS = {"circle": 1, "square": 3, "triangle": 4}  # as in COCO, with a gap


def png(rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def overlap(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(w, 0) * max(h, 0) / (a[2] * a[3] + b[2] * b[3])


def scene(generator):
    """Rows of pixels, and for each shape its name and the box around its pixels."""
    ground = generator.randrange(0, 96)
    rows, shapes = [bytearray([ground] * SIZE) for _ in range(SIZE)], []
    for _ in range(generator.randint(1, 4)):
        name, radius, ink = generator.choice(list(INSIDE)), generator.uniform(4, 10), generator.randrange(144, 256)
        x, y = (generator.uniform(radius, SIZE - radius) for _ in range(2))
        drawn = [(i, j) for j in range(SIZE) for i in range(SIZE) if INSIDE[name](i + 0.5 - x, j + 0.5 - y, radius)]
        left, top = min(i for i, _ in drawn), min(j for _, j in drawn)
        box = [left, top, max(i for i, _ in drawn) + 1 - left, max(j for _, j in drawn) + 1 - top]
        if any(overlap(box, other) > 0.05 for _, other in shapes):
            continue
        for i, j in drawn:
            rows[j][i] = ink
        shapes.append((name, box))
    return rows, shapes


def main():
    folder = pathlib.Path(__file__).parent
    generator = random.Random(1)
    for part, count in ("train", 96), ("test", 32):
        (folder / part).mkdir(exist_ok=True)
        images, annotations = [], []
        for i in range(count):
            rows, shapes = scene(generator)
            (folder / part / f"{i:02}.png").write_bytes(png([bytes(row) for row in rows]))
            images.append({"id": i, "file_name": f"{i:02}.png", "width": SIZE, "height": SIZE})
            annotations += [{"id": len(annotations) + k, "image_id": i, "category_id": IDS[name], "bbox": box,
                             "area": box[2] * box[3], "iscrowd": 0} for k, (name, box) in enumerate(shapes)]
        lists = {"images": images, "annotations": annotations,
                 "categories": [{"id": id, "name": name} for name, id in IDS.items()]}
        lines = (f'"{key}":[\n' + ",\n".join(json.dumps(item, separators=(",", ":")) for item in items) + "]"
                 for key, items in lists.items())
        (folder / f"{part}.json").write_text("{" + ",\n".join(lines) + "}\n")


main()
