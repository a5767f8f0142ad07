// Configs made at random are planned and trained a step or refused with an error: no signal, no failed check of ours,
// no other exception, in bounded time and memory. DLCLI_RANDOM_CONFIGS=20000 sets how many are planned (240 without
// it), DLCLI_RANDOM_STEPS=2000 how many take a step (40), DLCLI_RANDOM_SEED where both begin.
// SPDX-License-Identifier: Apache-2.0
#include "tests/train/random_configs.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/train/plan/planned_step.h"
#include "tests/from_environment.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

constexpr double most_seconds = 20;
constexpr int64_t most_bytes = int64_t{1} << 30;  // beyond what the process had at most before

// What becomes of one: empty where it is right, else the first line of the error that refuses it. Any other exception
// fails the test.
template <class Work>
std::string random_refusal(Work&& work) {
  const double begin = steady_seconds();
  std::string text;
  try {
    text = testing::error_text(work);
  } catch (const std::exception& other) {
    FAIL_CHECK(std::string(other.what()));
  }
  const double seconds = steady_seconds() - begin;
  CHECK(seconds < most_seconds);
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("a config made at random is planned or refused") {
  const testing::Folder folder;
  const int64_t count = testing::from_environment("DLCLI_RANDOM_CONFIGS", 240),
                first = testing::from_environment("DLCLI_RANDOM_SEED", 0);
  const int64_t before = peak_memory_bytes();
  int64_t good = 0, refused = 0;
  for (int64_t seed = first; seed < first + count; ++seed) {
    const testing::RandomConfig config(static_cast<uint64_t>(seed), static_cast<testing::Spoilt>(seed % 3));
    const std::string yaml = config.yaml();
    CAPTURE(seed);
    CAPTURE(yaml);
    testing::write(folder.path / "random.yaml", yaml);
    const std::string refused_by = random_refusal([&] {
      const auto plan = plan_run(folder.path / "random.yaml", {});
      const PlannedStep step(*plan, plan->largest_batch());
      CHECK(step.memory_bytes() > 0);
      plan->total_steps();
    });
    ++(refused_by.empty() ? good : refused);
    CHECK(refused_by.find("cannot allocate") == std::string::npos);
  }
  MESSAGE(count, " configs: ", good, " planned, ", refused, " refused, ", (peak_memory_bytes() - before) >> 20,
          " MiB more than before");
  CHECK(good > count / 8);
  CHECK(refused > count / 8);
  CHECK(peak_memory_bytes() - before < most_bytes);
}

TEST_CASE("a config made at random that is right takes a step") {
  const testing::Folder folder;
  const int64_t count = testing::from_environment("DLCLI_RANDOM_STEPS", 40),
                first = testing::from_environment("DLCLI_RANDOM_SEED", 0);
  int64_t stepped = 0, stopped = 0, seed = first;
  for (; stepped < count; ++seed) {
    REQUIRE(seed < first + 20 * count);
    const bool spoilt = seed % 4 == 0;
    const testing::RandomConfig config(static_cast<uint64_t>(seed),
                                       spoilt ? testing::Spoilt::sizes : testing::Spoilt::no);
    const std::string yaml = config.yaml();
    CAPTURE(seed);
    CAPTURE(yaml);
    testing::write(folder.path / "random.yaml", yaml);
    bool ran = false;
    const std::string refused_by = random_refusal([&] {
      const auto plan = plan_run(folder.path / "random.yaml", {});
      {
        const PlannedStep step(*plan, plan->largest_batch());
        const double samples = static_cast<double>(plan->data.train->size());
        if (step.memory_bytes() > 64 << 20 || step.flops > 1e9 || samples > 1e5 || plan->total_steps() > 4) return;
        ran = true;
      }
      Trainer(*plan, {}).fit();
    });
    stepped += ran;
    stopped += ran && !refused_by.empty();
  }
  const int64_t tried = seed - first;
  MESSAGE(tried, " configs: ", stepped, " took a step, ", stopped, " of them were stopped by an error");
  CHECK(stopped < stepped / 2);
}

}  // namespace dl
