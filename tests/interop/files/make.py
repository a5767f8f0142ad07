"""Files of weights as the frameworks write them, and what is in them: expected.json has of each tensor its type, shape and
values (as f64, exactly). Written with torch 2.15.0, onnx 1.23.2 and numpy 2.4.6: .venv-torch/bin/python make.py pytorch;
and with keras 3.15.1, flax 0.12.8, h5py 3.14.0 and numpy 2.4.6: .venv-jax/bin/python make.py keras."""
# SPDX-License-Identifier: Apache-2.0
import io
import json
import os
import sys
import zipfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = {"bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "int32": "I32", "int64": "I64",
         "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64", "float8_e4m3fn": "F8_E4M3",
         "float8_e5m2": "F8_E5M2"}


def path(name):
    return os.path.join(HERE, name)


def described(array, kind):
    values = np.asarray(array).astype(np.float64).reshape(-1)
    return {"type": NAMES[kind], "shape": list(np.shape(array)), "values": [float(v) for v in values]}


def of_torch(t):
    import torch
    t = t.detach()
    wide = t.to(torch.float64) if t.is_floating_point() else t
    return described(wide.numpy(), str(t.dtype).removeprefix("torch."))


def flat(x, at=""):
    """Tensors by dotted path."""
    import torch
    if isinstance(x, torch.Tensor):
        return {at: of_torch(x)}
    items = x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, (list, tuple)) else ()
    return {k: v for key, value in items for k, v in flat(value, f"{at}.{key}" if at else str(key)).items()}


def pytorch(expected):
    import torch
    from torch import nn

    def save(name, thing, **how):
        torch.save(thing, path(name), **how)
        expected[name] = flat(thing)

    torch.manual_seed(3)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    net(torch.randn(4, 1, 4, 4))
    state = net.state_dict()
    save("state_dict.pt", state)
    save("legacy.pth", {"state_dict": state, "epoch": 3}, _use_new_zipfile_serialization=False)
    save("protocol4.pt", {"a": torch.randn(2, 3), "b": torch.randn(2)}, pickle_protocol=4)
    save("protocol5.pt", {"net": {"0": {"w": torch.randn(2, dtype=torch.float64)}}, "set": {1, 2}}, pickle_protocol=5)
    base = torch.arange(24, dtype=torch.float32)
    save("views.pt", {"whole": base, "transposed": base.view(4, 6).t(), "part": base[5:11],
                      "strided": base.view(4, 6)[1:, ::2], "expanded": base[3:4].expand(2, 3),
                      "channels_last": torch.randn(2, 3, 2, 2).to(memory_format=torch.channels_last)})
    r = torch.tensor([1.5, -2.25, 0.1, 3e-5, -0.0])
    save("types.pt", {"f32": r, "f64": r.double() / 3, "f16": r.half(), "bf16": r.bfloat16(),
                      "f8_e4m3": r.to(torch.float8_e4m3fn), "f8_e5m2": r.to(torch.float8_e5m2),
                      "i64": torch.tensor([-1, 2**40]), "i32": torch.tensor([-7], dtype=torch.int32),
                      "i16": torch.tensor([-300], dtype=torch.int16), "i8": torch.tensor([-8], dtype=torch.int8),
                      "u8": torch.tensor([255], dtype=torch.uint8), "u16": torch.tensor([65535], dtype=torch.uint16),
                      "bool": torch.tensor([True, False]), "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4)})
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.randn(4, 1, 4, 4)).sum().backward()
    optimizer.step()
    save("training.pt", {"epoch": 7, "name": "run ä", "none": None, "big": 2**70, "lr": [0.1, 1e-9],
                         "model": net.state_dict(), "state_dict_ema": {k: v / 2 for k, v in net.state_dict().items()},
                         "optimizer": optimizer.state_dict()})
    save("wrapped.pt", {"module._orig_mod." + k: v for k, v in state.items()})
    save("parameters.pt", {"p": nn.Parameter(torch.randn(3)), "buffer": nn.Buffer(torch.randn(2))})
    torch.serialization.set_crc32_options(False)
    save("no_crc.pt", {"weight": torch.randn(2, 2)})
    torch.serialization.set_crc32_options(True)
    torch.jit.save(torch.jit.script(nn.Sequential(nn.Linear(2, 2))), path("torchscript.pt"))
    expected["torchscript.pt"] = flat(dict(torch.jit.load(path("torchscript.pt")).state_dict()))

    # As a machine with the other order of bytes saves it, deflated besides.
    thing = {"w": torch.arange(6, dtype=torch.float32).view(2, 3) / 7, "n": torch.tensor([1, -2])}
    saved = io.BytesIO()
    torch.save(thing, saved)
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(path("big_endian.pt"), "w", zipfile.ZIP_DEFLATED) as into:
        for info in source.infolist():
            data = source.read(info)
            if info.filename.endswith("byteorder"):
                data = b"big"
            elif "/data/" in info.filename:
                data = np.frombuffer(data, "<f4" if len(data) == 24 else "<i8").byteswap().tobytes()
            into.writestr(info.filename, data)
    expected["big_endian.pt"] = flat(thing)

    names = list(state)
    weight_map = {}
    for i in range(2):
        file = f"shard-{i}.bin"
        part = {k: state[k] for k in names[i::2]}
        torch.save(part, path(file))
        weight_map.update({k: file for k in part})
    with open(path("sharded.index.json"), "w") as f:
        json.dump({"metadata": {}, "weight_map": weight_map}, f, indent=1)
    expected["sharded.index.json"] = flat(dict(state))

    arrays = {"a.weight": np.arange(6, dtype="f4").reshape(2, 3), "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
              "big": np.arange(3, dtype=">i4"), "one": np.float32(2.5), "none": np.zeros((0, 2), "f2")}
    np.savez(path("arrays.npz"), **arrays)
    np.savez_compressed(path("deflated.npz"), **arrays)
    for name in ("arrays.npz", "deflated.npz"):
        expected[name] = {k: described(v, np.asarray(v).dtype.newbyteorder("=").name) for k, v in arrays.items()}

    import onnx
    from onnx import helper, numpy_helper
    values = {"w": np.arange(6, dtype="f4").reshape(2, 3) / 7, "half": np.array([1.5, -2], "f2"), "n": np.array([2**40, -3]),
              "flags": np.array([True, False])}
    raw = [numpy_helper.from_array(v, k) for k, v in values.items()]
    listed = [helper.make_tensor(k + "_listed", numpy_helper.from_array(v).data_type, v.shape, v.reshape(-1).tolist())
              for k, v in values.items()]
    graph = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "g", [],
                              [helper.make_tensor_value_info("y", 1, [2, 3])], raw + listed)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path("model.onnx"))
    onnx.save(model, path("outside.onnx"), save_as_external_data=True, location="outside.bin", size_threshold=8)
    for name in ("model.onnx", "outside.onnx"):
        expected[name] = {k + e: described(v, v.dtype.name) for k, v in values.items() for e in ("", "_listed")}


