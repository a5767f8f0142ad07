// Functions from graph to graph, and the order they take part in.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/graph/graph.h"
#include "lib/graph/loop.h"

namespace dl {

// Which nodes some output or assignment depends on, by node index.
std::vector<char> live_nodes(const Graph& graph);

// By variables' names others that are read in their place, of the same type.
using Exchanged = std::map<std::string, Variable>;
std::unique_ptr<Graph> read_instead(const Graph& graph, const Exchanged& exchanged);

// The graph with an output f32 [] for each layer, and for its gradients: 0, or not a number where what the layer gives,
// or passes back, is not finite. They are in the order in which they are computed, after the graph's own outputs, named
// by these and the layer's path.
constexpr const char* watched_forward = "finite/forward/";
constexpr const char* watched_backward = "finite/backward/";
std::unique_ptr<Graph> watch_layers(const Graph& graph);

// The graph with a variable of f32 kept in bf16: read as f32, and rounded when it is assigned, up or down at random so
// that many small changes add up to what they are (Gupta et al. 2015, "Deep learning with limited numerical
// precision"). The numbers follow from the seed and the input "step" i32 [].
std::unique_ptr<Graph> keep_in_bf16(const Graph& graph, const Variable& variable, uint64_t seed);

// Elementwise chains and the reductions at their ends become LoopOps, and behind an operation for which
// `takes_epilogue` (given the op and its inputs' types) holds, its EpilogueOp. Dead nodes are left out.
// Nothing fusible remains outside a loop; names of outputs and assignments stay.
using TakesEpilogue = std::function<bool(const Op&, std::span<const Type>)>;
std::unique_ptr<Graph> fuse(const Graph& graph, const TakesEpilogue& takes_epilogue);

// A linear layer of many classes followed by their cross-entropy, and the gradients of both, become one
// LinearCrossEntropy, unless something else reads the logits. Null where there is no such pair.
std::unique_ptr<Graph> join_linear_cross_entropy(const Graph& graph);

// Mixed precision: operands of operations that can take bf16 are cast to it, parameters once for all uses; sums,
// losses, statistics, gradients of parameters and updates stay f32. Linear layers and their cross-entropies are joined
// before (join_linear_cross_entropy). Names of outputs and assignments and their types stay.
std::unique_ptr<Graph> narrow(const Graph& graph);

// Of a program's numbers: all f32; products in bf16 (narrow); the parameters too (keep_in_bf16).
enum class Precision : uint8_t { f32, bf16_mixed, bf16_true };

// What decides which passes take part.
struct PassOptions {
  Variable parameters;
  Exchanged read_instead;
  Precision precision = Precision::f32;
  uint64_t seed = 0;  // of rounding parameters to bf16
  bool watches_layers = false;
  TakesEpilogue fuses;  // none: the device runs operations as they are
};

// The graph after all passes that take part, in their order (passes.cpp); null where none of them changes anything.
std::unique_ptr<Graph> run_passes(const Graph& graph, const PassOptions& options);

// How a loop over `space` (its last dimension the columns, all before it the rows) reads a value of shape `shape`
// that broadcasts to it; nothing where the rows it repeats do not form one run.
std::optional<Loop::Access> loop_access(const Shape& shape, const Shape& space);

}  // namespace dl
