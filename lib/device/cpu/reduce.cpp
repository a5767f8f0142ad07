// Sums, maxima and moments over any axes, where a fused loop cannot make them: each result by one thread, in double.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <optional>

#include "lib/base/division.h"
#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/loop_runner.h"
#include "lib/graph/ops/reduce.h"

namespace dl {

namespace {

// x's elements as [kept, reduced, inner]: where the rows of each begin, rows of `inner` neighbours.
struct Reduction {
  std::vector<int64_t> kept{0}, reduced{0};
  int64_t inner = 1;
  bool inner_reduced = false;

  Reduction(const Shape& x, const std::vector<int>& axes) {
    int axis = x.rank() - 1;
    const auto is_reduced = [&](int a) { return std::find(axes.begin(), axes.end(), a) != axes.end(); };
    inner_reduced = axis >= 0 && is_reduced(axis);
    while (axis >= 0 && is_reduced(axis) == inner_reduced) inner *= x[axis--];
    for (int64_t stride = inner; axis >= 0; --axis) {
      std::vector<int64_t>& starts = is_reduced(axis) ? reduced : kept;
      std::vector<int64_t> next;
      for (int64_t i = 0; i < x[axis]; ++i) {
        for (int64_t start : starts) next.push_back(start + i * stride);
      }
      starts = std::move(next);
      stride *= x[axis];
    }
  }
};

struct Sum {
  static constexpr double nothing = 0;
  static double of(double a, double b) { return a + b; }
};

struct Largest {
  static constexpr double nothing = -std::numeric_limits<double>::infinity();
  static double of(double a, double b) { return a > b || a != a ? a : b; }  // NaN stays NaN
};

struct Square {  // of the distance to `mean`
  const double* mean;
  double operator()(double x, int64_t column) const { return (x - mean[column]) * (x - mean[column]); }
};

struct Same {
  double operator()(double x, int64_t) const { return x; }
};

// Calls put(column, value) for the folded columns [first, first + n) of kept row k; n <= 64.
template <class Fold, class Of, class Put>
void fold(const Reduction& red, const float* x, int64_t first, int64_t n, Of of, Put put) {
  double value[64];
  std::fill_n(value, 64, Fold::nothing);
  for (int64_t start : red.reduced) {
    const float* row = x + start;
    if (red.inner_reduced) {
      for (int64_t j = 0; j < red.inner; ++j) value[0] = Fold::of(value[0], of(double{row[j]}, 0));
    } else {
      for (int64_t j = 0; j < n; ++j) value[j] = Fold::of(value[j], of(double{row[first + j]}, j));
    }
  }
  for (int64_t j = 0; j < n; ++j) put(first + j, value[j]);
}

class ReduceKernel final : public Kernel {
 public:
  enum class Kind { sum, max, moments };
  ReduceKernel(Kind kind, const Shape& x, const std::vector<int>& axes, ThreadTeam& team)
      : kind_(kind), x_(x), axes_(axes), team_(team) {}

  void run(std::span<void* const> inputs, std::span<void* const> outputs, void*) override {
    if (!reduction_) reduction_.emplace(x_, axes_);  // not before: sizes may be absurd while a step is only planned
    const auto* x = static_cast<const float*>(inputs[0]);
    auto* y = static_cast<float*>(outputs[0]);
    auto* variance = kind_ == Kind::moments ? static_cast<float*>(outputs[1]) : nullptr;
    const int64_t rows = static_cast<int64_t>(reduction_->kept.size());
    const int64_t columns = reduction_->inner_reduced ? 1 : reduction_->inner;
    const int64_t pieces = ceil_div(columns, 64);
    team_.run([&](int thread) {
      const Range range = split(rows * pieces, team_.size(), thread);
      for (int64_t i = range.begin; i < range.end; ++i) {
        const int64_t k = i / pieces, first = i % pieces * 64;
        piece(x + reduction_->kept[static_cast<size_t>(k)], first, std::min<int64_t>(64, columns - first),
              y + k * columns, variance ? variance + k * columns : nullptr);
      }
    });
  }

 private:
  void piece(const float* x, int64_t first, int64_t n, float* y, float* variance) const {
    const auto put = [&](int64_t column, double value) { y[column] = static_cast<float>(value); };
    if (kind_ == Kind::sum) return fold<Sum>(*reduction_, x, first, n, Same{}, put);
    if (kind_ == Kind::max) return fold<Largest>(*reduction_, x, first, n, Same{}, put);
    const double count = static_cast<double>(reduction_->reduced.size()) *
                         static_cast<double>(reduction_->inner_reduced ? reduction_->inner : 1);
    double mean[64];
    fold<Sum>(*reduction_, x, first, n, Same{}, [&](int64_t column, double value) {
      mean[column - first] = value / count;
      put(column, value / count);
    });
    fold<Sum>(*reduction_, x, first, n, Square{mean},
              [&](int64_t column, double value) { variance[column] = static_cast<float>(value / count); });
  }

  const Kind kind_;
  const Shape x_;
  const std::vector<int> axes_;
  std::optional<Reduction> reduction_;
  ThreadTeam& team_;
};

std::unique_ptr<Kernel> make_reduce(const Op& op, std::span<const Type> in, std::span<const Type>, CpuDevice& device,
                                    std::unique_ptr<LoopRunner>) {
  const Reduce& reduce = static_cast<const Reduce&>(op);
  const auto kind = reduce.kind == Reduce::Kind::sum ? ReduceKernel::Kind::sum : ReduceKernel::Kind::max;
  return std::make_unique<ReduceKernel>(kind, in[0].shape, reduce.axes, device.team());
}

std::unique_ptr<Kernel> make_moments(const Op& op, std::span<const Type> in, std::span<const Type>, CpuDevice& device,
                                     std::unique_ptr<LoopRunner>) {
  const std::vector<int>& axes = static_cast<const MomentsOp&>(op).axes;
  return std::make_unique<ReduceKernel>(ReduceKernel::Kind::moments, in[0].shape, axes, device.team());
}

DL_CPU_KERNEL("reduce_sum", make_reduce);
DL_CPU_KERNEL("reduce_max", make_reduce);
DL_CPU_KERNEL("moments", make_moments);

}  // namespace

}  // namespace dl
