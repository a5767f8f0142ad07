// Whole runs on the device "cuda" over its emulated driver, threads and libraries: losses are those of the CPU.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <set>

#include "tests/paths.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

// A config of the benchmark, and what makes its step shorter without taking an operation out of it.
struct Workload {
  std::string name;
  std::vector<std::string> smaller;
};

const Workload workloads[] = {
    {.name = "mlp"},
    {.name = "lenet", .smaller = {"data.batch_size=4"}},
    {.name = "cnn", .smaller = {"data.batch_size=2"}},
    {.name = "tabular"},
    // Whose normalizations see few numbers a channel then, so that steps leap, and rounding with them.
    {.name = "resnet20", .smaller = {"data.batch_size=2", "trainer.max_steps=1"}},
    {.name = "resnet18", .smaller = {"data.batch_size=4", "data.train.shape=[32, 32, 3]", "trainer.max_steps=1"}},
    {.name = "gpt_cpu", .smaller = {"data.batch_size=2", "model.2.repeat=2"}},
    {.name = "gpt_baby", .smaller = {"data.batch_size=1", "model.2.repeat=1"}},
    {.name = "lstm_ptb", .smaller = {"data.batch_size=2", "data.train.vocabulary=500"}},
};

// DLCLI_CUDA_STEPS: more of them, where there is time.
std::string steps() {
  const char* asked = std::getenv("DLCLI_CUDA_STEPS");
  return asked ? asked : "2";
}

struct Outcome {
  std::vector<double> losses, gradient_norms;
};

Outcome outcome(const Workload& workload, const std::string& device, const std::string& precision) {
  std::vector<std::string> sets = {"trainer.device=" + device,       "trainer.max_steps=" + steps(),
                                   "data.train.samples=256",         "data.batch_size=16",
                                   "trainer.precision=" + precision, "data.workers=0",
                                   "trainer.log_every_n_steps=1"};
  sets.insert(sets.end(), workload.smaller.begin(), workload.smaller.end());
  const auto plan = plan_run(source_dir() + "/configs/bench/" + workload.name + ".yaml", sets);
  Record record;
  Trainer(*plan, {.observers = {&record}}).fit();
  Outcome outcome{.losses = record.losses};
  for (const StepRecord& log : record.logs)
    for (const Measured& m : log.values)
      if (m.name == "grad_norm") outcome.gradient_norms.push_back(m.value);
  return outcome;
}

void check_workloads(const std::string& device, const std::string& precision, double tolerance,
                     const std::set<std::string>& of) {
  if (std::getenv("DLCLI_WALLED")) return;  // the emulated GPU has pages and late launches of its own
  for (const Workload& workload : workloads) {
    if (!of.empty() && !of.contains(workload.name)) continue;
    CAPTURE(workload.name);
    CAPTURE(precision);
    const Outcome expected = outcome(workload, "cpu", precision), found = outcome(workload, device, precision);
    REQUIRE(found.losses.size() == expected.losses.size());
    REQUIRE(found.gradient_norms.size() == found.losses.size());
    for (size_t step = 0; step < found.losses.size(); ++step) {
      CAPTURE(step);
      CHECK(found.losses[step] == doctest::Approx(expected.losses[step]).epsilon(tolerance));
      CHECK(found.gradient_norms[step] == doctest::Approx(expected.gradient_norms[step]).epsilon(100 * tolerance));
    }
  }
}

// Under sanitizers threads are emulated too slowly for more.
#ifdef __SANITIZE_ADDRESS__
const std::set<std::string> in_f32 = {"mlp"}, mixed = in_f32;
#else
const std::set<std::string> in_f32, mixed = {"mlp", "lenet", "gpt_cpu", "lstm_ptb"};
#endif

}  // namespace

TEST_CASE("the workloads of the benchmark have the CPU's losses on an emulated GPU") {
  check_workloads("cuda (emulated)", "32-true", 1e-4, in_f32);
}

TEST_CASE(
    "the workloads of the benchmark have the CPU's losses on an emulated GPU without libraries, in mixed precision") {
  check_workloads("cuda (no libraries)", "bf16-mixed", 1e-2, mixed);
}
