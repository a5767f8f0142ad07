// Axes: slices where a few make the result, else a product with a matrix.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/graph/ops/generate.h"
#include "lib/graph/sizes.h"

namespace dl {

int axis_of(const Shape& x, int64_t axis, int more) {
  const int64_t rank = x.rank() + more;
  const int64_t found = axis < 0 ? axis + rank : axis;
  if (found < 1 || found >= rank) {
    const std::string axes = rank == 2 ? "1" : concat("1 to ", rank - 1);
    throw ShapeError(concat("expected an axis of ", x.without_batch().text(), ", got ", axis),
                     concat("write ", axes, ", or -1 for the last; the batch, 0, stays as it is"));
  }
  return static_cast<int>(found);
}

namespace {

// Places that follow each other, or one place several times.
struct Run {
  int64_t begin = 0, size = 0, times = 1;
};

std::vector<Run> runs_of(const std::vector<int64_t>& places) {
  std::vector<Run> runs;
  for (const int64_t place : places) {
    if (!runs.empty() && runs.back().times == 1 && place == runs.back().begin + runs.back().size)
      ++runs.back().size;
    else if (!runs.empty() && runs.back().size == 1 && place == runs.back().begin)
      ++runs.back().times;
    else
      runs.push_back({.begin = place, .size = 1});
  }
  return runs;
}

}  // namespace

Value take(Value x, int axis, const std::vector<int64_t>& places) {
  constexpr size_t few = 16;
  constexpr int64_t most_weights = int64_t{1} << 28;
  const std::vector<Run> runs = runs_of(places);
  const int64_t size = x.shape()[axis];
  if (runs.size() > few) {
    if (times(std::ssize(places), size) > most_weights)
      throw ShapeError(concat("takes ", places.size(), " of ", size, " places in an order of its own, more than the ",
                              most_weights, " weights that this is done by"));
    std::vector<float> matrix(places.size() * static_cast<size_t>(size));
    for (size_t i = 0; i < places.size(); ++i)
      matrix[i * static_cast<size_t>(size) + static_cast<size_t>(places[i])] = 1;
    return along_axis(x, axis, static_cast<int64_t>(places.size()), std::move(matrix));
  }
  std::vector<Value> parts;
  for (const Run& run : runs) {
    Value part = slice(x, axis, run.begin, run.size);
    if (run.times > 1) {
      Shape repeated = part.shape();
      repeated[axis] = run.times;
      part = broadcast_to(part, repeated);
    }
    parts.push_back(part);
  }
  const bool converted = std::ranges::any_of(runs, [](const Run& run) { return run.times > 1; });
  for (Value& part : parts) part = converted ? as_f32(part) : part;
  return concatenate(std::move(parts), axis);
}

Value rolled(Value x, int axis, int64_t by) {
  const int64_t size = x.shape()[axis], last = (by % size + size) % size;
  if (last == 0) return x;
  return concatenate({slice(x, axis, size - last, last), slice(x, axis, 0, size - last)}, axis);
}

Value along_axis(Value x, int axis, int64_t wanted, std::vector<float> matrix) {
  return along_axis(x, axis, reshape(numbers(*x.graph, std::move(matrix)), {wanted, x.shape()[axis]}));
}

Value along_axis(Value x, int axis, Value matrix) {
  const int rank = x.shape().rank();
  if (axis == rank - 1) return matmul(x, matrix, false, true);
  std::vector<int> order(static_cast<size_t>(rank));  // swaps the axis and the last, and so is its own reverse
  for (int i = 0; i < rank; ++i) order[static_cast<size_t>(i)] = i == axis ? rank - 1 : i == rank - 1 ? axis : i;
  return transpose(matmul(transpose(x, order), matrix, false, true), order);
}

void refuse_decoding(const Builder& b, const std::string& layer) {
  if (!b.decoding()) return;
  throw ShapeError(layer + " looks at other positions, so that none can be had by itself",
                   "write a recurrent layer or attention, and train again");
}

}  // namespace dl
