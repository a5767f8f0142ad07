# Losses of vectors and pairs beside PyTorch's, and papers' formulas written here sample by sample.
# SPDX-License-Identifier: Apache-2.0
import torch
import torch.nn.functional as F
from golden import between, chance, given, loss_of, whole, yaml_of
from torch import nn


def triplets(x, y, margin):
    d = torch.cdist(x, x)
    terms = []
    for i in range(len(x)):
        near = [d[i, j] for j in range(len(x)) if j != i and y[j] == y[i]]
        far = [d[i, j] for j in range(len(x)) if y[j] != y[i]]
        if near and far:
            terms.append((max(near) - min(far) + margin).clamp(min=0))
    return torch.stack(terms).mean() if terms else (x * 0).sum()


def nt_xent(a, b, t):
    z = F.normalize(torch.cat([a, b]))
    n, terms = len(a), []
    for i in range(2 * n):
        others = [j for j in range(2 * n) if j != i]
        scores = torch.stack([z[i] @ z[j] / t for j in others])
        terms.append(-F.log_softmax(scores, 0)[others.index((i + n) % (2 * n))])
    return torch.stack(terms).mean()


def sup_con(x, y, t):
    z, terms = F.normalize(x), []
    for i in range(len(x)):
        others = [j for j in range(len(x)) if j != i]
        logs = F.log_softmax(torch.stack([z[i] @ z[j] / t for j in others]), 0)
        near = [logs[k] for k, j in enumerate(others) if y[j] == y[i]]
        if near:
            terms.append(-torch.stack(near).mean())
    return torch.stack(terms).mean() if terms else (x * 0).sum()


def info_nce(a, b, t):
    s = F.normalize(a) @ F.normalize(b).T / t
    own = torch.arange(len(a))
    return (F.cross_entropy(s, own) + F.cross_entropy(s.T, own)) / 2


def contrastive(a, b, y, margin):
    d = F.pairwise_distance(a, b)
    return (y * d**2 + (1 - y) * (margin - d).clamp(min=0) ** 2).mean()


for _ in range(20):
    batch, n, margin = chance.randint(2, 5), chance.randint(2, 4), between(0.1, 2)
    shape = (batch, n)
    signs = whole(2, (batch,)) * 2.0 - 1
    loss_of("cosine_similarity", lambda x, y: (1 - F.cosine_similarity(x, y, dim=-1)).mean(), shape, target=given(shape))
    loss_of(yaml_of("cosine_embedding", other="b", margin=min(margin, 1)), nn.CosineEmbeddingLoss(min(margin, 1)), shape, shape,
            target=signs)
    loss_of(yaml_of("margin_ranking", other="b", margin=margin), nn.MarginRankingLoss(margin), (batch,), (batch,),
            target=signs)
    loss_of(yaml_of("contrastive", other="b", margin=margin), lambda a, b, y: contrastive(a, b, y, margin), shape, shape,
            target=whole(2, (batch,)))
    keys = dict(margin=margin, p=chance.choice([1, 2, 3]), swap=chance.random() < 0.5)
    loss_of(yaml_of("triplet_margin", positive="p", negative="n", **keys), nn.TripletMarginLoss(**keys), shape, shape, shape)
    loss_of(yaml_of("triplet", margin=margin), lambda x, y: triplets(x, y, margin), (batch + 3, n),
            target=whole(3, (batch + 3,)))
    t = between(0.2, 2)
    loss_of(yaml_of("nt_xent", other="b", temperature=t), lambda a, b: nt_xent(a, b, t), shape, shape)
    loss_of(yaml_of("info_nce", other="b", temperature=t), lambda a, b: info_nce(a, b, t), shape, shape)

for _ in range(20):
    batch, t = chance.randint(5, 9), between(0.05, 1)
    loss_of(yaml_of("sup_con", temperature=t), lambda x, y: sup_con(x, y, t), (batch, chance.randint(2, 5)),
            target=whole(3, (batch,)))
