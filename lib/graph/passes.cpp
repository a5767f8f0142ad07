// The order of the passes: what a graph goes through between being built and being laid out for a device.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/passes.h"

namespace dl {
namespace {

using Made = std::unique_ptr<Graph>;  // null: there was nothing to change

struct Pass {
  bool (*takes_part)(const PassOptions&);
  Made (*run)(const Graph&, const PassOptions&);
};

bool is_narrow(const PassOptions& o) { return o.precision != Precision::f32; }

constexpr Pass passes[] = {
    // A validation reads averages of the weights and the layers' own variables in their place.
    {[](const PassOptions& o) { return !o.read_instead.empty(); },
     [](const Graph& g, const PassOptions& o) { return read_instead(g, o.read_instead); }},
    {[](const PassOptions& o) { return o.watches_layers; },
     [](const Graph& g, const PassOptions&) { return watch_layers(g); }},
    {[](const PassOptions& o) { return o.precision == Precision::bf16_true; },
     [](const Graph& g, const PassOptions& o) { return keep_in_bf16(g, o.parameters, o.seed); }},
    // Before its parts are narrowed or fused.
    {[](const PassOptions& o) { return is_narrow(o) || o.fuses; },
     [](const Graph& g, const PassOptions&) { return join_linear_cross_entropy(g); }},
    {is_narrow, [](const Graph& g, const PassOptions&) { return narrow(g); }},
    // Here sums over ranks will be put behind the packed gradients: their type is known, and no loop has them yet.
    {[](const PassOptions& o) { return o.fuses != nullptr; },
     [](const Graph& g, const PassOptions& o) { return fuse(g, o.fuses); }},
    // Recompute follows where a memory limit asks for it, with what lib/train/programs/memory_limit.h finds to be
    // enough.
};

}  // namespace

std::unique_ptr<Graph> run_passes(const Graph& graph, const PassOptions& options) {
  Made made;
  for (const Pass& pass : passes) {
    if (!pass.takes_part(options)) continue;
    if (Made next = pass.run(made ? *made : graph, options)) made = std::move(next);
  }
  return made;
}

}  // namespace dl
