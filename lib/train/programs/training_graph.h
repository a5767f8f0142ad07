// The graph of a training program behind its forward part: the gradient of a turn's loss, and the update that is made
// of it, at once or from a sum over batches.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lib/device/program.h"
#include "lib/graph/graph.h"
#include "lib/train/programs/forward_graph.h"
#include "lib/train/programs/programs.h"
#include "lib/train/programs/update_graph.h"

namespace dl {

class TrainingGraph {
 public:
  // Of a turn, of a run in which so many updates were made (ForwardParts::updates). Writes to `g`; all are to outlive
  // it.
  TrainingGraph(Graph& g, const Recipe& recipe, const Store& store, size_t turn, int64_t updates)
      : graph_(g), recipe_(recipe), store_(store), turn_(turn), updates_(updates) {}

  // As Programs has them. `numbers` become those that the update reads; a forward part that is to come behind
  // variables is a call.
  using MakeForward = std::function<Forward()>;
  void step(const Forward& forward, bool measures_curvature, HostNumbers& numbers);
  void accumulate(const MakeForward& forward);
  void update_from_sum(HostNumbers& numbers);
  void probe(const MakeForward& forward);
  void move();

 private:
  const Update& update() const { return recipe_.updates[turn_]; }
  Variable parameters() const { return recipe_.forward.network->parameters(); }
  int64_t elements() const { return recipe_.forward.network->arena_elements(); }
  Variable gradient_sum() const { return {"gradients", Type{DType::f32, {elements()}}, Role::gradient}; }
  static Variable gradient_count() { return {"gradient_count", Type{}, Role::counter}; }
  Optimizer::Search search() const { return *update().searches(); }
  Value state(const std::string& name) const;  // of an update that searches

  Value flat_gradient(Value loss);
  Value flat_gradient(Value loss, Value flat) const;
  Value curvature(const Forward& forward);
  void add_update(const Slopes& slopes, HostNumbers& numbers, Value count = {});
  std::vector<std::string> averaged_elsewhere() const;
  void take_along();

  Graph& graph_;
  const Recipe& recipe_;
  const Store& store_;
  const size_t turn_;
  const int64_t updates_;
};

}  // namespace dl
