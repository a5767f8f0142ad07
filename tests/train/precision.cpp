// Runs whose parameters are kept in bf16: what their checkpoints hold, that they go on, what is evaluated.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/interop/safetensors.h"
#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

const std::vector<std::string> bf16_true{"trainer.precision=bf16-true", "trainer.device=cpu", "trainer.threads=2"};

}  // namespace

TEST_CASE(
    "a run in bf16-true keeps its weights as BF16 and its optimizer's state as F32, and goes on to the same bits") {
  for (const char* batches : {"1", "2"}) {  // of a step: one program, or its gradients' and its update's
    const testing::Workplace place;
    std::vector<std::string> sets = bf16_true;
    sets.push_back(std::string("trainer.accumulate_grad_batches=") + batches);
    const Checkpoint last = testing::check_goes_on(place, *place.plan(sets), 5);
    const SafetensorsFile weights(last.weights()), state(last.optimizer());
    for (const auto& [name, entry] : weights.tensors())
      CHECK(entry.dtype == (name.find("running_") == std::string::npos ? "BF16" : "F32"));
    for (const auto& [name, entry] : state.tensors()) CHECK(entry.dtype == "F32");
  }
}

TEST_CASE("what a run in bf16-true validates is what its checkpoint gives, with an average of the weights too") {
  for (const bool averaged : {false, true}) {
    const testing::Workplace place;
    std::vector<std::string> sets = bf16_true;
    if (averaged) sets.push_back("trainer.ema=0.9");
    const auto plan = place.plan(sets);
    RunFolder folder = place.new_run(*plan);
    testing::Record record;
    Trainer(*plan, {.folder = &folder, .observers = {&record}}).fit();
    const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
    CHECK(Inference(*plan, last).evaluate("val").values.at(0).value == record.validations.back().values.at(0).value);
  }
}

TEST_CASE("a run in bf16 says where its processor gains no time by it, one in f32 never") {
  for (const char* precision : {"32-true", "bf16-mixed", "bf16-true"}) {
    const testing::Workplace place;
    const auto plan =
        place.plan({concat("trainer.precision=", precision), "trainer.device=cpu", "trainer.fast_dev_run=true"});
    testing::Record record;
    Trainer(*plan, {.observers = {&record}}).fit();
    const bool gains = make_device("cpu", {.threads = 1})->gains_by_bf16();
    const auto told = std::ranges::count_if(record.warnings, [](const std::string& warning) {
      return warning.starts_with("trainer.precision: this processor multiplies bf16 no faster than f32: 'bf16-");
    });
    CHECK(told == (gains || precision == std::string("32-true") ? 0 : 1));
  }
}

}  // namespace dl
