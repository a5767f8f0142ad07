// Cross-entropy: shapes, gradients, costs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/cross_entropy.h"

#include "lib/base/error.h"
#include "lib/graph/ops.h"

namespace dl {

std::string CrossEntropy::attributes() const { return smoothing > 0 ? concat("smoothing ", smoothing) : ""; }
std::string CrossEntropyGrad::attributes() const { return smoothing > 0 ? concat("smoothing ", smoothing) : ""; }

std::vector<Type> CrossEntropy::infer(std::span<const Type> inputs) const {
  const Shape &logits = inputs[0].shape, &classes = inputs[1].shape;
  DL_CHECK(logits.rank() == 2 && classes == Shape{logits[0]}, logits.text(), " against ", classes.text());
  return {Type{DType::f32, {logits[0]}}, Type{DType::f32, {logits[0]}}};
}

std::vector<Value> CrossEntropy::gradient(const Backward& b) const {
  const Value d = b.inputs[0].graph->add_one(std::make_shared<CrossEntropyGrad>(smoothing),
                                             {b.inputs[0], b.inputs[1], b.outputs[1], b.gradients[0]});
  return {d, {}};
}

Cost CrossEntropy::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = 4 * static_cast<double>(inputs[0].shape.elements());
  return cost;
}

Cost CrossEntropyGrad::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  cost.flops = 4 * static_cast<double>(inputs[0].shape.elements());
  return cost;
}

std::string LinearCrossEntropy::attributes() const {
  return concat(with_bias ? "bias" : "", with_gradient ? " gradient" : "",
                smoothing > 0 ? concat(" smoothing ", smoothing) : "");
}

std::vector<Type> LinearCrossEntropy::infer(std::span<const Type> inputs) const {
  const Shape &x = inputs[0].shape, &weight = inputs[1].shape;
  DL_CHECK(inputs[0].dtype == inputs[1].dtype, name_of(inputs[0].dtype), " by ", name_of(inputs[1].dtype));
  DL_CHECK(x.rank() == 2 && weight.rank() == 2 && x[1] == weight[1] && inputs[2].shape == Shape{x[0]}, x.text(), " by ",
           weight.text());
  std::vector<Type> outputs{Type{DType::f32, {x[0]}}};
  if (!with_gradient) return outputs;
  outputs.push_back({DType::f32, x});
  outputs.push_back({DType::f32, weight});
  if (with_bias) outputs.push_back(Type{DType::f32, {weight[0]}});
  return outputs;
}

Cost LinearCrossEntropy::cost(std::span<const Type> inputs, std::span<const Type> outputs) const {
  Cost cost = Op::cost(inputs, outputs);
  const double logits = static_cast<double>(inputs[0].shape[0]) * static_cast<double>(inputs[1].shape[0]);
  cost.flops = logits * (2 * static_cast<double>(inputs[0].shape[1]) + 4) * (with_gradient ? 3 : 1);
  return cost;
}

Value cross_entropy(Value logits, Value classes, double label_smoothing) {
  logits = as_f32(logits);
  std::vector<int64_t> sizes = classes.shape().sizes();
  sizes.push_back(1);
  const Shape one_each(std::move(sizes));
  const int64_t count = logits.shape().last();
  if (count >= many_classes) {
    const Value losses = logits.graph->add(std::make_shared<CrossEntropy>(label_smoothing),
                                           {reshape(logits, {-1, count}), reshape(classes, {-1})})[0];
    return reshape(losses, one_each);
  }
  const Value hit = equal(iota(*logits.graph, count), reshape(classes, one_each));
  const Value log_p = log_softmax(logits);
  // Chosen and not multiplied by 0: a class that is masked out has a logit of -infinity.
  if (label_smoothing == 0) return -sum(where(hit, log_p, 0), {-1});
  return -sum((hit * (1 - label_smoothing) + label_smoothing / static_cast<double>(count)) * log_p, {-1});
}

}  // namespace dl
