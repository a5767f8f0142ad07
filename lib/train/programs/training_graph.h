// The graph of a training program behind its forward part: the gradient of a turn's loss, and the update that is made
// of it, at once or from a sum over batches.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
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

  // As Programs has them. `numbers` become those that the update reads.
  void step(const Forward& forward, bool measures_curvature, HostNumbers& numbers);
  void accumulate(const Forward& forward, bool measures_curvature);
  void update_from_sum(bool measures_curvature, HostNumbers& numbers);
  void probe(const Forward& forward);
  void move();
  // What batches are added up in, by this accumulation or another of the turn.
  std::vector<Variable> sums() const;

 private:
  const Update& update() const { return recipe_.updates[turn_]; }
  Variable parameters() const { return recipe_.forward.network->parameters(); }
  int64_t elements() const { return recipe_.forward.network->arena_elements(); }
  // Gradients that are added up over batches, each by its targets, and the number of these: those of the loss, and
  // those against targets that are drawn, of which the curvature is made.
  struct Summed {
    Variable gradient, count;
  };
  Summed given() const { return summed("gradients", "gradient_count"); }
  Summed drawn() const { return summed("drawn_gradients", "drawn_gradient_count"); }
  Summed summed(const std::string& gradient, const std::string& count) const {
    return {{gradient, Type{DType::f32, {elements()}}, Role::gradient}, {count, Type{}, Role::counter}};
  }
  Optimizer::Search search() const { return *update().searches(); }
  Value state(const std::string& name) const;  // of an update that searches

  Value flat_gradient(Value loss);
  Value flat_gradient(Value loss, Value flat) const;
  Value drawn_gradient(const Forward& forward) const;
  void add_up(const Summed& sums, Value gradient, Value count);
  Value total(const Summed& sums) const;
  Value at_least_one(const Variable& count) const;
  void begin_sums(const Summed& sums);
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
