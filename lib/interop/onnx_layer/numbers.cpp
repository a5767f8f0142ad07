// ONNX's operators whose results are numbers that are known when a network is built: sizes, constants, ranges, masks.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/graph/sizes.h"
#include "lib/interop/onnx_layer/moving.h"
#include "lib/interop/onnx_layer/taken.h"

namespace dl::onnx {
namespace {

ReadTensor whole_numbers(Whole values) {
  const auto count = static_cast<int64_t>(values.size());
  return {.sizes = {count}, .is_float = false, .integers = std::move(values)};
}

void take_shape(Taking& t, const ReadNode& node) {
  Whole sizes = t.at(node, 0).sizes();
  const auto rank = std::ssize(sizes);
  int64_t begin = t.attribute<int64_t>(node, "start", 0), end = t.attribute<int64_t>(node, "end", rank);
  begin = std::clamp<int64_t>(begin < 0 ? begin + rank : begin, 0, rank);
  end = std::clamp<int64_t>(end < 0 ? end + rank : end, begin, rank);
  t.give_known(node, 0, whole_numbers(Whole(sizes.begin() + begin, sizes.begin() + end)));
}
void take_size(Taking& t, const ReadNode& node) {
  t.give_known(node, 0, {.sizes = {}, .is_float = false, .integers = {Shape(t.at(node, 0).sizes()).elements()}});
}

void take_constant(Taking& t, const ReadNode& node) {
  using List = std::vector<float>;
  if (t.has_attribute(node, "value")) return t.give_known(node, 0, t.attribute<TensorPointer>(node, "value", nullptr));
  if (t.has_attribute(node, "value_int"))
    return t.give_known(node, 0, {.is_float = false, .integers = {t.attribute<int64_t>(node, "value_int", 0)}});
  if (t.has_attribute(node, "value_float"))
    return t.give_known(node, 0, {.floats = {t.attribute<float>(node, "value_float", 0)}});
  if (t.has_attribute(node, "value_ints"))
    return t.give_known(node, 0, whole_numbers(t.attribute<Whole>(node, "value_ints", {})));
  if (!t.has_attribute(node, "value_floats")) t.fail(node, "is no number");
  List values = t.attribute<List>(node, "value_floats", {});
  const auto count = static_cast<int64_t>(values.size());
  t.give_known(node, 0, {.sizes = {count}, .floats = std::move(values)});
}

void take_constant_of_shape(Taking& t, const ReadNode& node) {
  auto one = std::make_shared<const ReadTensor>(ReadTensor{.sizes = {1}, .floats = {0}});
  if (t.has_attribute(node, "value")) one = t.attribute<TensorPointer>(node, "value", nullptr);
  if (one->count() != 1) t.fail(node, concat("its 'value' holds ", one->count(), " numbers, expected one"));
  const Whole sizes = t.integers(node, 0);
  t.expect_sizes(node, sizes);
  if (Shape(sizes).elements() <= (one->is_float ? few_known : most_known))
    return t.give_known(node, 0, gathered(t, node, *one, sizes, [](const Whole&) { return 0; }));
  const double number = one->is_float ? static_cast<double>(one->floats[0]) : static_cast<double>(one->integers[0]);
  t.give(node, 0, broadcast_to(constant(t.graph(), number), Shape(sizes)));
}

void take_range(Taking& t, const ReadNode& node) {
  const double begin = t.number(node, 0), end = t.number(node, 1), step = t.number(node, 2);
  const bool is_float = t.at(node, 0).known->is_float;
  constexpr double most_whole = 0x1p53;  // of those that a double tells apart
  if (!is_float && std::max(std::abs(begin), std::abs(end)) > most_whole)
    t.fail(node, concat("goes from ", begin, " to ", end, ", beyond what is counted here"));
  if (step == 0) t.fail(node, "has a step of 0");
  const double steps = std::ceil((end - begin) / step);
  if (steps > static_cast<double>(most_known))
    t.fail(node, concat("makes ", steps, " numbers when the network is built, more than ", most_known));
  const auto count = static_cast<int64_t>(std::max(steps, 0.0));
  ReadTensor out{.sizes = {count}, .is_float = is_float};
  for (int64_t i = 0; i < count; ++i) {
    const double x = begin + static_cast<double>(i) * step;
    if (is_float)
      out.floats.push_back(static_cast<float>(x));
    else
      out.integers.push_back(static_cast<int64_t>(x));
  }
  t.give_known(node, 0, std::move(out));
}

// The upper or lower triangle of a known matrix, such as a mask.
void take_trilu(Taking& t, const ReadNode& node) {
  const ReadTensor* x = t.known(node, 0);
  if (!x || x->sizes.size() < 2) t.fail(node, "of values that depend on the data is not known here");
  const bool upper = t.attribute<int64_t>(node, "upper", 1) != 0;
  constexpr int64_t far = int64_t{1} << 40;  // beyond every diagonal
  const int64_t k = t.has(node, 1) ? std::clamp(t.whole(node, 1), -far, far) : 0;
  const Whole strides = strides_of(x->sizes);
  t.give_known(node, 0, gathered(t, node, *x, x->sizes, [&](const Whole& index) -> int64_t {
                 const int64_t row = index[index.size() - 2], column = index.back();
                 if (upper ? column < row + k : column > row + k) return -1;
                 int64_t at = 0;
                 for (size_t i = 0; i < index.size(); ++i) at += index[i] * strides[i];
                 return at;
               }));
}

void take_cum_sum(Taking& t, const ReadNode& node) {
  const ReadTensor* x = t.known(node, 0);
  if (!x || x->is_float || t.attribute<int64_t>(node, "exclusive", 0) || t.attribute<int64_t>(node, "reverse", 0))
    t.fail(node, "of values that depend on the data is not known here");
  const int axis = axis_in(node, t, t.whole(node, 1), static_cast<int>(x->sizes.size()));
  const int64_t stride = strides_of(x->sizes)[static_cast<size_t>(axis)], size = x->sizes[static_cast<size_t>(axis)];
  ReadTensor y = *x;
  for (int64_t i = 0; i < y.count(); ++i)
    if (i / stride % size > 0) {
      int64_t& sum = y.integers[static_cast<size_t>(i)];
      sum = plus(sum, y.integers[static_cast<size_t>(i - stride)]);
    }
  t.give_known(node, 0, std::move(y));
}

}  // namespace

const TakeTable& number_nodes() {
  static const TakeTable table = {
      {"Constant", take_constant}, {"ConstantOfShape", take_constant_of_shape},
      {"CumSum", take_cum_sum},    {"Range", take_range},
      {"Shape", take_shape},       {"Size", take_size},
      {"Trilu", take_trilu},
  };
  return table;
}

}  // namespace dl::onnx
