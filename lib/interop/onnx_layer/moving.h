// What ONNX's operators that move elements have in common: places of elements, and lists that say what is moved.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "lib/interop/onnx_layer/taken.h"

namespace dl::onnx {

// How far apart two neighbours along each axis lie in a tensor of these sizes.
Whole strides_of(const Whole& sizes);

// The elements of a known tensor at `place(index)` of a result of these sizes; -1: 0. The node is refused where these
// are none that a result can have.
template <class Place>
ReadTensor gathered(const Taking& t, const ReadNode& node, const ReadTensor& from, Whole sizes, Place place) {
  t.expect_sizes(node, sizes);
  ReadTensor out{.sizes = std::move(sizes), .is_float = from.is_float};
  const int64_t count = Shape(out.sizes).elements();
  t.expect_known(node, count, from.count());
  Whole index(out.sizes.size());
  for (int64_t n = 0; n < count; ++n) {
    const int64_t at = place(index);
    if (from.is_float)
      out.floats.push_back(at < 0 ? 0 : from.floats[static_cast<size_t>(at)]);
    else
      out.integers.push_back(at < 0 ? 0 : from.integers[static_cast<size_t>(at)]);
    for (size_t i = index.size(); i-- > 0 && ++index[i] == out.sizes[i];) index[i] = 0;
  }
  return out;
}

// A list that is an input of the node since version `since` of the operators, and an attribute before; empty and, where
// that is asked, not `given` where the node has neither.
Whole list_of(Taking& t, const ReadNode& node, size_t input, const char* attribute, int64_t since, bool& given);
Whole list_of(Taking& t, const ReadNode& node, size_t input, const char* attribute, int64_t since);

// The place of a tensor's axis in the value.
int place_of(const AxisOrder& order, int axis);

}  // namespace dl::onnx
