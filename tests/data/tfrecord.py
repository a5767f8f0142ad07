#!/usr/bin/env python3
# Prints files of TFRecord that TensorFlow wrote, in hexadecimal, for tests/data/tfrecord.cpp.
#
# usage: tfrecord.py, with TensorFlow 2.21.0
# SPDX-License-Identifier: Apache-2.0

import pathlib
import tempfile

import tensorflow as tf


def feature(value):
    if isinstance(value[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=value))
    if isinstance(value[0], float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=value))
    return tf.train.Feature(int64_list=tf.train.Int64List(value=value))


def example(**values):
    return tf.train.Example(features=tf.train.Features(feature={k: feature(v) for k, v in values.items()}))


def sequence(steps, **context):
    return tf.train.SequenceExample(
        context=tf.train.Features(feature={k: feature(v) for k, v in context.items()}),
        feature_lists=tf.train.FeatureLists(feature_list={
            "steps": tf.train.FeatureList(feature=[feature(step) for step in steps])}))


FILES = {
    "numbers": ("", [example(values=[0.5, -1.0], label=[1], name=[b"dog"]), example(name=[b"cat"], label=[0], values=[3.0, 4.0])]),
    "zipped": ("GZIP", [example(values=[0.5, -1.0], label=[1]), example(values=[1.5, 2.0], label=[2])]),
    "sequences": ("", [sequence([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], y=[0.25])]),
    "tokens": ("", [example(ids=[7, 0, 300, 2 ** 31 - 1], raw=[b"\x00\xff\x80"])]),
}

for name, (compression, records) in FILES.items():
    path = pathlib.Path(tempfile.mkdtemp()) / name
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        for record in records:
            writer.write(record.SerializeToString(deterministic=True))
    print(name, path.read_bytes().hex())
