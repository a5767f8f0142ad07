#!/usr/bin/env python3
# Writes scikit_learn.json: inputs at random and degenerate ones, and what scikit-learn 1.9 and SciPy 1.17 say of them.
# SPDX-License-Identifier: Apache-2.0
import itertools
import json
import pathlib
import warnings

import numpy as np
from scipy import stats
from sklearn import metrics as sk

warnings.filterwarnings("ignore")


class Numbers:
    """The same wherever it runs: a linear congruential generator (Numerical Recipes, 7.1)."""

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
    g = Numbers(14)
    yield "numbers above 0", "numbers", g.scores(50, 1, 0) + np.float32(2.5), g.scores(50, 1, 0) + np.float32(2.5)
    g = Numbers(15)
    yield "answers to queries", "answers", g.scores(30, 5, 0.5), np.array([[np.floor(g.next() * 4) for _ in range(5)] for _ in range(30)])
    g = Numbers(13)
    far = (g.scores(40, 1, 0.25) + np.float32(100000)).astype(np.float32)
    yield "numbers far from 0", "numbers", far, (far + g.scores(40, 1, 0.25)).astype(np.float32)
    for i in range(20):  # of any size
        g = Numbers(100 + i)
        n, k, step = 2 * int(g.next() * 8 + 3), int(g.next() * 4 + 2), (0, 0.5)[i % 2]
        last = k - 1 - (i % 5 == 4)  # then a class never occurs
        yield f"classes {i}", "logits", g.scores(n, k, step), g.labels(n, 0, last)
        yield f"two classes {i}", "logit", g.scores(n, 1, step), g.labels(n, 0, 1)
        yield f"labels {i}", "labels", g.scores(n, k, step), g.scores(n, k, 0).__gt__(0.5).astype(int)
        y = g.scores(n, 1 + i % 3, step)
        yield f"numbers {i}", "numbers", (y * np.float32(g.next()) + g.scores(n, 1 + i % 3, step)).astype(np.float32), y
        x, y = (g.scores(n, 1 + i % 2, 0) + np.float32(2.25) for _ in range(2))
        yield f"numbers above 0 {i}", "numbers", x, y
        yield f"queries {i}", "answers", g.scores(n, k + 1, step), np.floor(g.scores(n, k + 1, 0).clip(0, 3) * 2)


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


def best_at(name, at, truth, scores):
    """The best of one rate over all thresholds at which the other is at least `at`."""
    truth = np.asarray(truth)
    if truth.all() or not truth.any():
        return np.nan
    best = 0
    for threshold in np.append(np.unique(scores), np.inf):
        taken = scores >= threshold
        recall, specificity = taken[truth].mean(), 1 - taken[~truth].mean()
        precision = truth[taken].mean() if taken.any() else -1
        value, wanted = {"recall_at_precision": (recall, precision), "precision_at_recall": (precision, recall),
                         "sensitivity_at_specificity": (recall, specificity),
                         "specificity_at_sensitivity": (specificity, recall)}[name]
        if wanted >= at:
            best = max(best, value)
    return best


def orders(scores, relevant):
    """Which answers are relevant, in every order of falling scores: of equal ones each is as likely."""
    places = [list(p) for p in itertools.permutations(range(len(scores)))]
    return [relevant[p] for p in places if (np.diff(scores[p]) <= 0).all()]


def of_answers(x, y):
    """What torchmetrics' retrieval metrics are, query by query; of equal scores the mean over their orders."""
    yield "ndcg", sk.ndcg_score(y, x)
    yield "ndcg: {top_k: 3}", sk.ndcg_score(y, x, k=3)
    yield from of_orders(x, y)


