// From config to plan: what is resolved, and everything wrong told at once with its place.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/plan.h"

#include <doctest/doctest.h>

#include "lib/interop/safetensors.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Bytes that this process has read from files so far.
int64_t bytes_read() {
  std::ifstream io("/proc/self/io");
  std::string name;
  int64_t bytes = -1;
  io >> name >> bytes;
  REQUIRE(name == "rchar:");
  return bytes;
}

std::string refusal(const std::string& config, const std::vector<std::string>& sets = {}, Exit expected = Exit::usage) {
  const Workplace place(config);
  Exit exit = Exit::done;
  const std::string text =
      error_text([&] { place.plan(sets); }, {{place.path.string() + "/", ""}, {place.path.string(), "FOLDER"}}, &exit);
  CHECK(exit == expected);
  return text;
}

// The first line of each error.
std::string heads(const std::string& text) {
  std::string out;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);)
    if (line.starts_with("error: ")) out += line.substr(7) + "\n";
  return out;
}

}  // namespace

TEST_CASE("a plan knows its steps, figures and names") {
  const Workplace place;
  const auto plan = place.plan();
  CHECK(plan->name == "small");
  CHECK(plan->data.train->size() == 141);
  CHECK(plan->batches_per_epoch() == 9);
  CHECK(plan->steps_per_epoch() == 9);
  CHECK(plan->total_steps() == 27);
  CHECK(plan->figures() == std::vector<std::string>{"train/loss", "train/accuracy", "val/loss", "val/accuracy"});
  CHECK(plan->higher_is_better("val/accuracy"));
  CHECK(!plan->higher_is_better("val/loss"));
  CHECK(place.plan({"trainer.max_steps=20"})->total_steps() == 20);
  CHECK(place.plan({"data.drop_last=true"})->batches_per_epoch() == 8);
  CHECK(place.plan({"trainer.accumulate_grad_batches=4"})->steps_per_epoch() == 3);
  CHECK(place.plan({"metrics=[accuracy, accuracy: {top_k: 2}]"})->objectives.figures() ==
        std::vector<std::string>{"loss", "accuracy", "accuracy_top2"});
  CHECK(place.plan({"metrics=[accuracy, accuracy]"})->objectives.figures() ==
        std::vector<std::string>{"loss", "accuracy", "accuracy_2"});
}

TEST_CASE("--set reaches into short forms and replaces what is of another kind") {
  const Workplace place;
  const auto average = place.plan({"trainer.ema=0.99", "trainer.ema.decay=0.9"});
  CHECK(to_json(Codec<Keyed<UpdateRule>>::write(average->run.trainer.ema), 0) == "{\"decay\": 0.9, \"warmup\": true}");
  const auto data = place.plan({"data.validation={fraction: 0.2}", "data.validation={last: 7}"});
  CHECK(data->data.validation->size() == 7);
  CHECK(data->run.data.validation->fraction == std::nullopt);
}

TEST_CASE("what can be trained but is likely not meant is a warning with its place") {
  const Workplace place;
  CHECK(place.plan()->warnings.empty());
  const auto plan = place.plan({"data.batch_size=142"});
  REQUIRE(plan->warnings.size() == 1);
  const Problem& warning = plan->warnings.front();
  CHECK(warning.path == "data.batch_size");
  CHECK(warning.what ==
        "a batch of 142 is more than the 141 training samples, so that each epoch is one smaller batch");
  CHECK(warning.help == "lower it");
}

TEST_CASE("the resolved config makes the same plan from any folder") {
  const Workplace place;
  const auto plan = place.plan({"seed=3"});
  const std::filesystem::path elsewhere = place.path / "runs" / "small-1" / "resolved.yaml";
  std::filesystem::create_directories(elsewhere.parent_path());
  write(elsewhere, plan->resolved());
  const auto again = plan_from(elsewhere, {});
  CHECK(again->resolved() == plan->resolved());
  CHECK(again->name == "small");
  CHECK(again->seed() == 3);
  CHECK(again->data.fingerprint() == plan->data.fingerprint());
}

