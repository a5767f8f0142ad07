// Parameters that a run leaves as they are, with the running averages beside them.
// SPDX-License-Identifier: Apache-2.0
#include "tests/train/fixture.h"

namespace dl {
namespace {

std::map<std::string, std::vector<float>> weights_after(const testing::Workplace& place,
                                                        const std::vector<std::string>& sets, int64_t steps) {
  std::vector<std::string> all = sets;
  all.push_back("trainer.max_steps=" + std::to_string(steps));
  const auto plan = place.plan(all);
  Trainer trainer(*plan, {});
  trainer.fit();
  std::map<std::string, std::vector<float>> by_path;
  const std::vector<float> flat = trainer.store().read("parameters");
  for (const Tensor& tensor : plan->network->tensors()) {
    if (!tensor.trained)
      by_path[tensor.path] = trainer.store().read(tensor.path);
    else
      by_path[tensor.path].assign(flat.begin() + tensor.offset, flat.begin() + tensor.offset + tensor.shape.elements());
  }
  return by_path;
}

TEST_CASE("what is frozen stays to the bit, running averages too, and the rest is trained") {
  const testing::Workplace place;
  for (const std::string device : {"trainer.device=reference", "trainer.device=cpu"}) {
    CAPTURE(device);
    for (const std::string freeze : {"freeze=[\"0\", \"1\"]", "freeze=[\"0.*\", \"1.*\"]"}) {
      CAPTURE(freeze);
      const auto first = weights_after(place, {device, freeze}, 1), later = weights_after(place, {device, freeze}, 7);
      for (const auto& [path, values] : later) {
        CAPTURE(path);
        CHECK((values == first.at(path)) == !path.starts_with("5."));
      }
    }
  }
}

TEST_CASE("a frozen parameter alone leaves its layer in training") {
  const testing::Workplace place;
  const auto first = weights_after(place, {"freeze=[\"1.weight\"]"}, 1),
             later = weights_after(place, {"freeze=[\"1.weight\"]"}, 5);
  CHECK(first.at("1.weight") == later.at("1.weight"));
  CHECK(first.at("1.bias") != later.at("1.bias"));
  CHECK(first.at("1.running_mean") != later.at("1.running_mean"));
}

TEST_CASE("a pattern that nothing fits is named, and so is a model that is frozen whole") {
  const testing::Workplace place;
  CHECK(place.refusal({"freeze=[\"0\", \"layer1\"]"}) ==
        "error: --set freeze=[\"0\", \"layer1\"]: freeze: nothing of the model is layer1\n"
        "  help: write an item of the model, or a pattern of tensors' paths: 0.weight, 0.bias, 1.weight, 1.bias, "
        "5.weight, 5.bias, 1.running_mean, 1.running_var");
  CHECK(place.refusal({"freeze=[\"*\"]"}).find("the loss depends on no parameter that is updated") !=
        std::string::npos);
}

TEST_CASE("a run with frozen parts goes on to the same bits") {
  const testing::Workplace place;
  const auto plan = place.plan({"freeze=[\"0\", \"1\"]"});
  testing::check_goes_on(place, *plan, 11);
}

}  // namespace
}  // namespace dl
