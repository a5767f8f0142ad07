// Filling in the defaults of layers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/resolved_model.h"

#include <algorithm>
#include <string>
#include <vector>

#include "lib/nn/layer.h"
#include "lib/spec/interpolate.h"

namespace dl {
namespace {

class Filling {
 public:
  // A block's name means the block, even where a layer has the same one.
  void add_blocks(const Node& blocks) {
    for (const std::string& name : blocks.keys()) blocks_.push_back(name);
  }

  void fill_layers(Node& layers) const {
    for (Node& item : layers.items) {
      if (item.is_scalar() && is_layer(item.text)) item = filled(item);
      if (!item.is_map()) continue;
      for (Node::Entry& entry : item.entries) {
        if (!is_layer(entry.key) || has_references(entry.value)) continue;
        Node used = Node::map();
        used.set(entry.key, entry.value);
        if (const Node layer = filled(used); layer.is_map()) entry.value = layer.entries.front().value;
      }
    }
  }

  void fill_blocks(Node& blocks) const {
    for (Node::Entry& block : blocks.entries)
      if (Node* layers = block.value.find("layers")) fill_layers(*layers);
  }

 private:
  bool is_layer(const std::string& name) const {
    return Registry<Layer>::instance().has(name) && std::ranges::count(blocks_, name) == 0;
  }
  static Node filled(const Node& used) {
    std::vector<Problem> problems;
    const std::unique_ptr<Layer> layer = Registry<Layer>::read(used, Reading(problems));
    return layer && problems.empty() ? write_registered(*layer) : used;
  }

  std::vector<std::string> blocks_;
};

}  // namespace

ModelNodes resolved_model(const Node& model, const Node& blocks) {
  ModelNodes out{model, blocks};
  Node* own_blocks = out.model.find("blocks");  // of a model in a file of its own
  Node* layers = out.model.find("layers");
  Filling filling;
  filling.add_blocks(out.blocks);
  if (own_blocks) filling.add_blocks(*own_blocks);
  filling.fill_blocks(out.blocks);
  if (own_blocks) filling.fill_blocks(*own_blocks);
  filling.fill_layers(layers ? *layers : out.model);
  return out;
}

}  // namespace dl
