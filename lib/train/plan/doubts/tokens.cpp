// What the network makes of numbers that count things, as tokens do: tables, quantities, a next token that it sees.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/text.h"
#include "lib/data/capability.h"
#include "lib/data/padded.h"
#include "lib/data/succession.h"
#include "lib/data/text/tokenized.h"
#include "lib/graph/ops/attention.h"
#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/leaf.h"
#include "lib/graph/ops/recurrent.h"
#include "lib/train/plan/doubts/doubts.h"

namespace dl {
namespace {

// Tables with fewer rows than there are things.
void doubt_tables(const Plan& plan, Doubts& doubts) {
  for (const NumberLimit& limit : plan.network->number_limits()) {
    const auto field = std::ranges::find(plan.data.inputs, limit.input, &SampleField::name);
    if (field == plan.data.inputs.end() || !limit.chooses_row || field->values <= limit.count) continue;
    doubts.at_layer(limit.layer,
                    concat("the table has ", count_of(limit.count, "row"), ", '", limit.input, "' counts ",
                           field->values, " different numbers"),
                    limit.input == "x" ? "write 'num_embeddings: ${data.vocabulary}'"
                                       : concat("write 'num_embeddings: ", field->values, "'"));
  }
}
DL_DOUBT(doubt_tables);

// The input of tokens of which these values are the numbers, rearranged or beside others; null where none is.
const SampleField* counted_in(const Plan& plan, Value v) {
  const GraphNode& node = v.graph->node(v.node);
  if (const auto* given = dynamic_cast<const Input*>(node.op.get())) {
    const SampleField* field = training_field(plan, given->key);
    const bool counts = field && field->type.dtype == DType::i32 && field->values > 0;
    // A single one may be a length, which is a quantity, where sequences are padded.
    return counts && (field->type.shape.rank() == 1 || !capability<Padded>(*plan.data.train)) ? field : nullptr;
  }
  const std::string_view op = node.op->name();
  if (!node.op->is_view() && op != "transpose" && op != "cast" && op != "concat") return nullptr;
  for (const Value& part : node.inputs)
    if (const SampleField* field = counted_in(plan, part)) return field;
  return nullptr;
}

// Whole numbers in an array are tokens; those of images and of columns look alike.
std::string help_for_numbers(const SampleField& field) {
  const bool is_x = field.name == "x", are_bytes = field.type.shape.rank() > 1 && field.values <= 256;
  return concat(
      "put 'embedding: {num_embeddings: ", is_x ? std::string("${data.vocabulary}") : std::to_string(field.values),
      ", embedding_dim: 32}' before it",
      !is_x       ? ""
      : are_bytes ? "; where they are pixels save them by .astype(numpy.uint8)"
                  : "; where they are quantities save them by .astype(numpy.float32)");
}

// Tokens whose numbers are weighted as quantities.
void doubt_quantities(const Plan& plan, Doubts& doubts) {
  Graph g;
  build_for_one_sample(*plan.network, g);
  std::set<std::string> told;
  for (int i = 0; i < g.size(); ++i) {
    const GraphNode& node = g.node(i);
    if (node.op->name() != "matmul" && node.op->name() != "convolution") continue;
    for (const Value& v : node.inputs)
      if (const SampleField* field = counted_in(plan, v); field && told.insert(node.scope).second)
        doubts.at_layer(node.scope,
                        concat("takes the numbers of '", field->name, "', which only count ", field->values,
                               " different things, for quantities"),
                        help_for_numbers(*field));
  }
}
DL_DOUBT(doubt_quantities);

// What to write so that this operation gives a place of a sequence nothing of those behind it; empty where it does not.
std::string to_see_nothing_behind(const GraphNode& node, int64_t length) {
  if (const auto* attention = dynamic_cast<const AttentionOp*>(node.op.get())) {
    std::vector<Type> tensors;
    for (int t = 0; t < attention->spec.tensors; ++t) tensors.push_back(node.inputs[static_cast<size_t>(t)].type());
    const AttentionParts parts = attention->spec.parts(tensors);
    return !attention->spec.causal && parts.queries == length && parts.keys == length ? "write 'causal: true'" : "";
  }
  if (const auto* recurrent = dynamic_cast<const Recurrent*>(node.op.get()))
    return recurrent->reverse && node.types[0].shape[1] == length ? "write 'bidirectional: false'" : "";
  if (const auto* convolution = dynamic_cast<const Convolution*>(node.op.get())) {
    const bool along = node.types[0].shape.rank() == 3 && node.types[0].shape[1] == length;
    return along && convolution->window.pad_after[0] > 0 ? "write 'padding: causal'" : "";
  }
  return "";
}

// A network that is to say the next token, and has it before it.
void doubt_next_tokens(const Plan& plan, Doubts& doubts) {
  const Dataset& data = *plan.data.train;
  if (!capability<Tokenized>(data) || !capability<Succession>(data) || plan.network->inputs().size() != 1) return;
  const Shape tokens = plan.network->inputs()[0].type.shape;
  if (tokens.rank() != 1) return;
  Graph g;
  const NetworkOutputs outputs = build_for_one_sample(*plan.network, g);
  std::vector<int> ends;
  for (const Objectives::Term& term : plan.objectives.losses()) {
    const Value end = outputs.at(term.loss->from.output);
    if (term.loss->from.target == "y" && end.shape().rank() == 3 && end.shape()[1] == tokens[0])
      ends.push_back(end.node);
  }
  for (const int i : nodes_behind(g, ends)) {
    const std::string help = to_see_nothing_behind(g.node(i), tokens[0]);
    if (help.empty()) continue;
    return doubts.at_layer(g.node(i).scope,
                           "sees the tokens behind each place, of which the first is the one to be predicted", help);
  }
}
DL_DOUBT(doubt_next_tokens);

}  // namespace
}  // namespace dl
