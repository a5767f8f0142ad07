#!/usr/bin/env python3
# ONNX Runtime's side of benchmark/predict: the network of an ONNX file, run on a batch as clock.py says.
#
# usage: onnx_predict.py FILE PARAMETERS THREADS
# SPDX-License-Identifier: Apache-2.0

import sys

import numpy
import onnxruntime

import clock


def main():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(sys.argv[3])
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
    x, = session.get_inputs()
    draw = numpy.random.default_rng(0)
    tokens = "int" in x.type
    batch = draw.integers(65, size=x.shape) if tokens else draw.random(x.shape, dtype=numpy.float32)
    clock.serve(lambda: session.run(None, {x.name: batch}), int(sys.argv[2]), "ONNX Runtime " + onnxruntime.__version__)


main()
