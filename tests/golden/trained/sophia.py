# sophia beside its paper's algorithm 3 with the Gauss-Newton-Bartlett estimator, written here: a network's parameters after
# each step. Targets are drawn by the random numbers that dlcli draws: Philox4x32-10 of (seed, stream, step, index).
# SPDX-License-Identifier: Apache-2.0
import torch
from golden import between, chance, trained
from torch.nn import functional as F

MASK = 2**64 - 1


def mixed(z):
    z = (z + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream(name):
    number = 0xCBF29CE484222325
    for byte in name.encode():
        number = ((number ^ byte) * 0x100000001B3) & MASK
    return number


def uniform(key, step, index):
    counter, word = index // 64 * 16 + index % 16, index // 16 % 4
    c, k = [counter, counter >> 32, step, 0], [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(q >> 32) ^ c[1] ^ k[0], q & 0xFFFFFFFF, (p >> 32) ^ c[3] ^ k[1], p & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return (c[word] >> 8) * 2.0**-24


def numbers(step, shape):
    key = mixed(mixed(0) ^ stream("drawn/loss"))
    return torch.tensor([uniform(key, step, i) for i in range(shape.numel())]).reshape(shape)


def of_classes(x, u):
    return F.one_hot((x - (-u.log()).log()).argmax(-1), x.shape[-1]).float()


def of_signs(x, u):
    return (u < x.sigmoid()).float()


def of_numbers(x, u):
    return x + torch.where(u < 0.5, -1.0, 1.0) * 0.5**0.5


LOSSES = {"cross_entropy": (F.cross_entropy, of_classes, 5), "bce_with_logits": (F.binary_cross_entropy_with_logits, of_signs, 10),
          "mse": (F.mse_loss, of_numbers, 10)}  # with the number of targets of a batch


class Sophia:
    def __init__(self, parameters, lr, betas, rho, decay, every, draw, count):
        self.parameters, self.lr, self.betas, self.rho, self.decay, self.every = parameters, lr, betas, rho, decay, every
        self.draw, self.count, self.number = draw, count, 0
        self.m, self.h = ([torch.zeros_like(p) for p in parameters] for _ in range(2))

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self, closure):
        if self.number % self.every == 0:
            closure(lambda prediction: self.draw(prediction, numbers(self.number, prediction.shape)))
            for h, p in zip(self.h, self.parameters):
                h.mul_(self.betas[1]).add_((1 - self.betas[1]) * self.count * p.grad**2)
        closure()
        with torch.no_grad():
            for m, h, p in zip(self.m, self.h, self.parameters):
                m.mul_(self.betas[0]).add_((1 - self.betas[0]) * p.grad)
                p.mul_(1 - self.lr * self.decay)
                p.sub_(self.lr * (m / (self.rho * h).clamp(min=1e-12)).clamp(-1, 1))
        self.number += 1


for i in range(24):
    name = list(LOSSES)[i % 3]
    loss, draw, count = LOSSES[name]
    lr, betas, rho, decay = between(0.01, 0.2), (between(0, 0.97), between(0.5, 0.99)), between(0.01, 2), between(0, 0.5)
    every = chance.randint(1, 3)
    trained(f"sophia: {{lr: {lr}, betas: [{betas[0]}, {betas[1]}], rho: {rho}, weight_decay: {decay}, every: {every}}}",
            lambda parameters: Sophia(parameters, lr, betas, rho, decay, every, draw, count), steps=5, loss=(name, loss))
