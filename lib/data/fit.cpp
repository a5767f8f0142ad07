// Fitting a whole set.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/fit.h"

#include <numeric>

#include "lib/data/capability.h"

namespace dl {
namespace {

std::vector<int64_t> first_samples(int64_t count) {
  std::vector<int64_t> samples(static_cast<size_t>(count));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

}  // namespace

Node Fittable::fit_first(int64_t count) const { return fit(first_samples(count)); }

DatasetPointer Fittable::fitted_first(const Node& fit, int64_t count) const {
  return fitted(fit, first_samples(count));
}

Node fit_all(const Dataset& data) {
  const auto fittable = capability<Fittable>(data);
  if (!fittable) return Node::null();
  if (fittable.has_same_indices()) return fittable->fit_first(data.size());
  return fittable->fit(fittable.indices(first_samples(data.size())));
}

DatasetPointer fitted(DatasetPointer data, const Node& fit) {
  const auto fittable = capability<Fittable>(*data);
  if (!fittable) return data;
  DatasetPointer after = fittable.has_same_indices()
                             ? fittable->fitted_first(fit, data->size())
                             : fittable->fitted(fit, fittable.indices(first_samples(data->size())));
  return after ? after : data;
}

}  // namespace dl
