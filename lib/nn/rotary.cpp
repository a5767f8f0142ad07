// Pairs of features turned.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/rotary.h"

#include <cmath>

#include "lib/base/error.h"
#include "lib/graph/ops.h"
#include "lib/graph/ops/generate.h"

namespace dl {

void Rotary::describe(Schema& s) {
  s.summary("positions as angles by which queries and keys are turned");
  s.optional("base", base, "ratio of the longest wave to the shortest")
      .above(1)
      .positional()
      .known_as({"theta", "rope_theta"});
  s.optional("dim", dim, "features of a head that are turned, the first; without it all").at_least(2);
  s.optional("interleaved", interleaved,
             "whether a pair are neighbours; else the halves, as Llama in transformers has them");
}

Value Rotary::turn(Value x, int64_t heads, Value position) const {
  const Shape shape = x.shape();
  const int64_t head_dim = shape[2] / heads, turned = dim.value_or(head_dim), pairs = turned / 2;
  if (turned > head_dim || turned % 2 != 0) {
    throw ShapeError(
        concat("expected an even number of features to turn, at most a head's ", head_dim, ", got ", turned),
        "set rotary.dim, or other heads");
  }
  const Value frequency = exp(iota(*x.graph, pairs) * (-2 * std::log(base) / static_cast<double>(turned)));
  const Value angle = position * frequency;  // [1 or batch, length, pairs]
  const int64_t batch = angle.shape().rank() == 3 ? angle.shape()[0] : 1;
  const Shape across = interleaved ? Shape{batch, shape[1], 1, pairs, 1} : Shape{batch, shape[1], 1, pairs};
  const Value c = reshape(map(Function::cos, angle), across), s = reshape(map(Function::sin, angle), across);
  const Value each = reshape(x, {shape[0], shape[1], heads, head_dim});
  Value part = slice(each, 3, 0, turned);
  if (interleaved) part = reshape(part, {shape[0], shape[1], heads, pairs, 2});
  const int64_t half = interleaved ? 1 : pairs;
  const Value a = slice(part, -1, 0, half), b = slice(part, -1, half, half);
  Value y = concatenate({a * c - b * s, b * c + a * s}, -1);
  if (interleaved) y = reshape(y, {shape[0], shape[1], heads, turned});
  if (turned < head_dim) y = concatenate({y, as_f32(slice(each, 3, turned, head_dim - turned))}, 3);
  return reshape(y, shape);
}

}  // namespace dl
