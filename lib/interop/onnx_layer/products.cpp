// ONNX's products, sums over axes and the norms of sequences.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/graph/sizes.h"
#include "lib/interop/onnx_layer/taken.h"
#include "lib/nn/merge_layer.h"

namespace dl::onnx {
namespace {

AxisOrder with_last_two_swapped(int rank) {
  AxisOrder order = natural_order(rank);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return order;
}

// [.., m, k] and [k, n]; a matrix that is held transposed is multiplied as it is.
Value times_matrix(Taking& t, const ReadNode& node, Value a, size_t input) {
  const Taken& b = t.at(node, input);
  if (b.value && b.order == AxisOrder{1, 0}) return matmul(a, t.in_order(node, input, {1, 0}), false, true);
  return matmul(a, t.value(node, input));
}

void take_matmul(Taking& t, const ReadNode& node) {
  const int rank_a = t.at(node, 0).rank(), rank_b = t.at(node, 1).rank();
  if (rank_a < 2 || rank_b < 2) t.fail(node, "of a vector is not known here", "export it with matrices");
  if (rank_b == 2) return t.give(node, 0, times_matrix(t, node, as_f32(t.value(node, 0)), 1));
  Value a = as_f32(t.value(node, 0)), b = as_f32(t.in_order(node, 1, with_last_two_swapped(rank_b)));  // [.., n, k]
  // The batches broadcast.
  const auto batch_of = [](const Value& v) { return Whole(v.shape().sizes().begin(), v.shape().sizes().end() - 2); };
  const Shape batch = broadcast(Shape(batch_of(a)), Shape(batch_of(b)));
  const auto flat = [&](Value v) {
    Whole sizes = batch.sizes(), own(static_cast<size_t>(batch.rank() + 2 - v.shape().rank()), 1);
    sizes.insert(sizes.end(), v.shape().sizes().end() - 2, v.shape().sizes().end());
    own.insert(own.end(), v.shape().sizes().begin(), v.shape().sizes().end());
    const Shape wanted(sizes);
    if (Shape(own) != wanted) v = broadcast_to(reshape(v, Shape(own)), wanted);
    return reshape(v, {batch.elements(), wanted[-2], wanted[-1]});
  };
  const Value y = batched_matmul(flat(a), flat(b));
  Whole sizes = batch.sizes();
  sizes.insert(sizes.end(), {y.shape()[1], y.shape()[2]});
  t.give(node, 0, reshape(y, Shape(std::move(sizes))));
}

void take_gemm(Taking& t, const ReadNode& node) {
  const double alpha = t.attribute<float>(node, "alpha", 1), beta = t.attribute<float>(node, "beta", 1);
  const bool trans_a = t.attribute<int64_t>(node, "transA", 0) != 0,
             trans_b = t.attribute<int64_t>(node, "transB", 0) != 0;
  if (t.at(node, 0).rank() != 2 || t.at(node, 1).rank() != 2) t.fail(node, "expected two matrices");
  const Value a = as_f32(t.in_order(node, 0, trans_a ? AxisOrder{1, 0} : AxisOrder{0, 1}));
  Value y = trans_b ? matmul(a, t.value(node, 1), false, true) : times_matrix(t, node, a, 1);
  if (alpha != 1) y = alpha * y;
  if (t.has(node, 2) && beta != 0) y = y + (beta == 1 ? t.value(node, 2) : beta * t.value(node, 2));
  t.give(node, 0, y);
}

template <Value (*over_last)(Value)>
void take_softmax(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const int rank = x.rank();
  const int axis = axis_in(node, t, t.attribute<int64_t>(node, "axis", t.opset() < 13 ? 1 : -1), rank);
  if (t.opset() < 13 && axis != rank - 1) {  // all axes from there on are one
    const Value value = as_f32(t.value(node, 0));
    const Shape shape = value.shape();
    const int64_t before = Shape(Whole(shape.sizes().begin(), shape.sizes().begin() + axis)).elements();
    if (before == 0) t.fail(node, concat("expected samples, got ", shape.text()));
    return t.give(node, 0, reshape(over_last(reshape(value, {before, shape.elements() / before})), shape));
  }
  AxisOrder order = natural_order(rank);
  std::erase(order, axis);
  order.push_back(axis);
  t.give(node, 0, over_last(as_f32(t.in_order(node, 0, order))), order);
}

Value softmax_of(Value x) { return softmax(x); }
Value log_softmax_of(Value x) { return log_softmax(x); }

using Reduce = Value (*)(Value, std::vector<int>);
Value mean_over(Value x, std::vector<int> axes) { return mean(x, std::move(axes)); }
Value sum_over(Value x, std::vector<int> axes) { return sum(x, std::move(axes)); }
Value max_over(Value x, std::vector<int> axes) { return max(x, std::move(axes)); }
Value min_over(Value x, std::vector<int> axes) { return -max(-x, std::move(axes)); }
Value l1_over(Value x, std::vector<int> axes) { return sum(abs(x), std::move(axes)); }
Value l2_over(Value x, std::vector<int> axes) { return sqrt(sum(x * x, std::move(axes))); }
Value squares_over(Value x, std::vector<int> axes) { return sum(x * x, std::move(axes)); }
Value log_sum_exp_over(Value x, std::vector<int> axes) {
  const Value most = stop_gradient(max(x, axes));
  return log(sum(exp(x - most), std::move(axes))) + most;
}

template <Reduce reduce>
void take_reduce(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  const int rank = x.rank();
  const bool keeps = t.attribute<int64_t>(node, "keepdims", 1) != 0;
  Whole named = t.has_attribute(node, "axes") ? t.attribute<Whole>(node, "axes", {})
                : t.has(node, 1)              ? t.integers(node, 1)
                                              : Whole{};
  if (named.empty() && t.attribute<int64_t>(node, "noop_with_empty_axes", 0)) return t.give_same(node, 0, x);
  if (named.empty())
    for (int axis = 0; axis < rank; ++axis) named.push_back(axis);
  std::vector<bool> drops(static_cast<size_t>(rank));
  for (const int64_t axis : named) drops[static_cast<size_t>(axis_in(node, t, axis, rank))] = true;
  const AxisOrder order = x.value ? x.order : natural_order(rank);
  std::vector<int> axes;
  for (int i = 0; i < rank; ++i)
    if (drops[static_cast<size_t>(order[static_cast<size_t>(i)])]) axes.push_back(i);
  const Value y = reduce(as_f32(t.in_order(node, 0, order)), axes);
  if (keeps) return t.give(node, 0, y, order);
  Whole sizes;
  AxisOrder left;
  for (int i = 0; i < rank; ++i) {
    const int axis = order[static_cast<size_t>(i)];
    if (drops[static_cast<size_t>(axis)]) continue;
    sizes.push_back(y.shape()[i]);
    left.push_back(axis - static_cast<int>(std::count(drops.begin(), drops.begin() + axis, true)));
  }
  t.give(node, 0, reshape(y, Shape(std::move(sizes))), left);
}

// Of sizes, as a model counts its elements.
void take_reduce_prod(Taking& t, const ReadNode& node) {
  const ReadTensor* x = t.known(node, 0);
  if (!x || x->sizes.size() != 1) t.fail(node, "of values that depend on the data is not known here");
  const bool keeps = t.attribute<int64_t>(node, "keepdims", 1) != 0;
  const bool named = t.has_attribute(node, "axes") || t.has(node, 1);
  if (!named && t.attribute<int64_t>(node, "noop_with_empty_axes", 0)) return t.give_same(node, 0, t.at(node, 0));
  ReadTensor y{.sizes = keeps ? Whole{1} : Whole{}, .is_float = x->is_float};
  if (x->is_float) {
    y.floats = {1};
    for (const float each : x->floats) y.floats[0] *= each;
  } else {
    y.integers = {1};
    for (const int64_t each : x->integers) y.integers[0] = times(y.integers[0], each);
  }
  t.give_known(node, 0, std::move(y));
}

// Over the axes from one on.
std::vector<int> axes_from(Taking& t, const ReadNode& node, int rank) {
  std::vector<int> axes;
  for (int axis = axis_in(node, t, t.attribute<int64_t>(node, "axis", -1), rank); axis < rank; ++axis)
    axes.push_back(axis);
  return axes;
}

void take_layer_normalization(Taking& t, const ReadNode& node) {
  const Value x = as_f32(t.value(node, 0));
  const Moments m = moments(x, axes_from(t, node, x.shape().rank()));
  const double eps = t.attribute<float>(node, "epsilon", 1e-5f);
  Value y = (x - m.mean) * rsqrt(m.variance + eps) * t.value(node, 1);
  if (t.has(node, 2)) y = y + t.value(node, 2);
  t.give(node, 0, y);
}

void take_rms_normalization(Taking& t, const ReadNode& node) {
  const Value x = as_f32(t.value(node, 0));
  const double eps = t.attribute<float>(node, "epsilon", 1e-5f);
  t.give(node, 0, x * rsqrt(mean(x * x, axes_from(t, node, x.shape().rank())) + eps) * t.value(node, 1));
}

void take_lp_normalization(Taking& t, const ReadNode& node) {
  const Value x = as_f32(t.value(node, 0));
  const int axis = axis_in(node, t, t.attribute<int64_t>(node, "axis", -1), x.shape().rank());
  const bool l1 = t.attribute<int64_t>(node, "p", 2) == 1;
  t.give(node, 0, x / (l1 ? l1_over(x, {axis}) : l2_over(x, {axis})));
}

// As it is outside of training; while training by its own share.
void take_dropout(Taking& t, const ReadNode& node) {
  const Taken x = t.at(node, 0);
  double p = t.opset() < 12 ? t.attribute<float>(node, "ratio", 0.5f) : 0.5;
  if (t.opset() >= 12 && t.has(node, 1)) p = t.number(node, 1);
  if (!(p < 1)) t.fail(node, concat("leaves out a share of ", p, ", expected one below 1"));
  if (!t.builder().training() || p <= 0) return t.give_same(node, 0, x);
  const AxisOrder order = x.value ? x.order : natural_order(x.rank());
  const Value value = t.in_order(node, 0, order);
  t.give(node, 0, where(t.builder().random(value.shape()) < p, 0, value / (1 - p)), order);
}

}  // namespace

const TakeTable& product_nodes() {
  static const TakeTable table = {
      {"Dropout", take_dropout},
      {"Gemm", take_gemm},
      {"LayerNormalization", take_layer_normalization},
      {"LogSoftmax", take_softmax<log_softmax_of>},
      {"LpNormalization", take_lp_normalization},
      {"MatMul", take_matmul},
      {"RMSNormalization", take_rms_normalization},
      {"ReduceL1", take_reduce<l1_over>},
      {"ReduceL2", take_reduce<l2_over>},
      {"ReduceLogSumExp", take_reduce<log_sum_exp_over>},
      {"ReduceMax", take_reduce<max_over>},
      {"ReduceMean", take_reduce<mean_over>},
      {"ReduceMin", take_reduce<min_over>},
      {"ReduceProd", take_reduce_prod},
      {"ReduceSum", take_reduce<sum_over>},
      {"ReduceSumSquare", take_reduce<squares_over>},
      {"Softmax", take_softmax<softmax_of>},
  };
  return table;
}

}  // namespace dl::onnx
