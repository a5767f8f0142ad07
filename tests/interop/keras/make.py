#!/usr/bin/env python3
# Writes small Keras models beside it, each with NAME.json: inputs and what Keras gives for them.
#
# usage: make.py, with the Keras that the files name
# SPDX-License-Identifier: Apache-2.0

import json
import os
import pathlib
import tempfile
import zipfile

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
keras.utils.set_random_seed(4)


def images():
    image, extra = layers.Input((8, 9, 3), name="image"), layers.Input((4,), name="extra")
    y = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="stem")(image)
    y = layers.BatchNormalization(momentum=0.9)(y)
    z = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False)(y)
    z = layers.SeparableConv2D(4, 3, padding="same", activation="silu")(z)
    y = layers.Add()([y, z])
    y = layers.GroupNormalization(2)(y)
    y = layers.Conv2DTranspose(3, 3, strides=2, padding="same")(y)
    y = layers.LeakyReLU()(y)
    y = layers.AveragePooling2D(3, strides=2, padding="same")(y)
    y = layers.ZeroPadding2D(((1, 0), (0, 2)))(y)
    y = layers.UpSampling2D(2, interpolation="bilinear")(y)
    y = layers.MaxPooling2D((2, 3))(y)
    y = layers.Conv2D(5, 1, dilation_rate=1, groups=1, activation="gelu")(y)
    y = layers.Flatten()(y)
    y = layers.Concatenate()([layers.Dense(6, activation="tanh")(y), layers.Rescaling(0.5, offset=1)(extra)])
    model = keras.Model([image, extra], layers.Dense(3, activation="softmax", name="class.1")(layers.Dropout(0.1)(y)))
    model.compile(keras.optimizers.SGD(0.02, momentum=0.8), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def sequences():
    tokens = layers.Input((6,), dtype="int32", name="tokens")
    y = layers.Embedding(12, 8)(tokens)
    shared = layers.Dense(8, activation="relu", name="shared")
    y = shared(shared(y))
    z = layers.MultiHeadAttention(2, 4)(y, y, use_causal_mask=True)
    y = layers.LayerNormalization()(layers.Add()([y, z]))
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(y)
    y = layers.GRU(4, return_sequences=True)(y)
    y = layers.SimpleRNN(4, use_bias=False)(y)
    return keras.Model(tokens, layers.Dense(2)(y))


def chain():
    return keras.Sequential([layers.Input((10, 2)), layers.Conv1D(3, 4, strides=2, activation="elu"), layers.LSTM(4),
                             layers.Reshape((2, 2)), layers.Permute((2, 1)), layers.GlobalMaxPooling1D(),
                             layers.BatchNormalization(scale=False), layers.Dense(1, activation="sigmoid")])


def resnet():
    """A small ResNet as Keras's users write one: a stem, two blocks, the second with a shortcut of its own."""
    def block(x, channels, stride, name):
        y = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False, name=f"{name}_conv1")(x)
        y = layers.ReLU(name=f"{name}_relu1")(layers.BatchNormalization(name=f"{name}_bn1")(y))
        y = layers.Conv2D(channels, 3, padding="same", use_bias=False, name=f"{name}_conv2")(y)
        y = layers.BatchNormalization(name=f"{name}_bn2")(y)
        if stride > 1:
            x = layers.Conv2D(channels, 1, strides=stride, use_bias=False, name=f"{name}_shortcut")(x)
            x = layers.BatchNormalization(name=f"{name}_bn3")(x)
        return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([x, y]))

    image = layers.Input((16, 16, 3), name="x")
    y = layers.Conv2D(4, 3, padding="same", use_bias=False, name="stem")(image)
    y = layers.ReLU(name="stem_relu")(layers.BatchNormalization(name="stem_bn")(y))
    y = block(block(y, 4, 1, "block1"), 6, 2, "block2")
    y = layers.Dense(5, name="head")(layers.GlobalAveragePooling2D(name="pool")(y))
    return keras.Model(image, y)


for name, make in (("images", images), ("sequences", sequences), ("chain", chain), ("resnet", resnet)):
    keras.utils.clear_session()
    model = make()
    rng = np.random.default_rng(9)
    model.set_weights([(w + rng.normal(size=w.shape) * 0.2) if w.min() < 0.99 else np.abs(w + rng.normal(size=w.shape) * 0.2) + 0.1
                       for w in model.get_weights()])
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/stored.keras")
        with zipfile.ZipFile(f"{folder}/stored.keras") as stored, zipfile.ZipFile(
                HERE / f"{name}.keras", "w", zipfile.ZIP_DEFLATED) as small:
            for member in stored.namelist():
                small.writestr(member, stored.read(member))
    feeds = [rng.integers(0, 12, (2, *i.shape[1:])) if "int" in str(i.dtype) else
             rng.normal(size=(2, *i.shape[1:])).astype("float32").round(3) for i in model.inputs]
    y = np.asarray(model(feeds if len(feeds) > 1 else feeds[0], training=False))
    (HERE / f"{name}.json").write_text(json.dumps({
        "keras": keras.__version__,
        "inputs": [[round(float(v), 4) for v in x.flatten()] for x in feeds],
        "output": [round(float(v), 7) for v in y.flatten()]}, separators=(",", ":")) + "\n")
    print(name, model.count_params(), y.shape, (HERE / f"{name}.keras").stat().st_size)
