// A training step takes no heap memory: the trainer's loop, the loader and the programs together.
// SPDX-License-Identifier: Apache-2.0
#include "tests/allocations.h"

#include <doctest/doctest.h>

#include "tests/paths.h"
#include "tests/train/fixture.h"

namespace {

using namespace dl;
using namespace dl::testing;

// The allocations between one step and the next.
struct Count : Observer {
  void stepped(const StepDone& e) override {
    const int64_t now = testing::allocations();
    if (e.step > 1) taken[static_cast<size_t>(e.step)] = now - last;
    last = testing::allocations();
  }
  std::vector<int64_t> taken = std::vector<int64_t>(64, -1);
  int64_t last = 0;
};

// A config of the benchmark, and what makes its step shorter without taking an operation out of it.
struct MeasuredRun {
  std::string name;
  std::vector<std::string> smaller;
};

}  // namespace

TEST_CASE("a training step takes no heap memory") {
  const Workplace place;
  for (const std::string window : {"1", "2"}) {
    CAPTURE(window);
    const auto plan =
        place.plan({"trainer.device=cpu", "trainer.log_every_n_steps=1000", "trainer.max_epochs=1", "data.batch_size=4",
                    "trainer.checkpoint.best=null", "trainer.accumulate_grad_batches=" + window, "data.workers=0"});
    Count count;
    Trainer(*plan, {.observers = {&count}}).fit();
    // The last batch is shorter than the others: its program is made while the step before is at work.
    const int64_t before_last = plan->steps_per_epoch() - 1;
    for (int64_t step = 3; step < before_last; ++step) {
      CAPTURE(step);
      CHECK(count.taken[static_cast<size_t>(step)] == 0);
    }
  }
}

// Of the large ones batches and images are smaller than the benchmark's, and gpt_baby has two of its six equal blocks;
// the operations are the same.
TEST_CASE("the third step of each workload of the benchmark takes no heap memory, in fp32 and in mixed precision") {
  const MeasuredRun workloads[] = {
      {.name = "mlp"},
      {.name = "lenet"},
      {.name = "cnn", .smaller = {"data.batch_size=16"}},
      {.name = "tabular"},
      {.name = "resnet20", .smaller = {"data.batch_size=16"}},
      {.name = "resnet18", .smaller = {"data.batch_size=2", "data.train.shape=[64, 64, 3]"}},
      {.name = "gpt_cpu"},
      {.name = "gpt_baby", .smaller = {"data.batch_size=1", "model.2.repeat=2"}},
      {.name = "lstm_ptb"},
  };
  for (const auto& [name, smaller] : workloads) {
    for (const std::string precision : {"32-true", "bf16-mixed"}) {
      CAPTURE(name);
      CAPTURE(precision);
      std::vector<std::string> sets = {"trainer.device=cpu",
                                       "trainer.max_steps=3",
                                       "trainer.threads=2",
                                       "data.train.samples=768",
                                       "trainer.precision=" + precision,
                                       "data.workers=0"};
      sets.insert(sets.end(), smaller.begin(), smaller.end());
      const auto plan = plan_run(dl::testing::source_dir() + "/configs/bench/" + name + ".yaml", sets);
      Count count;
      Trainer(*plan, {.observers = {&count}}).fit();
      CHECK(count.taken[3] == 0);
    }
  }
}
