#!/usr/bin/env python3
# The turns of benchmark/exported: one sample at a time through model.c, as a library called from Python, and through ONNX
# Runtime with its input and output bound. Prints microseconds a sample of each turn as JSON.
#
# usage: exported_turns.py LIBRARY WEIGHTS MODEL.onnx ROUNDS SECONDS
# SPDX-License-Identifier: Apache-2.0

import ctypes
import json
import sys
import time

import numpy
import onnxruntime


def c_side(library, weights, x, outputs):
    model = ctypes.CDLL(library)
    if model.model_load(weights.encode()):
        sys.exit(f"error: {weights} was not loaded")
    y = numpy.empty(outputs, numpy.float32)
    run, given, made = model.model_run, ctypes.c_void_p(x.ctypes.data), ctypes.c_void_p(y.ctypes.data)
    return lambda: run(given, made), lambda: y


def onnx_side(file, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    name, shape = session.get_inputs()[0].name, session.get_outputs()[0].shape
    y = onnxruntime.OrtValue.ortvalue_from_shape_and_type([1, *shape[1:]], numpy.float32)
    binding = session.io_binding()
    binding.bind_cpu_input(name, x)
    binding.bind_ortvalue_output("output", y)
    return lambda: session.run_with_iobinding(binding), lambda: y.numpy().ravel(), shape[1]


def turn(run, seconds):
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        for _ in range(100):
            run()
        count += 100
    return 1e6 * (time.perf_counter() - begin) / count


def main():
    library, weights, file, rounds, seconds = sys.argv[1:]
    x = numpy.random.default_rng(0).random((1, 1, 28, 28), dtype=numpy.float32)
    run_onnx, y_onnx, outputs = onnx_side(file, x)
    run_c, y_c = c_side(library, weights, numpy.ascontiguousarray(x.transpose(0, 2, 3, 1)), outputs)
    run_c()
    run_onnx()
    off = float(numpy.abs(y_c() - y_onnx()).max())
    times = {"c": [], "onnx": []}
    for i in range(int(rounds)):
        sides = [("c", run_c), ("onnx", run_onnx)]
        for name, run in sides if i % 2 == 0 else reversed(sides):
            times[name].append(turn(run, float(seconds)))
    print(json.dumps({"times": times, "off": off, "version": "ONNX Runtime " + onnxruntime.__version__}))


main()
