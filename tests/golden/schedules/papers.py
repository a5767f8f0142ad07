# Schedules beside formulas written here, of their papers and of Keras and transformers, in runs of 40 steps.
# SPDX-License-Identifier: Apache-2.0
import math

from golden import between, chance, formula, yaml_of

steps = 40


def warm(n, after):
    """Linear warm-up over n steps, as every schedule has it."""
    return lambda step: (step + 1) / (n + 1) if step < n else after(step)


for _ in range(20):  # transformers: get_inverse_sqrt_schedule
    n, scale = chance.randint(1, 40), chance.choice([None, chance.randint(1, 50)])
    t = scale or n
    keys = {"warmup": f"{n} steps"} | ({"timescale": f"{scale} steps"} if scale else {})
    formula(yaml_of("inverse_sqrt", **keys), warm(n, lambda step: 1 / math.sqrt((step + t - n) / t)), steps)
for _ in range(20):  # Keras: ExponentialDecay
    rate, length, stairs = between(0.3, 1), chance.randint(1, 30), chance.random() < 0.5
    formula(yaml_of("exponential", gamma=rate, every=f"{length} steps", staircase=stairs),
             lambda step: rate ** (step // length if stairs else step / length), steps)
for _ in range(20):  # Keras: PolynomialDecay
    power, end, length = between(0.3, 3), between(0, 0.9), chance.randint(1, 70)
    formula(yaml_of("polynomial", power=power, end_factor=end, over=f"{length} steps"),
             lambda step: (1 - end) * (1 - min(step, length) / length) ** power + end, steps)


def restarts(step, first, t_mul, m_mul, alpha):
    """Keras: CosineDecayRestarts, whose number of falls is in closed form."""
    done = step / first
    if t_mul == 1:
        i = math.floor(done)
        done -= i
    else:
        i = math.floor(math.log(1 - done * (1 - t_mul)) / math.log(t_mul))
        done = (done - (1 - t_mul**i) / (1 - t_mul)) / t_mul**i
    return (1 - alpha) * 0.5 * m_mul**i * (1 + math.cos(math.pi * done)) + alpha


for _ in range(20):
    first, times, peak, least = chance.randint(3, 25), chance.choice([1, 1.5, 2.25]), between(0.3, 1), between(0, 0.5)
    formula(yaml_of("cosine_restarts", first=f"{first} steps", times=times, peak_factor=peak, min_factor=least),
             lambda step: restarts(step + 1e-9, first, times, peak, least), steps)
for _ in range(21):  # transformers: get_wsd_schedule
    n, fall, least = chance.randint(0, 15), chance.randint(1, 25), between(0, 0.5)
    kind = chance.choice(["linear", "cosine", "1-sqrt"])

    def fallen(step):
        t = max(0, step - (steps - fall)) / fall
        return least + (1 - least) * {"linear": 1 - t, "cosine": 0.5 * (1 + math.cos(math.pi * t)), "1-sqrt": 1 - math.sqrt(t)}[kind]

    formula(yaml_of("warmup_stable_decay", warmup=f"{n} steps", decay=f"{fall} steps", decay_type=kind, min_factor=least),
             warm(n, fallen), steps)