def keras(expected):
    os.environ["KERAS_BACKEND"] = "jax"
    import h5py
    import jax.numpy as jnp
    import keras
    from flax import serialization

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((5, 4, 1)), keras.layers.Conv2D(2, 3, name="first"),
                              keras.layers.BatchNormalization(), keras.layers.Flatten(), keras.layers.Dense(3)])
    model.save(path("model.keras"))
    model.save_weights(path("model.weights.h5"))
    model.save(path("legacy.h5"))

    def of_hdf5(file):
        out = {}
        with h5py.File(file) as h5:
            h5.visititems(lambda k, v: out.__setitem__(k.replace("/", "."), described(v[()], v.dtype.name))
                          if isinstance(v, h5py.Dataset) else None)
        return out

    with h5py.File(path("plain.h5"), "w") as h5:
        for i in range(20):  # several nodes of names
            h5[f"group/name{i:02d}"] = np.full((i % 3, 2), i, "f8")
        h5["half"] = np.array([1.5, -2], "f2")
        h5["bytes"] = np.array([1, 255], "u1")
        h5["big"] = np.array([1, -2], ">i4")
        h5["compact"] = np.float32(2.5)
        h5.attrs["texts"] = ["a", "bc"]
        h5.attrs["number"] = 7
    brain = np.array([1.5, -2, 0.15625], "f4")
    with h5py.File(path("bfloat16.weights.h5"), "w") as h5:  # as Keras stores what HDF5 has no type for
        stored = h5.create_dataset("layers/dense/vars/1", data=(brain.view("u4") >> 16).astype("u2").view("V2"))
        stored.attrs["dtype"] = "bfloat16"
        h5["layers/dense/vars/0"] = brain
        h5.create_dataset("layers/dense/vars/2", data=np.zeros(2, "V2"))
    expected["bfloat16.weights.h5"] = {"layers.dense.vars.0": described(brain, "float32"),
                                       "layers.dense.vars.1": described(brain, "bfloat16")}
    for name in ("model.weights.h5", "legacy.h5", "plain.h5"):
        expected[name] = of_hdf5(path(name))
    with zipfile.ZipFile(path("model.keras")) as archive:
        expected["model.keras"] = of_hdf5(io.BytesIO(archive.read("model.weights.h5")))

    tree = {"params": {"dense": {"kernel": jnp.arange(6.0).reshape(2, 3), "bias": jnp.ones(3, jnp.bfloat16)}},
            "step": np.int32(3), "list": [jnp.zeros((0, 2)), jnp.array([1, 2], jnp.int8)]}
    with open(path("flax.msgpack"), "wb") as f:
        f.write(serialization.to_bytes(tree))
    dense = tree["params"]["dense"]
    expected["flax.msgpack"] = {
        "params.dense.kernel": described(dense["kernel"], "float32"), "params.dense.bias": described(dense["bias"], "bfloat16"),
        "step": described(tree["step"], "int32"), "list.0": described(tree["list"][0], "float32"),
        "list.1": described(tree["list"][1], "int8")}


def main():
    known = {}
    if os.path.exists(path("expected.json")):
        with open(path("expected.json")) as f:
            known = json.load(f)
    {"pytorch": pytorch, "keras": keras}[sys.argv[1]](known)
    with open(path("expected.json"), "w") as f:
        f.write("{" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(known.items())) + "}\n")


if __name__ == "__main__":
    main()
