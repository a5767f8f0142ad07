// Whole programs: a random network's training step gives the same on every device, fused or not, as on the reference.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/allocations.h"
#include "tests/device/random_graph.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::map<std::string, Numbers> two_steps(const RandomGraph& random, const std::string& device) {
  Execution execution(random.graph, device);
  execution.feed(random.feed);
  execution.run();
  execution.run();
  std::map<std::string, Numbers> results;
  for (const auto& o : random.graph.outputs()) results[o.name] = execution.output(o.name);
  for (const auto& a : random.graph.assigns()) results[a.name] = execution.variable(a.name);
  return results;
}

void check_agreement(uint64_t seed, int64_t scale) {
  const RandomGraph random(seed, scale);
  if (devices_for(seed).empty()) return;
  const auto expected = two_steps(random, "reference");
  for (const std::string& device : devices_for(seed)) {
    if (device == "reference") continue;
    const auto found = two_steps(random, device);
    for (const auto& [name, numbers] : expected) {
      const double worst = difference(found.at(name), numbers);
      CHECK_MESSAGE(worst < 1e-4, "seed ", seed, ", scale ", scale, ": ", name, " on ", device, " differs by ", worst);
    }
  }
}

}  // namespace

TEST_CASE("random training steps agree with the reference device") {
  for (uint64_t seed = 0; seed < 400; ++seed) check_agreement(seed, 1);
}

TEST_CASE("random training steps of large batches agree with the reference device") {
  for (uint64_t seed = 1000; seed < 1040; ++seed) check_agreement(seed, 60);
}

TEST_CASE("random training steps are the same bits on any number of threads") {
  for (uint64_t seed = 2000; seed < 2040; ++seed) {
    CAPTURE(seed);
    const RandomGraph random(seed, 20);
    Execution one(random.graph, "cpu", 1), three(random.graph, "cpu", 3);
    for (Execution* execution : {&one, &three}) {
      execution->feed(random.feed);
      execution->run();
    }
    for (const auto& o : random.graph.outputs()) CHECK_MESSAGE(one.output(o.name) == three.output(o.name), o.name);
    for (const auto& a : random.graph.assigns()) CHECK_MESSAGE(one.variable(a.name) == three.variable(a.name), a.name);
  }
}

TEST_CASE("a compiled training step takes no heap memory") {
  for (const std::string& device : devices()) {
    if (device == "fused reference" || is_emulated_gpu(device)) continue;
    CAPTURE(device);
    for (uint64_t seed = 3000; seed < 3040; ++seed) {
      CAPTURE(seed);
      const RandomGraph random(seed);
      Execution execution(random.graph, device);
      execution.feed(random.feed);
      execution.run();  // the first binds memory
      const int64_t before = allocations();
      execution.run();
      CHECK(allocations() == before);
    }
  }
}
