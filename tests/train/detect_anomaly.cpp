// In which layer numbers stop being finite.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>

#include "lib/train/loop/updates.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

// Of a run whose parameter at the place has a value that is too large to go on with.
std::string found(const std::string& parameter, float value, const std::vector<std::string>& sets) {
  const Workplace place;
  std::vector<std::string> all{"trainer.detect_anomaly=true", "model[4]=relu", "schedule=null"};
  all.insert(all.end(), sets.begin(), sets.end());
  const auto plan = place.plan(all);
  const auto device = make_device(plan->run.trainer.device, plan->device_options());
  Store store(*device);
  Programs programs(plan->recipe(), store);
  programs.initialize();
  for (const Tensor& tensor : plan->network->tensors())
    if (tensor.path == parameter) store.write_part("parameters", tensor.offset, &value, 1);
  Updates updates(*plan, programs, store);
  Loader loader(plan->data.train, training_options(plan->run.data, *plan->data.train, plan->seed()));
  BatchesAhead batches(loader);
  updates.begin(0.01, 1);
  if (plan->run.trainer.accumulate_grad_batches > 1)
    updates.accumulate(batches, 0);
  else
    updates.step(batches, 0);
  return updates.first_not_finite();
}

}  // namespace

TEST_CASE("the layer in which numbers first stop being finite is named, forward or backward") {
  const float infinite = std::numeric_limits<float>::infinity();
  for (const std::string device : {"reference", "cpu"}) {
    CAPTURE(device);
    const std::string on = "trainer.device=" + device;
    CHECK(found("5.weight", 1, {on}).empty());
    CHECK(found("0.weight", infinite, {on}) == "in what the layer '0' gives");
    CHECK(found("1.bias", infinite, {on}) == "in what the layer '1' gives");
    CHECK(found("5.bias", infinite, {on}) == "in what the layer '5' gives");
    CHECK(found("0.weight", infinite, {on, "trainer.accumulate_grad_batches=2"}) == "in what the layer '0' gives");
    // What is finite forward and overflows backward: the last layer's gradient of its input is a product with 3e38.
    CHECK(found("5.weight", 3e38f, {on, "model[3]=flatten"}) != "");
    CHECK(found("0.weight", infinite, {on, "trainer.detect_anomaly=false"}).empty());
  }
}
