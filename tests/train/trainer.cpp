// Training runs: learning, stopping, resuming to the same bits, and what may go wrong.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/loop/trainer.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lib/interop/safetensors.h"
#include "tests/npy.h"
#include "tests/train/fixture.h"
#include "tests/train/timeless.h"

using namespace dl;
using namespace dl::testing;

namespace {

using Contents = std::map<std::string, std::vector<float>>;

struct Run {
  RunFinished end;
  Contents contents;
  Record record;
};

// One process's part of a run: new, or resumed from the newest checkpoint of `folder`; stopped after `stop_after`.
Run train(Plan& plan, RunFolder* folder, int64_t stop_after = -1, bool resumed = false) {
  Run run;
  StopAfter stop(stop_after);
  Trainer trainer(plan, {.folder = folder, .observers = {&run.record, &stop}, .stop = &stop.stop});
  if (resumed) {
    const auto newest = Checkpoints(folder->paths().checkpoints()).newest([](const std::string& line) { FAIL(line); });
    REQUIRE(newest);
    trainer.resume(*newest);
  }
  run.end = trainer.fit();
  run.contents = contents(trainer.store());
  return run;
}

}  // namespace

TEST_CASE("a small network learns, and says so") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_epochs=12"});
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  CHECK(run.end.exit == Exit::done);
  CHECK(run.end.reason == "max_epochs (12) reached");
  CHECK(run.end.step == 108);
  CHECK(run.end.epoch == 12);
  CHECK(run.record.losses.size() == 108);
  CHECK(run.record.logs.size() == 27);
  CHECK(run.record.epochs.size() == 12);
  CHECK(run.record.validations.size() == 12);
  CHECK(run.record.validations.back().values[1].name == "val/accuracy");
  CHECK(run.record.validations.back().values[1].value > 0.9);
  CHECK(run.end.best_value >= run.record.validations.back().values[1].value);
  CHECK(run.record.warnings.empty());
}

TEST_CASE("a run stopped after any step and resumed ends with the same bits and the same records") {
  const Workplace place;
  const auto plan = place.plan();
  RunFolder whole = place.new_run(*plan);
  const Run expected = train(*plan, &whole);
  REQUIRE(expected.end.step == 27);
  for (const int64_t stop : {1, 4, 6, 8, 9, 17, 27}) {
    CAPTURE(stop);
    RunFolder folder = place.new_run(*plan);
    const Run first = train(*plan, &folder, stop);
    CHECK(first.end.exit == Exit::interrupted);
    CHECK(first.end.reason == "stopped by a signal");
    CHECK(first.end.step == stop);
    const auto again = place.plan();
    const Run second = train(*again, &folder, -1, true);
    CHECK(second.end.exit == Exit::done);
    CHECK(second.record.starts.at(0).step == stop);
    CHECK(second.contents == expected.contents);
    CHECK(second.end.best_step == expected.end.best_step);
    CHECK(second.end.best_value == expected.end.best_value);
    CHECK(timeless(folder.paths().metrics_jsonl()) == timeless(whole.paths().metrics_jsonl()));
    CHECK(lines_of(text_of(folder.paths().metrics_csv())).size() ==
          lines_of(text_of(whole.paths().metrics_csv())).size());
  }
}

TEST_CASE("a run killed at any moment goes on from its newest checkpoint to the same bits") {
  const Workplace place;
  const auto plan = place.plan();
  RunFolder whole = place.new_run(*plan);
  const Run expected = train(*plan, &whole);
  for (int64_t killed_at : {7, 20}) {  // the folder as it is then: checkpoints up to there, records up to later
    RunFolder folder = place.new_run(*plan);
    train(*plan, &folder, killed_at);
    std::filesystem::remove_all(Checkpoints(folder.paths().checkpoints()).of_step(killed_at));
    write(folder.paths().metrics_jsonl(), text_of(folder.paths().metrics_jsonl()) + "{\"step\":999,\"tor");
    write(folder.paths().metrics_csv(), text_of(folder.paths().metrics_csv()) + "999,1");
    const Run second = train(*plan, &folder, -1, true);
    CHECK(second.record.starts.at(0).step < killed_at);
    CHECK(second.contents == expected.contents);
    CHECK(timeless(folder.paths().metrics_jsonl()) == timeless(whole.paths().metrics_jsonl()));
  }
}

