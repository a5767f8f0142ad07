// Whether a run can go on from a checkpoint.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "lib/train/kept/checkpoint.h"
#include "lib/train/plan/plan.h"

namespace dl {

// That the checkpoint is of this seed, of batches and steps of these sizes and of these parameter groups, else
// Error(Exit::usage).
void expect_same_run(const Plan& plan, const Checkpoint& checkpoint);
// The same of what tensors do not show, where they are the model's and the optimizer's: the layers' keys, and which
// optimizers there are.
void expect_same_model(const Plan& plan, const Checkpoint& checkpoint);
// What the checkpoint's run had otherwise of what may change and changes what is trained: keys of its optimizer, the
// schedule, the loss.
std::vector<std::string> changes_since(const Plan& plan, const Checkpoint& checkpoint);
// Whether its run has the same value at these paths of the config.
bool has_same(const Plan& plan, const Checkpoint& checkpoint, std::initializer_list<const char*> paths);
// That it was trained on the data which have this fingerprint, else Error(Exit::data).
void expect_same_data(const std::string& fingerprint, const Checkpoint& checkpoint);

}  // namespace dl
