#!/usr/bin/env python3
# Writes nodes.json beside it: small ONNX models, most of a single node, with inputs and what ONNX Runtime gives for them.
#
# usage: make.py, with the onnx and onnxruntime whose versions the file names, and PyTorch
# SPDX-License-Identifier: Apache-2.0

import io
import json
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

warnings.filterwarnings("ignore")
rng = np.random.default_rng(11)
cases = []


def values(*shape):
    return rng.normal(size=shape).astype(np.float32).round(3)


def run(model, feeds):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, feeds)


def keep(name, model, feeds):
    y = run(model, feeds)[0]
    cases.append({
        "name": name,
        "model": model.SerializeToString().hex(),
        "inputs": [{"shape": list(x.shape), "whole": bool(x.dtype == np.int64), "values": [round(float(v), 4) for v in x.flatten()]}
                   for x in feeds.values()],
        "shape": list(y.shape),
        "output": [round(float(v), 6) for v in y.astype(np.float32).flatten()]})


def node(op, inputs, constants=None, outputs=1, opset=17, only=0, name=None, **attributes):
    """A model of one node: `inputs` are given, `constants` are initializers; None leaves an input out."""
    order, feeds, initializers = [], {}, []
    for i, x in enumerate(inputs):
        order.append(f"x{i}")
        feeds[f"x{i}"] = x
    for i, c in enumerate(constants or []):
        order.append("" if c is None else f"c{i}")
        if c is not None:
            initializers.append(numpy_helper.from_array(c, f"c{i}"))
    outs = [f"y{i}" for i in range(outputs)]
    made = helper.make_node(op, order, outs, **attributes)
    graph = helper.make_graph(
        [made], "g",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for n, x in feeds.items()],
        [helper.make_tensor_value_info(outs[only], TensorProto.FLOAT, None)], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    model = onnx.shape_inference.infer_shapes(model)
    keep(name or op, model, feeds)


i64 = lambda *v: np.array(v, np.int64)
image, series, volume = (2, 3, 5, 6), (2, 3, 7), (1, 2, 3, 4, 3)

for op in ("Abs", "Neg", "Exp", "Tanh", "Erf", "Sigmoid", "Relu", "Softplus", "Softsign", "HardSwish", "Floor", "Ceil",
           "Sin", "Cos", "Sign", "Reciprocal", "Identity", "Elu", "LeakyRelu", "Selu", "HardSigmoid", "Celu",
           "ThresholdedRelu"):
    node(op, [values(2, 4)])
for op in ("Log", "Sqrt"):
    node(op, [np.abs(values(2, 4)) + 0.1])
node("Elu", [values(2, 4)], alpha=0.7, name="Elu of another slope")
node("LeakyRelu", [values(2, 4)], alpha=0.3, name="LeakyRelu of another slope")
node("HardSigmoid", [values(2, 4)], alpha=1 / 6, name="HardSigmoid of PyTorch")
node("Mish", [values(2, 4)], opset=18)
node("Gelu", [values(2, 4)], opset=20)
node("Gelu", [values(2, 4)], opset=20, approximate="tanh", name="Gelu by tanh")
node("PRelu", [values(*image)], [values(3, 1, 1)])
node("Clip", [values(2, 4)], [np.float32(-0.5), np.float32(0.5)])
node("Clip", [values(2, 4)], [None, np.float32(0.5)], name="Clip above")
node("Clip", [values(2, 4)], opset=10, min=-0.25, name="Clip of opset 10")
for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean"):
    node(op, [values(2, 3, 4), values(3, 1)])
node("Pow", [np.abs(values(2, 4)) + 0.1, values(4)])
node("Pow", [values(2, 4)], [np.float32(2)], name="Pow of 2")
node("Add", [values(*image)], [values(3, 1, 1)], name="Add to channels")
node("Sum", [values(2, 3), values(2, 3), values(3)], name="Sum of three")

node("MatMul", [values(2, 4)], [values(4, 3)])
node("MatMul", [values(2, 3, 4)], [values(4, 5)], name="MatMul of sequences")
node("MatMul", [values(2, 3, 4, 5), values(2, 3, 5, 2)], name="MatMul of each")
node("MatMul", [values(2, 1, 4, 5), values(3, 5, 2)], name="MatMul that broadcasts")
node("Gemm", [values(2, 4)], [values(3, 4), values(3)], transB=1)
node("Gemm", [values(2, 4)], [values(4, 3), values(3)], alpha=0.5, beta=2.0, name="Gemm with factors")
node("Gemm", [values(4, 2)], [values(4, 3)], transA=1, name="Gemm of a transposed")
node("Softmax", [values(2, 3, 4)])
node("Softmax", [values(2, 3, 4)], axis=1, name="Softmax of an axis")
node("Softmax", [values(2, 3, 4)], axis=1, opset=11, name="Softmax of opset 11")
node("LogSoftmax", [values(2, 3, 4)])
for op in ("ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"):
    node(op, [values(2, 3, 4)], axes=[1], keepdims=0)
