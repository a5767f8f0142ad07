// trainer.device and trainer.matmul_precision: what they take, and what a run says of them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/plan/device_name.h"

#include <doctest/doctest.h>

#include "tests/train/fixture.h"

namespace dl {

TEST_CASE("trainer.device takes a device's name, auto, or a GPU by its number") {
  const testing::Workplace place;
  for (const std::string name : {"auto", "cpu", "cuda", "reference", "cuda:0", "cuda:1", "cuda:15"})
    CHECK(place.plan({"trainer.device=" + name})->run.trainer.device.name == name);
  for (const std::string name : {"cuda:", "cuda:x", "cuda:100", "cpu:1", "cuda:-1"})
    CHECK(testing::error_text([&] {
            place.plan({"trainer.device=" + name});
          }).find("trainer.device: expected one of auto, ") != std::string::npos);
  CHECK(testing::error_text([&] {
          place.plan({"trainer.device=gpu"});
        }).find("write 'cuda', or 'cpu' where there is no GPU") != std::string::npos);
}

TEST_CASE("a run by 'auto' says in its first line that it takes the CPU where no GPU works") {
  const testing::Workplace place;
  const auto plan = place.plan({"trainer.device=auto", "trainer.fast_dev_run=true"});
  testing::Record record;
  Trainer(*plan, {.observers = {&record}}).fit();
  const std::string told = ", as no GPU works here ('dlcli doctor' says why)";
  const bool cpu = make_device("auto", {})->name() == "cpu";
  CHECK(record.starts.at(0).device.starts_with(cpu ? "cpu: " : "cuda: "));
  CHECK(record.starts.at(0).device.ends_with(told) == cpu);
}

TEST_CASE("trainer.matmul_precision reaches the device, and a CPU says that it is without effect there") {
  const testing::Workplace place;
  for (const std::string precision : {"highest", "high"}) {
    const auto plan =
        place.plan({"trainer.device=cpu", "trainer.matmul_precision=" + precision, "trainer.fast_dev_run=true"});
    CHECK(plan->device_options().tf32 == (precision == "high"));
    testing::Record record;
    Trainer(*plan, {.observers = {&record}}).fit();
    const auto told = std::ranges::count(
        record.warnings,
        "trainer.matmul_precision: 'high' is without effect: products of f32 have all its bits on the device 'cpu'");
    CHECK(told == (precision == "high" ? 1 : 0));
  }
}

}  // namespace dl
