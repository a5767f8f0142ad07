// Runs on a device behind a wall (tests/walled_device.h) give the bits of the same device without one: nothing above
// lib/device touches a device's memory, or counts on a launch to be done when it returns.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct WalledOutcome {
  std::vector<double> losses;
  std::vector<Measured> figures;  // of the last validation, then of the evaluation
  std::map<std::string, std::vector<float>> variables;
  std::vector<float> predictions;
};

WalledOutcome outcome_on(const Workplace& place, const std::string& device, std::vector<std::string> sets) {
  sets.push_back("trainer.device=" + device);
  const auto plan = place.plan(sets);
  RunFolder folder = place.new_run(*plan);
  Record record;
  Trainer trainer(*plan, {.folder = &folder, .observers = {&record}});
  CHECK(trainer.fit().exit == Exit::done);
  WalledOutcome outcome{
      .losses = record.losses, .figures = record.validations.back().values, .variables = contents(trainer.store())};
  const auto last = Checkpoints(folder.paths().checkpoints()).newest({});
  REQUIRE(last);
  Inference inference(*plan, *last);
  const auto keep = [&](const Prediction& p) {
    outcome.predictions.insert(outcome.predictions.end(), p.output.begin(), p.output.end());
  };
  for (const Measured& m : inference.evaluate("val", keep).values) outcome.figures.push_back(m);
  inference.predict(plan->data.validation, keep);
  return outcome;
}

void check_same(const std::vector<Measured>& a, const std::vector<Measured>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].name == b[i].name);
    CHECK(a[i].value == b[i].value);
  }
}

}  // namespace

TEST_CASE("training, evaluation and prediction behind the wall are the same bits") {
  const Workplace place;
  const std::vector<std::vector<std::string>> runs{
      {}, {"trainer.accumulate_grad_batches=3", "trainer.gradient_clip_val=0.1"}, {"trainer.ema=0.9"}};
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    for (std::vector<std::string> sets : runs) {
      CAPTURE(sets.size());
      sets.push_back("trainer.max_epochs=2");
      const WalledOutcome open = outcome_on(place, device, sets),
                          behind = outcome_on(place, device == "cpu" ? "walled cpu" : "walled", sets);
      CHECK(behind.losses == open.losses);
      CHECK(behind.variables == open.variables);
      CHECK(behind.predictions == open.predictions);
      CHECK(open.predictions.size() == 2 * 40 * 4);
      check_same(behind.figures, open.figures);
    }
  }
}

TEST_CASE("a run behind the wall that was stopped and resumed ends with the bits of one that was not") {
  const Workplace place;
  for (const char* device : {"walled", "walled cpu"}) {
    const auto plan = place.plan({concat("trainer.device=", device), "trainer.max_epochs=2"});
    check_goes_on(place, *plan, 7);
  }
}
