// Convolutions and pooling in ONNX, all with channels first.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/pool.h"
#include "lib/interop/onnx/rows.h"

namespace dl::onnx {
namespace {

using Attributes = std::map<std::string, Attribute>;

std::vector<int64_t> along(const Window& window, const Window::Axes& numbers) {
  return {numbers.begin(), numbers.begin() + window.rank};
}

// Before all axes, then behind all.
std::vector<int64_t> pads(const Window& window) {
  std::vector<int64_t> both = along(window, window.pad_before), after = along(window, window.pad_after);
  both.insert(both.end(), after.begin(), after.end());
  return both;
}

Attributes attributes(const Window& window) {
  return {
      {"kernel_shape", along(window, window.size)}, {"strides", along(window, window.stride)}, {"pads", pads(window)}};
}

std::vector<std::string> operands(Writer& w, const Step& step) {
  const Value& x = step.inputs[0];
  std::vector<std::string> names{w.as_float(x, channels_first(x.shape().rank()))};
  for (size_t i = 1; i < step.inputs.size(); ++i) names.push_back(w.as_is(step.inputs[i]));
  return names;
}

void hold_channels_first(Writer& w, const Step& step, std::string name) {
  w.hold(step.outputs[0], std::move(name), channels_first(step.outputs[0].shape().rank()));
}

}  // namespace

void write_convolution(Writer& w, const Step& step) {
  const auto& op = dynamic_cast<const Convolution&>(*step.node->op);
  Attributes a = attributes(op.window);
  a["dilations"] = along(op.window, op.window.dilation);
  a["group"] = op.groups;
  hold_channels_first(w, step, w.add("Conv", operands(w, step), a));
}

void write_transposed_convolution(Writer& w, const Step& step) {
  const auto& op = dynamic_cast<const ConvolutionGradInput&>(*step.node->op);
  const Window& window = op.window;
  Attributes a = attributes(window);
  a["dilations"] = along(window, window.dilation);
  a["group"] = op.groups;
  std::vector<int64_t> more;
  for (int axis = 0; axis < window.rank; ++axis) {
    const auto i = static_cast<size_t>(axis);
    const int64_t reach = (step.inputs[0].shape()[axis + 1] - 1) * window.stride[i] +
                          window.dilation[i] * (window.size[i] - 1) + 1 - window.pad_before[i] - window.pad_after[i];
    more.push_back(op.input_shape[axis + 1] - reach);
  }
  a["output_padding"] = more;
  hold_channels_first(w, step, w.add("ConvTranspose", operands(w, step), a));
}

void write_biased_convolution(Writer& w, const Step& step) {
  if (dynamic_cast<const Convolution*>(step.node->op.get())) return write_convolution(w, step);
  write_transposed_convolution(w, step);
}

// Padding as wide as a window is not taken by runtimes: it is written out.
void write_max_pool(Writer& w, const Step& step) {
  const auto& op = dynamic_cast<const MaxPool2d&>(*step.node->op);
  std::vector<std::string> in = operands(w, step);
  Attributes a = attributes(op.window);
  a["dilations"] = along(op.window, op.window.dilation);
  bool wide = false;
  for (size_t i = 0; i < 2; ++i)
    wide = wide || op.window.pad_before[i] >= op.window.size[i] || op.window.pad_after[i] >= op.window.size[i];
  if (wide) {
    std::vector<int64_t> around = pads(op.window);
    around.insert(around.begin(), {0, 0});
    around.insert(around.begin() + 4, {0, 0});
    in[0] = w.add("Pad", {in[0], w.ints(around), w.number(std::numeric_limits<float>::lowest())});
    a["pads"] = std::vector<int64_t>{0, 0, 0, 0};
  }
  hold_channels_first(w, step, w.add("MaxPool", in, a));
}

void write_avg_pool(Writer& w, const Step& step) {
  const auto& op = dynamic_cast<const Convolution&>(*step.node->op);
  Attributes a = attributes(op.window);
  a["count_include_pad"] = int64_t{1};
  std::vector<std::string> in = operands(w, step);
  // Padding as wide as a window is not taken by runtimes: all of it is written out.
  if (!op.window.all(op.window.pad_before, 0) || !op.window.all(op.window.pad_after, 0)) {
    std::vector<int64_t> around = pads(op.window);
    around.insert(around.begin(), {0, 0});
    around.insert(around.begin() + 4, {0, 0});
    in[0] = w.add("Pad", {in[0], w.ints(around)});
    a["pads"] = std::vector<int64_t>{0, 0, 0, 0};
  }
  hold_channels_first(w, step, w.add("AveragePool", in, a));
}

}  // namespace dl::onnx