node("ReduceMean", [values(*image)], axes=[2, 3], name="ReduceMean of an image")
node("ReduceMean", [values(2, 3, 4)], [i64(-1)], opset=18, name="ReduceMean of opset 18")
node("ReduceSum", [values(2, 3, 4)], [i64(0, 2)], keepdims=0)
node("ReduceSum", [values(2, 3)], name="ReduceSum of all")

node("Conv", [values(*image)], [values(4, 3, 3, 3), values(4)], pads=[1, 1, 1, 1])
node("Conv", [values(*image)], [values(4, 3, 3, 2)], pads=[0, 1, 2, 1], strides=[2, 1], name="Conv of uneven pads")
node("Conv", [values(*image)], [values(6, 1, 3, 3)], group=3, dilations=[2, 1], name="Conv in groups")
node("Conv", [values(*image)], [values(4, 3, 2, 2)], auto_pad="SAME_LOWER", name="Conv of SAME_LOWER")
node("Conv", [values(*image)], [values(4, 3, 2, 2)], auto_pad="SAME_UPPER", strides=[2, 2], name="Conv of SAME_UPPER")
node("Conv", [values(*series)], [values(4, 3, 3), values(4)], name="Conv of a series")
node("Conv", [values(*volume)], [values(3, 2, 2, 2, 2)], name="Conv of a volume")
node("ConvTranspose", [values(*image)], [values(3, 4, 3, 3), values(4)], strides=[2, 2], pads=[1, 1, 1, 1],
     output_padding=[1, 0])
node("ConvTranspose", [values(*series)], [values(3, 2, 4)], strides=[3], name="ConvTranspose of a series")
node("MaxPool", [values(*image)], kernel_shape=[2, 3], strides=[2, 1])
node("MaxPool", [values(*image)], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], name="MaxPool with pads")
node("MaxPool", [values(*image)], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1, name="MaxPool of ceil_mode")
node("MaxPool", [values(*image)], kernel_shape=[2, 2], dilations=[2, 2], name="MaxPool with gaps")
node("AveragePool", [values(*image)], kernel_shape=[2, 2], strides=[2, 2])
node("AveragePool", [values(*image)], kernel_shape=[3, 3], pads=[1, 1, 1, 1], name="AveragePool with pads")
node("AveragePool", [values(*image)], kernel_shape=[3, 3], pads=[1, 1, 0, 1], count_include_pad=1,
     name="AveragePool that counts pads")
node("AveragePool", [values(*image)], kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, opset=19,
     name="AveragePool of ceil_mode")
node("GlobalAveragePool", [values(*image)])
node("GlobalMaxPool", [values(*series)])
node("BatchNormalization", [values(*image)], [values(3), values(3), values(3), np.abs(values(3)) + 0.1])
node("BatchNormalization", [values(2, 3)], [values(3), values(3), values(3), np.abs(values(3)) + 0.1], epsilon=1e-3,
     name="BatchNormalization of features")
node("InstanceNormalization", [values(*image)], [values(3), values(3)])
node("GroupNormalization", [values(2, 4, 3, 3)], [values(4), values(4)], opset=21, num_groups=2)
node("LayerNormalization", [values(2, 3, 4)], [values(4), values(4)])
node("LayerNormalization", [values(2, 3, 4)], [values(3, 4)], axis=1, name="LayerNormalization of two axes")
node("LRN", [values(2, 5, 3, 3)], size=3, alpha=0.1, beta=0.6, bias=1.5)
node("LpNormalization", [values(2, 4)], axis=1)
none = np.array([], np.float32)
node("Resize", [values(*image)], [None, np.array([1, 1, 2, 2], np.float32)], mode="nearest",
     coordinate_transformation_mode="asymmetric", nearest_mode="floor")
node("Resize", [values(*image)], [None, np.array([1, 1, 2, 3], np.float32)], mode="linear", name="Resize linear")
node("Resize", [values(*image)], [None, None, i64(2, 3, 7, 4)], mode="linear",
     coordinate_transformation_mode="align_corners", name="Resize to sizes, by corners")
node("Resize", [values(*image)], [None, np.array([1, 1, 2, 2], np.float32)], mode="cubic", name="Resize cubic")
node("DepthToSpace", [values(1, 8, 2, 3)], blocksize=2)
node("DepthToSpace", [values(1, 8, 2, 3)], blocksize=2, mode="CRD", name="DepthToSpace of CRD")
node("SpaceToDepth", [values(1, 2, 4, 6)], blocksize=2)

