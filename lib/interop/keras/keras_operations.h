// Operations on tensors in a model's graph, as x * 2 and keras.ops are: https://keras.io/api/ops.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/interop/keras/keras_layers.h"

namespace dl::keras {

// Whether it is an operation, and not the layer of that name.
bool is_operation(const Json& layer);

// One of several tensors, or of one and a number. `call`: which of the operation's; `tensors`: how many it reads.
Made operation(const Json& layer, int64_t call, size_t tensors, const Settings& s);

}  // namespace dl::keras