def of_orders(x, y):
    ranked = [orders(*query) for query in zip(x, y > 0)]
    over = lambda f: np.mean([np.mean([f(r) if r.any() else 0 for r in query]) for query in ranked])
    first = lambda row: np.flatnonzero(row)
    precision = lambda r: np.mean((np.arange(r.sum()) + 1) / (first(r) + 1)) if r.any() else 0
    yield "mrr", over(lambda r: 1 / (first(r)[0] + 1))
    yield "mrr: {top_k: 2}", over(lambda r: 1 / (first(r)[0] + 1) if r[:2].any() else 0)
    yield "retrieval_map", over(precision)
    yield "retrieval_map: {top_k: 3}", over(lambda r: precision(r[:3]))
    for k in (1, 3):
        yield f"hit_rate: {k}", over(lambda r: r[:k].any())
        yield f"retrieval_precision: {k}", over(lambda r: r[:k].mean())
        yield f"retrieval_recall: {k}", over(lambda r: r[:k].sum() / r.sum())


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
    counts = sk.multilabel_confusion_matrix(y, decided, labels=range(k) if kind != "labels" else None)
    for ours, theirs in averages.items():
        for name, cells in (("specificity", ((0, 0), (0, 1))), ("negative_predictive_value", ((0, 0), (1, 0)))):
            over = lambda c: c[cells[0]] / max(1, c[cells[0]] + c[cells[1]])
            each = np.array([over(c) for c in counts])
            present = np.array([kind == "labels" or c[1].sum() + c[:, 1].sum() > 0 for c in counts])
            targets = np.array([c[1].sum() for c in counts])
            yield f"{name}: {{average: {ours}}}", {
                "macro": each[present].mean(), "weighted": np.average(each, weights=targets), "micro": over(counts.sum(0)),
                "per_class": each, "binary": each[-1]}[ours]
    yield "accuracy", np.mean(y.reshape(decided.shape) == decided)
    yield "hamming_loss", sk.hamming_loss(y, decided)
    yield "exact_match", sk.accuracy_score(y, decided)
    if kind == "labels":
        yield "ndcg", sk.ndcg_score(y, x)
        yield "ndcg: {top_k: 2}", sk.ndcg_score(y, x, k=2)
        yield "label_ranking_average_precision", sk.label_ranking_average_precision_score(y, x)
        yield "label_ranking_loss", sk.label_ranking_loss(y, x)
        yield "coverage_error", sk.coverage_error(y, x)
        p = 1 / (1 + np.exp(-x.astype(np.float64)))
        yield "log_loss", np.mean([sk.log_loss(y[:, c], p[:, c], labels=[0, 1]) for c in range(k)])
        yield "brier", np.mean((p - y) ** 2)
    else:
        yield "balanced_accuracy", sk.balanced_accuracy_score(y, decided)
        if len(np.unique(y)) > 1:
            yield "balanced_accuracy: {adjusted: true}", sk.balanced_accuracy_score(y, decided, adjusted=True)
        if kind == "logit":
            p = 1 / (1 + np.exp(-x[:, 0].astype(np.float64)))
            p = np.stack([1 - p, p], 1)
            yield "hinge", np.maximum(0, 1 - (2 * y - 1) * x[:, 0].astype(np.float64)).mean()
        else:
            p = np.exp(log_softmax(x))
            own = x[np.arange(len(y)), y].astype(np.float64)
            others = np.where(np.eye(k)[y] > 0, -np.inf, x).max(1)
            yield "perplexity", np.exp(sk.log_loss(y, p, labels=range(k)))
            if k > 2 and all(len(set(row)) == k for row in x.tolist()):  # of equal values it takes the last
                yield "accuracy: {top_k: 2}", sk.top_k_accuracy_score(y, x, k=2, labels=range(k))
            yield "hinge", np.maximum(0, 1 - own + others).mean()
        yield "log_loss", sk.log_loss(y, p, labels=range(k))
        yield "brier", sk.brier_score_loss(y, p, labels=range(k))
    for name, at in (("recall_at_precision", 0.5), ("precision_at_recall", 0.6), ("sensitivity_at_specificity", 0.7),
                     ("specificity_at_sensitivity", 0.7)):
        each = [best_at(name, at, truth, scores) for truth, scores in one_against_others]
        yield f"{name}: {{{name.split('_at_')[1]}: {at}, average: per_class}}", each
    for norm in ("l1", "l2", "max"):
        yield f"calibration_error: {{bins: 7, norm: {norm}}}", calibration(confidence, hit, 7, norm)


