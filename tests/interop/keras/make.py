#!/usr/bin/env python3
# Writes small Keras models beside it, each with NAME.json: inputs and what Keras gives for them.
#
# usage: make.py [NAME…], with the Keras that the files name
# SPDX-License-Identifier: Apache-2.0

import json
import os
import pathlib
import sys
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


# The layers that the three above do not have, of each kind at least one.
def more_images():
    image = layers.Input((9, 8, 4), name="image")
    y = layers.RandomFlip("horizontal")(image)
    y = layers.Cropping2D(((1, 0), (0, 1)))(y)
    y = layers.PReLU(shared_axes=[1, 2], alpha_initializer="ones")(y)
    y = layers.Conv2D(6, 3, groups=2, padding="same", dilation_rate=2)(y)
    base = keras.Sequential([layers.Input((8, 7, 6)), layers.Conv2D(4, 3, activation="relu6"),
                             layers.BatchNormalization(center=False)], name="base")
    y = layers.ReLU(max_value=2.0)(base(y))
    inner_in = layers.Input((6, 5, 4))
    inner = layers.Add()([layers.Conv2D(4, 1, name="conv")(inner_in), inner_in])
    y = keras.Model(inner_in, inner, name="inner")(y)
    y = layers.SpatialDropout2D(0.2)(y)
    z = layers.GlobalAveragePooling2D(keepdims=True)(y)
    z = layers.Conv2D(4, 1, activation="hard_sigmoid")(z)
    y = layers.GaussianNoise(0.1)(y)
    y = layers.ELU(0.5)(layers.AveragePooling2D(2)(y))
    y = layers.UpSampling2D((2, 1))(y)
    a, b = layers.GlobalMaxPooling2D()(y), layers.GlobalAveragePooling2D()(layers.Softmax()(y))
    c = layers.Multiply()([a, layers.Flatten()(z)])
    d = layers.Dot(1, normalize=True)([a, b])
    y = layers.Concatenate()([layers.Maximum()([a, b]), layers.Minimum()([b, c]), layers.Average()([a, c]),
                              layers.Subtract()([a, b]), d])
    y = layers.Dense(4, activation="softplus")(layers.AlphaDropout(0.1)(layers.GaussianDropout(0.1)(y)))
    return keras.Model(image, layers.Activation("selu")(layers.Reshape((2, 2))(y)))


def more_sequences():
    x = layers.Input((12, 4), name="x")
    y = layers.ZeroPadding1D((1, 2))(x)
    y = layers.Cropping1D((0, 1))(y)
    y = layers.Conv1D(6, 3, padding="causal", activation="mish")(y)
    y = layers.DepthwiseConv1D(3, padding="same", activation="softsign")(y)
    y = layers.SeparableConv1D(4, 3, strides=2, padding="same")(y)
    y = layers.Conv1DTranspose(4, 3, strides=2)(y)
    y = layers.MaxPooling1D(3, strides=2, padding="same")(y)
    y = layers.UpSampling1D(2)(y)
    y = layers.AveragePooling1D(2)(y)
    y = layers.SpatialDropout1D(0.1)(y)
    y = layers.TimeDistributed(layers.Dense(8, activation="linear"))(y)
    y = layers.MultiHeadAttention(2, 3, value_dim=5, dropout=0.1)(y, y)
    y = layers.RMSNormalization()(y)
    y = layers.GroupQueryAttention(3, 4, 2)(y, y)
    z = layers.RepeatVector(3)(layers.GlobalAveragePooling1D()(y))
    z = layers.UnitNormalization()(layers.GRU(4, return_sequences=True, use_bias=False)(z))
    return keras.Model(x, layers.Bidirectional(layers.SimpleRNN(3))(z))


def volumes():
    x = layers.Input((6, 6, 4, 2), name="x")
    y = layers.Conv3D(3, 2, activation="silu")(x)
    y = layers.ZeroPadding3D(1)(y)
    y = layers.Conv3DTranspose(3, 2, strides=2, padding="same", activation="leaky_relu")(y)
    y = layers.Cropping3D(((1, 0), (2, 1), (0, 1)))(y)
    y = layers.MaxPooling3D(2)(y)
    y = layers.UpSampling3D((1, 2, 1))(y)
    y = layers.AveragePooling3D((2, 2, 1))(y)
    y = layers.SpatialDropout3D(0.1)(y)
    y = layers.Permute((2, 1, 3, 4))(y)
    y = layers.ConvLSTM2D(3, 2, padding="same", return_sequences=True)(y)
    y = layers.GlobalMaxPooling3D()(y)
    return keras.Model(x, layers.PReLU(alpha_initializer="ones")(layers.Dense(3, activation="exponential")(y)))


def stacked():
    x = layers.Input((5, 3), name="x")
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="lower")(x)
    y = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="upper")(y)
    y = layers.Dropout(0.5)(layers.GRU(4, return_sequences=True)(y))
    return keras.Model(x, layers.GRU(4)(y))


# What stands in such files seldom: activations that are layers, numbers among tensors, a model that is called twice.
def seldom():
    embed = keras.Sequential([layers.Input((4,)), layers.Dense(6, activation=layers.LeakyReLU(0.1)),
                              layers.Dense(3, activation=layers.ReLU(max_value=1.0))], name="embed")
    a, b = layers.Input((4,), name="left"), layers.Input((4,), name="right")
    y = 1.0 - (embed(a) - embed(b)) * 2.0
    y = keras.ops.reshape(y / 4.0 + y, (-1, 1, 3, 1))
    y = layers.Conv2DTranspose(2, (2, 1), strides=(3, 2))(y)
    y = layers.Conv2DTranspose(2, 1, strides=2, padding="same")(y)
    return keras.Model([a, b], layers.Dense(3, activation="tanh")(layers.Flatten()(y)))


for name, make in (("images", images), ("sequences", sequences), ("chain", chain), ("resnet", resnet), ("more_images", more_images),
                   ("more_sequences", more_sequences), ("volumes", volumes), ("stacked", stacked), ("seldom", seldom)):
    if sys.argv[1:] and name not in sys.argv[1:]:
        continue
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
