// Beginning a run.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/beginning.h"

#include "lib/base/batch_job.h"
#include "lib/base/hash.h"
#include "lib/base/host.h"
#include "lib/base/text.h"
#include "lib/device/repeats_arithmetic.h"
#include "lib/train/kept/initial_weights.h"
#include "lib/train/kept/weights.h"
#include "lib/train/loop/resuming.h"

namespace dl {

TrainState new_state(const Plan& plan, const Device& device) {
  TrainState state;
  state.seed = plan.seed();
  state.batch_size = plan.run.data.batch_size;
  state.total_steps = plan.total_steps();
  state.arithmetic = device.arithmetic();
  state.monitor = plan.run.trainer.checkpoint.best.value_or("");
  return state;
}

TrainState state_from(const Checkpoint& checkpoint, const Plan& plan, const Device& device, const TrainState& fresh,
                      const Warn& warn) {
  const TrainState& saved = checkpoint.state;
  TrainState state = saved;
  state.batch_size = fresh.batch_size;
  state.total_steps = fresh.total_steps;
  state.arithmetic = device.arithmetic();
  if (!saved.arithmetic.empty() && saved.arithmetic != state.arithmetic)
    warn(concat("its steps were computed by ", arithmetic_title(saved.arithmetic), ", from here on by ",
                arithmetic_title(state.arithmetic), ": they differ in the last bits"));
  for (const std::string& change : changes_since(plan, checkpoint)) warn(change);
  const auto length = [](int64_t steps) { return steps > 0 ? "for " + count_of(steps, "step") : "without an end"; };
  if (plan.run.schedule && saved.total_steps != fresh.total_steps)
    warn(concat("the schedule was planned ", length(saved.total_steps), ", from here on ",
                saved.total_steps > 0 && fresh.total_steps > 0 ? concat("for ", fresh.total_steps)
                                                               : length(fresh.total_steps)));
  if (state.monitor != fresh.monitor) {
    const auto figure = [](const std::string& monitor) { return monitor.empty() ? "no figure" : monitor; };
    state.former_best_step = saved.spared_step();
    if (state.former_best_step >= 0)
      warn(concat("the best checkpoint was chosen by ", figure(saved.monitor), ", from here on by ",
                  figure(fresh.monitor), "; that of step ", state.former_best_step,
                  " is kept until there is a new best"));
    state.monitor = fresh.monitor;
    state.best_value.reset();
    state.best_step = -1;
  }
  return state;
}

void begin_weights(Plan& plan, Programs& programs, Store& store) {
  plan.data.load_ahead();
  if (!plan.run.init_from) {
    programs.initialize();
  } else {
    plan.initial.fresh.empty() ? programs.create() : programs.initialize();
    read_weights(plan.network->tensors(), store, plan.initial_weights(), plan.initial);
    programs.begin_average();
  }
}

void take_weights(const Checkpoint& checkpoint, Plan& plan, Programs& programs, Store& store) {
  expect_same_run(plan, checkpoint);
  if (auto* repeats = dynamic_cast<RepeatsArithmetic*>(&store.device()))
    repeats->compute_as(checkpoint.state.arithmetic);
  plan.data.load_ahead();
  programs.create();
  read_weights(plan.network->tensors(), store, checkpoint.weights());
  read_optimizer(plan.network->tensors(), store, checkpoint.optimizer());
  expect_same_model(plan, checkpoint);
  expect_same_data(fingerprint_of(plan.data), checkpoint);
}

RunStarted told_at_start(const Plan& plan, const Device& device, const TrainState& state, const RunFolder* folder,
                         const std::filesystem::path& resumed_from) {
  const TrainerSpec& trainer = plan.run.trainer;
  const bool no_gpu = trainer.device.name == "auto" && device.name() == "cpu";
  const char* by_auto = no_gpu ? ", as no GPU works here ('dlcli doctor' says why)" : "";
  return {
      .name = folder ? folder->paths().name() : plan.name,
      .folder = folder && !trainer.fast_dev_run ? folder->paths().folder : std::filesystem::path(),
      .device = concat(device.name(), ": ", device.description(), by_auto),
      .parameters = plan.network->parameter_count(),
      .train_samples = plan.data.train->size(),
      .val_samples = plan.data.validation ? plan.data.validation->size() : 0,
      .batch_size = plan.run.data.batch_size,
      .steps_per_epoch = plan.steps_per_epoch(),
      .total_steps = plan.total_steps(),
      .max_epochs = trainer.max_epochs.value_or(0),
      .step = state.step,
      .epoch = state.epoch,
      .splits = plan.data.names,
      .resumed_from = resumed_from,
      .host = host_name(),
      .job = batch_job(),
      .threads = plan.threads(),
      .monitor = state.monitor,
      .initial = plan.initial,
  };
}

void warn_of_the_device(const Plan& plan, const Device& device, const Warn& warn) {
  const TrainerSpec& trainer = plan.run.trainer;
  if (trainer.numbers() != Precision::f32 && !device.gains_by_bf16())
    warn(concat("trainer.precision: this processor multiplies bf16 no faster than f32: '", trainer.precision,
                "' takes less memory, and up to twice the time of '32-true'"));
  if (trainer.matmul_precision != "highest" && device.name() != "cuda")
    warn(concat("trainer.matmul_precision: '", trainer.matmul_precision,
                "' is without effect: products of f32 have all its bits on the device '", device.name(), "'"));
}

std::string fingerprint_of(const DataSets& data) { return hash_text(data.fingerprint()); }

}  // namespace dl