TEST_CASE("runs over windows of a text, drawn and carried, resume to the same bits") {
  for (const std::string windows : {"random", "carried"}) {
    CAPTURE(windows);
    const std::string reader = "{format: text, path: a.txt, length: 6, windows: " + windows;
    const Workplace place("data:\n  train: " + reader + ", end: 0.8}\n  validation: " + reader + R"(, begin: 0.8}
  batch_size: 4
model:
  - embedding: {num_embeddings: "${data.vocabulary}", embedding_dim: 8}
  - dropout: 0.2
  - linear: ${data.vocabulary}
loss: cross_entropy
metrics: [perplexity]
optimizer: {adamw: {lr: 0.01}}
trainer: {max_steps: 25, device: reference, log_every_n_steps: 4, checkpoint: {every: 6 steps, keep: 100}}
)");
    std::string text;
    for (uint64_t i = 0; i < 400; ++i) text += static_cast<char>('a' + random_bits(3, 0, i) % 5);
    write(place.path / "a.txt", text);
    const auto plan = place.plan();
    RunFolder whole = place.new_run(*plan);
    const Run expected = train(*plan, &whole);
    CHECK(expected.end.step == 25);
    CHECK(expected.end.epoch >= 1);
    for (const int64_t stop : {3, 13, 14, 24}) {
      RunFolder folder = place.new_run(*plan);
      train(*plan, &folder, stop);
      CHECK(train(*place.plan(), &folder, -1, true).contents == expected.contents);
      CHECK(timeless(folder.paths().metrics_jsonl()) == timeless(whole.paths().metrics_jsonl()));
    }
  }
}

TEST_CASE("accumulated gradients resume to the same bits") {
  const Workplace place;
  const std::vector<std::string> sets{"trainer.accumulate_grad_batches=4", "data.batch_size=8"};
  const auto plan = place.plan(sets);
  CHECK(plan->steps_per_epoch() == 5);  // 18 batches of 8: windows of 4, 4, 4, 4 and 2
  RunFolder whole = place.new_run(*plan);
  const Run expected = train(*plan, &whole);
  CHECK(expected.end.step == 15);
  for (const int64_t stop : {3, 5, 9}) {
    RunFolder folder = place.new_run(*plan);
    train(*plan, &folder, stop);
    CHECK(train(*plan, &folder, -1, true).contents == expected.contents);
  }
}

TEST_CASE("accumulation over batches equals one large batch, the short window at the end too") {
  const std::string config = R"(
data:
  train: {format: idx, images: images.idx, labels: labels.idx}
  batch_size: 32
model: [flatten, linear: 8, gelu, linear: 4]
loss: cross_entropy
metrics: [accuracy]
optimizer: {sgd: {lr: 0.5, momentum: 0.9}}
trainer: {max_epochs: 2, device: reference, gradient_clip_val: 0.5}
)";
  const Workplace place(config, 75);  // windows of 32, 32 and 11 samples
  const auto large = place.plan();
  const auto small = place.plan({"data.batch_size=8", "trainer.accumulate_grad_batches=4"});
  const auto agree = [&](Plan& one, Plan& other) {
    const Run a = train(one, nullptr), b = train(other, nullptr);
    REQUIRE(a.end.step == 6);
    REQUIRE(b.end.step == 6);
    for (size_t i = 0; i < a.record.losses.size(); ++i)
      CHECK(b.record.losses[i] == doctest::Approx(a.record.losses[i]).epsilon(1e-5));
    const std::vector<float>&x = a.contents.at("parameters"), &y = b.contents.at("parameters");
    for (size_t i = 0; i < x.size(); ++i) CHECK(y[i] == doctest::Approx(x[i]).epsilon(1e-4));
    const auto &left = a.record.validations, &right = b.record.validations;
    REQUIRE(left.size() == right.size());
    for (size_t i = 0; i < left.size(); ++i)
      CHECK(right[i].values[0].value == doctest::Approx(left[i].values[0].value).epsilon(1e-5));
  };
  agree(*large, *small);

  // Of the batches of 8 some have more targets that are left out than others.
  const std::vector<std::string> ignoring{"loss.cross_entropy.ignore_index=1",
                                          "data.validation={format: idx, images: images.idx, labels: labels.idx}"};
  const auto with = [&](std::vector<std::string> sets) {
    sets.insert(sets.end(), ignoring.begin(), ignoring.end());
    return place.plan(sets);
  };
  agree(*with({}), *with({"data.batch_size=8", "trainer.accumulate_grad_batches=4"}));
}

