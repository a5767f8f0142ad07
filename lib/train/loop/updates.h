// Optimizer updates: one batch, or several whose gradients are added up, through the programs of a training step.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/train/loop/batches_ahead.h"
#include "lib/train/loop/kept_batches.h"
#include "lib/train/plan/plan.h"
#include "lib/train/programs/batch_programs.h"
#include "lib/train/programs/line_search.h"
#include "lib/train/programs/measures.h"
#include "lib/train/programs/programs.h"

namespace dl {

// Allocates nothing but the programs of a batch size that it meets for the first time.
class Updates {
 public:
  Updates(const Plan& plan, Programs& programs, Store& store);

  // Makes the programs for batches of a size before the first of them is there: of a run of which so many updates were
  // made, and of what is frozen now and trained later.
  void expect(const BatchType& batch, int64_t updates);
  // The next step's learning rate and number, from 1, which says whose turn it is.
  void begin(double lr, int64_t number, std::optional<double> momentum = {});
  // The whole step from the next batch, whose number of samples it returns; `tick` numbers the random draws. The
  // batch after it is fetched and, where each step is one update, fed while the device computes. Where reads_late(), a
  // step may be begun before the one before it is read.
  int64_t step(BatchesAhead& batches, int64_t tick);
  // Of a device that runs ahead, where a step is one launch of which nothing but scalars is read.
  bool reads_late() const { return reads_late_; }
  // Waits for the first step that was not read, and takes its loss and gradient_norm(); none: nothing.
  void read();
  // The update from several batches, as if they were one: each, then finish().
  int64_t accumulate(BatchesAhead& batches, int64_t tick);
  void finish();

  // Of the step read last, or so far, the turns' losses added; 0 where no target counted.
  double loss() const { return of_turns_before_ + (count_ > 0 ? sum_ / count_ : 0); }
  Measures take() { return tally_.take(programs_.measures()); }  // of the batches since the last time
  Measures peek() const { return tally_.peek(programs_.measures()); }
  Tally& tally() { return tally_; }
  // Of the last step, read before anything else is run, where updates give it: the gradient of all that was updated, as
  // the parameters lie; empty before the first.
  std::vector<float> gradient() const;
  float gradient_norm() const { return gradient_norm_; }  // of all that is updated
  // Where layers are watched: "in what the layer 'conv1' gives", the first that was not finite in the last batch; else
  // empty.
  std::string first_not_finite() const;

 private:
  // The programs of one turn: steps, or accumulations.
  struct Turn {
    BatchPrograms programs;
    int64_t every = 1;
    bool due = true;  // in this step
  };
  struct Unread {
    Program* program;
    int64_t launch;  // Program::launches()
  };
  void advance(int64_t updates);
  void search(const Program& update, double loss);
  Probed probed();
  void keep_outputs(const Program& program);
  void launch(Program& program);
  void forget();
  int64_t run(BatchesAhead& batches, int64_t tick);

  Programs& programs_;
  const bool accumulates_;
  const std::optional<Optimizer::Search> searches_;
  const bool may_read_late_;
  std::vector<Turn> turns_;
  BatchPrograms probes_;
  KeptBatches searched_;                  // the step's, so far
  std::vector<Program*> launched_;        // of the last batch
  std::vector<float> searched_gradient_;  // the last step's, before its search
  std::vector<Unread> unread_;
  bool reads_late_ = false;
  bool others_ = false;  // since the last batch: it was fed to programs that are no longer those of its turns
  int32_t tick_ = 0;     // what the programs read
  Tally tally_;
  double sum_ = 0, count_ = 0;  // of the losses that were read, of the turn at hand
  double of_turns_before_ = 0;
  float gradient_norm_ = 0;
};

}  // namespace dl
