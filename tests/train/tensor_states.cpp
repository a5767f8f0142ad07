// States of tensors, of any shape: kept in checkpoints, counted by the memory plan, resumed to the same bits.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/safetensors.h"
#include "lib/train/plan/planned_step.h"
#include "tests/train/fixture.h"
#include "tests/train/updating.h"

namespace dl {

TEST_CASE("a run with states of any shape goes on to the same bits, and its checkpoint has them") {
  const testing::Workplace place;
  for (const std::string optimizer :
       {"adafactor: {lr: 0.02}", "muon: {lr: 0.01}", "lamb: {lr: 0.01}", "lars: {lr: 2}"}) {
    CAPTURE(optimizer);
    const auto plan = place.plan({"optimizer=[clip_norm: 1, {" + optimizer + "}, ema: 0.9]", "trainer.device=cpu"});
    const Checkpoint last = testing::check_goes_on(place, *plan, 11);
    const SafetensorsFile file(last.optimizer());
    CHECK(file.tensors().contains("ema/0.weight"));
    if (optimizer.starts_with("adafactor")) {
      CHECK(file.tensors().at("row_var/0.weight").shape == Shape{4, 1});
      CHECK(file.tensors().at("col_var/0.weight").shape == Shape{1, 9});
      CHECK(file.tensors().at("variance/0.bias").shape == Shape{4});
    }
  }
}

TEST_CASE("the memory plan counts states of the shape they have") {
  const testing::Workplace place;
  const auto bytes = [&](const std::string& optimizer) {
    const auto plan = place.plan({"optimizer={" + optimizer + "}", "trainer.device=cpu"});
    return PlannedStep(*plan, 16).variable_bytes;
  };
  // Weights [4, 1, 3, 3] and [4, 64] in rows and columns, 4 + 4 + 4 + 4 values of vectors.
  const int64_t states = (4 + 9) + (4 + 64) + 4 * 4;
  CHECK(bytes("adafactor: {lr: 0.01}") - bytes("sgd: {lr: 0.01}") == 4 * states);
}

TEST_CASE("a convolution's weight is the matrix of its first axis and the rest") {
  for (const std::string optimizer : {"muon: {lr: 0.02}", "adafactor: {lr: 0.02}"}) {
    CAPTURE(optimizer);
    testing::Updating matrix("[{linear: {out_features: 3, bias: false}}]", optimizer, {8}, "cpu"),
        convolution("[{conv2d: {out_channels: 3, kernel_size: 2, bias: false}}]", optimizer, {4, 4, 2}, "cpu");
    golden::Numbers start, gradients;
    for (int i = 0; i < 32; ++i) {
      start.push_back(i < 24 ? float(i % 7) - 2.5f : 0);
      gradients.push_back(i < 24 ? float(i * 5 % 11) - 4.5f : 0);
    }
    for (testing::Updating* each : {&matrix, &convolution}) {
      each->store.write("parameters", start.data(), 32);
      each->step(gradients);
      each->step(gradients);
    }
    CHECK(matrix.store.read("parameters") == convolution.store.read("parameters"));
    CHECK(matrix.store.read("parameters") != start);
  }
}

}  // namespace dl
