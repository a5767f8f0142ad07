// Where a training stands, for PyTorch and Lightning to go on with.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lib/interop/weights/python_value.h"
#include "lib/nn/network.h"
#include "lib/nn/update_chain.h"

namespace dl {

struct TrainingState {
  // How far it is, as the run counts it.
  struct Moment {
    int64_t step = 0;            // updates done
    int64_t epoch = 0;           // epochs done
    int64_t batches = 0;         // seen in all
    int64_t epoch_batches = 0;   // of the epoch that has begun; 0: it has not
    double lr = 0, next_lr = 0;  // of the optimizer, and of the next update, without the groups' factors
    std::filesystem::path weights{}, optimizer{};  // the checkpoint's files
  };
  struct Parameter {
    std::string name;
    std::vector<std::pair<std::string, StoredTensor>> state;  // none before its first update
  };
  struct Group {
    Node keys = Node::map();     // of param_groups, without lr
    double lr = 0, next_lr = 0;  // at first, and of the next update
    std::vector<Parameter> parameters;
  };

  Moment moment;
  std::string optimizer;      // its class in torch.optim; empty: there is none
  std::vector<Group> groups;  // a parameter's number is its place in all of them

  void put_before_names(const std::string& prefix);
};

// Why torch.optim cannot go on with a run whose steps are these updates; empty: it can.
std::string why_not_in_torch(const std::vector<Update>& updates);

// Of a run whose steps are these updates. Parameters stand in the order in which a module with submodules of the
// layers' paths has them, in a group for each of the optimizer's; what is frozen for good has no state, and without
// groups stands among the others. An Error(Exit::usage) says so where torch.optim cannot go on.
TrainingState training_state(const Network& network, const std::vector<Update>& updates,
                             const TrainingState::Moment& moment);

// torch.optim.Optimizer.state_dict().
PythonValue optimizer_state_dict(const TrainingState& training);

// A checkpoint as PyTorch's users write them: model_state_dict, optimizer_state_dict, scheduler_state_dict, epoch,
// step.
PythonValue torch_checkpoint(const WeightsWriter::Tensors& tensors, const TrainingState& training);
// As Lightning's Trainer writes it after the step, and takes it up again.
PythonValue lightning_checkpoint(const WeightsWriter::Tensors& tensors, const TrainingState& training);

}  // namespace dl
