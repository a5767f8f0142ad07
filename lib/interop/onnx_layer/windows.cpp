// ONNX's convolutions, pooling, resizing and the norms of channels: on images as they lie here, channels last.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/base/text.h"
#include "lib/graph/sizes.h"
#include "lib/interop/onnx_layer/taken.h"
#include "lib/spec/yaml.h"

namespace dl::onnx {
namespace {

Value channels_last(Taking& t, const ReadNode& node, size_t input) {
  const int rank = t.at(node, input).rank();
  if (rank < 3 || rank > 5) t.fail(node, concat("expected [batch, channels, …] of one to three more axes, got ", rank));
  return as_f32(t.in_order(node, input, channels_last_order(rank)));
}
void give_channels_last(Taking& t, const ReadNode& node, Value y) {
  t.give(node, 0, y, channels_last_order(y.shape().rank()));
}

Whole of_each_axis(Taking& t, const ReadNode& node, const char* name, int64_t otherwise, size_t count) {
  Whole numbers = t.attribute<Whole>(node, name, Whole(count, otherwise));
  if (numbers.size() != count) t.fail(node, concat("'", name, "' has ", numbers.size(), " numbers, not ", count));
  return numbers;
}

// The window of a node over x [batch, spatial …, channels], of this size.
Window window_of(Taking& t, const ReadNode& node, Value x, const Whole& size) {
  const int rank = x.shape().rank() - 2;
  const auto axes = static_cast<size_t>(rank);
  if (size.size() != axes) t.fail(node, concat("its window has ", size.size(), " axes, not ", axes));
  const Whole strides = of_each_axis(t, node, "strides", 1, axes),
              dilations = of_each_axis(t, node, "dilations", 1, axes);
  const Whole pads = of_each_axis(t, node, "pads", 0, 2 * axes);
  const std::string automatic = t.attribute<std::string>(node, "auto_pad", "NOTSET");
  constexpr int64_t most = 1 << 30;  // more than any axis has places
  Window window{.rank = rank};
  for (size_t i = 0; i < axes; ++i) {
    if (size[i] < 1 || strides[i] < 1 || dilations[i] < 1 || pads[i] < 0 || pads[i + axes] < 0)
      t.fail(node, "its window has numbers that none can have");
    if (std::max({size[i], strides[i], dilations[i], pads[i], pads[i + axes]}) > most)
      t.fail(node, concat("its window has a number above ", most));
    window.size[i] = size[i];
    window.stride[i] = strides[i];
    window.dilation[i] = dilations[i];
    window.pad_before[i] = pads[i];
    window.pad_after[i] = pads[i + axes];
    if (!automatic.starts_with("SAME")) continue;
    const int64_t n = x.shape()[static_cast<int>(i) + 1], out = (n + strides[i] - 1) / strides[i];
    const int64_t reach = (size[i] - 1) * dilations[i] + 1;
    const int64_t all = std::max<int64_t>((out - 1) * strides[i] - n + reach, 0);
    window.pad_before[i] = automatic == "SAME_UPPER" ? all / 2 : all - all / 2;
    window.pad_after[i] = all - window.pad_before[i];
  }
  return window;
}

Whole spatial_sizes(const Value& weight) { return {weight.shape().sizes().begin() + 2, weight.shape().sizes().end()}; }

Value with_bias(Taking& t, const ReadNode& node, Value y) { return t.has(node, 2) ? y + t.value(node, 2) : y; }

int64_t groups_of(Taking& t, const ReadNode& node) {
  const auto groups = t.attribute<int64_t>(node, "group", 1);
  if (groups < 1) t.fail(node, concat("expected one group or more, got ", groups));
  return groups;
}

// The weight of a convolution over x whose axis `of_input` counts the channels of x, or of a group of them.
Value weight_over(Taking& t, const ReadNode& node, Value x, int of_input, int64_t groups) {
  const Value weight = as_f32(t.value(node, 1));
  if (weight.shape().rank() != x.shape().rank()) t.fail(node, concat("its weight is ", weight.shape().text()));
  const int64_t channels = x.shape().last(), first = weight.shape()[0];
  if (first % groups != 0 || channels % groups != 0 ||
      weight.shape()[of_input] != (of_input == 0 ? channels : channels / groups))
    t.fail(node, concat("its weight is ", weight.shape().text(), ", which does not fit ", channels, " channels in ",
                        count_of(groups, "group")));
  return weight;
}

void take_conv(Taking& t, const ReadNode& node) {
  const int64_t groups = groups_of(t, node);
  const Value x = channels_last(t, node, 0), weight = weight_over(t, node, x, 1, groups);
  const Window window = window_of(t, node, x, spatial_sizes(weight));
  give_channels_last(t, node, with_bias(t, node, convolution(x, weight, window, groups)));
}

void take_conv_transpose(Taking& t, const ReadNode& node) {
  const int64_t groups = groups_of(t, node);
  const Value x = channels_last(t, node, 0), weight = weight_over(t, node, x, 0, groups);
  const auto axes = static_cast<size_t>(x.shape().rank() - 2);
  const std::string automatic = t.attribute<std::string>(node, "auto_pad", "NOTSET");
  if (t.has_attribute(node, "output_shape") || automatic.starts_with("SAME"))
    t.fail(node, "'output_shape' and 'auto_pad' are not known here", "export it with 'pads'");
  Window window = window_of(t, node, x, spatial_sizes(weight));
  const Whole more = of_each_axis(t, node, "output_padding", 0, axes);
  Whole output;
  for (size_t i = 0; i < axes; ++i) {
    if (more[i] < 0 || more[i] >= window.stride[i])
      t.fail(node, concat("'output_padding' is ", more[i], " where its stride is ", window.stride[i]));
    const int64_t n = x.shape()[static_cast<int>(i) + 1], reach = (window.size[i] - 1) * window.dilation[i] + 1;
    if (n < 1) t.fail(node, concat("expected an image with places, got ", x.shape().text()));
    output.push_back(plus(times(n - 1, window.stride[i]), reach + more[i]) - window.pad_before[i] -
                     window.pad_after[i]);
    if (output.back() < 1) t.fail(node, concat("would give ", output.back(), " places"));
  }
  give_channels_last(t, node, with_bias(t, node, transposed_convolution(x, weight, window, Shape(output), groups)));
}

// With ceil_mode as many more places stand behind as the last window needs that begins in what there is.
Window::Axes ceiling(Taking& t, const ReadNode& node, const Window& window, Value x) {
  Window::Axes more{0, 0, 0};
  if (t.attribute<int64_t>(node, "ceil_mode", 0) == 0) return more;
  for (int axis = 0; axis < window.rank; ++axis) {
    const auto i = static_cast<size_t>(axis);
    const int64_t n = x.shape()[axis + 1], reach = (window.size[i] - 1) * window.dilation[i] + 1;
    const int64_t whole = n + window.pad_before[i] + window.pad_after[i] - reach;
    int64_t windows = (whole + window.stride[i] - 1) / window.stride[i];
    if (windows * window.stride[i] >= n + window.pad_before[i]) --windows;
    more[i] = std::max<int64_t>(windows * window.stride[i] - whole, 0);
  }
  return more;
}

void take_max_pool(Taking& t, const ReadNode& node) {
  if (node.outputs.size() > 1 && !node.outputs[1].empty())
    t.fail(node, "gives places of maxima, which are not known here");
  const Value x = channels_last(t, node, 0);
  Window window = window_of(t, node, x, t.attribute<Whole>(node, "kernel_shape", {}));
  const Window::Axes more = ceiling(t, node, window, x);
  for (size_t i = 0; i < more.size(); ++i) window.pad_after[i] += more[i];
  give_channels_last(t, node, max_pool(x, window));
}

void take_average_pool(Taking& t, const ReadNode& node) {
  const Value x = channels_last(t, node, 0);
  Window window = window_of(t, node, x, t.attribute<Whole>(node, "kernel_shape", {}));
  const bool counts_padding = t.attribute<int64_t>(node, "count_include_pad", 0) != 0;
  const Window::Axes more = ceiling(t, node, window, x);
  Window counted = window;  // over what counts, which is 1
  std::vector<int64_t> sizes{1};
  bool divides = false;
  for (int axis = 0; axis < window.rank; ++axis) {
    const auto i = static_cast<size_t>(axis);
    int64_t size = x.shape()[axis + 1];
    divides |= more[i] > 0 || (!counts_padding && window.pad_before[i] + window.pad_after[i] > 0);
    window.pad_after[i] += more[i];
    counted.pad_after[i] += more[i];
    if (counts_padding) {
      size += window.pad_before[i] + window.pad_after[i] - more[i];
      counted.pad_before[i] = 0;
      counted.pad_after[i] = more[i];
    }
    sizes.push_back(size);
  }
  sizes.push_back(1);
  Value y = avg_pool(x, window);
  if (divides) y = y / avg_pool(broadcast_to(constant(t.graph(), 1), Shape(std::move(sizes))), counted);
  give_channels_last(t, node, y);
}

std::vector<int> between(int rank) {  // all axes but the first and the last
  std::vector<int> axes;
  for (int axis = 1; axis + 1 < rank; ++axis) axes.push_back(axis);
  return axes;
}

void take_global_average_pool(Taking& t, const ReadNode& node) {
  const Value x = channels_last(t, node, 0);
  give_channels_last(t, node, mean(x, between(x.shape().rank())));
}
void take_global_max_pool(Taking& t, const ReadNode& node) {
  const Value x = channels_last(t, node, 0);
  give_channels_last(t, node, max(x, between(x.shape().rank())));
}

// While training by the batch's moments, as PyTorch does it: running averages are of the unbiased variance.
void take_batch_normalization(Taking& t, const ReadNode& node) {
  if (t.attribute<int64_t>(node, "spatial", 1) == 0)
    t.fail(node, "normalizes each place by itself ('spatial: 0'), which is not known here");
  const int rank = t.at(node, 0).rank();
  if (rank < 2) t.fail(node, concat("expected [batch, channels, …], got ", rank == 0 ? "no axis" : "one axis"));
  const AxisOrder order = channels_last_order(rank);
  const Value x = as_f32(t.in_order(node, 0, order));
  const int64_t channels = x.shape().last();
  for (size_t input = 1; input <= 4; ++input)
    if (const Shape of(t.at(node, input).sizes()); channels < 1 || of != Shape{channels})
      t.fail(node, concat("input ", input, " is ", of.text(), " where there are ", count_of(channels, "channel")));
  const Value weight = t.value(node, 1), bias = t.value(node, 2), running_mean = t.state(node, 3),
              running_variance = t.state(node, 4);
  const double eps = t.attribute<float>(node, "epsilon", 1e-5f), momentum = t.attribute<float>(node, "momentum", 0.9f);
  Value mean = running_mean, variance = running_variance;
  if (t.builder().training()) {
    std::vector<int> axes;
    for (int axis = 0; axis + 1 < rank; ++axis) axes.push_back(axis);
    const Moments batch = moments(x, axes);
    mean = batch.mean;
    variance = batch.variance;
    const double n = static_cast<double>(x.shape().elements() / channels), unbiased = n > 1 ? n / (n - 1) : 1;
    t.assign_state(node, 3, momentum * running_mean + (1 - momentum) * reshape(mean, {channels}));
    t.assign_state(node, 4, momentum * running_variance + (1 - momentum) * unbiased * reshape(variance, {channels}));
  }
  t.give(node, 0, (x - mean) * (rsqrt(variance + eps) * weight) + bias, order);
}

void take_instance_normalization(Taking& t, const ReadNode& node) {
  const Value x = channels_last(t, node, 0);
  const Moments m = moments(x, between(x.shape().rank()));
  const double eps = t.attribute<float>(node, "epsilon", 1e-5f);
  give_channels_last(t, node, (x - m.mean) * rsqrt(m.variance + eps) * t.value(node, 1) + t.value(node, 2));
}

void take_group_normalization(Taking& t, const ReadNode& node) {
  const Value x = channels_last(t, node, 0);
  const int64_t groups = t.attribute<int64_t>(node, "num_groups", 1), channels = x.shape().last();
  const double eps = t.attribute<float>(node, "epsilon", 1e-5f);
  if (groups < 1 || channels % groups != 0) t.fail(node, concat(channels, " channels are not ", groups, " groups"));
  std::vector<int64_t> sizes(x.shape().sizes().begin(), x.shape().sizes().end() - 1);
  sizes.insert(sizes.end(), {groups, channels / groups});
  const Value parts = reshape(x, Shape(sizes));
  std::vector<int> axes = between(x.shape().rank());
  axes.push_back(x.shape().rank());
  const Moments m = moments(parts, axes);
  const auto of_channels = [&](size_t input) {
    const Value v = t.value(node, input);
    if (v.shape().rank() != 1) t.fail(node, concat("input ", input, " is ", v.shape().text(), ", not one axis"));
    if (v.shape()[0] == channels) return reshape(v, {groups, channels / groups});
    return reshape(v, {groups, 1});  // before opset 21 one of a group
  };
  give_channels_last(t, node,
                     reshape((parts - m.mean) * rsqrt(m.variance + eps) * of_channels(1) + of_channels(2), x.shape()));
}

// One of our layers, as a config would have it.
Value layer_of(Taking& t, const ReadNode& node, const std::string& yaml, Value x) {
  std::vector<Problem> problems;
  const std::unique_ptr<Described> layer =
      read_registered(Registry<Layer>::instance(), parse_yaml(yaml, "ONNX"), Reading(problems));
  if (!problems.empty() || !layer) t.fail(node, problems.empty() ? "is not known here" : problems[0].what);
  return dynamic_cast<const Layer&>(*layer).build(t.builder(), x);
}

void take_lrn(Taking& t, const ReadNode& node) {
  const Value x = channels_last(t, node, 0);
  const auto decimal = [&](const char* name, float otherwise) {
    return number_text(as_written(static_cast<double>(t.attribute<float>(node, name, otherwise))));
  };
  give_channels_last(t, node,
                     layer_of(t, node,
                              concat("local_response_norm: {size: ", t.attribute<int64_t>(node, "size", 1),
                                     ", alpha: ", decimal("alpha", 1e-4f), ", beta: ", decimal("beta", 0.75f),
                                     ", k: ", decimal("bias", 1), "}"),
                              x));
}

// Whether the nearest of the places before is floor(i / factor), with `factor` times as many places, `factor` being
// whole.
bool nearest_is_floor(const std::string& places, const std::string& rounding, int64_t factor) {
  if (factor == 1) return places != "tf_crop_and_resize";
  if (places == "asymmetric") return rounding == "floor" || (rounding == "round_prefer_floor" && factor == 2);
  if (places == "tf_half_pixel_for_nn") return rounding == "floor";
  return (places == "half_pixel" || places == "pytorch_half_pixel") && rounding.starts_with("round_");
}

void take_resize(Taking& t, const ReadNode& node) {
  const Value x = channels_last(t, node, 0);
  const int axes = x.shape().rank() - 2;
  const bool is_old = t.opset() < 11 || node.op == "Upsample";
  for (const char* changes : {"antialias", "exclude_outside"})
    if (t.attribute<int64_t>(node, changes, 0) != 0)
      t.fail(node, concat("has '", changes, "', which there is no layer for here"));
  if (t.attribute<std::string>(node, "keep_aspect_ratio_policy", "stretch") != "stretch")
    t.fail(node, "keeps the ratio of its sides, which is not known here", "export it with the sizes that it gives");
  std::string mode = t.attribute<std::string>(node, "mode", "nearest");
  const std::string places =
      is_old ? "asymmetric" : t.attribute<std::string>(node, "coordinate_transformation_mode", "half_pixel");
  const std::string rounding = is_old ? "floor" : t.attribute<std::string>(node, "nearest_mode", "round_prefer_floor");
  Whole sizes;
  bool copies = true;
  const size_t scales_at = is_old ? 1 : 2;
  const Whole from = t.at(node, 0).sizes();
  Whole named = t.attribute<Whole>(node, "axes", {});  // the axes that are said; without it all
  if (named.empty())
    for (int axis = 0; axis < axes + 2; ++axis) named.push_back(axis);
  if (!is_old && t.has(node, 3) && !t.integers(node, 3).empty()) {
    sizes = t.integers(node, 3);
  } else if (t.has(node, scales_at) || t.has_attribute(node, "scales")) {
    const std::vector<float> scales =
        t.has(node, scales_at) ? t.floats(node, scales_at) : t.attribute<std::vector<float>>(node, "scales", {});
    for (size_t i = 0; i < scales.size() && i < named.size(); ++i) {
      const int64_t before = from[static_cast<size_t>(axis_in(node, t, named[i], axes + 2))];
      const float to = static_cast<float>(before) * scales[i];
      if (!(to < 0x1p30f)) t.fail(node, concat("makes ", to, " places of ", before));
      if (std::abs(to - std::round(to)) > 1e-3f)  // where places lie would follow from the factor, not from the sizes
        t.fail(node, concat("makes ", to, " places of ", before, ", which is not known here"), "export it with sizes");
      sizes.push_back(static_cast<int64_t>(std::floor(to)));
    }
  }
  if (sizes.size() == named.size()) {
    Whole all = from;
    for (size_t i = 0; i < named.size(); ++i) all[static_cast<size_t>(axis_in(node, t, named[i], axes + 2))] = sizes[i];
    sizes = std::move(all);
  } else {
    sizes.clear();
  }
  if (static_cast<int>(sizes.size()) != axes + 2) t.fail(node, "its sizes are not those of all axes");
  if (sizes[1] != x.shape().last()) t.fail(node, "changes the number of channels");
  std::string list;
  constexpr int64_t most_weights = int64_t{1} << 28, most_factor = 4096;  // of places there by places before
  for (int axis = 0; axis < axes; ++axis) {
    const int64_t to = sizes[static_cast<size_t>(axis) + 2], from_here = x.shape()[axis + 1];
    if (to < 1 || from_here < 1) t.fail(node, concat("makes ", to, " places of ", from_here));
    if (to == 1 && from_here > 1 && places == "pytorch_half_pixel")
      t.fail(node, "makes one place by 'pytorch_half_pixel', the first there, which is not known here",
             "export it with 'half_pixel', as PyTorch computes it");
    if (to > most_weights / from_here || (mode != "nearest" && to > most_factor * from_here))
      t.fail(node, concat("makes ", to, " places of ", from_here, ", too many"));
    copies &= to % from_here == 0 && nearest_is_floor(places, rounding, to / from_here);
    list += (axis ? ", " : "") + std::to_string(to);
  }
  const bool half = places == "half_pixel" || places == "pytorch_half_pixel", corners = places == "align_corners";
  if (mode == "nearest" && !copies && !(places == "asymmetric" && rounding == "floor"))
    t.fail(node, concat("nearest by '", shortened(places), "' and '", shortened(rounding), "' is not known here"),
           "export it with 'asymmetric' and 'floor'");
  if (mode != "nearest" && mode != "linear" && mode != "cubic")
    t.fail(node, concat("expected 'mode' to be nearest, linear or cubic, got '", shortened(mode), "'"));
  if (mode == "linear" && axes == 2) mode = "bilinear";
  if (mode == "linear" && axes == 3) mode = "trilinear";
  if (mode == "cubic") mode = "bicubic";
  if (mode != "nearest" && !half && !corners)
    t.fail(node, concat(mode, " by '", shortened(places), "' is not known here"));
  if (mode == "bicubic" && t.attribute<float>(node, "cubic_coeff_a", -0.75f) != -0.75f)
    t.fail(node, "its cubic coefficient is not -0.75");
  give_channels_last(t, node,
                     layer_of(t, node,
                              concat("upsample: {size: [", list, "], mode: ", mode,
                                     ", align_corners: ", corners && mode != "nearest" ? "true" : "false", "}"),
                              x));
}

}  // namespace

const TakeTable& window_nodes() {
  static const TakeTable table = {
      {"AveragePool", take_average_pool},
      {"BatchNormalization", take_batch_normalization},
      {"Conv", take_conv},
      {"ConvTranspose", take_conv_transpose},
      {"GlobalAveragePool", take_global_average_pool},
      {"GlobalMaxPool", take_global_max_pool},
      {"GroupNormalization", take_group_normalization},
      {"InstanceNormalization", take_instance_normalization},
      {"LRN", take_lrn},
      {"MaxPool", take_max_pool},
      {"Resize", take_resize},
      {"Upsample", take_resize},
  };
  return table;
}

}  // namespace dl::onnx
