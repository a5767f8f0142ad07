#!/usr/bin/env python3
# Prints the table of tests/metrics/scikit_learn.cpp: what scikit-learn 1.9 and SciPy 1.17 say of the same inputs.
# SPDX-License-Identifier: Apache-2.0
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics as sk

warnings.filterwarnings("ignore")


class Numbers:
    """Those of the test: a linear congruential generator (Numerical Recipes, 7.1)."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return (self.state >> 8) / 2**24

    def scores(self, n, k, step):
        return np.array([[round_to(self.next() * 4 - 2, step) for _ in range(k)] for _ in range(n)], dtype=np.float32)

    def labels(self, n, first, last):
        return np.array([first + int(self.next() * (last - first + 1)) for _ in range(n)])


def round_to(value, step):
    return np.floor(value / step) * step if step else np.float32(value)


def inputs():
    """By name: what kind, scores, targets, number of classes."""
    g = Numbers(1)
    yield "three classes", "logits", g.scores(60, 3, 0), g.labels(60, 0, 2)
    g = Numbers(2)
    yield "a class that never occurs", "logits", g.scores(40, 4, 0), g.labels(40, 0, 2)
    g = Numbers(3)
    yield "targets of one class", "logits", g.scores(20, 3, 0), g.labels(20, 1, 1)
    g = Numbers(4)
    yield "two values a sample", "logits", g.scores(50, 2, 0.25), g.labels(50, 0, 1)
    g = Numbers(5)
    yield "one value a sample, with ties", "logit", g.scores(80, 1, 0.25), g.labels(80, 0, 1)
    g = Numbers(6)
    yield "one value a sample, all equal", "logit", np.ones((10, 1), dtype=np.float32), g.labels(10, 0, 1)
    g = Numbers(7)
    yield "one value a sample, all targets 1", "logit", g.scores(12, 1, 0.25), g.labels(12, 1, 1)
    g = Numbers(8)
    labels = g.scores(30, 3, 0.25)
    yield "three labels beside each other", "labels", labels, np.array([[int(g.next() < 0.4) for _ in range(3)] for _ in range(30)])
    g = Numbers(9)
    yield "numbers", "numbers", g.scores(50, 1, 0), g.scores(50, 1, 0)
    g = Numbers(10)
    yield "numbers with ties", "numbers", g.scores(50, 1, 0.5), g.scores(50, 1, 0.5)
    g = Numbers(11)
    x = g.scores(40, 2, 0)
    yield "two numbers a sample", "numbers", x, x + g.scores(40, 2, 0)
    g = Numbers(12)
    yield "targets that do not vary", "numbers", g.scores(10, 1, 0), np.ones((10, 1), dtype=np.float32)
    g = Numbers(13)
    far = (g.scores(40, 1, 0.25) + np.float32(100000)).astype(np.float32)
    yield "numbers far from 0", "numbers", far, (far + g.scores(40, 1, 0.25)).astype(np.float32)


def log_softmax(x):
    x = x.astype(np.float64)
    x = x - x.max(axis=1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=1, keepdims=True))


def calibration(confidence, hit, bins, norm):
    of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps, shares = [], []
    for b in range(bins):
        if (of == b).any():
            gaps.append(abs(hit[of == b].mean() - confidence[of == b].mean()))
            shares.append((of == b).mean())
    gaps, shares = np.array(gaps), np.array(shares)
    return {"l1": (shares * gaps).sum(), "l2": np.sqrt((shares * gaps**2).sum()), "max": gaps.max()}[norm]


def of_classes(kind, x, y):
    k = 2 if kind == "logit" else x.shape[1]
    if kind == "logits":
        decided = x.argmax(axis=1)
    else:
        decided = (x[:, 0] > 0).astype(int) if kind == "logit" else (x > 0).astype(int)
    averages = {"macro": "macro", "micro": "micro", "weighted": "weighted", "per_class": None}
    if k == 2 and kind != "labels":
        averages["binary"] = "binary"
    for ours, theirs in averages.items():
        labels = range(k) if theirs is None and kind != "labels" else None
        keys = dict(average=theirs, labels=labels, zero_division=0)
        yield f"precision: {{average: {ours}}}", sk.precision_score(y, decided, **keys)
        yield f"recall: {{average: {ours}}}", sk.recall_score(y, decided, **keys)
        yield f"f_beta: {{average: {ours}}}", sk.f1_score(y, decided, **keys)
        yield f"f_beta: {{beta: 2, average: {ours}}}", sk.fbeta_score(y, decided, beta=2, **keys)
        yield f"iou: {{average: {ours}}}", sk.jaccard_score(y, decided, **keys)
    if kind != "labels":
        yield "mcc", sk.matthews_corrcoef(y, decided)
        for weights in (None, "linear", "quadratic"):
            yield f"cohen_kappa: {{weights: {weights or 'none'}}}", sk.cohen_kappa_score(
                y, decided, weights=weights, labels=range(k))
    if kind == "logit":
        one_against_others = [(y == 0, -x[:, 0]), (y == 1, x[:, 0])]
    elif kind == "labels":
        one_against_others = [(y[:, c] == 1, x[:, c]) for c in range(k)]
    elif k == 2:
        one_against_others = [(y == 0, x[:, 0] - x[:, 1]), (y == 1, x[:, 1] - x[:, 0])]
    else:
        one_against_others = [(y == c, log_softmax(x)[:, c]) for c in range(k)]
    for name, score in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        each = []
        for truth, scores in one_against_others:
            undefined = not truth.any() or (name == "roc_auc" and truth.all())
            each.append(np.nan if undefined else score(truth, scores))
        yield f"{name}: {{average: per_class}}", each
        if k == 2 and kind != "labels":
            yield name, each[1]
        else:
            yield name, np.mean(each)
            if not np.isnan(each).any():
                counts = [truth.sum() for truth, _ in one_against_others]
                yield f"{name}: {{average: weighted}}", np.average(each, weights=counts)
    if kind == "logits":
        confidence, hit = np.exp(log_softmax(x)).max(axis=1), decided == y
    else:
        confidence, hit = (1 / (1 + np.exp(-np.abs(x.astype(np.float64))))).ravel(), ((x > 0).astype(int).ravel() == y.ravel())
    for norm in ("l1", "l2", "max"):
        yield f"calibration_error: {{bins: 7, norm: {norm}}}", calibration(confidence, hit, 7, norm)


def of_numbers(x, y):
    x, y = x.astype(np.float64), y.astype(np.float64)
    yield "r2", sk.r2_score(y, x)
    yield "mae", sk.mean_absolute_error(y, x)
    yield "pearson", np.mean([stats.pearsonr(x[:, c], y[:, c])[0] for c in range(x.shape[1])])
    yield "spearman", np.mean([stats.spearmanr(x[:, c], y[:, c])[0] for c in range(x.shape[1])])


def literal(value):
    values = np.atleast_1d(np.array(value, dtype=np.float64))
    return "{" + ", ".join("none" if np.isnan(v) else repr(float(v)) for v in values) + "}"


for name, kind, x, y in inputs():
    for yaml, value in of_numbers(x, y) if kind == "numbers" else of_classes(kind, x, y):
        print(f'    {{"{name}", "{yaml}", {literal(value)}}},')
