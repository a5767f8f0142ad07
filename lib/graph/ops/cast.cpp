// Conversions between element types.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/cast.h"

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {

// The gradient has the type of what it belongs to; whole numbers have none.
std::vector<Value> Cast::gradient(const Backward& b) const {
  const DType from = b.inputs[0].type().dtype;
  if (from != DType::f32 && from != DType::bf16) return {Value{}};
  return {cast(b.gradients[0], from)};
}

Value cast(Value x, DType dtype) {
  DL_CHECK(dtype == DType::f32 || dtype == DType::bf16, "cast to ", name_of(dtype));
  return x.type().dtype == dtype ? x : x.graph->add_one(std::make_shared<Cast>(dtype), {x});
}

Value as_f32(Value x) { return cast(x, DType::f32); }
Value as_bf16(Value x) { return cast(x, DType::bf16); }

}  // namespace dl
