// Parameter groups: PyTorch's steps, the same checkpoints, the same programs but for the ranges.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/parameter_groups.h"

#include "lib/train/kept/weights.h"
#include "tests/train/fixture.h"
#include "tests/train/updating.h"

namespace dl {
namespace {

using testing::Updating;

TEST_CASE("parameter groups take the steps of PyTorch's") { testing::check_steps("groups"); }

TEST_CASE("the parameters of a group lie together, and each group is updated where it lies") {
  Updating our("[{linear: 256}, {linear: 256}, {linear: 3}]",
               "adamw: {lr: 0.01, groups: [{match: \"*.bias\", weight_decay: 0}, {match: \"2.*\", lr: 0.1}]}", {256},
               "cpu");
  std::vector<std::string> paths;
  for (const Tensor& tensor : our.network.tensors()) paths.push_back(tensor.path);
  CHECK(paths == std::vector<std::string>{"0.bias", "1.bias", "2.bias", "2.weight", "0.weight", "1.weight"});
  REQUIRE(our.groups.ranges().size() == 3);
  CHECK(our.groups.ranges()[0].begin == 0);
  CHECK(our.groups.ranges()[0].end == our.groups.ranges()[1].begin);
  CHECK(our.groups.ranges()[2].end == our.network.arena_elements());
  CHECK(our.groups.ranges()[1].lr_factor == doctest::Approx(10));
  // Nothing of the parameters' size is held for an update: new values and states are written over the old.
  CHECK(our.programs.update().arena_bytes() < 256 * 256 * 4 / 2);
}

TEST_CASE("every optimizer leaves a group as it is whose factor of the rate is 0") {
  for (const std::string& name : Registry<Optimizer>::instance().names()) {
    CAPTURE(name);
    Updating our("[{linear: 3}, {linear: 2}]", name + ": {lr: 0.1, groups: [{match: \"0.*\", lr_factor: 0}]}", {4},
                 "reference");
    const std::vector<float> before = our.store.read("parameters");
    golden::Numbers gradients(before.size(), 0.0f);
    for (const Tensor& tensor : our.network.tensors())
      for (int64_t i = 0; i < tensor.shape.elements(); ++i)
        gradients[static_cast<size_t>(tensor.offset + i)] = i % 2 == 0 ? 0.5f : -0.25f;
    for (int step = 0; step < 3; ++step) our.step(gradients);
    const std::vector<float> after = our.store.read("parameters");
    for (const Tensor& tensor : our.network.tensors()) {
      CAPTURE(tensor.path);
      const auto begin = tensor.offset, end = begin + tensor.shape.elements();
      CHECK(std::equal(before.begin() + begin, before.begin() + end, after.begin() + begin) ==
            tensor.path.starts_with("0."));
    }
  }
}

TEST_CASE("weights and optimizer state go by path from one grouping to another") {
  const std::string model = "[{linear: 5}, batch_norm, {linear: 3}]";
  Updating a(model, "adam: {lr: 0.01}", {4}, "cpu"),
      b(model, "adam: {lr: 0.01, groups: [{max_rank: 1, weight_decay: 0}]}", {4}, "cpu");
  REQUIRE(a.store.read("parameters") != b.store.read("parameters"));
  golden::Numbers gradients(static_cast<size_t>(a.network.arena_elements()), 0.0f);
  for (const Tensor& tensor : a.network.tensors())
    for (int64_t i = 0; tensor.trained && i < tensor.shape.elements(); ++i)
      gradients[static_cast<size_t>(tensor.offset + i)] = static_cast<float>(i) - 3.5f;
  a.step(gradients);
  const testing::Folder folder;
  for (const auto& [name, write] : {std::pair("weights", &write_weights), std::pair("state", &write_optimizer)}) {
    std::ofstream file(folder.path / name, std::ios::binary);
    write(a.network.tensors(), a.store, [&](const void* data, size_t bytes) {
      file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
    });
  }
  read_weights(b.network.tensors(), b.store, folder.path / "weights");
  read_optimizer(b.network.tensors(), b.store, folder.path / "state");
  for (const std::string variable : {"parameters", "exp_avg", "exp_avg_sq"}) {
    const std::vector<float> in_a = a.store.read(variable), in_b = b.store.read(variable);
    for (const Tensor& tensor : a.network.tensors()) {
      if (!tensor.trained) continue;
      const auto twin = std::ranges::find(b.network.tensors(), tensor.path, &Tensor::path);
      for (int64_t i = 0; i < tensor.shape.elements(); ++i)
        CHECK(in_a[static_cast<size_t>(tensor.offset + i)] == in_b[static_cast<size_t>(twin->offset + i)]);
    }
  }
}

const char* const grouped = "optimizer={adamw: {lr: 0.01, groups: [{match: \"*.bias\", weight_decay: 0}]}}";

TEST_CASE("a run with other parameter groups than the checkpoint's is not resumed") {
  const testing::Workplace place;
  const auto plan = place.plan({grouped});
  RunFolder folder = place.new_run(*plan);
  testing::StopAfter stop(7);
  Trainer(*plan, {.folder = &folder, .observers = {&stop}, .stop = &stop.stop}).fit();
  const Checkpoint checkpoint = *Checkpoints(folder.paths().checkpoints()).newest({});
  const auto other = place.plan();
  const std::string text = testing::error_text([&] { Trainer(*other, {.folder = &folder}).resume(checkpoint); },
                                               {{checkpoint.folder.string(), "CHECKPOINT"}});
  CHECK(text ==
        "error: CHECKPOINT: was trained with the parameter groups [{\"match\": [\"*.bias\"], \"weight_decay\": 0}], "
        "the config has []\n"
        "  help: give the optimizer the same 'groups:', or start a new run with 'init_from:' this checkpoint's "
        "weights");
  CHECK_NOTHROW(Trainer(*plan, {.folder = &folder}).resume(checkpoint));
}

TEST_CASE("mistakes in parameter groups are named at their places") {
  const testing::Workplace place;
  auto text_for = [&](const std::string& groups) {
    place.write("groups.yaml", "extends: small.yaml\noptimizer:\n  adamw:\n    groups:\n" + groups);
    return testing::error_text([&] { plan_run(place.path / "groups.yaml", {}); }, {{place / "", ""}});
  };
  CHECK(text_for("      - {mach: \"*.bias\", weight_decay: 0}\n") ==
        "error: groups.yaml:5:9: optimizer.adamw.groups[0]: the group does not say which parameters are in it\n"
        "  help: write 'match: \"*.bias\"', or 'max_rank: 1'");
  CHECK(text_for("      - {match: \"*.bias\", weight_deca: 0}\n") ==
        "error: groups.yaml:5:27: optimizer.adamw.groups[0]: unknown key 'weight_deca'\n"
        "  known keys: amsgrad, betas, eps, layer, lr, lr_factor, match, max_rank, min_rank, weight_decay\n"
        "  help: write 'weight_decay'");
  CHECK(text_for("      - {match: \"*.bias\", lr: -1}\n") ==
        "error: groups.yaml:5:31: optimizer.adamw.groups[0].lr: expected a number above 0, got -1");
  CHECK(text_for("      - {match: \"*.bias\"}\n      - {match: \"bias\"}\n") ==
        "error: groups.yaml:6:9: optimizer.adamw.groups[1]: no parameter is in this group that is not in one before "
        "it\n"
        "  parameters: 0.bias, 1.bias, 5.bias, 0.weight, 1.weight, 5.weight\n"
        "  help: write a pattern that fits one of them, or leave the group out");
}

TEST_CASE("a pattern stands for the whole name") {
  CHECK(fits_pattern("*.bias", "1.conv.bias"));
  CHECK(fits_pattern("h.?.*.weight", "h.3.attn.weight"));
  CHECK(fits_pattern("*a*b", "xaabab"));
  CHECK(fits_pattern("*", ""));
  CHECK_FALSE(fits_pattern("bias", "0.bias"));
  CHECK_FALSE(fits_pattern("*.bias", "0.bias_2"));
  CHECK_FALSE(fits_pattern("?", ""));
}

}  // namespace
}  // namespace dl
