// What layers doubt of their own keys, and what the model doubts of them.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/train/plan/doubts/doubts.h"

namespace dl {
namespace {

void doubt_keys(const Plan&, Doubts& doubts) {
  std::set<std::string> told;  // with their places: a block stands for several
  for (const LayerSummary& layer : doubts.layers())
    for (const Doubt& doubt : layer.doubts)
      if (told.insert(concat(layer.where.text(), doubt.what)).second)
        doubts.at_layer(layer.path, doubt.what, doubt.help);
}
DL_DOUBT(doubt_keys);

// Initializers of weights that another layer has made; `told` has the places of those before.
void doubt_inits(const std::vector<ModelItem>& items, std::set<std::string>& told, Doubts& doubts) {
  for (const ModelItem& item : items) {
    doubt_inits(item.children, told, doubts);
    if (!item.layer.is_map() || item.layer.entries.size() != 1) continue;
    // What is in a block that shares has the keys of the block.
    const bool shares = !item.tensors.empty() && item.tensors != item.path && item.path.find('.') == item.path.npos;
    const bool ties = std::ranges::count(item.ties, "weight", &ModelItem::Tie::parameter) > 0;
    const Node* init = item.layer.entries[0].value.find("init");
    if (init && !init->is_null() && (shares || ties) && told.insert(item.where.text()).second)
      doubts.at_layer(item.path, "'init' is of a weight that another layer has made",
                      "write it in that layer, or take it out");
  }
}

void doubt_weights_of_others(const Plan& plan, Doubts& doubts) {
  std::set<std::string> told;
  doubt_inits(plan.items, told, doubts);
}
DL_DOUBT(doubt_weights_of_others);

}  // namespace
}  // namespace dl
