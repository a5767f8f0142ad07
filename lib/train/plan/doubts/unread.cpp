// What is given and never read: inputs and layers that no loss depends on, variables and parameters of blocks.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/text.h"
#include "lib/graph/ops/leaf.h"
#include "lib/spec/interpolate.h"
#include "lib/spec/path.h"
#include "lib/train/plan/doubts/doubts.h"

namespace dl {
namespace {

struct ReadByLosses {
  std::set<std::string> inputs, layers;  // by name, by path
};

ReadByLosses read_by_losses(const Plan& plan) {
  Graph g;
  ReadByLosses read;
  const NetworkOutputs outputs = build_for_one_sample(*plan.network, g);
  std::vector<int> ends;
  for (const Objectives::Term& term : plan.objectives.losses()) {
    ends.push_back(outputs.at(term.loss->from.output).node);
    for (const std::string& further : term.loss->further_outputs()) ends.push_back(outputs.at(further).node);
  }
  for (const int node : nodes_behind(g, ends)) {
    if (const auto* given = dynamic_cast<const Input*>(g.node(node).op.get())) read.inputs.insert(given->key);
    read.layers.insert(g.node(node).scope);
  }
  for (const Objectives::Term& term : plan.objectives.losses())
    if (term.loss->from.lengths) read.inputs.insert(*term.loss->from.lengths);
  return read;
}

bool has_frozen(const Network& network, const std::string& layer) {
  return std::ranges::any_of(network.tensors(), [&](const Tensor& tensor) {
    return tensor.trained && tensor.path.starts_with(layer + ".") && network.frozen_until(tensor.path) > 0;
  });
}

// Inputs and layers that no loss depends on.
void doubt_unread_values(const Plan& plan, Doubts& doubts) {
  const auto [inputs, layers] = read_by_losses(plan);
  const std::vector<std::string> measured = plan.objectives.fields();  // lengths of metrics are among the inputs
  for (const Network::Input& given : plan.network->inputs())
    if (!inputs.contains(given.name) && std::ranges::count(measured, given.name) == 0)
      doubts.at_key("model", concat("no layer that the prediction depends on reads the input '", given.name, "'"),
                    concat("name it in a layer's 'from:', or leave it out of the data"));
  std::vector<std::string> idle;
  for (const LayerSummary& layer : doubts.layers())
    if (layer.parameters > 0 && !layers.contains(layer.path) && !has_frozen(*plan.network, layer.path))
      idle.push_back(layer.path);
  if (!idle.empty())
    doubts.at_layer(idle[0],
                    concat("no loss depends on what it gives, so that its parameters are not trained",
                           idle.size() == 1 ? "" : concat("; nor on ", count_of(std::ssize(idle) - 1, "other layer"))),
                    "name it in a layer's 'from:', or its item in a loss's 'output:'; or take it out");
}
DL_DOUBT(doubt_unread_values);

const std::vector<Node::Entry>& entries_or_none(const Node* node) {
  static const std::vector<Node::Entry> none;
  return node ? node->entries : none;
}

// Variables that stand nowhere. What a run has settled has no references any more.
void doubt_unread_variables(const Plan& plan, Doubts& doubts) {
  const Node* fitted = find_path(plan.spec, "data.fitted");
  if (fitted && !fitted->is_null()) return;
  for (const Node::Entry& variable : entries_or_none(plan.spec.find("variables")))
    if (!stands_for(plan.spec, "variables." + variable.key))
      doubts.at_key("variables." + variable.key, concat("no value of the config is '${variables.", variable.key, "}'"),
                    concat("write '${variables.", variable.key, "}' where it is meant, or take it out"));
}
DL_DOUBT(doubt_unread_variables);

// The same of parameters of blocks.
void doubt_unread_parameters(const Plan& plan, Doubts& doubts) {
  for (const std::string path : {"blocks", "model.blocks"})
    for (const Node::Entry& block : entries_or_none(find_path(plan.spec, path)))
      for (const Node::Entry& param : entries_or_none(block.value.find("params")))
        if (!mentions(block.value, param.key))
          doubts.at_key(concat(path, ".", block.key, ".params.", param.key),
                        concat("no value of the block is '${", param.key, "}'"),
                        concat("write '${", param.key, "}' where it is meant, or take it out"));
}
DL_DOUBT(doubt_unread_parameters);

}  // namespace
}  // namespace dl
