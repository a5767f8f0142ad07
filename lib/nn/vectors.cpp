// Angles and distances.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/vectors.h"

#include "lib/base/error.h"

namespace dl {

Value cosine(Value a, Value b) {
  return sum(a * b, {-1}) * rsqrt((sum(a * a, {-1}) + 1e-12) * (sum(b * b, {-1}) + 1e-12));
}

Value distance(Value a, Value b, double p, double eps) {
  const Value d = a - b + eps;
  if (p == 2) return sqrt(sum(d * d, {-1}));
  if (p == 1) return sum(abs(d), {-1});
  return pow(sum(pow(abs(d), p), {-1}), 1 / p);
}

// The root is of what is above 0: that of 0 has no slope.
Value unit_length(Value x) { return x / sqrt(maximum(sum(x * x, {-1}), 1e-24)); }

Value as_targets(Value of_pairs, Value target) {
  if (of_pairs.shape().elements() == target.shape().elements()) return reshape(of_pairs, target.shape());
  throw ShapeError(concat("expected one target a pair of vectors, got ", target.shape().without_batch().text()),
                   "name the data's field that says whether two are of a kind: 'target: FIELD'");
}

void expect_same_vectors(Value a, Value b, const std::string& second) {
  const Shape found = a.shape().without_batch();
  if (b.type().dtype == DType::f32 && a.shape() == b.shape() && found.rank() > 0) return;
  throw ShapeError(concat("expected vectors of one length, got ", found.text(), " and from ", second, " ",
                          name_of(b.type().dtype), " ", b.shape().without_batch().text()),
                   "let both end with 'linear: N' of one N");
}

PairsByClass pairs_by_class(Value vectors, Value classes) {
  if (vectors.shape().rank() != 2 || classes.type().dtype != DType::i32 || classes.shape().rank() != 1)
    throw ShapeError(
        concat("expected one vector a sample and a class as target, got ", vectors.shape().without_batch().text(),
               " and ", name_of(classes.type().dtype), " ", classes.shape().without_batch().text()),
        "end the model with 'flatten' and 'linear: 64'");
  const int64_t batch = classes.shape()[0];
  const Value alike = equal(reshape(classes, {batch, 1}), reshape(classes, {1, batch}));
  const Value index = iota(*classes.graph, batch), own = equal(reshape(index, {batch, 1}), index);
  return {alike * (1 - own), 1 - alike};
}

}  // namespace dl
