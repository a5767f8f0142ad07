// Sets of which something is fitted to the training part (means, vocabularies), and how that is kept in the resolved
// config: `data.fitted`.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>
#include <vector>

#include "lib/base/error.h"
#include "lib/data/dataset.h"
#include "lib/spec/schema.h"

namespace dl {

// A set whose samples depend on the fit has no fields until it is fitted. What a run keeps of a set whose samples are
// read as they are, its fields and classes, is its fit too (lib/data/sample_fit.h).
class Fittable {
 public:
  virtual ~Fittable() = default;
  // What these samples say.
  virtual Node fit(std::span<const int64_t> samples) const = 0;
  // The set of these samples that follows from a fit; null where they are what they are without it.
  virtual DatasetPointer fitted(const Node& /*fit*/, std::span<const int64_t> /*samples*/) const { return nullptr; }
  // The same with the samples 0 … count - 1, for sets of so many that listing them would cost.
  virtual Node fit_first(int64_t count) const;
  virtual DatasetPointer fitted_first(const Node& fit, int64_t count) const;
};

// What all samples of the set say, null where nothing is to be fitted; and the set after fitting, else itself.
Node fit_all(const Dataset& data);
DatasetPointer fitted(DatasetPointer data, const Node& fit);

// A described struct out of Fittable::fit()'s node; keys of another kind of fit are an Error(Exit::usage).
template <class Fit>
Fit read_fit(const Node& node) {
  Fit fit;
  std::vector<Problem> problems;
  read_object(node, fit, Reading(problems, "data.fitted"));
  if (!problems.empty()) throw Error(Exit::usage, std::move(problems));
  return fit;
}

}  // namespace dl
