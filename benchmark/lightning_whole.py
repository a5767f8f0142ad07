#!/usr/bin/env python3
# Lightning's side of the whole runs: a Trainer and a DataLoader on Fashion-MNIST, as its users write it.
#
# usage: lightning_whole.py mlp|cnn EPOCHS THREADS
# SPDX-License-Identifier: Apache-2.0

import json
import logging
import sys
import warnings

import lightning
import torch
from torch import nn

from fashion_mnist import training_part

NETS = {
    "mlp": (128, lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))),
    "cnn": (64, lambda: nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))),
}


class Classifier(lightning.LightningModule):
    def __init__(self, net):
        super().__init__()
        self.net = net
        self.losses = []

    def training_step(self, batch, index):
        x, y = batch
        loss = nn.functional.cross_entropy(self.net(x), y)
        self.log("loss", loss)
        self.losses.append(loss.detach())
        return loss

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 1e-3)

    def on_train_epoch_start(self):
        self.losses = []


warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
batch, make = NETS[sys.argv[1]]
torch.set_num_threads(int(sys.argv[3]))
x, y = (torch.from_numpy(array) for array in training_part())
model = Classifier(make())
data = torch.utils.data.TensorDataset(x[:, None], y.long())
trainer = lightning.Trainer(max_epochs=int(sys.argv[2]), accelerator="cpu", logger=False, enable_checkpointing=False,
                            enable_progress_bar=False, enable_model_summary=False)
trainer.fit(model, torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True))
print(json.dumps({"loss": torch.stack(model.losses).mean().item(),
                  "versions": [f"Lightning {lightning.__version__}", f"PyTorch {torch.__version__}"]}))