TEST_CASE("targets that are all left out are told, of training as of a split") {
  const Workplace place;
  const auto all_ignored = [&](const std::string& validation) {
    // The loss ignores the labels of class 0, which are all but the last.
    write(place.path / "labels.idx", std::string("\0\0\x08\x01", 4) + big_endian(181) + std::string(180, '\0') + '\1');
    const auto plan = place.plan({"loss.cross_entropy.ignore_index=0", "data.validation=" + validation,
                                  "trainer.max_steps=2", "data.shuffle=false", "trainer.checkpoint.best=null"});
    return train(*plan, nullptr);
  };
  CHECK(error_text([&] { all_ignored("null"); }) ==
        "error: expected targets that count in the split 'train', the loss ignores all of them\n"
        "  help: mend its 'ignore_index', or the targets");
  CHECK(error_text([&] { all_ignored("{first: 40}"); }) ==
        "error: expected targets that count in the split 'val', the loss ignores all of them\n"
        "  help: mend its 'ignore_index', or the targets");
  const auto alone = place.plan({"loss=triplet", "metrics=[]", "data.batch_size=1", "data.validation=null",
                                 "trainer.max_steps=2", "trainer.checkpoint.best=null"});
  CHECK(error_text([&] {
          train(*alone, nullptr);
        }).find("make 'data.batch_size' larger where the loss compares a batch's samples") != std::string::npos);
}

TEST_CASE("a metric without targets of its own is not told, and never a gain") {
  const Workplace place;
  write(place.path / "labels.idx", std::string("\0\0\x08\x01", 4) + big_endian(181) + std::string(181, '\1'));
  const auto plan = place.plan({"metrics=[accuracy: {ignore_index: 1}]", "model.5.linear=4",
                                "trainer.early_stopping={monitor: val/accuracy, patience: 2}"});
  const Run run = train(*plan, nullptr);
  CHECK(run.end.reason == "early_stopping: val/accuracy was no number in 2 validations");
  CHECK(run.end.best_step == -1);
  for (const ValidationRecord& record : run.record.validations) {
    REQUIRE(record.values.size() == 1);
    CHECK(record.values[0].name == "val/loss");
  }
}

TEST_CASE("the epoch's figures are means over its samples, a short batch counted by its size") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_epochs=1"});
  const Run run = train(*plan, nullptr);
  double sum = 0;
  for (size_t i = 0; i < 9; ++i) sum += run.record.losses[i] * (i < 8 ? 16 : 13);
  CHECK(run.record.epochs.at(0).values.at(0).name == "train/loss");
  CHECK(run.record.epochs.at(0).values.at(0).value == doctest::Approx(sum / 141));
}

TEST_CASE("max_steps ends a run within an epoch, after a validation") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_steps=11"});
  const Run run = train(*plan, nullptr);
  CHECK(run.end.reason == "max_steps (11) reached");
  CHECK(run.end.step == 11);
  CHECK(run.record.validations.size() == 2);
  CHECK(run.record.validations.back().step == 11);
}

TEST_CASE("validation runs as often as its interval says") {
  const Workplace place;
  auto steps = [&](const std::string& set) {
    const auto plan = place.plan({set});
    const Run run = train(*plan, nullptr);
    std::vector<int64_t> out;
    for (const ValidationRecord& v : run.record.validations) out.push_back(v.step);
    return out;
  };
  CHECK(steps("trainer.check_val_every_n_epoch=2") == std::vector<int64_t>{18, 27});
  CHECK(steps("trainer.val_check_interval=10") == std::vector<int64_t>{10, 20, 27});
  CHECK(steps("trainer.val_check_interval=0.5 epochs") == std::vector<int64_t>{5, 9, 14, 18, 23, 27});
  CHECK(steps("trainer.val_check_interval=0.25 epochs") ==
        std::vector<int64_t>{3, 5, 7, 9, 12, 14, 16, 18, 21, 23, 25, 27});
}

TEST_CASE("time between validations is counted from the last one in whatever process that was") {
  const Workplace place;
  const auto plan = place.plan({"trainer.val_check_interval=1 h", "trainer.max_epochs=1"});
  RunFolder folder = place.new_run(*plan);
  CHECK(train(*plan, &folder, 2).record.validations.empty());
  Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
  last.state.time_s = 3600;  // as if it had taken so long
  Record record;
  StopAfter stop(4);
  Trainer resumed(*plan, {.folder = &folder, .observers = {&record, &stop}, .stop = &stop.stop});
  resumed.resume(last);
  resumed.fit();
  REQUIRE(record.validations.size() == 1);
  CHECK(record.validations[0].step == 3);
  const TrainState after = Checkpoints(folder.paths().checkpoints()).newest({})->state;
  CHECK(after.validated_s >= 3600);
  CHECK(after.validated_s <= after.time_s);
}