TEST_CASE("keys of a run that its fit has settled are refused") {
  const Workplace place(
      "data: {train: {format: csv, path: table.csv, target: y}, batch_size: 2}\nmodel: [linear: 1]\nloss: mse\n"
      "optimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1}\n");
  write(place.path / "table.csv", "a,b,y\n1,2,3\n4,5,7\n2,2,2\n");
  write(place.path / "resolved.yaml", place.plan()->resolved());
  const auto said = [&](const std::string& set) {
    return error_text([&] { plan_from(place.path / "resolved.yaml", {set}); });
  };
  CHECK(said("data.train.normalize=none") ==
        "error: --set data.train.normalize=none: data.train.normalize: the run's data were fitted without it, and that "
        "fit, 'data.fitted', stays\n"
        "  help: begin another run with it");
  CHECK(said("data.train.columns.a=categorical").find("data.train.columns.a: the run's data") != std::string::npos);
  CHECK(said("data.batch_size=1") == "");
  CHECK(said("data.train.path=table.csv") == "");
  CHECK_THROWS_WITH_AS(plan_run(place.path / "resolved.yaml", {"data.train.impute=median"}),
                       doctest::Contains("data.train.impute: the run's data were fitted without it"), Error);
}

TEST_CASE("what was fitted to a table of thousands of columns is read again, and what would not be is refused before") {
  const std::string
      data = "data: {train: {format: csv, path: table.csv, target: y",
      rest = "}, batch_size: 2}\nmodel: [linear: 1]\nloss: mse\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1}\n";
  const Workplace wide(data + rest);
  std::string names, cells;
  for (int i = 0; i < 6000; ++i) names += concat("c", i, ","), cells += concat(i % 7, ",");
  write(wide.path / "table.csv", concat(names, "y\n", cells, "1\n", cells, "2\n"));
  const auto plan = wide.plan();
  write(wide.path / "resolved.yaml", plan->resolved());
  CHECK(plan_from(wide.path / "resolved.yaml", {})->resolved() == plan->resolved());

  const Workplace long_names(data + ", columns: {a: {as: index}, b: {as: index}, c: {as: index}}" + rest);
  std::string rows = "x,a,b,c,y\n";
  for (int i = 0; i < 60'000; ++i) {
    const std::string name = concat(std::string(100, 'n'), i);
    rows += concat(i, ",", name, ",", name, ",", name, ",1\n");
  }
  write(long_names.path / "table.csv", rows);
  const auto large = long_names.plan();
  const std::string said = error_text([&] { (void)large->resolved(); });
  CHECK_MESSAGE(said.starts_with("error: data: what is fitted to the training data makes the run's config "), said);
  CHECK(
      said.ends_with(", more than the 16 MiB and 2000000 values that are read again\n"
                     "  help: leave columns out, 'columns: {NAME: ignore}', or rare categories by 'min_count'"));
}

TEST_CASE("the resolved config has every layer's keys, and blocks as they were written") {
  const Workplace place(R"(
data: {train: {format: idx, images: images.idx, labels: labels.idx}}
blocks:
  dense:
    params: {n: }
    layers:
      - linear: ${n}
      - dropout
model:
  - flatten
  - dense: {n: 8}
    name: first
    repeat: 2
  - linear: {out_features: "${data.classes}", bias: false}
    name: head
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
trainer: {max_epochs: 1}
)");
  const auto plan = place.plan();
  const std::string text = plan->resolved();
  for (const char* part :
       {"      - linear: \"${n}\"\n", "      - dropout: {p: 0.5}\n", "  - flatten: {channels_first: null}\n",
        "  - dense: {n: 8}\n    name: first\n    repeat: 2\n",
        "  - linear:\n      out_features: 4\n      bias: false\n"}) {
    CAPTURE(part);
    CHECK(text.find(part) != std::string::npos);
  }
  CHECK(plan->explain("model.2.linear.init").origin == "default");
  write(place.path / "again.yaml", text);
  const auto again = plan_from(place.path / "again.yaml", {});
  CHECK(again->resolved() == text);
  CHECK(again->network->parameter_count() == plan->network->parameter_count());
}

TEST_CASE("the config kept with a run has the command line's changes and the files it was made of") {
  const Workplace place("extends: base.yaml\nseed: 1\n");
  write(place.path / "base.yaml", small_config);
  const std::string text = place.plan({"seed=2"})->config;
  CHECK(text.starts_with("# --set seed=2\nextends: base.yaml\nseed: 1\n\n# " + place.path.string() + "/base.yaml\n"));
  CHECK(text.find("\n# optimizer: {adamw: {lr: 0.01}}\n") != std::string::npos);
}

TEST_CASE("a value's origin is told") {
  const Workplace place;
  const auto plan = place.plan({"optimizer.adamw.lr=0.5"});
  CHECK(plan->explain("optimizer.adamw.lr").origin == "--set optimizer.adamw.lr=0.5");
  CHECK(plan->explain("optimizer.adamw.eps").origin == "default");
  CHECK(plan->explain("trainer.threads").origin == "default");
}

