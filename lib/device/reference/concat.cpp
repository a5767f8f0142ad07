// Concatenation and slices: rows of bytes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/concat.h"

#include <cstring>

#include "lib/device/reference/kernel.h"

namespace dl::reference {

namespace {

// Of a tensor cut at `axis`: how many pieces, and the bytes of each.
struct Pieces {
  Pieces(const Type& type, int axis) {
    for (int i = 0; i < axis; ++i) count *= type.shape[i];
    bytes = count > 0 ? type.bytes() / count : 0;
  }
  int64_t count = 1, bytes = 0;
};

Run concat_kernel(const Op& op, Types in, Types out) {
  const int axis = static_cast<const Concat&>(op).axis;
  std::vector<int64_t> bytes;
  for (const Type& part : in) bytes.push_back(Pieces(part, axis).bytes);
  return [bytes, whole = Pieces(out[0], axis)](Buffers x, Buffers y) {
    char* to = static_cast<char*>(y[0]);
    for (int64_t i = 0; i < whole.count; ++i) {
      for (size_t k = 0; k < bytes.size(); ++k) {
        std::memcpy(to, static_cast<const char*>(x[k]) + i * bytes[k], static_cast<size_t>(bytes[k]));
        to += bytes[k];
      }
    }
  };
}

Run slice_kernel(const Op& op, Types in, Types out) {
  const Slice& slice = static_cast<const Slice&>(op);
  const Pieces whole(in[0], slice.axis), part(out[0], slice.axis);
  const int64_t first = whole.bytes / in[0].shape[slice.axis] * slice.begin;
  return [=](Buffers x, Buffers y) {
    for (int64_t i = 0; i < whole.count; ++i) {
      std::memcpy(static_cast<char*>(y[0]) + i * part.bytes, static_cast<const char*>(x[0]) + i * whole.bytes + first,
                  static_cast<size_t>(part.bytes));
    }
  };
}

DL_REFERENCE_KERNEL("concat", concat_kernel);
DL_REFERENCE_KERNEL("slice", slice_kernel);

}  // namespace

}  // namespace dl::reference
