// Fitting a whole set.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/fit.h"

#include <numeric>

#include "lib/data/capability.h"

namespace dl {
namespace {

std::vector<int64_t> all_samples(const Dataset& data) {
  std::vector<int64_t> samples(static_cast<size_t>(data.size()));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

}  // namespace

Node fit_all(const Dataset& data) {
  const auto fittable = capability<Fittable>(data);
  return fittable ? fittable->fit(fittable.indices(all_samples(data))) : Node::null();
}

DatasetPointer fitted(DatasetPointer data, const Node& fit) {
  const auto fittable = capability<Fittable>(*data);
  DatasetPointer after = fittable ? fittable->fitted(fit, fittable.indices(all_samples(*data))) : nullptr;
  return after ? after : data;
}

}  // namespace dl
