// Runs that go on with another config: what is told, what begins anew, what is refused.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/resuming.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/train/process.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("a run that goes on with another figure to look at does not hold it against the best of the one before") {
  const Workplace place;
  const std::string keys = "={monitor: val/accuracy, patience: 2, ";
  for (const std::string& rest : {"early_stopping" + keys + "min_delta: 100}",
                                  "reduce_on_plateau" + keys + "threshold: 100, threshold_mode: abs}"}) {
    CAPTURE(rest);
    const std::string name = rest.substr(0, rest.find('='));
    const auto plan = place.plan({"trainer.max_epochs=2", "trainer." + rest});
    RunFolder folder = place.new_run(*plan);
    train(*plan, &folder);
    const auto other =
        plan_from(folder.paths().resolved(), {"trainer.max_epochs=3", "trainer." + name + ".monitor=val/loss"});
    const Run more = train(*other, &folder, -1, true);
    CHECK(more.end.epoch == 3);
    const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
    const StateValues& state = last.state.controllers.at(name);
    CHECK(std::get<std::string>(state.at("monitor")) == "val/loss");
    CHECK(std::get<double>(state.at("best")) == more.record.validations.back().values[0].value);
    CHECK(std::get<int64_t>(state.at(name == "early_stopping" ? "waited" : "bad")) == 0);
  }
}

TEST_CASE("the checkpoint that was the best by another figure stays until there is a best by the new one") {
  const Workplace place;
  const std::vector<std::string> sets{"trainer.checkpoint.every=3 steps", "trainer.checkpoint.keep=1"};
  const auto plan = place.plan(sets);  // by val/accuracy
  RunFolder folder = place.new_run(*plan);
  const Checkpoints checkpoints(folder.paths().checkpoints());
  train(*plan, &folder, 12);
  CHECK(checkpoints.steps() == std::vector<int64_t>{9, 12});
  const auto other = place.plan({sets[0], sets[1], "trainer.checkpoint.best=val/loss"});
  CHECK(train(*other, &folder, 15, true).record.warnings ==
        std::vector<std::string>{"the best checkpoint was chosen by val/accuracy, from here on by val/loss; that of "
                                 "step 9 is kept until there is a new best"});
  CHECK(checkpoints.steps() == std::vector<int64_t>{9, 15});
  CHECK(checkpoints.newest({})->state.best_step == -1);
  CHECK(train(*other, &folder, 17, true).record.warnings.empty());
  CHECK(checkpoints.steps() == std::vector<int64_t>{9, 17});
  train(*other, &folder, 20, true);
  CHECK(checkpoints.steps() == std::vector<int64_t>{18, 20});
  CHECK(checkpoints.find("best", {}).state.monitor == "val/loss");
}

TEST_CASE("a run that goes on by other rules of an update, turns or transforms says so") {
  const Workplace place;
  const auto plan = place.plan({"optimizer=[clip_norm: 5, adamw: {lr: 0.01}]", "trainer.ema=0.9"});
  RunFolder folder = place.new_run(*plan);
  train(*plan, &folder, 4);
  const auto other = place.plan(
      {"optimizer=[clip_norm: 7, adamw: {lr: 0.01}]", "trainer.ema=0.99", "data.transforms=[horizontal_flip]"});
  const Run more = train(*other, &folder, 9, true);
  const auto said = [&](const std::string& text) {
    return std::ranges::any_of(more.record.warnings, [&](const std::string& line) { return line.starts_with(text); });
  };
  CHECK(said("what the optimizer's list has besides was [{\"clip_norm\": "));
  CHECK(said("what is done to samples was [], from here on ["));
  CHECK(said("the average of weights was "));
  CHECK(!said("the list of turns was "));
}

TEST_CASE("a run that goes on by another rate, schedule or loss says so") {
  const Workplace place;
  const auto plan = place.plan();
  RunFolder folder = place.new_run(*plan);
  train(*plan, &folder, 4);
  const auto other = place.plan({"optimizer.adamw.lr=0.001", "schedule=linear: {end_factor: 0.5}"});
  const Run more = train(*other, &folder, 9, true);
  REQUIRE(more.record.warnings.size() == 2);
  CHECK(more.record.warnings[0] == "the optimizer's lr was 0.01, from here on 0.001");
  CHECK(more.record.warnings[1].starts_with("the schedule was {\"cosine\": {"));
  CHECK(more.record.warnings[1].find(", from here on {\"linear\": {") != std::string::npos);
  const auto none = place.plan({"optimizer.adamw.lr=0.001", "schedule=null", "loss.cross_entropy.label_smoothing=0.1",
                                "trainer.gradient_clip_val=2"});
  const Run last = train(*none, &folder, 12, true);
  REQUIRE(last.record.warnings.size() == 3);
  CHECK(last.record.warnings[0].starts_with("the schedule was {\"linear\": {"));
  CHECK(last.record.warnings[0].ends_with(", from here on none"));
  CHECK(last.record.warnings[1].starts_with("the loss was {\"cross_entropy\": {"));
  CHECK(last.record.warnings[2] == "the bound of gradients was none, from here on 2");
}

