// Indices, given numbers and random ones.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/generate.h"

#include <sstream>

#include "lib/base/random.h"
#include "lib/graph/ops.h"

namespace dl {

Value iota(Graph& g, int64_t n) { return g.add_one(std::make_shared<Iota>(n), {}); }

std::string GivenNumbers::attributes() const {
  std::ostringstream out;
  out.precision(9);
  for (const float value : values) out << value << ' ';
  return out.str();
}

Value numbers(Graph& g, std::vector<float> values) {
  return g.add_one(std::make_shared<GivenNumbers>(std::move(values)), {});
}

Value random_uniform(Value step, Shape shape, uint64_t seed, const std::string& stream) {
  return step.graph->add_one(std::make_shared<RandomUniform>(std::move(shape), random_key(seed, random_stream(stream))),
                             {step});
}

}  // namespace dl
