// What the outputs of a network mean where they tell of classes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "lib/train/inference/evaluate.h"
#include "lib/train/plan/plan.h"

namespace dl {

// A class and how sure the network is of it.
struct Verdict {
  int64_t best = 0;
  float probability = 0;
};

class Verdicts {
 public:
  explicit Verdicts(const Plan& plan);

  // Whether the outputs are one value a class, or one that is the probability of the second of two.
  bool of_classes() const { return per_class_ || of_two_; }
  // Whether each sample has one class.
  bool one_a_sample() const { return of_classes() && one_a_sample_; }
  int64_t classes() const { return classes_; }
  std::string name(int64_t index) const;  // of a class
  // At a position of the prediction, where the outputs are of classes.
  Verdict of(const Prediction& prediction, int64_t position = 0) const;
  float probability(const Prediction& prediction, int64_t index, int64_t position = 0) const;

 private:
  bool per_class_ = false, of_two_ = false, one_a_sample_ = false;
  int64_t classes_ = 0;
  std::vector<std::string> names_;
};

}  // namespace dl
