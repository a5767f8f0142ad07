// The keys of a config.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/run_spec.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/device/device.h"
#include "lib/train/plan/other_keys.h"

namespace dl {

using Unit = Duration::Unit;

void InitFromSpec::describe(Schema& s) {
  s.summary("a file with the initial weights, named by the layers' paths: of PyTorch, safetensors, …");
  s.details(
      "The file's format is told by what is in it; 'dlcli inspect FILE' shows its names and shapes, which must be the "
      "model's. Of a checkpoint the dict 'state_dict', 'model' or alike is taken; 'module.' and other names of "
      "wrappers are taken away where all tensors are found then; what frameworks keep beside weights, as "
      "num_batches_tracked, is left out. Nothing of a file is executed. For another head: "
      "{path: base.pt, ignore: [\"fc.*\"], missing: fresh}.");
  s.required("path", path, "the file, or a folder with model.safetensors or pytorch_model.bin")
      .positional()
      .known_as({"file", "checkpoint", "weights", "ckpt"})
      .help("write a file's name: 'init_from: resnet18.pth'; weights are not fetched (docs/weights.md)");
  s.optional("key", key, "the dict in a checkpoint that holds the weights: state_dict_ema");
  s.instead_of("strict", "write 'missing: fresh' for tensors that the file lacks, 'ignore: [\"fc.*\"]' for its others");
  s.optional("missing", missing,
             "what becomes of tensors of the model that the file does not have: fresh begins with "
             "their initializers")
      .one_of({"error", "fresh"});
  s.optional("ignore", ignore, "patterns of the file's tensors that are left out, '*' for any characters")
      .known_as({"except", "exclude", "skip"});
  s.optional("only", only, "patterns of the file's tensors of which alone is taken").known_as({"include"});
  s.optional("rename", rename,
             "the model's names of the file's, '*' standing for the same in both: {\"backbone.*\": \"*\"}");
  s.check([this](const Report& report) {
    for (const auto& [theirs, ours] : rename)
      if (std::ranges::count(theirs, '*') > 1 || std::ranges::count(theirs, '*') != std::ranges::count(ours, '*'))
        report.at("rename", concat("expected one '*' in both names or in none, got '", theirs, "' and '", ours, "'"),
                  "write {\"backbone.*\": \"*\"}");
  });
  s.example("init_from: base.safetensors");
  s.example("init_from: {path: base.pt, ignore: [\"fc.*\"], missing: fresh}");
  s.example("init_from: {path: checkpoint.pth, key: state_dict_ema}");
  s.example("init_from: {path: clip.safetensors, only: [\"visual.*\"], rename: {\"visual.*\": \"*\"}, missing: fresh}");
}

void CheckpointSpec::describe(Schema& s) {
  s.summary("which checkpoints are written and kept; the last one always is");
  s.optional("every", every, "how often one is written; without it, every epoch and every 10 minutes")
      .units({Unit::steps, Unit::epochs, Unit::seconds})
      .above(0)
      .known_as({"every_n_epochs", "every_n_train_steps", "train_time_interval", "save_freq", "save_steps"});
  s.optional("keep", keep, "how many of the newest are kept").at_least(1).known_as({"save_top_k", "max_to_keep"});
  s.optional("best", best, "the figure whose best checkpoint is kept too: val/loss, or val/ and a metric's name")
      .known_as({"monitor"});
  s.optional("mode", mode, "min or max is better; without it, what is better for the figure").one_of({"min", "max"});
  for (const char* key : {"save_last", "last", "save_weights_only", "verbose"})
    s.instead_of(key, "leave it out: the last one is always kept, with all that a run needs to go on");
  s.instead_of("save_best_only", "write 'best: val/loss', beside which the last one is kept");
  for (const char* key : {"dirpath", "dir", "path", "filename", "folder", "save_dir"})
    s.instead_of(key, "leave it out: they are in the run's folder, runs/NAME-1/checkpoints");
  s.example("checkpoint: {every: 500 steps, keep: 2, best: val/loss}");
}

void TensorBoardSpec::describe(Schema& s) {
  s.summary("what is written for TensorBoard into the run's folder");
  s.details(
      "Every figure, the config as text and its numbers as hyperparameters: 'tensorboard --logdir runs' shows and "
      "compares runs. A run that is resumed goes on in the same file.");
  s.optional("on", on, "whether it is")
      .positional()
      .help("write 'tensorboard: true': the files are in the run's folder, 'tensorboard --logdir runs' shows them");
  s.optional("histograms", histograms, "how often the spread of each tensor of the model is written too")
      .units({Unit::steps, Unit::epochs, Unit::seconds})
      .above(0);
  s.optional("gradients", gradients, "with them that of each parameter's gradient in the step before, unclipped");
  s.optional("images", images, "how many training samples that are images are shown when the run begins")
      .at_least(0)
      .at_most(1000);
  s.example("tensorboard: true");
  s.example("tensorboard: {histograms: 1 epoch, images: 8}");
  s.example("tensorboard: {histograms: 500 steps, gradients: true}");
  s.check([this](const Report& report) {
    if (gradients && !histograms)
      report.at("gradients", "'histograms' does not say how often", "write 'histograms: 1 epoch' beside it");
  });
}

std::vector<Duration> CheckpointSpec::intervals() const {
  if (every) return {*every};
  return {Duration::epochs(1), Duration::seconds(600)};
}

void TrainerSpec::describe(Schema& s) {
  s.summary("how long, on what and how the run is trained; keys as in Lightning");
  s.optional("max_epochs", max_epochs, "the run ends after so many epochs")
      .at_least(1)
      .known_as({"epochs", "num_epochs", "n_epochs", "num_train_epochs"})
      .instead_of_values({"-1", "inf", ".inf"}, "leave it out, and write 'max_steps' or 'max_time'");
  s.optional("max_steps", max_steps, "the run ends after so many steps (optimizer updates)")
      .at_least(1)
      .known_as({"steps", "iterations", "max_iters", "max_iter", "num_steps"})
      .instead_of_value("-1", "leave it out, and write 'max_epochs' or 'max_time'");
  s.optional("max_time", max_time, "the run is saved and stops after this time, each time it is started")
      .units({Unit::seconds})
      .above(0);
  std::vector<std::string> devices = device_names();
  devices.insert(devices.begin(), "auto");
  Field& computes = s.optional("device", device,
                               "what computes: cuda, an NVIDIA GPU, and cuda:1 the second of them; auto, the GPU where "
                               "there is one that works, else the CPU; reference is slow and plain, to compare with")
                        .one_of(std::move(devices))
                        .known_as({"accelerator"});
  for (const char* other : {"gpu", "mps", "tpu"})
    computes.instead_of_value(other, "write 'cuda', or 'cpu' where there is no GPU");
  s.optional("threads", threads, "compute threads; 0: as many as the process may use").at_least(0).at_most(4096);
  s.optional(
       "blas", blas,
       "what multiplies matrices in f32 on a CPU: own, the kernels of dlcli; a library that is installed: openblas, "
       "mkl, blis, or its file; auto, the library for products in which 'dlcli bench CONFIG --blas NAME' found it "
       "ahead, "
       "for others own on x86-64, elsewhere openblas if it is there")
      .instead_of_value("OpenBLAS", "write 'openblas'")
      .instead_of_value("MKL", "write 'mkl'");
  s.optional("precision", precision,
             "of the numbers: 32-true; bf16-mixed: products in bf16, sums, losses and weights in f32; "
             "bf16-true: the weights in bf16 too, rounded at random after each update")
      .one_of({"32-true", "bf16-mixed", "bf16-true"})
      .instead_of_value("16", "write 'bf16-mixed'")
      .instead_of_value("16-true", "write 'bf16-true'")
      .instead_of_value("fp16", "write 'bf16-mixed'")
      .instead_of_value("float16", "write 'bf16-mixed'")
      .instead_of_value("half", "write 'bf16-mixed'")
      .instead_of_value("mixed", "write 'bf16-mixed'")
      .instead_of_value("bfloat16", "write 'bf16-mixed'")
      .instead_of_value("fp32", "write '32-true'")
      .instead_of_value("f32", "write '32-true'")
      .instead_of_value("float32", "write '32-true'")
      .instead_of_value("64-true", "write '32-true': there is no double precision")
      .instead_of_value("64", "write '32-true': there is no double precision");
  s.optional("matmul_precision", matmul_precision,
             "of products and convolutions of f32 on a GPU: highest, all bits of f32; high, factors of 10 bits (TF32), "
             "several times as fast")
      .one_of({"highest", "high"})
      .known_as({"float32_matmul_precision", "allow_tf32"})
      .instead_of_value("medium", "write 'high', or 'precision: bf16-mixed'")
      .instead_of_value("tf32", "write 'high'");
  s.optional(
       "memory_limit", memory_limit,
       "of weights, optimizer state, batches and a step's values; where they take more, values of the forward pass "
       "are computed again in the backward pass, to the same bits")
      .above(0);
  s.optional("gradient_clip_val", gradient_clip_val, "the bound that gradients are clipped to")
      .above(0)
      .instead_of_value("0", "leave it out: without it nothing is clipped")
      .known_as({"clip", "grad_clip", "gradient_clip", "clip_norm", "max_grad_norm", "clip_grad_norm"});
  s.optional("gradient_clip_algorithm", gradient_clip_algorithm,
             "norm: the L2 norm of all gradients together; value: each element")
      .one_of({"norm", "value"});
  s.optional("accumulate_grad_batches", accumulate_grad_batches,
             "batches whose gradients make one step, equal to one batch of all their samples")
      .at_least(1)
      .known_as({"gradient_accumulation_steps"});
  s.optional("check_val_every_n_epoch", check_val_every_n_epoch, "epochs between validations; without either key, 1")
      .at_least(1)
      .known_as({"val_every", "validate_every", "eval_every", "val_interval", "validation_freq"});
  s.optional("val_check_interval", val_check_interval, "steps, a part of an epoch or time between validations")
      .units({Unit::steps, Unit::epochs, Unit::seconds})
      .unit(Unit::steps)
      .above(0);
  s.optional("log_every_n_steps", log_every_n_steps, "steps between records in metrics.jsonl")
      .at_least(1)
      .known_as({"logging_steps", "log_interval", "log_every", "log_freq", "print_freq"});
  s.optional("fast_dev_run", fast_dev_run, "one step and one batch of validation, nothing kept");
  s.optional("detect_anomaly", detect_anomaly,
             "where the loss or the gradients become infinite or NaN, tells in which layer first; steps take a little "
             "longer");
  s.optional("ema", ema, "averages the weights; the average is validated and evaluated");
  for (Keyed<Controller>& own : controllers) {
    const auto keys = Codec<Keyed<Controller>>::inner(own);
    s.optional(own.name, own, keys->schema.summary()).known_as(keys->schema.foreign_names());
  }
  s.optional("checkpoint", checkpoint, "which checkpoints are written and kept")
      .known_as({"checkpointing", "model_checkpoint"})
      .help("write 'checkpoint: {every: 1 epoch, keep: 2}'; without it one is written each epoch, and the last always");
  s.optional("tensorboard", tensorboard, "writes figures for TensorBoard too");
  say_of_others_in_trainer(s);
  s.alternatives({"check_val_every_n_epoch", "val_check_interval"});
  s.check([this](const Report& report) {
    if (check_val_every_n_epoch && val_check_interval)
      report.at("val_check_interval", "val_check_interval and check_val_every_n_epoch are both given",
                "keep one of them");
    if (!max_epochs && !max_steps && !max_time && !fast_dev_run)
      report("the run has no end: none of max_epochs, max_steps, max_time is given", "write 'max_epochs: 10'");
  });
}

std::vector<Keyed<Controller>> TrainerSpec::every_controller() {
  std::vector<Keyed<Controller>> all;
  for (const std::string& name : Registry<Controller>::instance().names()) all.push_back({name, nullptr});
  return all;
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

void RunSpec::describe_keys(Schema& s) {
  s.optional("name", name, "of the run's folder; without it, the config's file name")
      .known_as({"run_name", "experiment", "experiment_name", "exp_name", "project"});
  s.optional("folder", folder, "where relative file names start; without it, the config's folder");
  s.optional("seed", seed, "of every random number: initial weights, order of samples, dropout")
      .at_least(0)
      .known_as({"seed_everything", "random_seed", "random_state", "manual_seed"})
      .help("write a whole number, such as 42");
  s.required("data", data, "the data sets, and how samples become batches")
      .help("write 'data: {train: fashion_mnist, batch_size: 128}', or your own: 'train: {format: …, path: …}'")
      .known_as({"dataset", "datasets", "data_module", "datamodule"});
  s.optional("variables", variables,
             "values of your own by name, which ${variables.NAME} puts wherever it stands: {width: 128}")
      .of("a map of values")
      .known_as({"vars", "variable", "constants", "params", "parameters", "hparams", "hyperparameters", "globals"});
  s.optional("blocks", blocks, "parts of the model with a name and parameters, used in it as layers are");
  s.required("model", model, "the layers, in order")
      .of("a list of layers")
      .help("write 'model: [flatten, linear: 10]', or the layers below each other, each behind '- '")
      .known_as({"network", "net", "architecture"});
  s.optional("init_from", init_from,
             "a file with the initial weights, named by the layers' paths, or {path, key, missing, ignore, …}")
      .known_as({"pretrained", "weights", "pretrained_weights", "init_weights", "load_from", "checkpoint_path"});
  s.optional("freeze", freeze,
             "patterns of parameters that stay as they are, or of parts of the model: [\"layer1\", \"*.bn1.*\"]; their "
             "running averages stay too. {params: \"layer*\", until: 2 epochs} lets them train from then on")
      .known_as({"frozen", "freeze_layers", "trainable", "unfreeze"});
  s.required("loss", loss, "what is to be made small")
      .known_as({"criterion", "loss_function", "loss_fn", "objective"})
      .unless({"losses", "turns"})
      .help("write 'loss: cross_entropy' for classes, 'loss: mse' for numbers");
  s.optional("losses", losses,
             "in the place of 'loss', several by name, each with its 'weight': their sum is to be small");
  s.optional(
       "turns", turns,
       "in the place of 'loss', updates that each step takes one after another, each of some parameters by a loss "
       "of its own: a generator and a discriminator")
      .help("write 'turns: [{update: ITEM, loss: …}, {update: ITEM, loss: …}]', each of an item of the model")
      .known_as({"updates", "alternate", "alternating", "train_steps"});
  s.optional("metrics", metrics, "what else is measured");
  s.required("optimizer", optimizer, "how the weights are updated")
      .known_as({"optim", "optimiser", "solver"})
      .help("write 'optimizer: {adamw: {lr: 1e-3}}'");
  s.optional("schedule", schedule, "how the learning rate changes; without it, it stays")
      .known_as({"lr_scheduler", "scheduler", "lr_schedule", "lr_scheduler_type", "lr_policy"});
  s.required("trainer", trainer, "how long, on what and how the run is trained")
      .known_as({"training", "fit", "training_args", "training_arguments", "train_args", "trainer_args"})
      .help("write 'trainer: {max_epochs: 10}'");
  s.alternatives({"loss", "losses", "turns"});
}

void RunSpec::describe(Schema& s) {
  s.summary("a training run: data, model, loss, optimizer, trainer");
  describe_keys(s);
  s.check([this](const Report& report) {
    if (!variables.is_map() && !variables.is_null())
      report.at("variables", "expected a map of values by name, got " + variables.described(),
                "write 'variables: {width: 128}'");
  });
  s.check([this](const Report& report) {
    if (loss && !losses.terms.empty()) report.at("losses", "'loss' and 'losses' are both given", "keep one of them");
    if (turns.empty()) return;
    if (loss || !losses.terms.empty())
      report.at("turns", concat("'turns' and '", loss ? "loss" : "losses", "' are both given"),
                "write the loss in the turn that it is of");
    if (trainer.accumulate_grad_batches > 1)
      report.at("turns", "each turn sees the parameters after the turn before, so that batches cannot be added up",
                "leave 'trainer.accumulate_grad_batches' out, and make 'data.batch_size' larger");
    if (trainer.tensorboard && trainer.tensorboard->gradients)
      report.at("turns", "the gradients of several turns are not written for TensorBoard",
                "leave 'trainer.tensorboard.gradients' out");
    if (std::ranges::none_of(turns, [](const Turn& turn) { return turn.every == 1; }))
      report.at("turns", "there are steps in which no turn is taken", "leave 'every' out of one of them");
    for (size_t i = 0; i < turns.size(); ++i)
      for (size_t k = 0; k < i; ++k)
        if (turns[i].title() == turns[k].title())
          report.at("turns", concat("two turns are named '", turns[i].title(), "'"), "give each its own 'name'");
  });
  say_of_others_in_config(s);
}

std::vector<const UpdateChain*> RunSpec::chains() const {
  std::vector<const UpdateChain*> all;
  for (const Turn& turn : turns) all.push_back(turn.optimizer ? &*turn.optimizer : &optimizer);
  return all.empty() ? std::vector{&optimizer} : all;
}

}  // namespace dl
