// Slopes of the Jaccard index.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/jaccard_slopes.h"

#include <cmath>
#include <limits>

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {

std::vector<Type> JaccardSlopes::infer(std::span<const Type> inputs) const {
  const Type& errors = inputs[0];
  DL_CHECK(errors.dtype == DType::f32 && errors.shape.rank() == 2 && inputs[1] == errors, errors.shape.text());
  if (errors.shape[1] > std::numeric_limits<int32_t>::max())
    throw ShapeError(concat(errors.shape[1], " places of a sample cannot be sorted"), "make the samples smaller");
  return {errors};
}

Cost JaccardSlopes::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  const Shape& shape = inputs[0].shape;
  cost.flops = static_cast<double>(shape.elements()) * std::log2(2.0 + static_cast<double>(shape[1]));
  return cost;
}

Value jaccard_slopes(Value errors, Value hits) {
  return stop_gradient(errors.graph->add_one(std::make_shared<JaccardSlopes>(), {errors, hits}));
}

}  // namespace dl
