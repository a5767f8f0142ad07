// The chain of rules of an update: PyTorch's steps, the short forms, states of any shape, mistakes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/update_chain.h"

#include <cmath>

#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"
#include "tests/train/updating.h"

namespace dl {
namespace {

using testing::Updating;

TEST_CASE("rules of a chain, and optimizers by tensor, take the steps of PyTorch or of their papers") {
  testing::check_steps("updates");
}

// Everything that a run of the small config ends with.
std::map<std::string, std::vector<float>> end_of(const testing::Workplace& place,
                                                 const std::vector<std::string>& sets) {
  const auto plan = place.plan(sets);
  Trainer trainer(*plan, {});
  trainer.fit();
  return testing::contents(trainer.store());
}

TEST_CASE("the trainer's keys and the rules of a list are the same update, to the bit") {
  const testing::Workplace place;
  for (const std::string device : {"trainer.device=reference", "trainer.device=cpu"}) {
    CAPTURE(device);
    const auto by_norm = end_of(place, {device, "trainer.gradient_clip_val=0.3", "trainer.ema=0.9"});
    CHECK(by_norm.contains("ema"));
    CHECK(by_norm == end_of(place, {device, "optimizer=[clip_norm: 0.3, adamw: {lr: 0.01}, ema: 0.9]"}));
    CHECK(by_norm != end_of(place, {device, "optimizer=[clip_norm: 0.2, adamw: {lr: 0.01}, ema: 0.9]"}));
    const auto by_value = end_of(
        place, {device, "trainer.gradient_clip_val=0.001", "trainer.gradient_clip_algorithm=value", "trainer.ema=0.9"});
    CHECK(by_value == end_of(place, {device, "optimizer=[clip_value: 0.001, adamw: {lr: 0.01}, ema: 0.9]"}));
    CHECK(end_of(place, {device}) == end_of(place, {device, "optimizer=[adamw: {lr: 0.01}]"}));
  }
}

TEST_CASE("a list is resolved to what reads as the same, and its optimizer's groups are compared when a run goes on") {
  const testing::Workplace place;
  const std::string groups = "{lr: 0.01, groups: [{match: \"*.bias\", weight_decay: 0}]}";
  const auto plan = place.plan({"optimizer=[clip_norm: 1, adamw: " + groups + ", ema: 0.9]"});
  testing::write(place.path / "resolved.yaml", plan->resolved());
  CHECK(plan_run(place.path / "resolved.yaml", {})->resolved() == plan->resolved());
  const Checkpoint last = testing::check_goes_on(place, *plan, 11);
  const auto other = place.plan({"optimizer=[clip_norm: 1, adamw: {lr: 0.01}, ema: 0.9]"});
  CHECK(testing::error_text([&] { Trainer(*other, {}).resume(last); }, {{last.folder.string(), "CHECKPOINT"}}) ==
        "error: CHECKPOINT: was trained with the parameter groups [{\"match\": [\"*.bias\"], \"weight_decay\": 0}], "
        "the config has []\n"
        "  help: give the optimizer the same 'groups:', or start a new run with 'init_from:' this checkpoint's "
        "weights");
}

TEST_CASE("behind whatever rule, validation is by the running statistics as they are, as eval is") {
  const testing::Workplace place;
  for (const std::string rule :
       {"max_norm: 2", "lookahead: {k: 4}", "soft_threshold: 1e-4", "non_negative: {match: \"5.*\"}", "ema: 0.9"}) {
    CAPTURE(rule);
    const auto plan = place.plan({"optimizer=[adamw: {lr: 0.01}, " + rule + "]"});
    RunFolder folder = place.new_run(*plan);
    testing::Record record;
    Trainer trainer(*plan, {.folder = &folder, .observers = {&record}});
    trainer.fit();
    CHECK(trainer.store().of_role(Role::average_of_buffer).empty() == (rule != "ema: 0.9"));
    const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
    CHECK(Inference(*plan, last).evaluate("val").values[0].value == record.validations.back().values[0].value);
  }
}

TEST_CASE("mistakes in a chain are named at their places") {
  const testing::Workplace place;
  const auto text_for = [&](const std::string& optimizer, const std::vector<std::string>& sets = {}) {
    testing::write(place.path / "chain.yaml", "extends: small.yaml\noptimizer: " + optimizer + "\n");
    return testing::error_text([&] { plan_run(place.path / "chain.yaml", sets); }, {{place / "", ""}});
  };
  CHECK(text_for("[clip_norm: 1, ema: 0.9]") ==
        "error: chain.yaml:2:27: optimizer[1]: 'ema' acts on the new parameters, which the optimizer is yet to make\n"
        "  help: write it after the optimizer");
  CHECK(text_for("[adamw, clip_norm: 1]") ==
        "error: chain.yaml:2:20: optimizer[1]: 'clip_norm' acts on the gradient, which the optimizer before it has "
        "taken\n"
        "  help: write it before the optimizer");
  CHECK(text_for("[clip_norm: 1]")
            .starts_with("error: chain.yaml:2:12: optimizer: no optimizer is in the list\n  known optimizers: ada"));
  CHECK(text_for("[adamw, sgd: {lr: 0.1}]") ==
        "error: chain.yaml:2:20: optimizer[1]: a second optimizer, 'sgd', after 'adamw'\n"
        "  help: leave one of them out; 'groups:' gives some parameters other values of its keys");
  CHECK(text_for("[clip_norm: 1, clip_norm: 2, adamw]") ==
        "error: chain.yaml:2:27: optimizer[1]: 'clip_norm' a second time\n"
        "  help: leave one of them out");
  CHECK(text_for("[clip_norm: -1, adamw]") ==
        "error: chain.yaml:2:24: optimizer[0].clip_norm.max_norm: expected a number above 0, got -1");
  const std::string unknown = text_for("[clip_nrm: 1, adamw]");
  CHECK(
      unknown.starts_with("error: chain.yaml:2:13: optimizer[0]: unknown rule 'clip_nrm'\n"
                          "  known rules: clip_norm, clip_norm_by_tensor, clip_value, ema, "));
  CHECK(unknown.ends_with("\n  help: write 'clip_norm: 1'"));
  CHECK(text_for("[l1: {rate: 0.1, match: \"*.nothing\"}, adamw]")
            .starts_with("error: chain.yaml:2:13: optimizer[0]: 'l1' acts on no parameter that is updated\n"
                         "  help: write a pattern that fits one of them: "));
  CHECK(text_for("[adamw, lookahead, ema: 0.9]") ==
        "error: chain.yaml:2:12: optimizer: 'lookahead' and 'ema' each keep an average of the weights, of which one is "
        "validated\n"
        "  help: leave one of them out");
  CHECK(text_for("[clip_norm: 1, adamw, ema: 0.9]", {"trainer.gradient_clip_val=1", "trainer.ema=0.9"}) ==
        "error: --set trainer.gradient_clip_val=1: trainer.gradient_clip_val: 'optimizer' has 'clip_norm' in its list "
        "too\n"
        "  help: leave one of them out\n"
        "error: --set trainer.ema=0.9: trainer.ema: 'optimizer' has 'ema' in its list too\n"
        "  help: leave one of them out");
}

TEST_CASE("a schedule moves the momentum of optimizers that follow it, and goes on to the same bits") {
  const testing::Workplace place;
  // Not adabelief, which moves its averages between the tensors too, where nothing is kept.
  for (const std::string optimizer : {"adamax", "radam", "rmsprop", "{sgd: {lr: 0.1}}"}) {
    CAPTURE(optimizer);
    testing::check_goes_on(place, *place.plan({"optimizer=" + optimizer, "schedule=one_cycle", "trainer.max_steps=8"}),
                           3);
  }
  CHECK(place.refusal({"optimizer={lars: {lr: 1}}", "schedule=one_cycle"}) ==
        "error: --set schedule=one_cycle: schedule: 'one_cycle' moves the momentum, which 'lars' does not follow\n"
        "  help: write 'cycle_momentum: false' in 'one_cycle'");
  CHECK(place.refusal({"optimizer={lars: {lr: 1}}", "schedule={one_cycle: {cycle_momentum: false}}"}) == "");
}

TEST_CASE("what an update does not have stays as it is") {
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    Updating all("[{linear: 5}, {linear: 3}]", "[clip_norm: 0.5, adam: {lr: 0.01}]", {4}, device);
    std::vector<Problem> problems;
    Update second = all.update();
    const auto tensors = all.network.tensors();
    second.ranges[0].begin = std::ranges::find(tensors, "1.weight", &Tensor::path)->offset;
    Store store(*all.device);
    Programs programs({.forward = {.network = &all.network}, .updates = {second}}, store);
    programs.initialize();
    Program& update = programs.update();
    const std::vector<float> before = store.read("parameters");
    std::vector<float> gradients(before.size(), 1.0f);
    store.write("gradients", gradients.data(), static_cast<int64_t>(gradients.size()));
    programs.begin_update({.lr = 0.01, .number = 1});
    update.run();
    const std::vector<float> after = store.read("parameters"), m = store.read("exp_avg");
    const auto begin = static_cast<size_t>(second.ranges[0].begin);
    double largest = 0;
    for (size_t i = 0; i < before.size(); ++i) {
      if (i < begin) CHECK(after[i] == before[i]);
      if (i < begin) CHECK(m[i] == 0);
      if (i >= begin) CHECK(after[i] != before[i]);
      largest = std::max(largest, double(m[i]));
    }
    const double updated = static_cast<double>(before.size() - begin);
    CHECK(largest == doctest::Approx(0.1 * 0.5 / std::sqrt(updated)).epsilon(1e-4));  // the norm is that of its own
    CHECK(update.scalar("grad_norm") == doctest::Approx(std::sqrt(updated)));
  }
}

}  // namespace
}  // namespace dl
