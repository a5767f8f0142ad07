# clahe beside cv2.createCLAHE of OpenCV 4, of each channel by itself.
# SPDX-License-Identifier: Apache-2.0
import cv2
import torch
from golden import between, chance, transform


def clahe(x, limit, rows, columns):
    tiles = cv2.createCLAHE(limit, (columns, rows))
    return torch.stack([torch.from_numpy(tiles.apply(channel.contiguous().numpy())) for channel in x])


for i in range(20):
    limit, rows, columns = between(1, 8, 2), chance.randint(1, 4), chance.randint(1, 8)
    transform(f"clahe: {{clip_limit: {limit}, tile_grid_size: [{rows}, {columns}], p: 1}}",
              lambda x: clahe(x, limit, rows, columns), chance.randint(1, 20), chance.randint(2, 20), 1 if i % 2 else 3)
transform("clahe: {p: 1}", lambda x: clahe(x, 4.0, 8, 8), 24, 32, 1)
