// Watching for numbers that are not finite.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/graph/ops.h"
#include "lib/graph/passes.h"
#include "lib/graph/rewriter.h"

namespace dl {
namespace {

struct Watched {
  std::string scope;
  Phase phase;
  int node;
};

// The last node of each layer in either direction, in the order in which they are computed.
std::vector<Watched> layers_of(const Graph& graph) {
  const std::vector<char> live = live_nodes(graph);
  std::vector<Watched> layers;
  for (int i = 0; i < graph.size(); ++i) {
    const GraphNode& node = graph.node(i);
    const bool moves = node.phase == Phase::forward || node.phase == Phase::backward;
    if (!live[static_cast<size_t>(i)] || node.scope.empty() || !moves || node.types[0].dtype != DType::f32) continue;
    const auto known = std::ranges::find_if(
        layers, [&](const Watched& layer) { return layer.scope == node.scope && layer.phase == node.phase; });
    if (known == layers.end())
      layers.push_back({node.scope, node.phase, i});
    else
      known->node = i;
  }
  std::ranges::sort(layers, {}, &Watched::node);
  return layers;
}

}  // namespace

std::unique_ptr<Graph> watch_layers(const Graph& graph) {
  Rewriter rewriter(graph);
  for (int i = 0; i < graph.size(); ++i) {
    rewriter.place_as(i);
    rewriter.copy(i);
  }
  for (const Watched& layer : layers_of(graph)) {
    rewriter.place_as(layer.node);
    const Value of = rewriter.mapped({.node = layer.node});
    const char* prefix = layer.phase == Phase::forward ? watched_forward : watched_backward;
    rewriter.made().output(prefix + layer.scope, sum(of * 0.0));
  }
  return rewriter.finish();
}

}  // namespace dl
