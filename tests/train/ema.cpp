// The weights' average: what it is, what is evaluated, that it is kept.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

const std::vector<std::string> averaged{"trainer.ema=0.9", "trainer.device=cpu", "trainer.threads=2"};

}  // namespace

TEST_CASE("the average of the weights is decay times itself and the rest the weights, from the initial ones on") {
  const testing::Workplace place;
  const auto plan = place.plan(averaged);
  const std::unique_ptr<Device> device = make_device("cpu", {.threads = 2});
  Store store(*device);
  Programs programs(plan->recipe(), store);
  programs.initialize();
  Program& step = programs.update();
  std::vector<float> expected = store.read("parameters");
  CHECK(store.read("ema") == expected);
  std::vector<float> gradients(expected.size());
  for (size_t i = 0; i < gradients.size(); ++i) gradients[i] = random_uniform(1, 2, i) - 0.5f;
  for (int update = 1; update <= 4; ++update) {
    store.write("gradients", gradients.data(), static_cast<int64_t>(gradients.size()));
    programs.begin_update({.lr = 0.01, .number = double(update)});
    step.run();
    const std::vector<float> weights = store.read("parameters"), average = store.read("ema");
    for (size_t i = 0; i < expected.size(); ++i) {
      expected[i] = 0.9f * expected[i] + 0.1f * weights[i];
      CHECK(average[i] == doctest::Approx(expected[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("optimizer and average are one pass over the parameters") {
  const testing::Workplace place;
  auto passes = [&](const std::vector<std::string>& sets) {
    const auto plan = place.plan(sets);
    const std::unique_ptr<Device> device = make_device("cpu", {.threads = 2});
    Store store(*device);
    Programs programs(plan->recipe(), store);
    programs.initialize();
    int calls = 0;
    for (const Program::KernelCall& step : programs.update().kernel_calls()) calls += step.op == "loop";
    return calls;
  };
  CHECK(passes(averaged) == passes({"trainer.device=cpu"}));
}

TEST_CASE("validation, eval and prediction are by the average, during the run and from its checkpoint") {
  const testing::Workplace place;
  const auto plan = place.plan(averaged);
  RunFolder folder = place.new_run(*plan);
  testing::Record record;
  Trainer(*plan, {.folder = &folder, .observers = {&record}}).fit();
  const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
  auto loss_of = [](const std::vector<Measured>& values) { return values.at(0).value; };
  CHECK(loss_of(Inference(*plan, last).evaluate("val").values) == loss_of(record.validations.back().values));
  const auto without = place.plan({"trainer.device=cpu", "trainer.threads=2"});
  CHECK(loss_of(Inference(*without, last).evaluate("val").values) != loss_of(record.validations.back().values));
}

TEST_CASE("a run with an average goes on to the same bits") {
  const testing::Workplace place;
  testing::check_goes_on(place, *place.plan(averaged), 11);
}

TEST_CASE("an average begins at the weights of init_from") {
  const testing::Workplace place;
  const auto plan = place.plan();
  RunFolder folder = place.new_run(*plan);
  Trainer(*plan, {.folder = &folder}).fit();
  const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
  std::filesystem::copy(last.weights(), place.path / "start.safetensors");
  const auto further = place.plan({"trainer.ema=0.9", "init_from=start.safetensors", "trainer.max_steps=1",
                                   "optimizer.adamw.lr=1e-9", "optimizer.adamw.weight_decay=0"});
  Trainer trainer(*further, {});
  trainer.fit();
  const std::vector<float> weights = trainer.store().read("parameters"), average = trainer.store().read("ema");
  for (size_t i = 0; i < weights.size(); ++i) CHECK(average[i] == doctest::Approx(weights[i]).epsilon(1e-4));
}

}  // namespace dl
