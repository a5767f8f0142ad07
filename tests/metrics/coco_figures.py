#!/usr/bin/env python3
# Writes coco_figures.json: boxes at random, and what pycocotools 2.0.11 (with numpy 2.4) says of what was found of them.
# SPDX-License-Identifier: Apache-2.0
import contextlib
import io
import json
import pathlib
import random

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def quiet(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def figures(there, found, classes):
    """Rows are left, top, right, bottom, class, crowd or score."""
    def corners(row):
        return [row[0], row[1], row[2] - row[0], row[3] - row[1]]
    annotations = [{"id": 1000 * i + k + 1, "image_id": i, "category_id": row[4], "bbox": corners(row),
                    "area": (row[2] - row[0]) * (row[3] - row[1]), "iscrowd": int(row[5])}
                   for i, rows in enumerate(there) for k, row in enumerate(rows)]
    coco = COCO()
    coco.dataset = {"info": {}, "images": [{"id": i} for i in range(len(there))], "annotations": annotations,
                    "categories": [{"id": c} for c in range(classes)]}
    quiet(coco.createIndex)
    results = [{"image_id": i, "category_id": row[4], "bbox": corners(row), "score": row[5]}
               for i, rows in enumerate(found) for row in rows]
    if not results:
        return [0.0 if any(row[5] == 0 for rows in there for row in rows) else None] * 3
    evaluation = COCOeval(coco, quiet(coco.loadRes, results), "bbox")
    quiet(evaluation.evaluate)
    quiet(evaluation.accumulate)
    quiet(evaluation.summarize)
    return [None if v < 0 else v for v in evaluation.stats[:3].tolist()]


def number(low, high):
    return random.randint(low * 16, high * 16) / 16


def box():
    x, y = number(0, 40), number(0, 40)
    return [x, y, x + number(1, 20), y + number(1, 20)]


random.seed(1)
cases = []
for case in range(40):
    images, classes = random.randint(1, 6), random.randint(1, 4)
    crowds, sure = random.choice([0, 0.3, 1] if case % 8 == 7 else [0, 0.2]), random.choice([0.5, 0.9])
    there, found = [], []
    for _ in range(images):
        rows = [[*box(), random.randrange(classes), int(random.random() < crowds)] for _ in range(random.randint(0, 8))]
        there.append(rows)
        guesses = []
        for row in rows:
            for _ in range(random.choice([0, 1, 1, 1, 3])):
                near = [v + number(-1, 1) * random.choice([0, 1, 3]) for v in row[:4]]
                near = [near[0], near[1], max(near[0] + 0.5, near[2]), max(near[1] + 0.5, near[3])]
                guesses.append([*near, row[4] if random.random() < sure else random.randrange(classes)])
        guesses += [[*box(), random.randrange(classes)] for _ in range(random.choice([0, 0, 2, 9]))]
        # Of equal scores too.
        scores = [random.randint(1, 200 if case % 3 else 8) / 256 for _ in guesses]
        found.append(sorted(([*g, s] for g, s in zip(guesses, scores)), key=lambda row: -row[5]))
    cases.append({"yaml": "mean_average_precision", "there": there, "found": found, "figures": figures(there, found, classes)})
text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
pathlib.Path(__file__).with_suffix(".json").write_text(f"[\n{text}\n]\n")
