// A rule of an update that acts on some parameters alone: penalties and constraints of weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/nn/patterns.h"
#include "lib/nn/update_rule.h"

namespace dl {

struct PartialRule : UpdateRule {
  Patterns match;        // of paths, one of which must fit; none: all do
  int64_t min_rank = 0;  // axes

  bool by_tensor() const override { return !match.empty() || min_rank > 0; }
  bool acts_on(const std::string& path, int64_t rank) const final {
    return rank >= min_rank && (match.empty() || match.fit(path));
  }
  Value apply(UpdateBuilder& b, Value x) const final {
    return !by_tensor() || acts_on(b.path(), x.shape().rank()) ? changed(b, x) : x;
  }

 protected:
  void describe_choice(Schema& s);  // the keys
  virtual Value changed(UpdateBuilder& b, Value x) const = 0;
};

// A constraint of the weights that a unit of the layer sums its inputs with, a row of a matrix as PyTorch stores them:
// of tensors of two axes or more.
struct UnitConstraint : PartialRule {
  UnitConstraint() { min_rank = 2; }
  bool by_tensor() const final { return true; }
  bool after_optimizer() const final { return true; }

 protected:
  // The L2 norm of each unit's weights, of a shape that spreads over them.
  static Value norms(Value w);
};

}  // namespace dl
