// What a graph is written as for other programs: its operations in order, of which some that stand together are one
// whole that others have a name for.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string_view>
#include <vector>

#include "lib/interop/program/open_graph.h"

namespace dl {

// A node of the graph, or a whole in the place of several: `op` is then one of these names, x being the first input.
//   "linear"               x [.., k], weight [n, k], bias [n]
//   "biased_convolution"   x, weight, bias [channels]; of a Convolution or a ConvolutionGradInput
//   "avg_pool2d"           x [n, h, w, c]; of a Convolution, padding counted
//   "batched_matmul"       a [g, m, k], b [g, n, k] -> [g, m, n]
//   "batch_normalization"  x, weight, bias, mean, variance, each [channels]; `number` is added to the variance
//   "layer_normalization"  x, weight, or also bias; over the last axis; `number` likewise
//   "reduce_mean"          x; of a Reduce
//   "softmax" "log_softmax"  x; over the last axis
//   "relu"                 x
//   "recurrent_layer"      x [batch, steps, features], weight_ih [gates hidden, features], then the inputs of a
//   Recurrent
//                          behind its first, then none to two biases [gates hidden] of the inputs
struct Step {
  std::string_view op;
  const GraphNode* node = nullptr;  // the one whose attributes count
  std::vector<Value> inputs;
  std::vector<Value> outputs;  // of the graph
  double number = 0;
};

// Those that the graph's outputs need. Wholes are those for which `knows` holds.
std::vector<Step> steps_of(const OpenGraph& open, const std::function<bool(std::string_view)>& knows);
std::vector<std::string_view> names_of_wholes();

}  // namespace dl
