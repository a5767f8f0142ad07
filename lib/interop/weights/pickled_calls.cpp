// The list: what makes up tables of weights, and what stands beside them in checkpoints.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/pickled_calls.h"

#include <algorithm>

namespace dl {
namespace {

struct Allowed {
  std::string_view name;
  PickledCall call;
};
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
    {"torch._utils._rebuild_qtensor", PickledCall::opaque},
    {"torch._utils._rebuild_sparse_tensor", PickledCall::opaque},
    {"torch._utils._rebuild_nested_tensor", PickledCall::opaque},
    {"torch._utils._rebuild_meta_tensor_no_storage", PickledCall::opaque},
    {"torch._utils._rebuild_device_tensor_from_numpy", PickledCall::opaque},
    {"torch._utils._rebuild_wrapper_subclass", PickledCall::opaque},
    {"torch.serialization._get_layout", PickledCall::opaque},
    // What stands beside weights in checkpoints.
    {"argparse.Namespace", PickledCall::opaque},
    {"collections.deque", PickledCall::opaque},
    {"datetime.date", PickledCall::opaque},
    {"datetime.datetime", PickledCall::opaque},
    {"datetime.timedelta", PickledCall::opaque},
    {"datetime.timezone", PickledCall::opaque},
    {"decimal.Decimal", PickledCall::opaque},
    {"numpy.core.multiarray.scalar", PickledCall::opaque},
    {"numpy._core.multiarray.scalar", PickledCall::opaque},
    {"numpy.core.multiarray._reconstruct", PickledCall::opaque},
    {"numpy._core.multiarray._reconstruct", PickledCall::opaque},
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

}  // namespace

PickledCall pickled_call(std::string_view name) {
  const auto* exact = std::ranges::find(allowed, name, &Allowed::name);
  if (exact != std::end(allowed)) return exact->call;
  for (const Allowed& package : allowed_packages)
    if (name.starts_with(package.name)) return package.call;
  return PickledCall::refused;
}

}  // namespace dl
