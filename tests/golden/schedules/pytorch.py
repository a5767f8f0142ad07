# Schedules beside torch.optim.lr_scheduler, in runs of 40 steps.
# SPDX-License-Identifier: Apache-2.0
from golden import between, chance, schedule, yaml_of
from torch.optim import lr_scheduler as lr

steps = 40
for _ in range(20):
    start, end, length = between(0.1, 1), between(0, 1), chance.randint(1, 50)
    schedule(yaml_of("linear", start_factor=start, end_factor=end, over=f"{length} steps"),
             lambda o: lr.LinearLR(o, start, end, length), steps)
for _ in range(20):
    power, length = between(0.3, 3), chance.randint(1, 50)
    schedule(yaml_of("polynomial", power=power, over=f"{length} steps"),
             lambda o: lr.PolynomialLR(o, length, power), steps)
for _ in range(20):
    gamma = between(0.5, 1)
    schedule(yaml_of("exponential", gamma=gamma, every="1 steps"), lambda o: lr.ExponentialLR(o, gamma), steps)
for _ in range(20):
    least, length = between(0, 0.5), chance.randint(steps, 60)  # behind its end PyTorch's rises again
    schedule(yaml_of("cosine", min_factor=least, over=f"{length} steps"),
             lambda o: lr.CosineAnnealingLR(o, length, least), steps)
for _ in range(20):
    first, times, least = chance.randint(1, 30), chance.choice([1, 2, 3]), between(0, 0.5)
    schedule(yaml_of("cosine_restarts", first=f"{first} steps", times=times, min_factor=least),
             lambda o: lr.CosineAnnealingWarmRestarts(o, first, times, least), steps)
for _ in range(20):
    size, gamma = chance.randint(1, 30), between(0.1, 1)
    schedule(yaml_of("step", every=f"{size} steps", gamma=gamma), lambda o: lr.StepLR(o, size, gamma), steps)
for _ in range(20):
    milestones, gamma = sorted(chance.sample(range(1, 45), chance.randint(1, 4))), between(0.1, 1)
    schedule(yaml_of("step", milestones=[f"{m} steps" for m in milestones], gamma=gamma),
             lambda o: lr.MultiStepLR(o, milestones, gamma), steps)
for _ in range(20):
    keys = dict(pct_start=between(0.05, 0.95), div_factor=between(1, 30), final_div_factor=between(1, 1e4, 1),
                anneal_strategy=chance.choice(["cos", "linear"]), base_momentum=between(0.5, 0.8),
                max_momentum=between(0.8, 0.99), three_phase=False)
    if keys["pct_start"] < 0.45:
        keys["three_phase"] = chance.random() < 0.5
    schedule(yaml_of("one_cycle", **keys), lambda o: lr.OneCycleLR(o, 1.0, total_steps=steps, **keys), steps, momentum=True)
for _ in range(20):
    least, up, down = between(0.01, 0.9), chance.randint(1, 30), chance.randint(1, 30)
    keys = dict(mode=chance.choice(["triangular", "triangular2", "exp_range"]), gamma=between(0.9, 1),
                base_momentum=between(0.5, 0.8), max_momentum=between(0.8, 0.99))
    schedule(yaml_of("cyclic", min_factor=least, step_size_up=f"{up} steps", step_size_down=f"{down} steps", **keys),
             lambda o: lr.CyclicLR(o, least, 1.0, up, down, **keys), steps, momentum=True)
for _ in range(20):
    factor, gamma = between(0.1, 1), between(0.8, 1)
    first, second = chance.randint(1, 15), chance.randint(16, 38)
    fall = chance.randint(5, 20)
    schedule(f"sequence: {{schedules: [{{constant: {{factor: {factor}}}}}, {{linear: {{end_factor: 0.2, over: {fall} steps}}}}, "
             f"{{exponential: {{gamma: {gamma}, every: 1 steps}}}}], milestones: [{first} steps, {second} steps]}}",
             lambda o: lr.SequentialLR(o, [lr.ConstantLR(o, factor, 1000), lr.LinearLR(o, 1.0, 0.2, fall),
                                           lr.ExponentialLR(o, gamma)], [first, second]), steps)
for _ in range(20):
    gamma, step, milestone = between(0.8, 1), between(0.1, 1), chance.randint(1, 50)
    schedule(f"chained: [{{exponential: {{gamma: {gamma}, every: 1 steps}}}}, {{step: {{milestones: [{milestone} steps], gamma: {step}}}}}]",
             lambda o: lr.ChainedScheduler([lr.ExponentialLR(o, gamma), lr.MultiStepLR(o, [milestone], step)]), steps)
for factor in (0.25, 1):
    schedule(yaml_of("constant", factor=factor), lambda o: lr.ConstantLR(o, factor, 1000), steps)
for _ in range(20):
    milestone, shares = chance.randint(5, 35), [between(0.1, 0.9), between(0.1, 0.9)]
    keys = dict(div_factor=between(2, 30), final_div_factor=between(1, 1e4, 1), base_momentum=between(0.5, 0.8),
                max_momentum=between(0.8, 0.99))  # of both: PyTorch's cycles share them in the parameter group
    schedule(yaml_of("sequence", schedules=[{"one_cycle": dict(pct_start=share, **keys)} for share in shares],
                     milestones=[f"{milestone} steps"]),
             lambda o: lr.SequentialLR(o, [lr.OneCycleLR(o, 1.0, total_steps=length, pct_start=share, **keys)
                                           for length, share in zip([milestone, steps - milestone], shares)], [milestone]),
             steps, momentum=True)
