// Parameters that a run leaves as they are, with the running averages beside them.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>

#include "tests/train/fixture.h"
#include "tests/walled_device.h"

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

TEST_CASE("a part of a layer's parameters is frozen by the part's name or its tensors'") {
  const testing::Workplace place;
  for (const std::string freeze :
       {"freeze=[\"0.depthwise\"]", "freeze=[\"0.depthwise.*\"]", "freeze=[\"0.depthwise.weight\"]"}) {
    CAPTURE(freeze);
    const std::vector<std::string> sets{"model.0={separable_conv2d: {out_channels: 4, kernel_size: 3}}", freeze};
    const auto first = weights_after(place, sets, 1), later = weights_after(place, sets, 5);
    CHECK(first.at("0.depthwise.weight") == later.at("0.depthwise.weight"));
    CHECK(first.at("0.pointwise.weight") != later.at("0.pointwise.weight"));
  }
}

// b has a's weight and a bias of its own, c is a again.
const std::string in_common = R"(
data: {train: {format: random, shape: [3], classes: 3, samples: 16}, batch_size: 4}
model:
  - {linear: 3, name: a}
  - {batch_norm: , name: n}
  - {batch_norm: , name: m, share: n}
  - {linear: 3, name: b, tie: {weight: a.weight}}
  - {linear: 3, name: c, share: a}
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
trainer: {max_epochs: 9, device: reference}
)";

TEST_CASE("what layers have in common is frozen where one of them is") {
  const testing::Workplace place(in_common);
  const auto stays = [&](const std::string& freeze, const std::string& path) {
    CAPTURE(freeze);
    CAPTURE(path);
    return weights_after(place, {"freeze=" + freeze}, 1).at(path) ==
           weights_after(place, {"freeze=" + freeze}, 4).at(path);
  };
  CHECK(!stays("[]", "a.weight"));
  for (const std::string freeze : {"[a]", "[c]", "[\"c.*\"]"}) {
    CHECK(stays(freeze, "a.weight"));
    CHECK(stays(freeze, "a.bias"));
    CHECK(!stays(freeze, "b.bias"));
  }
  for (const std::string freeze : {"[b]", "[\"b.weight\"]"}) CHECK(stays(freeze, "a.weight"));
  CHECK(stays("[b]", "b.bias"));
  CHECK(!stays("[b]", "a.bias"));
  CHECK(!stays("[]", "n.running_mean"));
  for (const std::string freeze : {"[n]", "[m]"}) {
    CHECK(stays(freeze, "n.weight"));
    CHECK(stays(freeze, "n.running_mean"));
  }
}

// 0 and 1 are frozen for the first steps.
const std::string until_5 = R"(freeze=[{params: ["0", "1"], until: 5 steps}])";

TEST_CASE("what is frozen until a step stays to the bit until then, running averages too, and trains from there on") {
  const testing::Workplace place;
  for (const std::string device :
       {"trainer.device=reference", "trainer.device=cpu", "trainer.device=cuda (emulated)"}) {
    if (device.ends_with("(emulated)") && std::getenv("DLCLI_WALLED")) continue;
    CAPTURE(device);
    const auto first = weights_after(place, {device, until_5}, 1), then = weights_after(place, {device, until_5}, 5),
               later = weights_after(place, {device, until_5}, 6);
    for (const auto& [path, values] : later) {
      CAPTURE(path);
      CHECK((then.at(path) == first.at(path)) == !path.starts_with("5."));
      CHECK(values != then.at(path));
    }
  }
}

TEST_CASE(
    "updates are counted from where a parameter begins to train: Adam's first one moves it by the learning rate") {
  const testing::Workplace place;
  for (const std::vector<std::string>& sets :
       {std::vector<std::string>{until_5}, {until_5, "trainer.accumulate_grad_batches=2"}}) {
    std::vector<std::string> all{"optimizer.adamw={lr: 0.01, weight_decay: 0, eps: 1e-12}", "schedule=null"};
    all.insert(all.end(), sets.begin(), sets.end());
    const auto then = weights_after(place, all, 5), later = weights_after(place, all, 6);
    for (const std::string path : {"0.weight", "1.weight"})
      for (size_t i = 0; i < then.at(path).size(); ++i)
        CHECK(std::abs(later.at(path)[i] - then.at(path)[i]) == doctest::Approx(0.01).epsilon(1e-3));
  }
}