TEST_CASE("early stopping ends a run that no longer gets better, and a resumed one stays ended") {
  const Workplace place;
  const std::vector<std::string> sets{"trainer.max_epochs=50", "trainer.early_stopping.patience=2",
                                      "trainer.early_stopping.min_delta=100"};
  const auto plan = place.plan(sets);
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  CHECK(run.end.exit == Exit::done);
  CHECK(run.end.epoch == 3);
  CHECK(run.end.reason.starts_with("early_stopping: val/loss was not better than "));
  CHECK(run.end.reason.ends_with(" in 2 validations"));
  const Run again = train(*plan, &folder, -1, true);
  CHECK(again.end.reason == run.end.reason);
  CHECK(again.record.losses.empty());
  CHECK(again.contents == run.contents);
}

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

TEST_CASE("figures of an epoch in which a run goes on with another metric of the same name are of that one alone") {
  const Workplace place;
  const std::string once = "trainer.max_epochs=1";
  const auto other = place.plan({once, "metrics=[accuracy: {top_k: 3}]"});
  const auto goes_on_from = [&](const std::string& metrics) {
    const auto plan = place.plan({once, "trainer.checkpoint.best=null", metrics});
    RunFolder folder = place.new_run(*plan);
    train(*plan, &folder, 4);
    return train(*other, &folder, -1, true).record.epochs.at(0).values;
  };
  const auto values = goes_on_from("metrics=[accuracy]"), alone = goes_on_from("metrics=[]");
  for (size_t i = 0; i < 2; ++i) {
    CHECK(values.at(i).name == (i == 0 ? "train/loss" : "train/accuracy"));
    CHECK(values.at(i).value == alone.at(i).value);
  }
}

TEST_CASE("a finished run trained for longer goes on where it ended") {
  const Workplace place;
  const auto plan = place.plan({"schedule=null"});
  RunFolder folder = place.new_run(*plan);
  train(*plan, &folder);
  const auto longer = plan_from(folder.paths().resolved(), {"trainer.max_epochs=4"});
  const Run more = train(*longer, &folder, -1, true);
  CHECK(more.end.step == 36);
  const auto at_once = place.plan({"schedule=null", "trainer.max_epochs=4"});
  CHECK(train(*at_once, nullptr).contents == more.contents);
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

TEST_CASE("max_time saves and stops, and every start has that time anew") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_time=0.000001 s", "trainer.max_epochs=null"});
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  CHECK(run.end.exit == Exit::time_limit);
  CHECK(run.end.reason == "max_time (1e-06 s) reached");
  CHECK(Checkpoints(folder.paths().checkpoints()).steps() == std::vector<int64_t>{run.end.step});
}

TEST_CASE("a loss that is not finite ends the run and leaves the last good checkpoint") {
  const Workplace place;
  const auto plan = place.plan({"optimizer={sgd: {lr: 1e30}}", "schedule=null", "trainer.checkpoint.every=1 steps"});
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  CHECK(run.end.exit == Exit::diverged);
  CHECK(run.end.reason.find(" became ") != std::string::npos);
  const Checkpoints checkpoints(folder.paths().checkpoints());
  for (const int64_t step : checkpoints.steps()) {
    const SafetensorsFile file(open_checkpoint(checkpoints.of_step(step)).weights());
    for (const auto& [name, tensor] : file.tensors())
      for (const float x : file.read_f32(name)) CHECK(std::isfinite(x));
  }
}

TEST_CASE("where the data are what is not finite, the run ends with their sample and value") {
  const Folder folder;
  std::vector<float> x(8 * 3, 0.5f);
  x[5 * 3 + 2] = std::numeric_limits<float>::infinity();
  write(folder.path / "x.npy", npy("<f4", "(8, 3)", bytes(x)));
  write(folder.path / "y.npy", npy("<i4", "(8,)", bytes(std::vector<int32_t>{0, 1, 0, 1, 0, 1, 0, 1})));
  for (const std::string accumulate : {"1", "2"}) {
    write(folder.path / "c.yaml",
          concat("data: {train: {format: npy, fields: {x: x.npy, y: y.npy}}, batch_size: 4}\nmodel: [linear: 2]\n"
                 "loss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\n"
                 "trainer: {max_epochs: 1, accumulate_grad_batches: ",
                 accumulate, "}\n"));
    const auto plan = plan_run(folder.path / "c.yaml", {});
    const Run run = train(*plan, nullptr);
    CHECK(run.end.exit == Exit::diverged);
    CHECK(run.end.bad_input == "the data held it: sample 5: value 2 of 'x' is .inf");
  }
}

