// Indices and random numbers.
#include "lib/graph/ops/generate.h"

#include "lib/base/random.h"
#include "lib/graph/ops.h"

namespace dl {

Value iota(Graph& g, int64_t n) { return g.add_one(std::make_shared<Iota>(n), {}); }

Value random_uniform(Value step, Shape shape, uint64_t seed, const std::string& stream) {
  return step.graph->add_one(std::make_shared<RandomUniform>(std::move(shape), random_key(seed, random_stream(stream))),
                             {step});
}

}  // namespace dl
