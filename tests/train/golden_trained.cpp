// Networks trained by optimizers that ask for more than a gradient a step have PyTorch's parameters after each.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "tests/golden/golden.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

const std::string golden_network = R"(
data: {train: {format: random, shape: [3], targets: 2, samples: 5}, batch_size: 5}
model: [{linear: 4}, tanh, {linear: 2}]
loss: mse
trainer: {max_epochs: 1}
optimizer: )";

}  // namespace

TEST_CASE("networks take the steps of recorded runs, on each device") {
  for (const std::string device_name : {"reference", "cpu", "cuda (emulated)"}) {
    if (device_name.starts_with("cuda") && std::getenv("DLCLI_WALLED")) continue;
    CAPTURE(device_name);
    int64_t tried = 0;
    golden::for_each_case("trained", [&](const golden::Json& recorded) {
      if (device_name.starts_with("cuda") && tried++ % 5 > 0) return;  // emulated threads take their time
      const std::string yaml = recorded["yaml"];
      const Workplace place(golden_network + (yaml.starts_with('[') ? yaml : "{" + yaml + "}"));
      const auto plan = place.plan();
      const auto device = make_device(device_name, {.threads = 2});
      Store store(*device);
      Programs programs(plan->recipe(), store);
      programs.initialize();
      for (const Tensor& tensor : plan->network->tensors()) {
        const auto values = recorded["start"][tensor.path]["values"].get<golden::Numbers>();
        store.write_part("parameters", tensor.offset, values.data(), std::ssize(values));
      }
      const auto x = recorded["x"].get<golden::Numbers>(), y = recorded["y"].get<golden::Numbers>();
      for (size_t step = 0; step < recorded["steps"].size(); ++step) {
        CAPTURE(step);
        programs.begin_update({.lr = plan->run.optimizer->learning_rate(), .number = static_cast<double>(step + 1)});
        Program& program = programs.step(5);
        program.feed("x", x);
        program.feed("y", y);
        program.run();
        const std::vector<float> flat = store.read("parameters");
        for (const Tensor& tensor : plan->network->tensors())
          golden::check_near(
              tensor.path,
              golden::Numbers(flat.begin() + tensor.offset, flat.begin() + tensor.offset + tensor.shape.elements()),
              recorded["steps"][step][tensor.path].get<golden::Numbers>());
      }
    });
  }
}

TEST_CASE(
    "sam leaves running averages, the loss and the metrics to the weights themselves, and goes on to the same bits") {
  const Workplace place;
  const auto sgd = place.plan({"optimizer={sgd: {lr: 0.1}}", "trainer.max_steps=1", "trainer.log_every_n_steps=1"});
  const auto sam =
      place.plan({"optimizer=[{sam: 0.5}, {sgd: {lr: 0.1}}]", "trainer.max_steps=1", "trainer.log_every_n_steps=1"});
  Record plain, around;
  Trainer one(*sgd, {.observers = {&plain}}), other(*sam, {.observers = {&around}});
  one.fit();
  other.fit();
  CHECK(around.losses == plain.losses);
  CHECK(around.logs[0].values[1].value == plain.logs[0].values[1].value);  // accuracy
  CHECK(other.store().read("1.running_mean") == one.store().read("1.running_mean"));
  CHECK(other.store().read("parameters") != one.store().read("parameters"));
  const auto longer = place.plan({"optimizer=[{sam: 0.5}, {sgd: {lr: 0.1, momentum: 0.9}}]", "trainer.device=cpu"});
  check_goes_on(place, *longer, 7);
}

TEST_CASE("lbfgs goes on to the same bits, and finds a least square in a few steps") {
  const Workplace place;
  const auto plan = place.plan({"optimizer={lbfgs: {lr: 0.1, history_size: 3}}", "trainer.max_steps=8"});
  check_goes_on(place, *plan, 5);
  const Workplace square(
      "data: {train: {format: random, shape: [6], targets: 1, samples: 64}, batch_size: 64}\nmodel: [linear: 1]\n"
      "loss: mse\noptimizer: {lbfgs: {lr: 1, history_size: 10}}\ntrainer: {max_epochs: 30, device: cpu}\n");
  const auto small = square.plan();
  Record record;
  Trainer(*small, {.observers = {&record}}).fit();
  CHECK(record.losses.back() < record.losses.front());
  CHECK(record.logs.size() == 0);
  CHECK(record.losses[14] == doctest::Approx(record.losses[29]).epsilon(1e-5));
}
