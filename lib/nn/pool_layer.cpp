// Pooling: its keys and its windows.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/pool_layer.h"

#include <algorithm>

#include "lib/base/error.h"
#include "lib/graph/ops/window.h"
#include "lib/graph/sizes.h"
#include "lib/nn/axes.h"
#include "lib/nn/image.h"
#include "lib/nn/lengths.h"
#include "lib/nn/margins.h"

namespace dl {

template <int rank>
void PoolLayer<rank>::describe_pool(Schema& s) {
  const SpatialWords& words = words_of_rank(rank);
  s.required("kernel_size", kernel_size, words.axes + " of the window")
      .at_least(1)
      .at_most(most_window)
      .positional()
      .known_as({"pool_size", "size"});
  s.optional("stride", stride, "how far the window moves; its own size where not given")
      .at_least(1)
      .at_most(most_window)
      .known_as({"strides"});
  s.optional("ceil_mode", ceil_mode, "whether a last window that is partly outside counts");
}

template <int rank>
void PoolLayer<rank>::describe_padding(Schema& s, const std::string& zeros) {
  s.optional("padding", padding, "places around the " + words_of_rank(rank).kind + ", " + zeros);
  s.check([this](const Report& report) {
    check_padding<rank>(report, kernel_size, padding);
    if (ceil_mode && padding.same)
      report.at("ceil_mode", "with padding 'same' there is a result for every stride", "leave it out");
  });
}

template <int rank>
void PoolLayer<rank>::describe_dilation(Schema& s) {
  s.optional("dilation", dilation, "distance of the window's places")
      .at_least(1)
      .at_most(most_window)
      .known_as({"dilation_rate"});
}

template <int rank>
Window PoolLayer<rank>::window_over(const Builder& b, Value x) const {
  expect_spatial(x, rank);
  if (rank == 1) refuse_decoding(b, this->name);
  return window_over(x.shape());
}

template <int rank>
Window PoolLayer<rank>::window_over(const Shape& x) const {
  Window w = make_window<rank>(kernel_size, stride.value_or(kernel_size), padding, dilation, x);
  for (int axis = 0; ceil_mode && axis < rank; ++axis) {
    const size_t i = static_cast<size_t>(axis);
    const int64_t input = x[axis + 1], reach = times(w.dilation[i], w.size[i] - 1) + 1;
    const int64_t room = plus(input, times(2, w.pad_before[i])) - reach;
    if (room < 0) continue;
    int64_t outputs = (room + w.stride[i] - 1) / w.stride[i] + 1;
    if ((outputs - 1) * w.stride[i] >= input + w.pad_before[i]) --outputs;  // it would begin outside
    w.pad_after[i] = std::max(w.pad_after[i], plus(times(outputs - 1, w.stride[i]), reach) - input - w.pad_before[i]);
  }
  return w;
}

template <int rank>
void MaxPoolLayer<rank>::describe_max(Schema& s) {
  this->describe_pool(s);
  this->describe_padding(s, "which never win");
  this->describe_dilation(s);
}

namespace {

// Whether the window's padding is the same on both sides, as elsewhere, ceil_mode aside; says it.
template <int rank>
bool says_padding(Twins& t, const PoolLayer<rank>& layer) {
  const Window w = make_window<rank>(layer.kernel_size, layer.stride.value_or(layer.kernel_size), layer.padding,
                                     layer.dilation, t.x());
  t.say("padding", sizes_text(w, w.pad_before));
  t.say("rank", std::to_string(rank));
  return w.pad_before == w.pad_after;
}

// Of windows without padding, or with what Keras calls 'same'.
template <int rank>
void keras_pool(Twins& t, const PoolLayer<rank>& layer, const std::string& what) {
  const Window w = make_window<rank>(layer.kernel_size, layer.stride.value_or(layer.kernel_size), layer.padding,
                                     layer.dilation, t.x());
  const bool known = (layer.padding.same || w.all(w.pad_before, 0)) && w.all(w.dilation, 1) && !layer.ceil_mode;
  if (!known) return;
  t.say("keras_padding", layer.padding.same ? "'same'" : "'valid'");
  t.keras("layers." + what +
          "Pooling{rank}D(pool_size:{kernel_size}, strides={stride|None}, padding={keras_padding|'valid'})");
}

// Any window but a dilated one.
void flax_pool(Twins& t, const Window& w, const std::string& what, bool counts_padding) {
  if (!w.all(w.dilation, 1)) return;
  t.say("flax_size", tuple_text(w, w.size));
  t.say("flax_strides", tuple_text(w, w.stride));
  t.say("pads", w.all(w.pad_before, 0) && w.all(w.pad_after, 0) ? "'VALID'" : pads_text(w));
  t.say("counts_padding", counts_padding ? "True" : "False");
  t.flax_expression("nn." + what +
                    "_pool({x}, {flax_size}, strides={flax_strides}, padding={pads|'VALID'}, "
                    "count_include_pad={counts_padding|True})");
}

}  // namespace

template <int rank>
void MaxPoolLayer<rank>::twins(Twins& t) const {
  t.say("rank", std::to_string(rank));
  flax_pool(t, this->window_over(t.x()), "max", true);
  keras_pool<rank>(t, *this, "Max");
  if (!says_padding<rank>(t, *this)) return;
  t.pytorch(
       "nn.MaxPool{rank}d({kernel_size}, stride={stride|None}, padding={padding|0}, dilation={dilation|1}, "
       "ceil_mode={ceil_mode|False})")
      .first();
}

template <int rank>
void AvgPoolLayer<rank>::twins(Twins& t) const {
  t.say("rank", std::to_string(rank));
  if (padding_mode == "zeros" && !divisor_override &&
      count_include_pad.value_or(!this->padding.same) != this->padding.same)
    keras_pool<rank>(t, *this, "Average");
  const bool counts = count_include_pad.value_or(!this->padding.same);
  if (padding_mode == "zeros" && !divisor_override && !this->ceil_mode)
    flax_pool(t, this->window_over(t.x()), "avg", counts);
  if (!says_padding<rank>(t, *this) || padding_mode != "zeros" || (rank == 1 && divisor_override)) return;
  t.say("count_include_pad", counts ? "True" : "False");
  t.pytorch(
       "nn.AvgPool{rank}d({kernel_size}, stride={stride|None}, padding={padding|0}, ceil_mode={ceil_mode|False}, "
       "count_include_pad={count_include_pad|True}" +
       std::string(rank == 1 ? ")" : ", divisor_override={divisor_override|None})"))
      .first();
}

template <int rank>
void AvgPoolLayer<rank>::describe_avg(Schema& s) {
  this->describe_pool(s);
  this->describe_padding(s, "which are 0 where padding_mode says nothing else");
  s.optional("padding_mode", padding_mode,
             "what the padding is: zeros, the places mirrored at the first and last, the first and last again, or "
             "those of the other end")
      .one_of({"zeros", "reflect", "replicate", "circular"});
  s.optional("count_include_pad", count_include_pad,
             "whether places of the padding count in the mean; where not given they do, as in PyTorch, but for padding "
             "'same', as in Keras");
  s.optional("divisor_override", divisor_override, "what sums are divided by; without it the places of the window")
      .at_least(1);
}

namespace {

// The means y over all places of the windows, raised to those over the places in [-before, size + behind) of each axis.
template <int rank>
Value over_places(Value y, const Window& w, const Shape& x, const Window::Axes& before, const Window::Axes& behind) {
  for (int axis = 0; axis < rank; ++axis) {
    const size_t i = static_cast<size_t>(axis);
    if (w.pad_before[i] == before[i] && w.pad_after[i] == behind[i]) continue;
    const int64_t outputs = y.shape()[axis + 1];
    const Value begin =
        iota(*y.graph, outputs) * static_cast<double>(w.stride[i]) - static_cast<double>(w.pad_before[i]);
    const Value inside =
        minimum(begin + static_cast<double>(w.size[i]), x[axis + 1] + behind[i]) - maximum(begin, -before[i]);
    Shape along(std::vector<int64_t>(static_cast<size_t>(rank - axis) + 1, 1));
    along[0] = outputs;
    y = y * reshape(static_cast<double>(w.size[i]) / inside, along);
  }
  return y;
}

}  // namespace

template <int rank>
Value AvgPoolLayer<rank>::build(Builder& b, Value x) const {
  Window w = this->window_over(b, x);
  const Shape shape = x.shape();
  if (padding_mode != "zeros") {
    for (int axis = 0; axis < rank; ++axis) {
      const size_t i = static_cast<size_t>(axis);
      x = padded(x, axis + 1, {w.pad_before[i], w.pad_after[i]}, pad_mode(padding_mode));
      w.pad_before[i] = w.pad_after[i] = 0;
    }
    return avg_pool(x, w);
  }
  const Value y = avg_pool(x, w);
  if (divisor_override)
    return y * (static_cast<double>(product_of(w, w.size)) / static_cast<double>(*divisor_override));
  const bool same = this->padding.same;
  if (!count_include_pad.value_or(!same)) return over_places<rank>(y, w, shape, {}, {});
  return over_places<rank>(y, w, shape, w.pad_before, same ? w.pad_after : axes_of(this->padding.size));
}

template <int rank>
void LpPoolLayer<rank>::describe_lp(Schema& s) {
  this->describe_pool(s);
  s.optional("norm_type", norm_type, "the power: 1 is the sum, the larger the nearer to the largest").at_least(1);
}

// Where a sum is 0 the root has no slope, and 0 is taken for it. A window that is partly outside stands for a whole
// one, as in PyTorch.
template <int rank>
Value LpPoolLayer<rank>::build(Builder& b, Value x) const {
  const Window w = this->window_over(b, x);
  const Value powers = norm_type == 1 ? x : norm_type == 2 ? x * x : pow(x, norm_type);
  const Value sums =
      over_places<rank>(avg_pool(powers, w), w, x.shape(), {}, {}) * static_cast<double>(product_of(w, w.size));
  if (norm_type == 1) return sums;
  const Value positive = maximum(sums, 1e-30);
  return where(sums > 0, norm_type == 2 ? sqrt(positive) : pow(positive, 1 / norm_type), 0);
}

template <int rank>
void AdaptivePoolLayer<rank>::describe_adaptive(Schema& s) {
  s.required("output_size", output_size, words_of_rank(rank).axes + " of the result")
      .at_least(1)
      .at_most(most_window)
      .positional();
}

template <int rank>
Value AdaptivePoolLayer<rank>::build(Builder& b, Value x) const {
  expect_spatial(x, rank);
  if (rank == 1) refuse_decoding(b, this->name);
  const Window::Axes wanted = axes_of(output_size);
  for (int axis = rank; axis >= 1; --axis) x = pool(x, axis, wanted[static_cast<size_t>(axis - 1)]);
  return x;
}

namespace {

// [n, size]: 1 / count at the places of each output, else 0. Output i begins at i size / n, rounded down, which is
// i (size / n) and the rest i (size % n) / n: numbers that f32 holds however long the axis is. The rest's quotient is
// moved by half of its least distance from a whole number, lest rounding carries it over.
Value means(Graph& g, int64_t n, int64_t size) {
  const Value i = reshape(iota(g, n), {n, 1}), place = iota(g, size);
  const double whole = static_cast<double>(size / n), rest = static_cast<double>(size % n),
               half = 0.5 / static_cast<double>(n), share = 1 / static_cast<double>(n);
  const Value begin = i * whole + map(Function::floor, i * rest * share + half);
  const Value end = (i + 1) * whole - map(Function::floor, -((i + 1) * rest * share - half));
  return where(place >= begin, where(place < end, 1 / (end - begin), 0), 0);
}

}  // namespace

Value adaptive_mean(Value x, int axis, int64_t n) {
  const int64_t size = x.shape()[axis];
  if (n == size) return x;
  if (size % n > 0) return along_axis(x, axis, means(*x.graph, n, size));
  int64_t windows = n;
  for (int i = 0; i < axis; ++i) windows = times(windows, x.shape()[i]);
  Shape shape = x.shape();
  shape[axis] = n;
  return reshape(mean(reshape(x, {windows, size / n, -1}), {1}), shape);
}

Value adaptive_max(Value x, int axis, int64_t n) {
  const int64_t size = x.shape()[axis];
  if (n == size) return x;
  // The axis as the length of a sequence, of which all before are samples and all behind are channels.
  int64_t before = 1;
  for (int i = 0; i < axis; ++i) before = times(before, x.shape()[i]);
  Value y = reshape(x, {before, size, -1});
  const auto pooled = [](Value part, int64_t places, int64_t step) {
    return max_pool(part, {.rank = 1, .size = {places, 1, 1}, .stride = {step, 1, 1}});
  };
  if (size % n == 0) {
    y = pooled(y, size / n, size / n);
  } else {
    std::vector<Value> parts;
    for (int64_t i = 0; i < n; ++i) {
      const int64_t begin = i * size / n, end = ((i + 1) * size + n - 1) / n;
      parts.push_back(pooled(slice(y, 1, begin, end - begin), end - begin, 1));
    }
    y = concatenate(std::move(parts), 1);
  }
  Shape shape = x.shape();
  shape[axis] = n;
  return reshape(y, shape);
}

template <int rank>
void AdaptivePoolLayer<rank>::adaptive_twin(Twins& t, const std::string& what) const {
  t.pytorch(concat("nn.Adaptive", what, "Pool", rank, "d({output_size})")).first();
}

template <int rank>
void GlobalPoolLayer<rank>::global_twin(Twins& t, const std::string& method, const std::string& what) const {
  if (t.inputs.size() != 1) return;
  t.keras(concat("layers.Global", what == "Avg" ? "Average" : what, "Pooling", rank, "D(keepdims={keepdim|False})"));
  static constexpr const char* places[] = {"1", "(1, 2)", "(1, 2, 3)"};
  t.flax_expression(
      concat("{x}.", what == "Avg" ? "mean" : "max", "(", places[rank - 1], keepdim ? ", keepdims=True)" : ")"));
  static constexpr const char* axes[] = {"(1,)", "(2, 3)", "(2, 3, 4)"};
  const std::string plain = "{x}." + method + "(" + axes[rank - 1] + (keepdim ? ", keepdim=True)" : ")");
  if (rank == 1) {
    t.pytorch_expression(plain).last();
    return;
  }
  const std::string pool = concat("nn.Adaptive", what, "Pool", rank, "d(1)");
  t.pytorch(keepdim ? pool : "nn.Sequential(" + pool + ", nn.Flatten())").plainly(plain).first();
}

template <int rank>
void GlobalPoolLayer<rank>::describe_global(Schema& s) {
  if (rank == 1) {
    s.details(
        "A second input (from: [x, lengths]) of whole numbers, one a sample, tells how many positions are no padding.");
  }
  s.optional("keepdim", keepdim, "whether the axes of the places stay, with size 1").known_as({"keepdims"});
}

template <int rank>
Value GlobalPoolLayer<rank>::build(Builder& b, std::span<const Value> inputs) const {
  if (rank > 1 && inputs.size() != 1) throw ShapeError(concat("expected one input, got ", inputs.size()));
  if (inputs.size() > 2) throw ShapeError(concat("expected one or two inputs, got ", inputs.size()));
  const Value x = inputs[0];
  expect_spatial(x, rank);
  if (rank == 1 && b.decoding()) {
    throw ShapeError(this->name + " goes over all positions, so that none can be had by itself",
                     "leave it out, and train again");
  }
  Value inside, count;
  if (inputs.size() == 2) {
    inside = is_step(x, inputs[1]);
    count = reshape(maximum(cast(inputs[1], DType::f32), 1), {x.shape()[0], 1, 1});
  }
  std::vector<int> places;
  for (int axis = 1; axis <= rank; ++axis) places.push_back(axis);
  const Value y = pool(x, places, inside, count);
  return keepdim ? y : reshape(y, {x.shape()[0], x.shape().last()});
}

#define DL_POOLS(rank)                     \
  template struct PoolLayer<rank>;         \
  template struct MaxPoolLayer<rank>;      \
  template struct AvgPoolLayer<rank>;      \
  template struct LpPoolLayer<rank>;       \
  template struct AdaptivePoolLayer<rank>; \
  template struct GlobalPoolLayer<rank>
DL_POOLS(1);
DL_POOLS(2);
DL_POOLS(3);
#undef DL_POOLS

}  // namespace dl
