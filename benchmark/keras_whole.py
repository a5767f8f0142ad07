#!/usr/bin/env python3
# Keras's side of the whole runs: fit on Fashion-MNIST in memory, as its users write it.
#
# usage: KERAS_BACKEND=tensorflow|jax keras_whole.py mlp|cnn EPOCHS
# SPDX-License-Identifier: Apache-2.0

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers

from fashion_mnist import training_part

NETS = {
    "mlp": (128, lambda: [layers.Flatten(), layers.Dense(512, "relu"), layers.Dense(256, "relu"), layers.Dense(10)]),
    "cnn": (64, lambda: [
        layers.Conv2D(32, 3, activation="relu"), layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Dropout(0.25), layers.Flatten(), layers.Dense(128, "relu"), layers.Dropout(0.5), layers.Dense(10)]),
}

batch, make = NETS[sys.argv[1]]
x, y = training_part()
model = keras.Sequential([keras.Input((28, 28, 1)), *make()])
model.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
history = model.fit(x[..., None], y, batch_size=batch, epochs=int(sys.argv[2]), verbose=0)
backend = keras.backend.backend()
module = __import__(backend)
print(json.dumps({"loss": history.history["loss"][-1], "versions": [f"Keras {keras.__version__}",
      f"{'TensorFlow' if backend == 'tensorflow' else 'JAX'} {module.__version__}"]}))