TEST_CASE("mistakes of all sections are told together") {
  CHECK(heads(refusal(R"(data:
  train: {format: idx, images: images.idx, labels: labels.idx}
  batch_siez: 16
model:
  - flatten
  - linaer: 3
  - linear: -2
loss: cross_entropyy
metrics: [acuracy]
optimizer: {sgd: {lr: -1}}
trainer:
  max_epoch: 3
  gradient_clip_algorithm: both
)")) == "small.yaml:3:3: data: unknown key 'batch_siez'\n"
        "small.yaml:8:7: loss: unknown loss 'cross_entropyy'\n"
        "small.yaml:9:11: metrics[0]: unknown metric 'acuracy'\n"
        "small.yaml:10:23: optimizer.sgd.lr: expected a number above 0, got -1\n"
        "small.yaml:12:3: trainer: unknown key 'max_epoch'\n"
        "small.yaml:13:28: trainer.gradient_clip_algorithm: expected one of norm, value, got 'both'\n"
        "small.yaml:6:5: model[1]: unknown layer 'linaer'\n"
        "small.yaml:7:13: model[2].linear.out_features: expected an integer at least 1, got -2\n");
}

TEST_CASE("data that are missing do not hide other mistakes") {
  CHECK(heads(refusal(R"(data:
  train: {format: idx, images: missing.idx, labels: labels.idx}
model: [flatten, {linear: {out_features: "${data.classes}", biass: 1}}]
loss: cross_entropy
optimizer: sgd
trainer: {max_epochs: 1, checkpoint: {keep: 0}}
)")) == "small.yaml:2:10: data.train: 'missing.idx' is not there; looked in FOLDER, .\n"
        "small.yaml:5:12: optimizer (sgd): key 'lr' is missing\n"
        "small.yaml:6:45: trainer.checkpoint.keep: expected an integer at least 1, got 0\n"
        "small.yaml:3:61: model[1] (linear): unknown key 'biass'\n"
        "small.yaml:3:68: model[1].linear.bias: expected true or false, got 1\n");
}

TEST_CASE("shapes are checked from the data to the loss and the metrics") {
  const std::string rest = R"(
loss: cross_entropy
metrics: [accuracy]
optimizer: {sgd: {lr: 0.1}}
trainer: {max_epochs: 1}
)";
  const std::string data = "data: {train: {format: idx, images: images.idx, labels: labels.idx}}\n";
  CHECK(refusal(data + "model: [linear: 4]" + rest) ==
        "error: small.yaml:2:9: model[0] (linear): expected one feature axis, got shape [6, 6, 1]\n"
        "  help: put 'flatten' before it, or set per_place: true to map each place by itself");
  CHECK(refusal(data + "model: [conv2d: {out_channels: 4, kernel_size: 3}]" + rest) ==
        "error: small.yaml:3:7: loss (cross_entropy): expected one value a class and a class as target, got [4, 4, 4] "
        "and []\n"
        "  help: end the model with 'global_avg_pool2d' or 'flatten', and 'linear: ${data.classes}'");
  CHECK(refusal(data + "model: [flatten, linear: 3]" + rest) ==
        "error: small.yaml:2:8: model: the model ends with 3 values, the data have 4 classes\n"
        "  help: end the model with 'linear: ${data.classes}'");
  const Workplace from_one(data + "model: [flatten, linear: 4]" + rest, 4);
  from_one.write("labels.idx", idx({4}, "\1\2\3\4"));
  CHECK(from_one.refusal() ==
        "error: small.yaml:2:8: model: the model ends with 4 values, the data have 5 classes\n"
        "  help: number the classes from 0 on, of which the first has no samples; else end the model with 'linear: "
        "${data.classes}'");
  CHECK(refusal(data + "model: [flatten]" + rest) ==
        "error: small.yaml:2:8: model: the model has no parameters, so there is nothing to train\n"
        "  help: add a layer with weights: 'linear: 10'");
}

TEST_CASE("keys of the trainer are checked against each other and against what is measured") {
  CHECK(refusal(small_config + std::string("  check_val_every_n_epoch: 1\n  val_check_interval: 10\n"))
            .ends_with("trainer.val_check_interval: val_check_interval and check_val_every_n_epoch are both given\n"
                       "  help: keep one of them"));
  // Of --set the last counts.
  const Workplace place;
  const auto last = place.plan({"trainer.check_val_every_n_epoch=1", "trainer.val_check_interval=10"});
  CHECK_FALSE(last->run.trainer.check_val_every_n_epoch);
  // Lightning's 1.0 is an epoch, its 1 a step.
  CHECK(
      refusal(small_config, {"trainer.val_check_interval=1.0"}) ==
      "error: --set trainer.val_check_interval=1.0: trainer.val_check_interval: expected a duration above 0, got 1.0\n"
      "  help: write '1 epoch' or '1 step'");
  CHECK(place.plan({"trainer.val_check_interval=1e1"})->run.trainer.validation_interval() == Duration::steps(10));
  CHECK(refusal(small_config, {"trainer.max_epochs=null"}) ==
        "error: small.yaml:18:3: trainer: the run has no end: none of max_epochs, max_steps, max_time is given\n"
        "  help: write 'max_epochs: 10'");
  CHECK(refusal(small_config, {"trainer.precision=bf16-mixd"}) ==
        "error: --set trainer.precision=bf16-mixd: trainer.precision: expected one of 32-true, bf16-mixed, bf16-true, "
        "got "
        "'bf16-mixd'\n"
        "  help: write 'bf16-mixed'");
  CHECK(refusal(small_config, {"trainer.checkpoint.best=val/acuracy"}) ==
        "error: --set trainer.checkpoint.best=val/acuracy: trainer.checkpoint.best: expected one of val/loss, "
        "val/accuracy, got 'val/acuracy'\n"
        "  help: write 'val/accuracy'");
  CHECK(refusal(small_config, {"trainer.early_stopping.monitor=train/error"}) ==
        "error: --set trainer.early_stopping.monitor=train/error: trainer.early_stopping.monitor: expected one of "
        "val/loss, val/accuracy, got 'train/error'\n"
        "  help: write one of them, or add the metric to 'metrics:'");
  CHECK(refusal(small_config, {"trainer.checkpoint.best=val_acc"}).ends_with("\n  help: write 'val/accuracy'"));
  CHECK(refusal(small_config, {"trainer.checkpoint.best=f1"})
            .ends_with("\n  help: write one of them, or add the metric to 'metrics:'"));
  CHECK(refusal(small_config, {"data.validation=null"}) ==
        "error: small.yaml:21:49: trainer.checkpoint.best: 'val/accuracy' is never measured: there is no validation "
        "set\n"
        "  help: write 'data.validation: {fraction: 0.1}'");
  CHECK(refusal(small_config, {"name=a/b"}) ==
        "error: --set name=a/b: name: 'a/b' cannot name a folder\n"
        "  help: write a name without '/' that does not begin with '.'");
  CHECK(refusal(small_config, {"trainer.checkpoint.every=100 samples"}) ==
        "error: --set trainer.checkpoint.every=100 samples: trainer.checkpoint.every: expected a duration above 0, got "
        "'100 samples'\n"
        "  help: write it as '500 steps', '2 epochs' or '10 min'");
}

TEST_CASE("init_from is compared with the model before anything runs") {
  const Workplace place;
  const std::vector<std::string> sets{"init_from=w.safetensors"};
  CHECK(place.refusal(sets) ==
        "error: --set init_from=w.safetensors: init_from: there is no file 'w.safetensors'\n"
        "  help: write a path that starts at the config's folder, or a whole one");
  write(place.path / "w.safetensors", "no");
  CHECK(place.refusal(sets).starts_with("error: w.safetensors: expected a file of weights ("));
  const std::vector<float> zeros(1000, 0);
  std::string bytes;
  write_safetensors({{"0.weight", {DType::f32, {4, 1, 3, 3}}, zeros.data()},
                     {"0.bias", {DType::f32, {5}}, zeros.data()},
                     {"fc.weight", {DType::f32, {4, 64}}, zeros.data()}},
                    {}, [&](const void* data, size_t n) { bytes.append(static_cast<const char*>(data), n); });
  write(place.path / "w.safetensors", bytes);
  CHECK(place.refusal(sets) ==
        "error: --set init_from=w.safetensors: init_from: w.safetensors holds other tensors than the model\n"
        "  '0.bias' is [5] in the file, [4] here\n"
        "  '1.weight' [4] is not in the file\n"
        "  '1.bias' [4] is not in the file\n"
        "  '5.weight' [4, 64] is not in the file\n"
        "  '5.bias' [4] is not in the file\n"
        "  and 3 more\n"
        "  help: name the layers as the file does ('name:'), or take what fits: {path: …, ignore: [\"fc.*\"], missing: "
        "fresh}");
}

TEST_CASE("a plan reads headers and labels, and no images") {
  const Workplace small(small_config, 2000), large(small_config, 20000);
  auto read_by = [](const Workplace& place) {
    const int64_t before = bytes_read();
    place.plan();
    return bytes_read() - before;
  };
  read_by(small);                                          // what is read once in a process
  CHECK(read_by(large) - read_by(small) == 20000 - 2000);  // a byte a label
  REQUIRE(std::filesystem::file_size(large.path / "images.idx") > 700000);
}
