// stochastic_weight_averaging: the mean of the late epochs' weights, its learning rates, what is evaluated.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/train/inference/evaluate.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

const std::vector<std::string> swa_settings{
    "trainer.max_epochs=5",
    "schedule=null",
    "trainer.log_every_n_steps=1",
    "trainer.device=cpu",
    "trainer.threads=2",
    "trainer.stochastic_weight_averaging={swa_lrs: 0.005, swa_epoch_start: 0.4, annealing_epochs: 2}"};

// The weights as they are at the end of each epoch.
struct EpochEnds : Observer {
  void epoch_ended(const EpochRecord&) override {
    weights.push_back(trainer->store().read("parameters"));
    statistics.push_back(trainer->store().read("1.running_var"));
  }
  void stepped(const StepDone& e) override { rates.push_back(e.lr); }
  Trainer* trainer = nullptr;
  std::vector<std::vector<float>> weights, statistics;
  std::vector<double> rates;
};

}  // namespace

TEST_CASE("stochastic_weight_averaging keeps the mean of the weights at the end of each late epoch") {
  const testing::Workplace place;
  const auto plan = place.plan(swa_settings);
  EpochEnds ends;
  Trainer trainer(*plan, {.observers = {&ends}});
  ends.trainer = &trainer;
  trainer.fit();
  REQUIRE(ends.weights.size() == 5);
  const auto check_mean = [&](const std::string& average, const std::vector<std::vector<float>>& of) {
    const std::vector<float> mean = trainer.store().read(average);
    for (size_t i = 0; i < mean.size(); ++i)
      CHECK(mean[i] == doctest::Approx((of[2][i] + of[3][i] + of[4][i]) / 3).epsilon(1e-5));
  };
  check_mean("swa", ends.weights);
  check_mean("swa/1.running_var", ends.statistics);
  // Nine steps an epoch: as given, then along half a cosine to swa_lrs in two epochs.
  const std::vector<double> expected{0.01, 0.01, 0.01, 0.0075, 0.005};
  for (size_t step = 0; step < ends.rates.size(); ++step)
    CHECK(ends.rates[step] == doctest::Approx(expected[step / 9]).epsilon(1e-12));
}

TEST_CASE("the mean of late weights is what is validated and evaluated, and before it the weights") {
  const testing::Workplace place;
  const auto plan = place.plan(swa_settings);
  RunFolder folder = place.new_run(*plan);
  testing::Record record;
  Trainer(*plan, {.folder = &folder, .observers = {&record}}).fit();
  const Checkpoints checkpoints(folder.paths().checkpoints());
  const auto loss_of = [](const std::vector<Measured>& values) { return values.at(0).value; };
  const auto without = place.plan({"trainer.device=cpu", "trainer.threads=2"});
  const auto evaluated = [&](const Plan& by, const Checkpoint& at) {
    return loss_of(Inference(by, at).evaluate("val").values);
  };
  const Checkpoint last = *checkpoints.newest({});
  CHECK(evaluated(*plan, last) == loss_of(record.validations.back().values));
  CHECK(evaluated(*without, last) != evaluated(*plan, last));
  const Checkpoint early = open_checkpoint(checkpoints.of_step(12));
  CHECK(evaluated(*without, early) == evaluated(*plan, early));
}

TEST_CASE("a run stopped in the midst of the late epochs, or as one ends, goes on to the same bits") {
  const testing::Workplace place;
  const auto plan = place.plan(swa_settings);
  for (const int64_t stop : {9, 18, 27, 31, 45}) {
    CAPTURE(stop);
    testing::check_goes_on(place, *plan, stop);
  }
}

TEST_CASE("a run that goes on with an earlier start averages the epochs from then on, each alike") {
  const testing::Workplace place;
  std::vector<std::string> late = swa_settings, early = swa_settings;
  late.back() = "trainer.stochastic_weight_averaging={swa_lrs: 0.005, swa_epoch_start: 4}";
  early.back() = "trainer.stochastic_weight_averaging={swa_lrs: 0.005, swa_epoch_start: 0}";
  const auto plan = place.plan(late), other = place.plan(early);
  RunFolder folder = place.new_run(*plan);
  testing::StopAfter stop(28);
  Trainer(*plan, {.folder = &folder, .observers = {&stop}, .stop = &stop.stop}).fit();
  EpochEnds ends;
  Trainer trainer(*other, {.folder = &folder, .observers = {&ends}});
  ends.trainer = &trainer;
  trainer.resume(*Checkpoints(folder.paths().checkpoints()).newest({}));
  trainer.fit();
  REQUIRE(ends.weights.size() == 2);
  const std::vector<float> mean = trainer.store().read("swa");
  for (size_t i = 0; i < mean.size(); ++i)
    CHECK(mean[i] == doctest::Approx((ends.weights[0][i] + ends.weights[1][i]) / 2).epsilon(1e-5));
}

TEST_CASE("a mean of nothing, or beside another average, is an error") {
  const testing::Workplace place;
  const auto text_for = [&](const std::string& keys, const std::vector<std::string>& more = {}) {
    std::vector<std::string> sets{"trainer.stochastic_weight_averaging=" + keys};
    sets.insert(sets.end(), more.begin(), more.end());
    const std::string text = testing::error_text([&] { place.plan(sets); }, {{sets[0], "SET"}});
    return text;
  };
  CHECK(text_for("{swa_lrs: 0.01, swa_epoch_start: 3}") ==
        "error: --set SET: trainer.stochastic_weight_averaging.swa_epoch_start: nothing is averaged: the run has "
        "3 epochs\n"
        "  help: lower it, or raise max_epochs");
  CHECK(text_for("{swa_lrs: 0.01, swa_epoch_start: 1.5}") ==
        "error: --set SET: trainer.stochastic_weight_averaging.swa_epoch_start: expected a share below 1 or whole "
        "epochs, got 1.5\n"
        "  help: write 0.75 or 30");
  CHECK(text_for("{swa_lrs: 0.01}", {"trainer.max_epochs=null", "trainer.max_steps=20"}) ==
        "error: trainer.stochastic_weight_averaging.swa_epoch_start: a share of max_epochs, 0.8, and max_epochs is "
        "not given\n"
        "  help: write how many epochs come before: 'swa_epoch_start: 30'");
  CHECK(text_for("{swa_lrs: 0.01}", {"trainer.ema=0.9"}) ==
        "error: --set SET: trainer.stochastic_weight_averaging: 'ema' averages the weights too\n"
        "  help: leave one of them out");
  CHECK(text_for("{}") ==
        "error: --set SET: trainer.stochastic_weight_averaging: key 'swa_lrs' is missing\n"
        "  swa_lrs: learning rate of the epochs that are averaged\n"
        "  help: add 'swa_lrs: 0.02', a number above 0");
}

}  // namespace dl
