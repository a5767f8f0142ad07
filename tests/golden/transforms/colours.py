# Transforms of colours beside torchvision.transforms.v2.functional.
# SPDX-License-Identifier: Apache-2.0
import random

import torch
import torchvision.transforms.v2.functional as F
from golden import transform

random.seed(1)
for i in range(24):
    factor = random.randint(0, 160) / 64
    hue = random.randint(-32, 32) / 64
    numbers = i % 6 == 5
    channels = 1 if i % 6 == 4 else 3
    size = (random.randint(3, 5), random.randint(3, 6), channels, numbers)
    for name, function in [("brightness", F.adjust_brightness), ("contrast", F.adjust_contrast),
                           ("saturation", F.adjust_saturation)]:
        if channels == 3 or name != "saturation":
            transform(f"color_jitter: {{{name}: [{factor}, {factor}]}}", lambda x: function(x, factor), *size)
    if channels == 3:
        transform(f"color_jitter: {{hue: [{hue}, {hue}]}}", lambda x: F.adjust_hue(x, hue), *size)
        transform("grayscale: 1", lambda x: F.rgb_to_grayscale(x, 3), *size)
    transform(f"sharpness: {{factor: {factor}, p: 1}}", lambda x: F.adjust_sharpness(x, factor), *size)
    transform("invert: 1", F.invert, *size)
    threshold = random.randint(0, 255)
    transform(f"solarize: {{threshold: {threshold}, p: 1}}",
              lambda x: F.solarize(x, threshold / 255 if numbers else threshold), *size)
    mean, std = random.randint(0, 64) / 64, random.randint(1, 64) / 64
    transform(f"normalize: {{mean: {mean}, std: {std}}}",
              lambda x: F.normalize(F.to_dtype(x, torch.float32, scale=True), [mean] * channels, [std] * channels), *size)
    means, stds = [mean, 0.5, 0.25], [std, 0.25, 0.75]
    if channels == 3:
        transform(f"normalize: {{mean: {means}, std: {stds}}}",
                  lambda x: F.normalize(F.to_dtype(x, torch.float32, scale=True), means, stds), *size)
    transform("autocontrast: 1", F.autocontrast, *size)
    if not numbers:
        bits = random.randint(0, 8)
        transform(f"posterize: {{bits: {bits}, p: 1}}", lambda x: F.posterize(x, bits), *size)
    kernel = [random.choice([1, 3, 5]), random.choice([1, 3, 5])]
    sigma = random.randint(8, 128) / 64
    transform(f"gaussian_blur: {{kernel_size: [{kernel[1]}, {kernel[0]}], sigma: {sigma}}}",
              lambda x: F.gaussian_blur(x, kernel, [sigma, sigma]), *size)
# Enough places that a step of the table is more than none.
for i in range(20):
    transform("equalize: 1", F.equalize, 16 + i % 5, 17, 1 if i % 2 else 3)