TEST_CASE("fast_dev_run takes one step and one batch of validation and keeps nothing") {
  const Workplace place;
  const auto plan = place.plan({"trainer.fast_dev_run=true"});
  const Run run = train(*plan, nullptr);
  CHECK(run.end.exit == Exit::done);
  CHECK(run.end.reason == "fast_dev_run");
  CHECK(run.record.losses.size() == 1);
  CHECK(run.record.validations.size() == 1);
  CHECK(!std::filesystem::exists(place.path / "runs"));
}

TEST_CASE("the newest checkpoints and the best one are kept") {
  const Workplace place;
  const auto plan = place.plan({"trainer.checkpoint={every: 3 steps, keep: 2, best: val/loss}", "trainer.max_epochs=2",
                                "optimizer={sgd: {lr: 1e-12}}", "schedule=null", "model.4.dropout=0"});
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  const std::vector<int64_t> steps = Checkpoints(folder.paths().checkpoints()).steps();
  CHECK(steps.size() >= 2);
  CHECK(steps.size() <= 3);
  CHECK(std::ranges::count(steps, run.end.best_step) == 1);
  CHECK(std::ranges::count(steps, 18) == 1);
  CHECK(Checkpoints(folder.paths().checkpoints()).find("best", {}).state.step == run.end.best_step);
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

TEST_CASE("a checkpoint that cannot be written is a warning; the last one's failure is an error") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_epochs=1"});
  RunFolder folder = place.new_run(*plan);
  std::filesystem::remove_all(folder.paths().checkpoints());
  write(folder.paths().checkpoints(), "in the way");
  Record record;
  Trainer trainer(*plan, {.folder = &folder, .observers = {&record}});
  Exit exit = Exit::done;
  CHECK(error_text([&] { trainer.fit(); }, {{folder.paths().folder.string(), "RUN"}}, &exit) ==
        "error: RUN/checkpoints: making the folder failed: Not a directory");
  CHECK(exit == Exit::io);
  REQUIRE(record.warnings.size() == 2);
  CHECK(record.warnings[0] ==
        "the checkpoint of step 6 was not written; training goes on: " + folder.paths().checkpoints().string() +
            ": making the folder failed: Not a directory");
}

TEST_CASE("the best checkpoint is one that was written") {
  const Workplace place;
  const auto plan =
      place.plan({"trainer.max_epochs=2", "trainer.checkpoint={every: 1000 steps, best: val/loss, mode: max}"});
  RunFolder folder = place.new_run(*plan);
  const std::filesystem::path checkpoints = folder.paths().checkpoints();
  std::filesystem::remove_all(checkpoints);
  write(checkpoints, "in the way");
  struct : Observer {  // makes room once the first could not be written
    void warned(const std::string& text) override {
      if (text.find("was not written") == std::string::npos) return;
      std::filesystem::remove(path);
      ++count;
    }
    std::filesystem::path path;
    int count = 0;
  } room;
  room.path = checkpoints;
  Record record;
  Trainer trainer(*plan, {.folder = &folder, .observers = {&record, &room}});
  const RunFinished end = trainer.fit();
  CHECK(room.count == 1);
  REQUIRE(record.validations.size() == 2);
  CHECK(record.validations[1].values[0].value < record.validations[0].values[0].value);
  CHECK(end.best_step == 18);
  CHECK(Checkpoints(checkpoints).find("best", {}).state.step == 18);
}

TEST_CASE("init_from starts from the weights of a file") {
  const Workplace place;
  const auto plan = place.plan({"trainer.max_steps=5"});
  RunFolder folder = place.new_run(*plan);
  const Run run = train(*plan, &folder);
  const std::string weights = (Checkpoints(folder.paths().checkpoints()).of_step(5) / "model.safetensors").string();
  const auto next =
      place.plan({"init_from=" + weights, "seed=9", "optimizer={sgd: {lr: 1e-30}}", "trainer.max_steps=1"});
  const Run started = train(*next, nullptr);
  CHECK(started.contents.at("parameters") == run.contents.at("parameters"));
}
