// Recognizing wholes: each as lib/graph and the layers write it.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/program/steps.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/map.h"
#include "lib/graph/ops/matmul.h"
#include "lib/graph/ops/recurrent.h"
#include "lib/graph/ops/reduce.h"
#include "lib/graph/ops/shape_ops.h"

namespace dl {
namespace {

const GraphNode& node_of(const Value& v) { return v.graph->node(v.node); }

template <class T>
const T* op_of(const Value& v) {
  return dynamic_cast<const T*>(node_of(v).op.get());
}

// The operands of a function; empty where the value is of another.
std::vector<Value> operands(const Value& v, Function f) {
  const Map* map = op_of<Map>(v);
  return map && map->function == f ? node_of(v).inputs : std::vector<Value>{};
}

std::optional<double> number(const Value& v) {
  const Constant* constant = op_of<Constant>(v);
  return constant ? std::optional(constant->value) : std::nullopt;
}

bool is_number(const Value& v, double wanted) {
  const auto found = number(v);
  return found && std::abs(*found - wanted) <= 1e-6 * std::abs(wanted);
}

bool is_vector(const Value& v, int64_t size) { return v.shape() == Shape{size}; }

bool is_last_axis(const std::vector<int>& axes, const Shape& x) { return axes.size() == 1 && axes[0] == x.rank() - 1; }

Step whole(std::string_view op, const Value& root, std::vector<Value> inputs, const GraphNode* attributes = nullptr,
           double number = 0) {
  return {op, attributes ? attributes : &node_of(root), std::move(inputs), {}, number};
}

// x of sum(x) over some axes, times 1 / their places.
std::optional<Value> mean_of(const Value& v, const Reduce** reduce = nullptr) {
  const std::vector<Value> product = operands(v, Function::mul);
  if (product.empty()) return std::nullopt;
  const Reduce* sum = op_of<Reduce>(product[0]);
  if (!sum || sum->kind != Reduce::Kind::sum) return std::nullopt;
  const Value x = node_of(product[0]).inputs[0];
  if (!is_number(product[1], 1 / static_cast<double>(reduced_count(x.shape(), sum->axes)))) return std::nullopt;
  if (reduce) *reduce = sum;
  return x;
}

// What has one use, the root's, and a [features] added along the last axis: that and the addend.
struct Biased {
  Value product, bias;
};
std::optional<Biased> biased(const OpenGraph& g, const Value& root) {
  const std::vector<Value> sum = operands(root, Function::add);
  if (sum.empty() || g.uses(sum[0]) != 1 || !is_vector(sum[1], sum[0].shape().last())) return std::nullopt;
  return Biased{sum[0], sum[1]};
}

std::optional<Step> linear(const OpenGraph& g, const Value& root) {
  const auto found = biased(g, root);
  const MatMul* product = found ? op_of<MatMul>(found->product) : nullptr;
  if (!product || product->transpose_a || !product->transpose_b) return std::nullopt;
  const std::vector<Value>& in = node_of(found->product).inputs;
  return whole("linear", root, {in[0], in[1], found->bias}, &node_of(found->product));
}

std::optional<Step> biased_convolution(const OpenGraph& g, const Value& root) {
  const auto found = biased(g, root);
  if (!found || !(op_of<Convolution>(found->product) || op_of<ConvolutionGradInput>(found->product)))
    return std::nullopt;
  const std::vector<Value>& in = node_of(found->product).inputs;
  return whole("biased_convolution", root, {in[0], in[1], found->bias}, &node_of(found->product));
}

std::optional<Step> avg_pool2d(const OpenGraph&, const Value& root) {
  const Convolution* conv = op_of<Convolution>(root);
  if (!conv || conv->window.rank != 2 || !conv->window.all(conv->window.dilation, 1)) return std::nullopt;
  const std::vector<Value>& in = node_of(root).inputs;
  const double places = static_cast<double>(conv->window.size[0] * conv->window.size[1]);
  const bool is_mean = conv->groups == in[0].shape().last() && in[1].shape()[0] == conv->groups &&
                       op_of<BroadcastTo>(in[1]) && is_number(node_of(in[1]).inputs[0], 1 / places);
  return is_mean ? std::optional(whole("avg_pool2d", root, {in[0]})) : std::nullopt;
}

// As batched_matmul() of lib/nn/merge_layer.h: a convolution of one place whose groups are the matrices.
std::optional<Step> batched_matmul(const OpenGraph&, const Value& root) {
  const auto* last = op_of<Transpose>(root);
  if (!last || last->order != std::vector<int>{1, 0, 2}) return std::nullopt;
  const Value reshaped = node_of(root).inputs[0];
  if (!op_of<Reshape>(reshaped)) return std::nullopt;
  const Value y = node_of(reshaped).inputs[0];
  const Convolution* conv = op_of<Convolution>(y);
  if (!conv || conv->window.rank != 1 || conv->window.size[0] != 1) return std::nullopt;
  const Value rows = node_of(y).inputs[0], columns = node_of(y).inputs[1];
  const auto* moved = op_of<Reshape>(rows) ? op_of<Transpose>(node_of(rows).inputs[0]) : nullptr;
  if (!moved || moved->order != std::vector<int>{1, 0, 2} || !op_of<Reshape>(columns)) return std::nullopt;
  const Value a = node_of(node_of(rows).inputs[0]).inputs[0], b = node_of(columns).inputs[0];
  const bool fits = a.shape().rank() == 3 && b.shape().rank() == 3 && a.shape()[0] == conv->groups &&
                    b.shape()[0] == conv->groups && a.shape()[2] == b.shape()[2];
  return fits ? std::optional(whole("batched_matmul", root, {a, b})) : std::nullopt;
}

std::optional<Step> batch_normalization(const OpenGraph&, const Value& root) {
  const std::vector<Value> sum = operands(root, Function::add);
  const std::vector<Value> scaled = sum.empty() ? sum : operands(sum[0], Function::mul);
  const std::vector<Value> centered = scaled.empty() ? scaled : operands(scaled[0], Function::sub);
  const std::vector<Value> scale = centered.empty() ? centered : operands(scaled[1], Function::mul);
  const std::vector<Value> inverse = scale.empty() ? scale : operands(scale[0], Function::rsqrt);
  const std::vector<Value> variance = inverse.empty() ? inverse : operands(inverse[0], Function::add);
  const auto eps = variance.empty() ? std::nullopt : number(variance[1]);
  if (!eps) return std::nullopt;
  const int64_t channels = root.shape().last();
  const std::vector<Value> inputs{centered[0], scale[1], sum[1], centered[1], variance[0]};
  const bool fits =
      centered[0].shape().rank() >= 2 && centered[0].shape() == root.shape() &&
      std::all_of(inputs.begin() + 1, inputs.end(), [&](const Value& v) { return is_vector(v, channels); });
  return fits ? std::optional(whole("batch_normalization", root, inputs, nullptr, *eps)) : std::nullopt;
}

// (x - mean(x)) rsqrt(mean((x - mean(x))^2) + eps), the means over the last axis, times the weight.
std::optional<Step> scaled_layer_normalization(const Value& root) {
  const std::vector<Value> scaled = operands(root, Function::mul);
  const std::vector<Value> normal = scaled.empty() ? scaled : operands(scaled[0], Function::mul);
  const std::vector<Value> inverse = normal.empty() ? normal : operands(normal[1], Function::rsqrt);
  const std::vector<Value> variance = inverse.empty() ? inverse : operands(inverse[0], Function::add);
  const auto eps = variance.empty() ? std::nullopt : number(variance[1]);
  const std::vector<Value> centered = eps ? operands(normal[0], Function::sub) : std::vector<Value>{};
  if (centered.empty() || !is_vector(scaled[1], root.shape().last())) return std::nullopt;
  const Value x = centered[0];
  const Reduce *over = nullptr, *again = nullptr;
  const auto squares = mean_of(variance[0], &again), averaged = mean_of(centered[1], &over);
  const bool fits = averaged == x && squares &&
                    operands(*squares, Function::mul) == std::vector<Value>{normal[0], normal[0]} &&
                    is_last_axis(over->axes, x.shape()) && is_last_axis(again->axes, x.shape());
  return fits ? std::optional(whole("layer_normalization", root, {x, scaled[1]}, nullptr, *eps)) : std::nullopt;
}

std::optional<Step> layer_normalization(const OpenGraph&, const Value& root) {
  const std::vector<Value> sum = operands(root, Function::add);
  if (sum.empty()) return scaled_layer_normalization(root);
  auto scaled = is_vector(sum[1], root.shape().last()) ? scaled_layer_normalization(sum[0]) : std::nullopt;
  if (!scaled) return std::nullopt;
  scaled->inputs.push_back(sum[1]);
  return scaled;
}

std::optional<Step> reduce_mean(const OpenGraph&, const Value& root) {
  const auto x = mean_of(root);
  if (!x) return std::nullopt;
  return whole("reduce_mean", root, {*x}, &node_of(node_of(root).inputs[0]));
}

// x of x - max(x) over the last axis.
std::optional<Value> shifted(const Value& v) {
  const std::vector<Value> difference = operands(v, Function::sub);
  if (difference.empty() || !op_of<StopGradient>(difference[1])) return std::nullopt;
  const Value most = node_of(difference[1]).inputs[0];
  const Reduce* reduce = op_of<Reduce>(most);
  const bool is_max = reduce && reduce->kind == Reduce::Kind::max && node_of(most).inputs[0] == difference[0] &&
                      is_last_axis(reduce->axes, difference[0].shape());
  return is_max ? std::optional(difference[0]) : std::nullopt;
}

bool is_sum_of(const Value& v, const Value& summed) {
  const Reduce* reduce = op_of<Reduce>(v);
  return reduce && reduce->kind == Reduce::Kind::sum && node_of(v).inputs[0] == summed &&
         is_last_axis(reduce->axes, summed.shape());
}

std::optional<Step> softmax(const OpenGraph&, const Value& root) {
  const std::vector<Value> quotient = operands(root, Function::div);
  const std::vector<Value> power = quotient.empty() ? quotient : operands(quotient[0], Function::exp);
  const auto x = power.empty() ? std::nullopt : shifted(power[0]);
  if (!x || !is_sum_of(quotient[1], quotient[0])) return std::nullopt;
  return whole("softmax", root, {*x});
}

std::optional<Step> log_softmax(const OpenGraph&, const Value& root) {
  const std::vector<Value> difference = operands(root, Function::sub);
  const auto x = difference.empty() ? std::nullopt : shifted(difference[0]);
  const std::vector<Value> log = x ? operands(difference[1], Function::log) : std::vector<Value>{};
  if (log.empty() || !op_of<Reduce>(log[0])) return std::nullopt;
  const Value power = node_of(log[0]).inputs[0];
  const bool fits = operands(power, Function::exp) == std::vector<Value>{difference[0]} && is_sum_of(log[0], power);
  return fits ? std::optional(whole("log_softmax", root, {*x})) : std::nullopt;
}

std::optional<Step> relu(const OpenGraph&, const Value& root) {
  const std::vector<Value> both = operands(root, Function::maximum);
  if (both.empty() || number(both[1]) != 0.0) return std::nullopt;
  return whole("relu", root, {both[0]});
}

// What a recurrent layer writes before the operation: reshape(reshape(x) weight_ih^T + biases).
std::optional<Step> recurrent_layer(const OpenGraph& g, const Value& root) {
  if (!op_of<Recurrent>(root)) return std::nullopt;
  const GraphNode& node = node_of(root);
  const Value gates = node.inputs[0];
  if (!op_of<Reshape>(gates) || g.uses(gates) != 1) return std::nullopt;
  Value product = node_of(gates).inputs[0];
  std::vector<Value> biases;
  if (const std::vector<Value> sum = operands(product, Function::add); !sum.empty()) {
    const std::vector<Value> both = operands(sum[1], Function::add);
    biases = both.empty() ? std::vector<Value>{sum[1]} : both;
    product = sum[0];
  }
  const MatMul* matmul = op_of<MatMul>(product);
  if (!matmul || matmul->transpose_a || !matmul->transpose_b) return std::nullopt;
  const Value rows = node_of(product).inputs[0], x = op_of<Reshape>(rows) ? node_of(rows).inputs[0] : rows;
  const bool fits = x.shape().rank() == 3 && x.shape()[0] == gates.shape()[0] && x.shape()[1] == gates.shape()[1];
  if (!fits) return std::nullopt;
  std::vector<Value> inputs{x, node_of(product).inputs[1]};
  inputs.insert(inputs.end(), node.inputs.begin() + 1, node.inputs.end());
  inputs.insert(inputs.end(), biases.begin(), biases.end());
  return whole("recurrent_layer", root, std::move(inputs));
}

struct Whole {
  std::string_view name;
  std::optional<Step> (*recognize)(const OpenGraph&, const Value& root);  // root: the first output
};
constexpr Whole wholes[] = {{"linear", linear},
                            {"biased_convolution", biased_convolution},
                            {"avg_pool2d", avg_pool2d},
                            {"batched_matmul", batched_matmul},
                            {"batch_normalization", batch_normalization},
                            {"layer_normalization", layer_normalization},
                            {"reduce_mean", reduce_mean},
                            {"softmax", softmax},
                            {"log_softmax", log_softmax},
                            {"relu", relu},
                            {"recurrent_layer", recurrent_layer}};

Step step_at(const OpenGraph& open, int index, const std::function<bool(std::string_view)>& knows) {
  const GraphNode& node = open.graph().node(index);
  std::vector<Value> outputs;
  for (size_t i = 0; i < node.types.size(); ++i)
    outputs.push_back({const_cast<Graph*>(&open.graph()), index, static_cast<int>(i)});
  Step step{node.op->name(), &node, node.inputs, {}, 0};
  for (const Whole& each : wholes) {
    if (!knows(each.name)) continue;
    if (auto found = each.recognize(open, outputs[0])) {
      step = std::move(*found);
      break;
    }
  }
  step.outputs = std::move(outputs);
  return step;
}

}  // namespace

std::vector<std::string_view> names_of_wholes() {
  std::vector<std::string_view> names;
  for (const Whole& each : wholes) names.push_back(each.name);
  return names;
}

std::vector<Step> steps_of(const OpenGraph& open, const std::function<bool(std::string_view)>& knows) {
  std::vector<char> needed(static_cast<size_t>(open.graph().size()), 0);
  for (const Graph::Named& output : open.graph().outputs()) needed[static_cast<size_t>(output.value.node)] = 1;
  std::vector<Step> steps;
  for (int i = open.graph().size() - 1; i >= 0; --i) {
    if (!needed[static_cast<size_t>(i)]) continue;
    steps.push_back(step_at(open, i, knows));
    for (const Value& v : steps.back().inputs) needed[static_cast<size_t>(v.node)] = 1;
  }
  std::ranges::reverse(steps);
  return steps;
}

}  // namespace dl
