// The keys of a config.
#include "lib/train/run_spec.h"

#include "lib/device/device.h"

namespace dl {

using Unit = Duration::Unit;

void EarlyStoppingSpec::describe(Schema& s) {
  s.summary("stops the run when a figure no longer gets better");
  s.optional("monitor", monitor, "the figure: val/loss, or val/ and a metric's name");
  s.optional("patience", patience, "validations without a gain after which the run stops").at_least(1);
  s.optional("min_delta", min_delta, "a smaller change is no gain").at_least(0);
  s.optional("mode", mode, "min or max is better; without it, what is better for the figure").one_of({"min", "max"});
  s.example("early_stopping: {monitor: val/accuracy, patience: 5}");
}

void EmaSpec::describe(Schema& s) {
  s.summary("an exponential moving average of the weights, which is what is validated and evaluated");
  s.details(
      "After each step, average = decay * average + (1 - decay) * weights; it begins at the initial weights. Buffers, "
      "such as the running statistics of batch_norm, are not averaged.");
  s.optional("decay", decay, "share of the average that a step keeps").at_least(0).below(1).positional();
  s.example("ema: {decay: 0.9999}");
}

void CheckpointSpec::describe(Schema& s) {
  s.summary("which checkpoints are written and kept; the last one always is");
  s.optional("every", every, "how often one is written; without it, every epoch and every 10 minutes")
      .units({Unit::steps, Unit::epochs, Unit::seconds})
      .above(0)
      .known_as({"every_n_epochs", "every_n_train_steps", "train_time_interval"});
  s.optional("keep", keep, "how many of the newest are kept").at_least(1).known_as({"save_top_k"});
  s.optional("best", best, "the figure whose best checkpoint is kept too: val/loss, or val/ and a metric's name")
      .known_as({"monitor"});
  s.optional("mode", mode, "min or max is better; without it, what is better for the figure").one_of({"min", "max"});
  s.example("checkpoint: {every: 500 steps, keep: 2, best: val/accuracy}");
}

std::vector<Duration> CheckpointSpec::intervals() const {
  if (every) return {*every};
  return {Duration::epochs(1), Duration::seconds(600)};
}

void TrainerSpec::describe(Schema& s) {
  s.summary("how long, on what and how the run is trained; keys as in Lightning");
  s.optional("max_epochs", max_epochs, "the run ends after so many epochs").at_least(1).known_as({"epochs"});
  s.optional("max_steps", max_steps, "the run ends after so many steps (optimizer updates)").at_least(1);
  s.optional("max_time", max_time, "the run is saved and stops after this time, each time it is started")
      .units({Unit::seconds})
      .above(0);
  s.optional("device", device, "what computes: reference is slow and plain, to compare with")
      .one_of(device_names())
      .known_as({"accelerator"});
  s.optional("threads", threads, "compute threads; 0: as many as the process may use").at_least(0);
  s.optional("precision", precision,
             "of the numbers: 32-true; bf16-mixed: products in bf16, sums, losses and weights in f32; "
             "bf16-true: the weights in bf16 too, rounded at random after each update")
      .one_of({"32-true", "bf16-mixed", "bf16-true"});
  s.optional(
       "memory_limit", memory_limit,
       "of weights, optimizer state, batches and a step's values; where they take more, values of the forward pass "
       "are computed again in the backward pass, to the same bits")
      .above(0);
  s.optional("gradient_clip_val", gradient_clip_val, "the bound that gradients are clipped to").above(0);
  s.optional("gradient_clip_algorithm", gradient_clip_algorithm,
             "norm: the L2 norm of all gradients together; value: each element")
      .one_of({"norm", "value"});
  s.optional("accumulate_grad_batches", accumulate_grad_batches,
             "batches whose gradients make one step, equal to one batch of all their samples")
      .at_least(1)
      .known_as({"gradient_accumulation_steps"});
  s.optional("check_val_every_n_epoch", check_val_every_n_epoch, "epochs between validations; without either key, 1")
      .at_least(1);
  s.optional("val_check_interval", val_check_interval, "steps, a part of an epoch or time between validations")
      .units({Unit::steps, Unit::epochs, Unit::seconds})
      .unit(Unit::steps)
      .above(0);
  s.optional("log_every_n_steps", log_every_n_steps, "steps between records in metrics.jsonl").at_least(1);
  s.optional("fast_dev_run", fast_dev_run, "one step and one batch of validation, nothing kept");
  s.optional("ema", ema, "averages the weights; the average is validated and evaluated");
  s.optional("early_stopping", early_stopping, "when to stop for want of gain; without it, never");
  s.optional("checkpoint", checkpoint, "which checkpoints are written and kept").known_as({"enable_checkpointing"});
  s.check([this](const Report& report) {
    if (check_val_every_n_epoch && val_check_interval)
      report.at("val_check_interval", "val_check_interval and check_val_every_n_epoch are both given",
                "keep one of them");
    if (!max_epochs && !max_steps && !max_time && !fast_dev_run)
      report("the run has no end: none of max_epochs, max_steps, max_time is given", "write 'max_epochs: 10'");
  });
}

Precision TrainerSpec::numbers() const {
  return precision == "bf16-true"    ? Precision::bf16_true
         : precision == "bf16-mixed" ? Precision::bf16_mixed
                                     : Precision::f32;
}

Duration TrainerSpec::validation_interval() const {
  if (val_check_interval) return *val_check_interval;
  return Duration::epochs(static_cast<double>(check_val_every_n_epoch.value_or(1)));
}

void RunSpec::describe(Schema& s) {
  s.summary("a training run: data, model, loss, optimizer, trainer");
  s.optional("name", name, "of the run's folder; without it, the config's file name");
  s.optional("folder", folder, "where relative file names start; without it, the config's folder");
  s.optional("seed", seed, "of every random number: initial weights, order of samples, dropout").at_least(0);
  s.required("data", data, "the data sets, and how samples become batches");
  s.optional("blocks", blocks, "parts of the model with a name and parameters, used in it as layers are");
  s.required("model", model, "the layers, in order");
  s.optional("init_from", init_from, "a safetensors file with the initial weights, named by the layers' paths");
  s.required("loss", loss, "what is to be made small").known_as({"criterion"});
  s.optional("metrics", metrics, "what else is measured");
  s.required("optimizer", optimizer, "how the weights are updated");
  s.optional("schedule", schedule, "how the learning rate changes; without it, it stays")
      .known_as({"lr_scheduler", "scheduler"});
  s.required("trainer", trainer, "how long, on what and how the run is trained");
}

}  // namespace dl
