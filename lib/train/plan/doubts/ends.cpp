// What the network ends in: an activation between the last weights and a loss that has it in it, or none that it needs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/text.h"
#include "lib/graph/bounds.h"
#include "lib/train/plan/doubts/doubts.h"

namespace dl {
namespace {

// What only rearranges values is no end: the value before it.
Value before_rearranging(const Graph& g, Value end) {
  while (g.node(end.node).inputs.size() == 1 &&
         (g.node(end.node).op->is_view() || g.node(end.node).op->name() == "transpose"))
    end = g.node(end.node).inputs[0];
  return end;
}

void doubt_end(const Plan& plan, const Loss& read_by, Doubts& doubts) {
  Graph g;
  const Value end = before_rearranging(g, build_for_one_sample(*plan.network, g).at(read_by.from.output));
  const std::string path = g.node(end.node).scope, loss = read_by.name;
  const LayerSummary* last = doubts.layer(path);
  const std::string layer = last ? last->type : "";
  const Layer::Gives gives = last ? last->gives : Layer::Gives::values;
  const Bounds bounds = bounds_of(end);
  const Loss::Reads reads = read_by.reads();
  if (reads == Loss::Reads::log_probabilities) {
    if (gives == Layer::Gives::log_probabilities || bounds.high <= 0) return;
    return doubts.at_layer(
        path, concat("'", loss, "' takes logarithms of probabilities, which '", layer, "' does not give"),
        gives == Layer::Gives::probabilities ? "remove 'softmax', and take 'cross_entropy': it has both in it"
                                             : "take 'cross_entropy', which has the softmax and the logarithm in it");
  }
  if (reads == Loss::Reads::numbers) {
    const SampleField* target = read_by.reads_field() ? training_field(plan, read_by.from.target) : nullptr;
    if (!target || !target->centred) return;
    if (bounds.low >= 0)
      doubts.at_layer(
          path, concat("what '", layer, "' gives is never below 0, but the targets are normalized: half of them are"),
          concat("remove '", layer, "' at the end"));
    else if (bounds.low >= -1 && bounds.high <= 1)
      doubts.at_layer(
          path,
          concat("what '", layer, "' gives is never beyond -1 and 1, but the targets are normalized: many of them are"),
          concat("remove '", layer, "' at the end"));
    return;
  }
  if (reads == Loss::Reads::boxes) return;
  const bool of_one = reads == Loss::Reads::logit;
  const std::string own = of_one ? "sigmoid" : "softmax";
  if (gives == (of_one ? Layer::Gives::probability : Layer::Gives::probabilities) ||
      gives == Layer::Gives::log_probabilities)
    doubts.at_layer(path, concat("'", loss, "' applies a ", own, " itself: it takes the values before"),
                    concat("remove '", layer, "'; what 'predict' tells are probabilities all the same"));
  else if (bounds.low >= -1 || bounds.high <= 1)
    doubts.at_layer(
        path,
        concat("'", loss, "' takes values before a ", own, ", of any size and sign; those of '", layer, "' are never ",
               bounds.low >= -1 ? "below " + number_text(bounds.low) : "above " + number_text(bounds.high)),
        concat("remove '", layer, "' at the end"));
}

void doubt_ends(const Plan& plan, Doubts& doubts) {
  for (const Objectives::Term& term : plan.objectives.losses()) doubt_end(plan, *term.loss, doubts);
}
DL_DOUBT(doubt_ends);

}  // namespace
}  // namespace dl
