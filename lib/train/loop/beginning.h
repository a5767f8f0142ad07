// What a run begins with, new or from a checkpoint: its weights and its state, and what is told of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "lib/device/program.h"
#include "lib/train/kept/checkpoint.h"
#include "lib/train/kept/observer.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/plan/plan.h"
#include "lib/train/programs/programs.h"

namespace dl {

using Warn = std::function<void(const std::string& text)>;

// Before the first step of a new run.
TrainState new_state(const Plan& plan, const Device& device);
// The checkpoint's, as a run goes on from it whose new state was `fresh`, after take_weights(). What is otherwise from
// there on is told.
TrainState state_from(const Checkpoint& checkpoint, const Plan& plan, const Device& device, const TrainState& fresh,
                      const Warn& warn);

// Makes the variables, with initial weights or those of init_from's file.
void begin_weights(Plan& plan, Programs& programs, Store& store);
// With the checkpoint's weights and optimizer state, on a device that then computes as its run did where it can. That
// it is of the same model, optimizer and seed, else Error(Exit::usage), and of the same data, else Error(Exit::data).
void take_weights(const Checkpoint& checkpoint, Plan& plan, Programs& programs, Store& store);

// What observers are told when the run starts; no folder: none is there yet.
RunStarted told_at_start(const Plan& plan, const Device& device, const TrainState& state, const RunFolder* folder,
                         const std::filesystem::path& resumed_from);
// Keys of the config that do on this device not what they are for.
void warn_of_the_device(const Plan& plan, const Device& device, const Warn& warn);

// As checkpoints have it.
std::string fingerprint_of(const DataSets& data);

}  // namespace dl