node("Reshape", [values(2, 3, 4)], [i64(0, -1)])
node("Flatten", [values(2, 3, 4)])
node("Flatten", [values(2, 3, 4)], axis=2, name="Flatten of two axes")
node("Transpose", [values(2, 3, 4)], perm=[0, 2, 1])
node("Squeeze", [values(2, 1, 3)], [i64(1)])
node("Unsqueeze", [values(2, 3)], [i64(1, -1)])
node("Concat", [values(2, 3), values(2, 1)], axis=-1)
node("Split", [values(2, 5)], [i64(2, 3)], outputs=2, axis=1, only=1)
node("Slice", [values(2, 5, 4)], [i64(1), i64(-1), i64(1)])
node("Slice", [values(2, 6)], [i64(5), i64(-7), i64(1), i64(-2)], name="Slice backwards")
node("Gather", [values(2, 5)], [i64(3, 0, 3)], axis=1)
node("Gather", [values(2, 5)], [np.array(-1, np.int64)], axis=1, name="Gather of one place")
node("Expand", [values(2, 1, 3)], [i64(4, 1)])
node("Tile", [values(2, 3)], [i64(1, 3)])
node("Pad", [values(*image)], [i64(0, 0, 1, 0, 0, 0, 2, 1), np.float32(0.5)])
node("Pad", [values(*image)], [i64(0, 0, 1, 2, 0, 0, 2, 1)], mode="reflect", name="Pad by mirroring")
node("Pad", [values(*series)], [i64(0, 0, 1, 0, 0, 2)], mode="edge", name="Pad by the edge")

lstm = [values(1, 12, 4), values(1, 12, 3), values(1, 24)]
node("LSTM", [values(5, 2, 4)], lstm, outputs=3, hidden_size=3)
node("LSTM", [values(5, 2, 4)], lstm, outputs=3, only=2, hidden_size=3, name="LSTM's last cell")
node("LSTM", [values(5, 2, 4)], [values(2, 12, 4), values(2, 12, 3), values(2, 24)], hidden_size=3,
     direction="bidirectional", name="LSTM in both directions")
node("GRU", [values(5, 2, 4)], [values(1, 9, 4), values(1, 9, 3), values(1, 18)], hidden_size=3, linear_before_reset=1)
node("GRU", [values(5, 2, 4)], [values(1, 9, 4), values(1, 9, 3)], hidden_size=3, linear_before_reset=1,
     direction="reverse", outputs=2, only=1, name="GRU backwards, without biases")
node("RNN", [values(5, 2, 4)], [values(1, 3, 4), values(1, 3, 3), values(1, 6)], hidden_size=3)
node("RNN", [values(5, 2, 4)], [values(2, 3, 4), values(2, 3, 3), values(2, 6)], hidden_size=3, direction="bidirectional",
     activations=["Relu", "Relu"], name="RNN of relu in both directions")

# As PyTorch's exporter writes it with do_constant_folding=False: gates are put in ONNX's order by nodes.
parts = {"r": values(3, 4), "zn": values(6, 4), "state": values(9, 3), "b": values(9), "c": values(9)}
made = [helper.make_node("Concat", ["zn", "r"], ["rows"], axis=0), helper.make_node("Unsqueeze", ["rows", "first"], ["w"]),
        helper.make_node("Unsqueeze", ["state", "first"], ["s"]), helper.make_node("Concat", ["b", "c"], ["both"], axis=0),
        helper.make_node("Unsqueeze", ["both", "first"], ["bias"]),
        helper.make_node("GRU", ["x", "w", "s", "bias", "", "zeros"], ["y"], hidden_size=3, linear_before_reset=1)]
graph = helper.make_graph(made, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [5, 2, 4])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
                          [numpy_helper.from_array(v, k) for k, v in parts.items()] +
                          [numpy_helper.from_array(i64(0), "first"),
                           numpy_helper.from_array(np.zeros((1, 2, 3), np.float32), "zeros")])
keep("a GRU whose weights nodes put together",
     helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), {"x": values(5, 2, 4)})


class Embedded(nn.Module):
    """Tokens, positions and attention, as PyTorch's exporter writes them."""

    def __init__(self):
        super().__init__()
        self.token, self.position = nn.Embedding(11, 8), nn.Embedding(6, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, dropout=0)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        y = self.token(x) + self.position(torch.arange(x.shape[1])[None])
        mask = torch.triu(torch.full((x.shape[1], x.shape[1]), float("-inf")), 1)
        return self.head(self.layer(y, src_mask=mask))


def exported(name, module, x, **options):
    torch.manual_seed(3)
    file = io.BytesIO()
    torch.onnx.export(module.eval(), (x,), file, dynamo=False, **options)
    keep(name, onnx.load_from_string(file.getvalue()), {onnx.load_from_string(file.getvalue()).graph.input[0].name: x.numpy()})


torch.manual_seed(5)
exported("a transformer of PyTorch", Embedded(), torch.tensor([[3, 0, 7, 10, 2], [1, 1, 4, 5, 6]]),
         dynamic_axes={"x": {0: "batch", 1: "length"}}, input_names=["x"])
convnet = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 5, 1),
                        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3))
exported("a convolutional network of PyTorch", convnet, torch.randn(2, 3, 6, 8).round(decimals=3),
         training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
smooth = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(),
                       nn.Linear(48, 3))
exported("a network whose slopes can be measured", smooth, torch.randn(2, 3, 6, 8).round(decimals=3),
         training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
         input_names=["x"], dynamic_axes={"x": {0: "batch"}})

file = pathlib.Path(__file__).resolve().parent / "nodes.json"
file.write_text(json.dumps({"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__,
                            "torch": torch.__version__.split("+")[0]}) + "\n" +
                "".join(json.dumps(case, separators=(",", ":")) + "\n" for case in cases))
print(len(cases), file.stat().st_size)