TEST_CASE("parts that begin one after another, by epochs and by steps, are those of the last key that fits") {
  const testing::Workplace place;
  const std::string both = R"(freeze=[{params: "0", until: 0.5 epochs}, {params: ["*"], until: 3 steps}, "1"])";
  CHECK(place.refusal({both}).find("leave a part of what the loss depends on out of 'freeze'") != std::string::npos);
  const std::string some =
      R"(freeze=[{params: "0", until: 0.5 epochs}, {params: ["0", "5.bias"], until: 3 steps}, "1"])";
  const auto at = [&](int64_t step) { return weights_after(place, {some}, step); };
  const auto first = at(1), third = at(3), fourth = at(4), fifth = at(5), sixth = at(6);
  CHECK(first.at("5.bias") == third.at("5.bias"));
  CHECK(third.at("5.bias") != fourth.at("5.bias"));
  CHECK(first.at("0.weight") == fifth.at("0.weight"));  // nine batches an epoch: half of them are five
  CHECK(fifth.at("0.weight") != sixth.at("0.weight"));
  CHECK(first.at("1.weight") == sixth.at("1.weight"));
  CHECK(first.at("1.running_var") == sixth.at("1.running_var"));
}

TEST_CASE("what is frozen until a step is refused where it has no such end") {
  const testing::Workplace place;
  CHECK(place.refusal({"freeze=[{params: \"0\", until: 10 min}]"}) ==
        "error: --set freeze=[{params: \"0\", until: 10 min}]: freeze[0].until: expected a duration above 0, got "
        "'10 min'\n  help: write it as '500 steps' or '2 epochs'");
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

TEST_CASE("a group of parameters may be frozen whole") {
  const testing::Workplace place;
  CHECK(place.refusal({"freeze=[\"0\"]", "optimizer={sgd: {lr: 0.1, groups: [{match: \"0.*\", lr_factor: 0.1}]}}"}) ==
        "");
}

TEST_CASE("a run with frozen parts goes on to the same bits") {
  const testing::Workplace place;
  const auto plan = place.plan({"freeze=[\"0\", \"1\"]"});
  testing::check_goes_on(place, *plan, 11);
}

TEST_CASE("a run goes on to the same bits before a part begins to train, where it does, and after it") {
  const testing::Workplace place;
  for (const int64_t stop : {3, 5, 6}) {
    CAPTURE(stop);
    const auto plan = place.plan({"trainer.device=cpu", until_5, "trainer.max_steps=12"});
    testing::check_goes_on(place, *plan, stop);
  }
}

TEST_CASE("a device that runs ahead begins to train a part at the same step") {
  const testing::Workplace place;
  const auto weights = [&](const std::string& device) {
    return weights_after(place, {"trainer.device=" + device, until_5, "trainer.log_every_n_steps=50"}, 8);
  };
  CHECK(weights("walled ahead") == weights("walled"));
}

TEST_CASE("a run that was frozen for ever goes on as one that is frozen until then") {
  const testing::Workplace place;
  const std::vector<std::string> sgd{"optimizer={sgd: {lr: 0.1, momentum: 0.9}}", "trainer.max_steps=12",
                                     "trainer.device=cpu"};
  const auto with = [&](const std::string& freeze) {
    std::vector<std::string> sets = sgd;
    sets.push_back(freeze);
    return place.plan(sets);
  };
  const auto whole = with(until_5), frozen = with("freeze=[\"0\", \"1\"]");
  Trainer uninterrupted(*whole, {});
  uninterrupted.fit();
  RunFolder folder = place.new_run(*frozen);
  testing::StopAfter stop(5);
  Trainer(*frozen, {.folder = &folder, .observers = {&stop}, .stop = &stop.stop}).fit();
  Trainer resumed(*whole, {.folder = &folder});
  resumed.resume(*Checkpoints(folder.paths().checkpoints()).newest({}));
  resumed.fit();
  CHECK(testing::contents(resumed.store()) == testing::contents(uninterrupted.store()));
}

}  // namespace
}  // namespace dl
