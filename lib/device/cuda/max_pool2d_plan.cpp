// How many blocks pool, with which numbers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/max_pool2d_plan.h"

#include <algorithm>
#include <limits>

#include "lib/base/division.h"
#include "lib/base/error.h"

namespace dl::cuda {
namespace {

constexpr int threads = 256;
constexpr int64_t most_places = 1 << 30;  // along an axis, padding included

// A size that no memory holds is never run.
int to_int(int64_t n) { return static_cast<int>(std::min<int64_t>(n, std::numeric_limits<int>::max())); }

WindowAxis axis_of(const Window& window, int axis, int64_t made, int64_t source) {
  const size_t i = static_cast<size_t>(axis);
  if (std::max({made, source, window.pad_before[i], window.stride[i], window.dilation[i],
                window.dilation[i] * window.size[i]}) >= most_places) {
    throw Error(Exit::usage, Problem{.what = concat("pooling with the window ", window.text(), " over ", source,
                                                    " places counts more than ", most_places, " along an axis"),
                                     .help = "use a smaller window or less padding"});
  }
  return {.made = static_cast<int>(made),
          .source = static_cast<int>(source),
          .size = static_cast<int>(window.size[i]),
          .stride = static_cast<int>(window.stride[i]),
          .pad = static_cast<int>(window.pad_before[i]),
          .dilation = static_cast<int>(window.dilation[i])};
}

// What both directions share.
template <class Plan>
Plan plan_pooling(const Window& window, const Shape& made, const Shape& source, DType places) {
  Plan plan;
  plan.places = places;
  plan.at_once = made.last() % 4 == 0 ? 4 : 1;
  auto& a = plan.arguments;
  for (int axis = 0; axis < 2; ++axis) a.axis[axis] = axis_of(window, axis, made[axis + 1], source[axis + 1]);
  a.channels = to_int(made.last());
  a.by_vectors = Divisor(to_int(made.last() / plan.at_once));
  a.by_rows = Divisor(a.axis[0].made);
  a.by_columns = Divisor(a.axis[1].made);
  a.vectors = made.elements() / plan.at_once;
  plan.grid = {.x = to_int(ceil_div(a.vectors, threads)), .threads = threads};
  return plan;
}

std::string_view place_name(DType places) { return places == DType::u8 ? "unsigned char" : "int"; }

}  // namespace

MaxPoolPlan plan_max_pool2d(const Window& window, const Shape& x, const Shape& y, DType places) {
  return plan_pooling<MaxPoolPlan>(window, y, x, places);
}

KernelSource MaxPoolPlan::source(bool places_read) const {
  return {.header = "max_pool2d.h",
          .call = concat("max_pool2d<", places_read ? place_name(places) : "void", ", ", at_once, ">"),
          .arguments = "Pool"};
}

MaxPoolGradientPlan plan_max_pool2d_gradient(const Window& window, const Shape& dx, const Shape& dy, DType places) {
  auto plan = plan_pooling<MaxPoolGradientPlan>(window, dx, dy, places);
  for (int axis = 0; axis < 2; ++axis) {
    plan.arguments.by_stride[axis] = Divisor(plan.arguments.axis[axis].stride);
    plan.arguments.by_dilation[axis] = Divisor(plan.arguments.axis[axis].dilation);
  }
  return plan;
}

KernelSource MaxPoolGradientPlan::source() const {
  return {.header = "max_pool2d.h",
          .call = concat("max_pool2d_gradient<", place_name(places), ", ", at_once, ">"),
          .arguments = "PoolGradient"};
}

}  // namespace dl::cuda
