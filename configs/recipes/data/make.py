#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make.py: writes the small files beside it that the recipes are trained on, always the same ones."""
import json
import math
import pathlib
import random
import struct
import zlib

HERE = pathlib.Path(__file__).parent


def png(rows):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def write(name, lines):
    (HERE / name).write_text("\n".join(lines) + "\n")


def houses(draw):
    """A price and whether it was sold depend on numbers and on two categories."""
    lines = ["rooms,area,age,town,kind,price,sold"]
    for _ in range(240):
        rooms, age = draw.randint(1, 7), draw.randint(0, 90)
        area = 18 * rooms + draw.uniform(-8, 20)
        town, kind = draw.choice(["Bonn", "Kiel", "Trier", "Ulm"]), draw.choice(["flat", "house", "hut"])
        price = 40 + 2 * area - age + {"Bonn": 60, "Kiel": 20, "Trier": 0, "Ulm": 40}[town] + draw.gauss(0, 15)
        price *= {"flat": 1, "house": 1.3, "hut": 0.6}[kind]
        sold = "yes" if price + draw.gauss(0, 40) < 230 else "no"
        lines.append(f"{rooms},{area:.0f},{age},{town},{kind},{price:.1f},{sold}")
    write("houses.csv", lines)


def ratings(draw):
    """What a user thinks of a film is the product of two vectors, in half stars."""
    users, films = ([[draw.gauss(0, 1) for _ in range(2)] for _ in range(n)] for n in (30, 20))
    lines = ["user,film,rating"]
    for u in range(30):
        for f in draw.sample(range(20), 12):
            stars = 3 + users[u][0] * films[f][0] + users[u][1] * films[f][1]
            lines.append(f"u{u:02},f{f:02},{min(max(round(2 * stars) / 2, 0.5), 5)}")
    write("ratings.csv", lines)


def reviews(draw):
    """What is said decides, where 'not' stands before it the other way round."""
    good, bad = ["fine", "lovely", "bright", "clever"], ["dull", "weak", "noisy", "slow"]
    things = ["film", "plot", "cast", "music", "ending", "book"]
    lines = ["review\tsentiment"]
    for _ in range(160):
        liked = draw.random() < 0.5
        said = []
        for _ in range(draw.randint(1, 4)):
            turned = draw.random() < 0.25
            word = draw.choice(good if liked != turned else bad)
            said.append(f"the {draw.choice(things)} is {'not ' if turned else ''}{word}")
        lines.append(" and ".join(said) + "\t" + ("good" if liked else "bad"))
    write("reviews.tsv", lines)


def waves(draw):
    """As the files of the UCR archive: a class from 1 on, and behind it the series."""
    lines = []
    for i in range(60):
        kind, shift = i % 3, draw.uniform(0, 6)
        values = [math.sin(t * (0.3 + 0.25 * kind) + shift) + draw.gauss(0, 0.3) for t in range(32)]
        lines.append("\t".join([str(kind + 1)] + [f"{v:.2f}" for v in values]))
    write("waves.tsv", lines)


def hours(draw):
    """Three quantities that go up and down with the day."""
    lines = ["time,load,heat,wind"]
    for t in range(360):
        values = [math.sin(2 * math.pi * (t / period + phase)) + draw.gauss(0, 0.15)
                  for period, phase in ((24, 0), (24, 0.2), (60, 0.5))]
        lines.append(f"2024-01-{1 + t // 24:02} {t % 24:02}:00," + ",".join(f"{v:.3f}" for v in values))
    write("hours.csv", lines)


def disks(draw):
    """Images of disks and rings, and masks in which 0 is the ground, 1 a disk and 2 a ring."""
    for folder in ("disks", "disk_masks"):
        (HERE / folder).mkdir(exist_ok=True)
    for i in range(24):
        x, y, r, kind = draw.uniform(8, 24), draw.uniform(8, 24), draw.uniform(4, 7), 1 + i % 2
        far = [[math.hypot(b + 0.5 - x, a + 0.5 - y) for b in range(32)] for a in range(32)]
        mask = [[kind if (0 if kind == 1 else r - 3) <= d <= r else 0 for d in row] for row in far]
        ground, ink = draw.randrange(20, 90), draw.randrange(150, 250)
        (HERE / "disks" / f"{i:02}.png").write_bytes(png([[ink if m else ground for m in row] for row in mask]))
        (HERE / "disk_masks" / f"{i:02}.png").write_bytes(png(mask))


def labels():
    """Which shapes are on the images of datasets/tiny_scenes."""
    scenes = json.loads((HERE / "../../../datasets/tiny_scenes/train.json").read_text())
    names = {c["id"]: c["name"] for c in scenes["categories"]}
    lines = ["image," + ",".join(names.values())]
    for image in scenes["images"]:
        seen = {names[a["category_id"]] for a in scenes["annotations"] if a["image_id"] == image["id"]}
        lines.append(image["file_name"] + "," + ",".join(str(int(name in seen)) for name in names.values()))
    write("shapes.csv", lines)


for make in houses, ratings, reviews, waves, hours, disks:
    make(random.Random(make.__name__))
labels()
