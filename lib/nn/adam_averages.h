// What Adam and its kin share: their keys, and averages of the gradient and of its square.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "lib/nn/optimizer.h"

namespace dl {

// What weight_decay is, as the key's help says it.
inline constexpr const char* decay_in_gradient = "times the parameter, added to its gradient";
inline constexpr const char* decay_by_itself =
    "share of a parameter taken away at each update, times the learning rate";

// p - lr weight_decay p
Value decayed_by_itself(UpdateBuilder& b, Value p, double weight_decay);

struct AdamKin : Optimizer {
  double lr = 1e-3, eps = 1e-8, weight_decay = 0;
  std::vector<double> betas{0.9, 0.999};

  double learning_rate() const final { return lr; }

 protected:
  inline static const std::vector<std::string> kept_averages{"exp_avg", "exp_avg_sq"};  // states of those below

  void describe_adam(Schema& s, const std::string& decay);
  // m = beta1 m + (1 - beta1) g, state "exp_avg"
  Value average(UpdateBuilder& b, Value g) const;
  // v = beta2 v + (1 - beta2) square, state "exp_avg_sq"
  Value average_of_square(UpdateBuilder& b, Value square) const;
  // lr / (1 - beta1^t), and 1 / sqrt(1 - beta2^t): what makes them means of the gradients so far
  Value corrected_lr(UpdateBuilder& b) const;
  Value correction_of_root(UpdateBuilder& b) const;
};

}  // namespace dl
