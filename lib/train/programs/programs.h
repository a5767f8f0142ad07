// The programs of a run: a training step, an evaluation and a prediction, for each type of batch that occurs.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/data/batch_type.h"
#include "lib/device/program.h"
#include "lib/graph/passes.h"
#include "lib/nn/update_chain.h"
#include "lib/train/programs/forward_graph.h"
#include "lib/train/programs/memory_limit.h"

namespace dl {

// What a training step is made of; all referred to must outlive the programs.
struct Recipe {
  ForwardParts forward;
  std::vector<Update> updates;  // one a turn, of parameters that no other has; empty where nothing is trained
  std::vector<Variable> kept;   // by controllers, beside what the update keeps
  int threads = 1;              // that fill in initial values
  // What the variables, a training step's values and the batches may take together, and what the batches in memory take
  // for a sample of a batch.
  std::optional<int64_t> memory_limit_bytes;
  int64_t batch_bytes = 0;
  Precision precision = Precision::f32;
  bool watches_layers = false;  // in training: outputs of watch_layers()
  bool gives_gradient = false;  // updates have an output "gradient", flat, before any rule; 0 where nothing is updated
};

// Inputs of every program: the network's by their names, [batch, …] each, and, but for prediction, the fields that
// losses and metrics read, [batch, …]. Training programs also: "step" i32 [], which numbers micro-batches for random
// numbers; and those that update take what begin_update() tells. Outputs: "loss" [] (mean over the micro-batch's
// targets), "loss/count" [] of them, "grad_norm" [] from update programs (before clipping), "prediction" (as
// Loss::told) from programs that predict or examine, and the rows that measures() names.
class Programs {
 public:
  Programs(const Recipe& recipe, Store& store);
  ~Programs();

  // Creates the variables (parameters, optimizer state, buffers), for weights to be read into.
  void create();
  // Creates them and fills in initial values from the seed.
  void initialize();
  // The weights' average, if there is to be one, begins at the weights there are; initialize() does so itself.
  void begin_average();

  // Sets to 0 what layers carry from batch to batch: where an epoch, or an evaluation or prediction, begins.
  void forget_carried(bool training);

  // Before each update's programs are launched, and after the launch before has returned: when it is.
  void begin_update(const UpdateTime& time, size_t turn = 0);

  // Numbers of updates, `updates` first, by which advance() makes all training programs that a run has from there on.
  std::vector<int64_t> stages(int64_t updates) const;
  // From now on training programs are those of a run in which so many updates were made: what is frozen until then
  // trains, and curvature is measured where the next update asks for it. True where that makes other programs.
  bool advance(int64_t updates);

  // Feeds a program that steps or accumulates the numbers drawn for micro-batch `tick`.
  void draw(Program& program, int64_t tick);

  // Training programs keep to the memory limit by computing values again (lib/train/programs/memory_limit.h); where
  // that is not enough, Error(Exit::usage) says what would be.
  // Forward, the turn's losses, backward, clip, update.
  Program& step(const BatchType& batch, size_t turn = 0);
  // A micro-batch of a run without turns: forward, loss, backward. Adds its gradient, weighed by the targets that its
  // loss is the mean of, to the variable "gradients", and their number to "gradient_count"; before an update that
  // measures curvature also that against drawn targets, to "drawn_gradients" and "drawn_gradient_count".
  Program& accumulate(const BatchType& batch);
  // Clip, update from the gradient of the mean over all those targets, as of one large batch; sets all to zero.
  Program& update();
  // Of an optimizer that searches (Optimizer::searches): the training's "loss" where the parameters are, and its slope
  // along the direction, "search/slope"; no variable changes. And what moves the parameters by "search/length" of the
  // direction, from where the step left them.
  Program& probe(const BatchType& batch);
  Program& move();
  Program& evaluate(const BatchType& batch);
  Program& predict(const BatchType& batch);
  Program& examine(const BatchType& batch);  // evaluates and predicts

  // What those that train and evaluate keep of their batches.
  const MeasureLayout& measures();

  // How the step or accumulation of a type of batch, which has been made, keeps to the limit.
  const StepMemory& memory(const BatchType& batch, size_t turn = 0) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dl
