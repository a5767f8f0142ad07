// What layers carry from batch to batch: windows after one another are one long sequence, and a resumed run goes on
// within it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

const char* carrying_config = R"(
data:
  train: {format: random, shape: [5, 3], dtype: f32, samples: 64, classes: 4}
  validation: {last: 16}
  batch_size: 8
  shuffle: false
model:
  - lstm: {hidden_size: 6, num_layers: 2, stateful: true, return_sequences: false}
  - linear: 4
loss: cross_entropy
optimizer: {sgd: {lr: 0.5}}
trainer:
  max_epochs: 3
  log_every_n_steps: 1
  checkpoint: {every: 2 steps, keep: 100}
)";

struct CarriedOutcome {
  std::vector<float> parameters;
  Record record;
};

CarriedOutcome train(Plan& plan, RunFolder& folder, int64_t stop_after, bool resumed) {
  CarriedOutcome outcome;
  StopAfter stop(stop_after);
  Trainer trainer(plan, {.folder = &folder, .observers = {&outcome.record, &stop}, .stop = &stop.stop});
  if (resumed) {
    const auto newest = Checkpoints(folder.paths().checkpoints()).newest([](const std::string& line) { FAIL(line); });
    REQUIRE(newest);
    trainer.resume(*newest);
  }
  trainer.fit();
  outcome.parameters = trainer.store().read("parameters");
  return outcome;
}

// A recurrent layer alone on two sequences of `steps`, in evaluation.
struct Alone {
  Alone(const std::string& key, int64_t steps)
      : steps(steps), device(make_device("cpu", {.threads = 2})), store(*device) {
    Node keys = Node::map(), layer = Node::map();
    keys.set("hidden_size", Node::scalar("3"));
    keys.set("stateful", Node::scalar(key));
    layer.set("gru", keys);
    std::vector<Problem> problems;
    network = std::make_unique<Network>(
        std::vector<ModelItem>{{.path = "0", .label = "model[0]", .layer = layer, .from = {-1}}},
        std::vector<Network::Input>{{"x", Type{DType::f32, {steps, 1}}}}, problems);
    REQUIRE(problems.empty());
    recipe.forward = {.network = network.get(), .losses = {{loss.get(), "loss", 1}}, .seed = 7};
    programs = std::make_unique<Programs>(recipe, store);
    programs->initialize();
  }
  std::vector<float> operator()(const std::vector<float>& x) {
    Program& program = programs->predict(2);
    HostMemory memory(*device, static_cast<int64_t>(x.size() * sizeof(float)));
    std::ranges::copy(x, memory.as<float>().begin());
    program.feed("x", memory.as<float>());
    program.run();
    return program.read("prediction");
  }

  const int64_t steps;
  std::unique_ptr<Device> device;
  Store store;
  std::unique_ptr<Network> network;
  std::unique_ptr<Loss> loss = Registry<Loss>::make("mse");
  Recipe recipe;
  std::unique_ptr<Programs> programs;
};

}  // namespace

TEST_CASE("a state carried over two batches is that of the whole sequence; forgotten, it is 0 again") {
  Alone whole("false", 4), half("true", 2), apart("false", 2);
  const std::vector<float> sequences{0.5f, -1, 2, 0.25f, 1, -0.5f, -2, 0.75f};  // two, of four steps
  const std::vector<float> expected = whole(sequences);
  const std::vector<float> first{0.5f, -1, 1, -0.5f}, second{2, 0.25f, -2, 0.75f};
  const auto part = [&](int64_t begin) {  // steps begin and begin + 1 of both
    std::vector<float> values;
    for (const int64_t row : {0, 1})
      for (int64_t i = 0; i < 6; ++i) values.push_back(expected[static_cast<size_t>(row * 12 + begin * 3 + i)]);
    return values;
  };
  CHECK(half(first) == part(0));
  CHECK(half(second) == part(2));
  CHECK(half(first) != part(0));  // goes on
  half.programs->forget_carried(true);
  CHECK(half(first) != part(0));  // what training carries is another matter
  half.programs->forget_carried(false);
  CHECK(half(first) == part(0));
  CHECK(apart(first) == part(0));
  CHECK(apart(second) != part(2));
}

TEST_CASE("a run that carries states, stopped within an epoch and resumed, ends with the same bits") {
  const Folder place;
  write(place.path / "carrying.yaml", carrying_config);
  const auto run = [&](const std::vector<std::string>& sets = {}) {
    return plan_run(place.path / "carrying.yaml", sets);
  };
  const auto plan = run();
  const auto new_run = [&](const Plan& p) {
    return RunFolder::create(place.path / "runs", p.name, p.resolved(), p.config);
  };
  RunFolder folder = new_run(*plan);
  const CarriedOutcome expected = train(*plan, folder, -1, false);
  REQUIRE(expected.record.losses.size() == 18);
  for (const int64_t stop : {1, 6, 8, 17}) {
    CAPTURE(stop);
    RunFolder own = new_run(*plan);
    train(*run(), own, stop, false);
    CHECK(train(*run(), own, -1, true).parameters == expected.parameters);
  }
  const auto forgetful = run({"model.0.lstm.stateful=false"});
  RunFolder other = new_run(*forgetful);
  CHECK(train(*forgetful, other, -1, false).parameters != expected.parameters);
}
