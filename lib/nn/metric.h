// A metric: a mean over targets, given as sum and count so that batches of any size add up.
#pragma once
#include "lib/graph/ops.h"
#include "lib/spec/registry.h"
#include "lib/spec/schema.h"

namespace dl {

struct Metric : Described {
  static constexpr const char* kind = "metric";
  struct Sums {
    Value sum, count;  // f32 [] each
  };
  // prediction [batch, …], target [batch, …]. Types that do not fit are a ShapeError.
  virtual Sums build(Value prediction, Value target) const = 0;
  // The reported value of a run of batches.
  virtual double value(double sum, double count) const { return sum / count; }
  virtual bool higher_is_better() const = 0;
};

}  // namespace dl

#define DL_METRIC(Type, name) DL_REGISTER(::dl::Metric, Type, name)
