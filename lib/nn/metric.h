// A metric: a mean over targets, given as sum and count so that batches of any size add up.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "lib/graph/ops.h"
#include "lib/nn/loss.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

struct Metric : Described {
  static constexpr const char* kind = "metric";
  static void say_instead(AnyRegistry& registry);  // names of other frameworks that we have nothing for
  struct Sums {
    Value sum, count;  // f32 [] each
  };
  // The predictions of which the metric says something.
  virtual std::vector<Loss::Reads> takes() const = 0;
  // Takes from the loss, whose predictions are measured, what the config left open.
  virtual void beside(const Loss& /*loss*/) {}
  // prediction [batch, …], target [batch, …]. Types that do not fit are a ShapeError.
  virtual Sums build(Value prediction, Value target) const = 0;
  // The reported value of a run of batches.
  virtual double value(double sum, double count) const { return sum / count; }
  virtual bool higher_is_better() const = 0;
};

// Throws ShapeError where the metric does not take what the loss reads.
void expect_measurable(const Metric& metric, const Loss& loss);

}  // namespace dl

#define DL_METRIC(Type, name) DL_REGISTER(::dl::Metric, Type, name)