TEST_CASE("a checkpoint of another seed, model, optimizer or of other data is refused") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_steps=3"});
  RunFolder folder = place.new_run(*plan);
  train(*plan, &folder);
  const std::string checkpoint = Checkpoints(folder.paths().checkpoints()).of_step(3).string();
  auto refusal = [&](const std::vector<std::string>& sets) {
    const auto other = place.plan(sets);
    return error_text([&] { train(*other, &folder, -1, true); }, {{checkpoint, "CHECKPOINT"}});
  };
  CHECK(refusal({"seed=5"}) ==
        "error: CHECKPOINT: was trained with seed 0, the config has seed 5\n"
        "  help: write 'seed: 0', or start a new run");
  CHECK(refusal({"data.batch_size=8"}) ==
        "error: CHECKPOINT: was trained with batches of 16, the config has batch_size 8\n"
        "  help: write 'data.batch_size: 16', or start a new run");
  CHECK(refusal({"model.0.conv2d.out_channels=5"}) ==
        "error: CHECKPOINT/model.safetensors: holds the weights of another model\n"
        "  '0.bias' is [4] in the file, [5] here\n"
        "  '0.weight' is [4, 1, 3, 3] in the file, [5, 1, 3, 3] here\n"
        "  '1.bias' is [4] in the file, [5] here\n"
        "  '1.running_mean' is [4] in the file, [5] here\n"
        "  '1.running_var' is [4] in the file, [5] here\n"
        "  and 2 more");
  CHECK(refusal({"optimizer=sgd: {lr: 0.1}"}) ==
        "error: CHECKPOINT/optimizer.safetensors: holds the state of another optimizer\n"
        "  'exp_avg/0.bias' [4] is in the file, but not here\n"
        "  'exp_avg/0.weight' [4, 1, 3, 3] is in the file, but not here\n"
        "  'exp_avg/1.bias' [4] is in the file, but not here\n"
        "  'exp_avg/1.weight' [4] is in the file, but not here\n"
        "  'exp_avg/5.bias' [4] is in the file, but not here\n"
        "  and 7 more");
  CHECK(refusal({"trainer.accumulate_grad_batches=3"}) ==
        "error: CHECKPOINT: was trained with accumulate_grad_batches 1, the config has 3\n"
        "  help: write 'trainer.accumulate_grad_batches: 1', or start a new run");
  CHECK(refusal({"data.drop_last=true"}) ==  // the epoch would have other batches
        "error: CHECKPOINT: was trained with data.drop_last false, the config has true\n"
        "  help: write 'data.drop_last: false', or start a new run");
  CHECK(refusal({"data.shuffle=false"}) ==
        "error: CHECKPOINT: was trained with data.shuffle true, the config has false\n"
        "  help: write 'data.shuffle: true', or start a new run");
  // Of the same tensors.
  CHECK(refusal({"model.2=tanh"}) ==
        "error: CHECKPOINT: was trained with \"relu\" as model[2], the config has \"tanh\"\n"
        "  help: write the model as it was, or start a new run with 'init_from:' this checkpoint's weights");
  CHECK(refusal({"model.4.dropout=0.5"}) ==
        "error: CHECKPOINT: was trained with {\"dropout\": {\"p\": 0.2}} as model[4], the config has {\"dropout\": "
        "{\"p\": 0.5}}\n"
        "  help: write the model as it was, or start a new run with 'init_from:' this checkpoint's weights");
  CHECK(refusal({"optimizer=adam: {lr: 0.01}"}) ==
        "error: CHECKPOINT: was trained by 'adamw', the config has 'adam'\n"
        "  help: write the optimizer as it was, or start a new run with 'init_from:' this checkpoint's weights");
  CHECK(refusal({"trainer.max_steps=3", "optimizer=[clip_norm: 1, adamw: {lr: 0.1}]"}) == "");
  write_quadrants(place.path, 181, 2);
  const std::string text = refusal({});
  CHECK(text.starts_with("error: CHECKPOINT: was trained on other data: fingerprint "));
  CHECK(text.ends_with("\n  help: put the data back as they were, or start a new run"));
}

TEST_CASE("a run whose layers read others than before does not go on") {
  const Workplace place(
      "data: {train: {format: random, shape: [3], samples: 24, classes: 2}, batch_size: 8}\n"
      "blocks:\n  pair: {layers: [{linear: 3}, {linear: 3}]}\n"
      "model:\n  - linear: 3\n    name: a\n  - pair:\n    name: b\n  - linear: 2\n    from: b\n    name: head\n"
      "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 2, device: reference}\n");
  const auto plan = place.plan();
  RunFolder folder = place.new_run(*plan);
  train(*plan, &folder);
  const std::string checkpoint = Checkpoints(folder.paths().checkpoints()).of_step(2).string();
  auto refusal = [&](const std::string& set) {
    const auto other = place.plan({set, "trainer.max_steps=3"});
    return error_text([&] { train(*other, &folder, -1, true); }, {{checkpoint, "CHECKPOINT"}});
  };
  const std::string help =
      "  help: write the model as it was, or start a new run with 'init_from:' this checkpoint's weights";
  CHECK(refusal("model.2.from=a") ==
        "error: CHECKPOINT: was trained with model[2] reading 'b.1', in the config it reads 'a'\n" + help);
  CHECK(refusal("model.1.from=x") ==
        "error: CHECKPOINT: was trained with blocks.pair.layers[0] reading 'a', in the config it reads 'x'\n" + help);
  CHECK(refusal("seed=0") == "");
}
