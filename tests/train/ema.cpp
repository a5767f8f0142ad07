// The weights' average: what it is, what is evaluated, that it is kept.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

const std::vector<std::string> averaged{"trainer.ema=0.9", "trainer.device=cpu", "trainer.threads=2"};

}  // namespace

TEST_CASE(
    "the average of the weights is decay times itself and the rest the weights, from those of the first update on") {
  const testing::Workplace place;
  for (const bool warmup : {true, false}) {
    CAPTURE(warmup);
    const auto plan =
        place.plan({concat("trainer.ema={decay: 0.3, warmup: ", warmup ? "true}" : "false}"), "trainer.device=cpu"});
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
      const float kept = update == 1 ? 0 : warmup && update == 2 ? 0.25f : 0.3f;  // (1 + t) / (10 + t), at most 0.3
      for (size_t i = 0; i < expected.size(); ++i) {
        expected[i] = kept * expected[i] + (1 - kept) * weights[i];
        CHECK(average[i] == doctest::Approx(expected[i]).epsilon(1e-5));
      }
    }
  }
}

TEST_CASE("running statistics are averaged as the weights are, by each update") {
  struct Statistics : Observer {
    void stepped(const StepDone&) override {
      now.push_back(trainer->store().read("1.running_mean"));
      average.push_back(trainer->store().read("ema/1.running_mean"));
    }
    Trainer* trainer = nullptr;
    std::vector<std::vector<float>> now, average;
  };
  const testing::Workplace place;
  for (const char* batches : {"1", "2"}) {
    CAPTURE(batches);
    std::vector<std::string> sets = averaged;
    sets.insert(sets.end(), {concat("trainer.accumulate_grad_batches=", batches), "trainer.log_every_n_steps=1"});
    const auto plan = place.plan(sets);
    Statistics seen;
    Trainer trainer(*plan, {.observers = {&seen}});
    seen.trainer = &trainer;
    trainer.fit();
    REQUIRE(seen.now.size() > 10);
    std::vector<double> expected(seen.now[0].size());
    for (size_t step = 0; step < seen.now.size(); ++step)
      for (size_t i = 0; i < expected.size(); ++i) {
        const double t = double(step + 1), kept = step == 0 ? 0 : std::min(0.9, (1 + t) / (10 + t));
        expected[i] = kept * expected[i] + (1 - kept) * double(seen.now[step][i]);
        CHECK(seen.average[step][i] == doctest::Approx(expected[i]).epsilon(1e-4));
      }
    CHECK(seen.average.back() != seen.now.back());
  }
}

TEST_CASE("an average of running statistics does not begin anew where a part of the model begins to train") {
  const testing::Workplace place;
  std::vector<std::string> sets = averaged;
  sets.insert(sets.end(), {"freeze=[{params: \"0\", until: 5 steps}]", "trainer.max_steps=6",
                           "optimizer={adamw: {lr: 0.01, groups: [{match: \"0.*\", lr_factor: 0.1}]}}"});
  const auto plan = place.plan(sets);
  Trainer trainer(*plan, {});
  trainer.fit();
  CHECK(trainer.store().read("ema/1.running_mean") != trainer.store().read("1.running_mean"));
}

TEST_CASE("optimizer and average are one pass over the parameters, and the running statistics of a layer one more") {
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
  CHECK(passes(averaged) == passes({"trainer.device=cpu"}) + 1);
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
