// reduce_on_plateau lowers the learning rate where PyTorch's ReduceLROnPlateau does, and goes on where it was.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "lib/train/plan/controller.h"
#include "tests/read_registered.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

// Learning rates after each validation, from 0.1 on.
std::vector<double> rates(const std::string& keys, const std::vector<double>& losses) {
  const testing::Workplace place;
  const auto plan = place.plan();
  const auto controller = testing::read_registered_as<Controller>("reduce_on_plateau: " + keys);
  controller->begin(*plan);
  std::vector<double> out;
  for (const double loss : losses) {
    const std::vector<Measured> values{{"val/loss", loss}};
    controller->validated(Figures(values));
    out.push_back(controller->learning_rate(0.1));
  }
  return out;
}

void check_rates(const std::string& keys, const std::vector<double>& losses, const std::vector<double>& expected) {
  const std::vector<double> ours = rates(keys, losses);
  CAPTURE(keys);
  REQUIRE(ours.size() == expected.size());
  for (size_t i = 0; i < ours.size(); ++i) CHECK_MESSAGE(ours[i] == doctest::Approx(expected[i]).epsilon(1e-9), i);
}

}  // namespace

TEST_CASE("reduce_on_plateau gives the learning rates of PyTorch's") {
  const std::vector<double> losses{1, 0.9, 0.89999, 0.95, 0.91, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87, 0.5};
  check_rates("{factor: 0.5, patience: 1}", losses,
              {0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125, 0.00625, 0.00625, 0.00625});
  check_rates("{factor: 0.5, patience: 1, cooldown: 2}", losses,
              {0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025, 0.0125, 0.0125, 0.0125});
  check_rates("{factor: 0.1, patience: 0, min_lr: 0.003}", losses,
              {0.1, 0.1, 0.01, 0.003, 0.003, 0.003, 0.003, 0.003, 0.003, 0.003, 0.003, 0.003, 0.003, 0.003});
  const std::vector<double> figures{0.1, 0.2, 0.2, 0.205, 0.3, 0.29, 0.301, 0.31, 0.32, 0.5};
  const std::vector<double> expected{0.1, 0.1, 0.05, 0.025, 0.025, 0.0125, 0.00625, 0.003125, 0.003125, 0.003125};
  check_rates("{mode: max, factor: 0.5, patience: 0, threshold: 0.05}", figures, expected);
  check_rates("{mode: max, factor: 0.5, patience: 0, threshold: 0.01, threshold_mode: abs}", figures, expected);
  check_rates("{factor: 0.5, patience: 0, threshold: 0.1}", {1, std::nan(""), std::nan(""), 0.5, -1, -1.0001, -1.2},
              {0.1, 0.05, 0.025, 0.025, 0.025, 0.025, 0.025});
}

TEST_CASE("a run stopped in the midst of reduce_on_plateau's patience goes on to the same bits") {
  const testing::Workplace place;
  const auto plan =
      place.plan({"trainer.max_epochs=6", "schedule=null",
                  "trainer.reduce_on_plateau={patience: 1, factor: 0.5, threshold: 100, threshold_mode: abs}"});
  testing::Record record;
  Trainer(*plan, {.observers = {&record}}).fit();
  CHECK(record.logs.front().values.size() > 1);
  std::vector<double> rates;
  for (const StepRecord& log : record.logs)
    for (const Measured& m : log.values)
      if (m.name == "lr" && (rates.empty() || rates.back() != m.value)) rates.push_back(m.value);
  CHECK(rates == std::vector<double>{0.01, 0.005, 0.0025});
  for (const int64_t stop : {17, 18, 22, 30}) {  // the second validation is waited for, is stopped itself, and so on
    const Checkpoint last = testing::check_goes_on(place, *plan, stop);
    CHECK(last.state.controllers.at("reduce_on_plateau").contains("bad"));
  }
}

TEST_CASE("a run that is trained for longer has the bits of one that was as long from the start") {
  const testing::Workplace place;
  const auto with_steps = [&](const std::string& steps) {
    return place.plan({"schedule=null", "trainer.val_check_interval=4", "trainer.max_epochs=null",
                       "trainer.max_steps=" + steps,
                       "trainer.reduce_on_plateau={patience: 0, factor: 0.5, threshold: 100, threshold_mode: abs}"});
  };
  const auto shorter = with_steps("6"), longer = with_steps("13");  // which are validated at their ends too
  RunFolder folder = place.new_run(*shorter);
  Trainer(*shorter, {.folder = &folder}).fit();
  const Checkpoint last = *Checkpoints(folder.paths().checkpoints()).newest({});
  REQUIRE(last.state.step == 6);
  Trainer whole(*longer, {}), resumed(*longer, {.folder = &folder});
  whole.fit();
  resumed.resume(last);
  resumed.fit();
  CHECK(testing::contents(resumed.store()) == testing::contents(whole.store()));
}

TEST_CASE("reduce_on_plateau looks at a figure that is measured") {
  const testing::Workplace place;
  CHECK(place.refusal({"trainer.reduce_on_plateau.monitor=val/acuracy"}) ==
        "error: --set trainer.reduce_on_plateau.monitor=val/acuracy: trainer.reduce_on_plateau.monitor: expected one "
        "of val/loss, val/accuracy, got 'val/acuracy'\n"
        "  help: write 'val/accuracy'");
  CHECK(place.refusal({"trainer.reduce_on_plateau.factor=1"}) ==
        "error: --set trainer.reduce_on_plateau.factor=1: trainer.reduce_on_plateau.factor: expected a number above 0 "
        "and below 1, got 1");
}

}  // namespace dl
