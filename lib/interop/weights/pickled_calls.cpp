// The list: what makes up tables of weights, and what stands beside them in checkpoints.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/pickled_calls.h"

#include <algorithm>

namespace dl {
namespace {

struct Allowed {
  std::string_view name;
  PickledCall call;
  std::string_view words = {};  // of what is unread
};
constexpr std::string_view array_words = "an array of NumPy, which is read after torch.from_numpy()";
constexpr Allowed allowed[] = {
    {"collections.OrderedDict", PickledCall::dict},
    {"collections.Counter", PickledCall::dict},
    {"collections.defaultdict", PickledCall::dict},
    {"torch._utils._rebuild_tensor", PickledCall::tensor},
    {"torch._utils._rebuild_tensor_v2", PickledCall::tensor},
    {"torch._utils._rebuild_tensor_v3", PickledCall::typed_tensor},
    {"torch._utils._rebuild_parameter", PickledCall::first},
    {"torch._utils._rebuild_parameter_with_state", PickledCall::first},
    {"torch.nn.parameter.Buffer", PickledCall::first},
    {"torch._tensor._rebuild_from_type_v2", PickledCall::rebuilt},
    {"torch.Size", PickledCall::first},
    {"torch.device", PickledCall::first},
    {"torch.jit._pickle.build_intlist", PickledCall::first},
    {"torch.jit._pickle.build_doublelist", PickledCall::first},
    {"torch.jit._pickle.build_boollist", PickledCall::first},
    {"torch.jit._pickle.build_tensorlist", PickledCall::first},
    {"torch.jit._pickle.restore_type_tag", PickledCall::first},
    {"builtins.set", PickledCall::first},
    {"builtins.frozenset", PickledCall::first},
    {"builtins.bytearray", PickledCall::first},
    {"__builtin__.set", PickledCall::first},
    {"__builtin__.frozenset", PickledCall::first},
    {"__builtin__.bytearray", PickledCall::first},
    {"_codecs.encode", PickledCall::first},
    // Tensors whose elements are no plain numbers.
    {"torch._utils._rebuild_qtensor", PickledCall::unread, "a quantized tensor, which is read after dequantize()"},
    {"torch._utils._rebuild_sparse_tensor", PickledCall::unread, "a sparse tensor, which is read after to_dense()"},
    {"torch._utils._rebuild_sparse_csr_tensor", PickledCall::unread, "a sparse tensor, which is read after to_dense()"},
    {"torch._utils._rebuild_nested_tensor", PickledCall::unread, "a nested tensor"},
    {"torch._utils._rebuild_meta_tensor_no_storage", PickledCall::unread,
     "a tensor of the meta device, without values"},
    {"torch._utils._rebuild_device_tensor_from_numpy", PickledCall::unread,
     "a tensor of a device, which is read after cpu()"},
    {"torch._utils._rebuild_wrapper_subclass", PickledCall::unread, "a tensor of a class of its own"},
    {"torch.serialization._get_layout", PickledCall::opaque},
    // What stands beside weights in checkpoints.
    {"argparse.Namespace", PickledCall::opaque},
    {"builtins.complex", PickledCall::opaque},
    {"builtins.range", PickledCall::opaque},
    {"builtins.slice", PickledCall::opaque},
    {"__builtin__.complex", PickledCall::opaque},
    {"__builtin__.slice", PickledCall::opaque},
    {"__builtin__.xrange", PickledCall::opaque},
    {"collections.deque", PickledCall::opaque},
    {"datetime.date", PickledCall::opaque},
    {"datetime.datetime", PickledCall::opaque},
    {"datetime.time", PickledCall::opaque},
    {"datetime.timedelta", PickledCall::opaque},
    {"datetime.timezone", PickledCall::opaque},
    {"decimal.Decimal", PickledCall::opaque},
    {"numpy.core.multiarray.scalar", PickledCall::opaque},
    {"numpy._core.multiarray.scalar", PickledCall::opaque},
    {"numpy.core.multiarray._reconstruct", PickledCall::unread, array_words},
    {"numpy._core.multiarray._reconstruct", PickledCall::unread, array_words},
    {"numpy.dtype", PickledCall::opaque},
    {"numpy.ndarray", PickledCall::opaque},
    {"uuid.UUID", PickledCall::opaque},
};
// Whole packages whose classes are such.
constexpr Allowed allowed_packages[] = {
    {"__torch__.", PickledCall::attributes},      // TorchScript's modules
    {"pytorch_lightning.", PickledCall::opaque},  // callbacks, loops, hyperparameters
    {"lightning.", PickledCall::opaque},         {"lightning_fabric.", PickledCall::opaque},
    {"omegaconf.", PickledCall::opaque},         {"pathlib.", PickledCall::opaque},
    {"torch.optim.", PickledCall::opaque},
};

const Allowed* allowed_call(std::string_view name) {
  const auto* found = std::ranges::find(allowed, name, &Allowed::name);
  return found == std::end(allowed) ? nullptr : found;
}

}  // namespace

PickledCall pickled_call(std::string_view name) {
  if (const Allowed* exact = allowed_call(name)) return exact->call;
  for (const Allowed& package : allowed_packages)
    if (name.starts_with(package.name)) return package.call;
  return PickledCall::refused;
}

std::string_view unread_in_words(std::string_view name) {
  const Allowed* exact = allowed_call(name);
  return exact ? exact->words : std::string_view();
}

}  // namespace dl
