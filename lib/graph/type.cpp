// Shapes and element types.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/type.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/graph/op.h"

namespace dl {

const char* name_of(DType type) {
  switch (type) {
    case DType::f32: return "f32";
    case DType::i32: return "i32";
    case DType::u8: return "u8";
    case DType::bf16: return "bf16";
  }
  return "?";
}

std::string Shape::text() const {
  std::string out = "[";
  for (size_t i = 0; i < sizes_.size(); ++i) out += concat(i ? ", " : "", sizes_[i]);
  return out + "]";
}

Shape Shape::without_batch() const {
  DL_CHECK(!sizes_.empty(), "a scalar has no batch dimension");
  return Shape(std::vector<int64_t>(sizes_.begin() + 1, sizes_.end()));
}

Shape broadcast(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<int64_t> sizes(static_cast<size_t>(rank));
  for (int i = 1; i <= rank; ++i) {
    const int64_t p = i <= a.rank() ? a[-i] : 1, q = i <= b.rank() ? b[-i] : 1;
    if (p != q && p != 1 && q != 1) {
      throw ShapeError(concat("shapes ", a.text(), " and ", b.text(), " differ and neither size is 1"));
    }
    sizes[static_cast<size_t>(rank - i)] = p == 1 ? q : p;
  }
  return Shape(std::move(sizes));
}

}  // namespace dl
