"""Files of weights as the frameworks write them, and what is in them: expected.json has of each tensor its type, shape and
values (as f64, exactly). Written with torch 2.15.0, numpy 2.4.6 and safetensors 0.8.0:
python tests/interop/files/make.py pytorch; and with keras 3.15.1, flax 0.12.8, h5py 3.14.0, onnx 1.23.2 in a second
environment: … make.py others."""
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


def main():
    known = {}
    if os.path.exists(path("expected.json")):
        with open(path("expected.json")) as f:
            known = json.load(f)
    {"pytorch": pytorch}[sys.argv[1]](known)
    with open(path("expected.json"), "w") as f:
        f.write("{" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(known.items())) + "}\n")


if __name__ == "__main__":
    main()