def of_numbers(x, y):
    x, y = x.astype(np.float64), y.astype(np.float64)
    yield "r2", sk.r2_score(y, x)
    yield "mae", sk.mean_absolute_error(y, x)
    n = len(y)
    mean = lambda f: np.mean([f(x[:, c], y[:, c]) for c in range(x.shape[1])])
    yield "r2: {adjusted: 3}", mean(lambda a, b: 1 - (1 - sk.r2_score(b, a)) * (n - 1) / (n - 4))
    yield "explained_variance", sk.explained_variance_score(y, x)
    yield "max_error", mean(lambda a, b: sk.max_error(b, a))
    yield "median_ae", sk.median_absolute_error(y, x)
    yield "d2_absolute_error", sk.d2_absolute_error_score(y, x)
    yield "mse", sk.mean_squared_error(y, x)
    yield "rmse", np.sqrt(sk.mean_squared_error(y, x))
    yield "mape", np.mean(np.abs(x - y) / np.maximum(np.abs(y), 1.17e-6))
    yield "smape", np.mean(2 * np.abs(x - y) / np.maximum(np.abs(x) + np.abs(y), 1.17e-6))
    yield "wape", np.abs(x - y).sum() / np.abs(y).sum()
    yield "log_cosh", np.mean(np.log(np.cosh(x - y)))
    for q in (0.5, 0.2):
        yield f"pinball: [{q}]", sk.mean_pinball_loss(y, x, alpha=q)
    if y.shape[1] > 1:
        yield "cosine_similarity", np.mean((x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1))
    yield "rse", mean(lambda a, b: np.nan if np.ptp(b) == 0 else 1 - sk.r2_score(b, a))
    yield "concordance", mean(lambda a, b: 2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2))
    yield "kendall", mean(lambda a, b: stats.kendalltau(a, b)[0])
    if (x > 0).all() and (y > 0).all() and x.max() < 100:
        yield "msle", sk.mean_squared_log_error(y, x)
        yield "rmsle", np.sqrt(sk.mean_squared_log_error(y, x))  # its own is a mean of the columns' roots
        for power in (0, 1, 1.5, 2, 3):
            yield f"tweedie_deviance: {{power: {power}}}", mean(lambda a, b: sk.mean_tweedie_deviance(b, a, power=power))
    yield "pearson", np.mean([stats.pearsonr(x[:, c], y[:, c])[0] for c in range(x.shape[1])])
    yield "spearman", np.mean([stats.spearmanr(x[:, c], y[:, c])[0] for c in range(x.shape[1])])


def figures(value):
    """Without a number: no figure."""
    return [None if np.isnan(v) else float(v) for v in np.atleast_1d(np.array(value, dtype=np.float64))]


LOSSES = {"logits": "cross_entropy", "logit": "bce_with_logits", "labels": "bce_with_logits"}

recorded = []
for name, kind, x, y in inputs():
    of = {"numbers": of_numbers, "answers": of_answers}.get(kind, lambda x, y: of_classes(kind, x, y))
    recorded.append({
        "name": name, "loss": LOSSES.get(kind, "mse"), "columns": x.shape[1], "one_target": y.ndim == 1,
        "x": [float(v) for v in x.ravel()], "y": [float(v) for v in y.ravel()],
        "metrics": [{"yaml": yaml, "figures": figures(value)} for yaml, value in of(x, y)]})
lines = ["{" + ",\n ".join(
    f"{json.dumps(key)}: " + ("[\n  " + ",\n  ".join(json.dumps(metric) for metric in value) + "]" if key == "metrics"
                              else json.dumps(value)) for key, value in each.items()) + "}" for each in recorded]
pathlib.Path(__file__).with_suffix(".json").write_text("[" + ",\n".join(lines) + "]\n")
