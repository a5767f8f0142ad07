// Keys of Lightning, Keras, Hugging Face's Trainer, fastai and scikit-learn, and keys that stand in another section.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/other_keys.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/train/plan/run_spec.h"

namespace dl {
namespace {

using Words = std::initializer_list<const char*>;

void say(Schema& s, Words keys, const std::string& help, const std::string& shown = "") {
  for (const char* key : keys) s.instead_of(key, help, shown);
}

// The names of each field of another section that this one has neither as a key nor for one.
template <class Visit>
void each_name_elsewhere(const Schema& s, const Schema& other, const Visit& visit) {
  for (const Field& field : other.fields()) {
    std::vector<std::string> names = field.foreign_names();
    names.push_back(field.key());
    for (const std::string& name : names) {
      const bool own = std::ranges::any_of(s.fields(), [&](const Field& mine) {
        return mine.key() == name || std::ranges::count(mine.foreign_names(), name) > 0;
      });
      if (!own) visit(name, field.key());
    }
  }
}

// Keys of another section, at `place`, that are looked for in this one, where it has none of that name.
void lead_to(Schema& s, const Schema& other, const std::string& place) {
  each_name_elsewhere(s, other,
                      [&](const std::string& name, const std::string& key) { s.stands_below(name, place, key); });
}

void lead_to_data(Schema& s) {
  lead_to(s, schema_of(*std::make_unique<DataSpec>()), "data");
  say(s, {"k_fold", "k_folds", "kfold", "n_splits", "cv", "cross_validation"},
      "write 'data.folds: {count: 5}', and train with 'dlcli train … --folds all'");
  say(s, {"validation_split", "val_split", "val_fraction", "validation_fraction", "test_size", "valid_pct"},
      "write 'data.validation: {fraction: 0.1}'", "0.1");
  say(s, {"train_path", "train_file", "train_dir", "data_path", "data_dir", "data_file", "csv_path", "train_csv"},
      "write 'train: {format: …, path: …}' below 'data'");
  say(s, {"val_path", "valid_path", "val_file", "validation_file", "val_dir", "val_csv"},
      "write 'validation: {format: …, path: …}' below 'data'");
  say(s, {"test_path", "test_file", "test_dir", "test_csv"}, "write 'test: {format: …, path: …}' below 'data'");
  say(s,
      {"val_batch_size", "eval_batch_size", "test_batch_size", "validation_batch_size", "per_device_eval_batch_size"},
      "leave it out: validation has batches of 'data.batch_size' too");
  say(s, {"class_weight", "class_weights"}, "write it in the loss: 'loss: {cross_entropy: {weight: balanced}}'");
  say(s, {"dataloader_num_workers", "max_queue_size", "use_multiprocessing"}, "write 'workers: 4' below 'data'", "4");
  say(s, {"group_by_length"}, "write 'buckets: [32, 64, 128]' below 'data'");
}

// Of what an optimizer takes.
void lead_to_optimizer(Schema& s) {
  say(s, {"lr", "learning_rate", "learning_rate_init", "base_lr", "init_lr", "initial_lr", "lr_max", "max_lr", "eta0"},
      "write it below the optimizer's name: 'optimizer: {adamw: {lr: 1e-3}}'", "1e-3");
  say(s, {"weight_decay", "wd"},
      "write it below the optimizer's name: 'optimizer: {adamw: {lr: 1e-3, weight_decay: 0.01}}'", "0.01");
  say(s, {"momentum"}, "write it below the optimizer's name: 'optimizer: {sgd: {lr: 0.1, momentum: 0.9}}'", "0.9");
  say(s, {"nesterov"},
      "write it below the optimizer's name: 'optimizer: {sgd: {lr: 0.1, momentum: 0.9, nesterov: true}}'");
  say(s, {"betas", "beta1", "beta2", "beta_1", "beta_2", "adam_beta1", "adam_beta2"},
      "write it below the optimizer's name: 'optimizer: {adamw: {lr: 1e-3, betas: [0.9, 0.999]}}'");
  say(s, {"eps", "epsilon", "adam_epsilon"},
      "write it below the optimizer's name: 'optimizer: {adamw: {lr: 1e-3, eps: 1e-8}}'", "1e-8");
  say(s, {"regularization", "regularizer", "regularizers", "penalty"},
      "put the rule before the optimizer: 'optimizer: [l1: 1e-4, sgd: {…}]'");
  say(s, {"l1"}, "put the rule before the optimizer: 'optimizer: [l1: 1e-4, sgd: {…}]'", "1e-4");
  say(s, {"l2"}, "put the rule before the optimizer: 'optimizer: [l2: 1e-4, sgd: {…}]'", "1e-4");
}

void lead_to_schedule(Schema& s) {
  say(s, {"warmup", "warmup_steps", "num_warmup_steps", "lr_warmup_steps"},
      "write 'schedule: {cosine: {warmup: 500 steps}}'", "500");
  say(s, {"warmup_epochs", "lr_warmup_epochs"}, "write 'schedule: {cosine: {warmup: 2 epochs}}'", "2");
  say(s, {"warmup_ratio", "warmup_proportion", "warmup_fraction"},
      "write 'schedule: {cosine: {warmup: 10%}}', of the run's steps");
  say(s, {"fit_one_cycle", "one_cycle", "fine_tune_one_cycle"},
      "write 'schedule: one_cycle', and how many epochs as 'trainer.max_epochs'");
  say(s, {"moms"}, "write 'schedule: {one_cycle: {base_momentum: 0.85, max_momentum: 0.95}}'");
  say(s, {"lr_decay", "decay_rate", "lr_gamma"}, "write 'schedule: {exponential: {gamma: 0.95}}'", "0.95");
}

// Keys of other frameworks that are wanted beside the sections, and below `trainer`.
void say_instead(Schema& s) {
  say(s, {"devices", "gpus", "num_gpus", "gpu", "num_nodes", "strategy", "world_size", "local_rank"},
      "leave it out: dlcli trains on one device; 'trainer.threads' says how many cores compute");
  say(s, {"no_cuda", "use_cpu"}, "write 'device: cpu' below 'trainer'");
  say(s, {"cuda", "use_cuda", "use_gpu"}, "write 'device: cuda' below 'trainer', or 'cpu' where there is no GPU");
  say(s, {"callbacks", "callback", "cbs"},
      "leave it out: each is a key of 'trainer', such as 'early_stopping: {…}'; 'dlcli describe controller' lists "
      "them");
  say(s, {"log_dir", "logging_dir", "default_root_dir", "output_dir", "save_dir", "overwrite_output_dir"},
      "leave it out: the figures are in the run's folder, metrics.csv and metrics.jsonl");
  say(s, {"logger", "loggers", "report_to"},
      "leave it out: the figures are in the run's folder, metrics.csv and metrics.jsonl; 'tensorboard: true' below "
      "'trainer' writes them for TensorBoard too");
  say(s, {"deterministic", "benchmark", "cudnn"}, "leave it out: the same seed gives the same bits");
  say(s, {"wandb", "mlflow", "neptune", "comet", "csv_logger"},
      "leave it out: the figures are in the run's folder, metrics.csv and metrics.jsonl");
  say(s, {"logging", "log", "logging_strategy"},
      "write 'tensorboard: true' or 'log_every_n_steps: 50' below 'trainer'; the figures are in the run's folder in "
      "any "
      "case, metrics.csv and metrics.jsonl");
  say(s, {"amp", "fp16", "bf16", "mixed_precision", "use_amp", "to_fp16", "half"},
      "write 'precision: bf16-mixed' below 'trainer'");
  for (const Keyed<Controller>& own : TrainerSpec::every_controller())
    lead_to(s, Codec<Keyed<Controller>>::inner(own)->schema, "trainer." + own.name);
  lead_to_schedule(s);
  say(s, {"sweep", "search", "grid", "grid_search", "hyperopt", "tune"},
      "leave it out, and run each from the shell: 'for lr in 1e-3 1e-4; do dlcli train my.yaml --set "
      "optimizer.adamw.lr=$lr; done'");
  say(s, {"patience"}, "write 'patience' below 'trainer.early_stopping'");
  say(s, {"n_iter_no_change", "early_stopping_patience", "early_stopping_rounds"},
      "write 'early_stopping: {monitor: val/loss, patience: 3}' below 'trainer'", "3");
  say(s, {"tol", "early_stopping_threshold"},
      "write 'early_stopping: {monitor: val/loss, min_delta: 1e-4}' below 'trainer'", "1e-4");
  lead_to_optimizer(s);
  say(s, {"resume", "resume_from_checkpoint", "ckpt_path", "resume_from"},
      "leave it out, and write 'dlcli train --resume=RUN'");
  say(s, {"verbose", "enable_progress_bar", "progress_bar", "disable_tqdm"},
      "leave it out; 'dlcli train --quiet' shows less");
  say(s, {"save_strategy", "save_every"}, "write 'checkpoint: {every: 1 epoch}' below 'trainer'");
  say(s, {"save_steps"}, "write 'checkpoint: {every: 500 steps}' below 'trainer'", "500");
  say(s, {"save_total_limit", "save_top_k"}, "write 'checkpoint: {keep: 2}' below 'trainer'", "2");
  say(s, {"load_best_model_at_end", "metric_for_best_model", "greater_is_better", "restore_best_weights"},
      "write 'checkpoint: {best: val/loss}' below 'trainer': 'eval' and 'predict' take the best");
  say(s, {"enable_checkpointing"},
      "leave it out: checkpoints are written in any case; 'checkpoint: {every: 1 epoch, keep: 2}' says when");
  say(s, {"evaluation_strategy", "eval_strategy"},
      "write 'check_val_every_n_epoch: 1' or 'val_check_interval: 500 steps' below 'trainer'");
  say(s, {"eval_steps"}, "write 'val_check_interval: 500 steps' below 'trainer'", "500");
  say(s, {"steps_per_epoch", "validation_steps", "initial_epoch", "train_size", "epoch_size"},
      "leave it out: an epoch is one pass over the data; 'trainer.max_steps' ends a run after so many steps");
  say(s, {"gradient_checkpointing", "activation_checkpointing", "recompute"},
      "write 'memory_limit: 4 GB' below 'trainer': what takes more is computed twice");
  say(s, {"label_smoothing", "label_smoothing_factor"},
      "write it in the loss: 'loss: {cross_entropy: {label_smoothing: 0.1}}'", "0.1");
  say(s,
      {"do_train", "do_eval", "do_predict", "remove_unused_columns", "push_to_hub", "hub_model_id", "torch_compile",
       "torchdynamo", "jit", "jit_compile", "run_eagerly", "ddp_find_unused_parameters"},
      "leave it out");
  say(s, {"models"},
      "write each below 'blocks', make them items of 'model', and train them in 'turns', as configs/dcgan.yaml does");
  for (const char* key : {"generator", "discriminator", "encoder", "decoder", "backbone", "head", "student"})
    s.instead_of(key, concat("write it below 'blocks', '", key, ": {layers: […]}', and make it an item of 'model'"));
  say(s, {"teacher"},
      "write it below 'blocks', make it an item of 'model', and name that in the loss: 'distillation: {output: "
      "student, "
      "teacher: teacher}'");
  say(s, {"task", "problem", "problem_type", "input", "output", "inputs", "outputs", "input_size"},
      "leave it out: the data and the loss say it");
  say(s, {"target", "targets", "features", "text_column", "label_column", "label", "labels"},
      "write it in the reader, below 'data.train'");
  say(s, {"finetune", "fine_tune", "freeze_epochs"}, "write 'init_from' and 'freeze' (docs/fine-tuning.md)");
  say(s,
      {"dropout", "activation", "layers", "num_layers", "hidden_size", "num_classes", "input_shape",
       "hidden_layer_sizes", "hidden_sizes", "hidden_units", "hidden_layers", "layer_sizes", "units", "max_seq_length"},
      "write it in the layers: 'model: [flatten, linear: 128, relu, dropout: 0.5, …]'");
}

}  // namespace

void say_of_others_in_config(Schema& s) {
  say_instead(s);
  say(s, {"loss_weights", "loss_weight"},
      "write each loss's 'weight' beside it: 'losses: {kind: {cross_entropy: {output: kind}, weight: 0.5}}'");
  say(s, {"include", "includes", "defaults", "inherit", "inherits", "parent", "import"},
      "write 'extends: FILE.yaml', which this config is laid over");
  lead_to_data(s);
  lead_to(s, schema_of(*std::make_unique<TrainerSpec>()), "trainer");
  say(s, {"compile"}, "write its keys here: 'optimizer: …', 'loss: …', 'metrics: […]'");
  say(s, {"train"},
      "write data below 'data', 'data: {train: NAME}', and updates that alternate as 'turns: [{update: ITEM, loss: …}, "
      "{update: ITEM, loss: …}]'");
}

void say_of_others_in_trainer(Schema& s) {
  RunSpec run;
  Schema sections;
  run.describe_keys(sections);
  say_instead(s);
  say(s, {"overfit_batches", "limit_train_batches", "limit_val_batches", "limit_test_batches"},
      "leave it out: 'fast_dev_run: true' takes one step, 'max_steps: 100' so many");
  say(s,
      {"num_sanity_val_steps", "enable_model_summary", "sync_batchnorm", "inference_mode",
       "reload_dataloaders_every_n_epochs", "use_distributed_sampler", "plugins", "barebones"},
      "leave it out");
  say(s, {"min_epochs", "min_steps"},
      "leave it out: a run ends before 'max_epochs' only where 'early_stopping' says so");
  say(s, {"profiler"}, "leave it out, and write 'dlcli profile CONFIG'");
  say(s, {"auto_scale_batch_size"}, "leave it out: 'dlcli check CONFIG --fit' finds the largest batch");
  say(s, {"save_best", "save_best_only", "best", "monitor"}, "write 'checkpoint: {best: val/loss}'");
  say(s, {"lr_find", "auto_lr_find"}, "leave it out: 'lr' is written in the optimizer");
  lead_to_data(s);
  each_name_elsewhere(s, sections, [&](const std::string& name, const std::string& key) {
    const bool is_said = !s.advice(name).empty();
    if (!is_said && key != "trainer") s.instead_of(name, concat("write '", key, "' beside 'trainer', not below it"));
  });
  say(s, {"alpha"}, "put the rule before the optimizer: 'optimizer: [l2: 1e-4, sgd: {…}]'", "1e-4");
}

}  // namespace dl
