// Stored tensors whose axes stand in another order.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "lib/interop/weights/stored_tensor.h"

namespace dl {

// The same elements with the axes in that order; nothing is read.
StoredTensor turned(const StoredTensor& tensor, const std::vector<int>& axes);

}  // namespace dl
