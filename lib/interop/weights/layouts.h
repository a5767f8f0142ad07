// Tensors of Keras and Flax in layers of ours: what they are called here, and in which order their axes stand.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/interop/weights/stored_tensor.h"

namespace dl {

// "conv.weight" for "conv.kernel"; empty for a name that neither of them has.
std::string name_of_ours(const std::string& theirs);

// Which axis of theirs is each of ours, for a tensor of that name ("conv.kernel") in a layer of that type ("conv2d"):
// hwio -> oihw is {3, 2, 0, 1}, io -> oi {1, 0}. Nothing where the layer's tensors have no such relation.
std::optional<std::vector<int>> axes_of_ours(const std::string& theirs, std::string_view layer, int rank);

// The same elements with the axes in that order; nothing is read.
StoredTensor turned(const StoredTensor& tensor, const std::vector<int>& axes);

}  // namespace dl
