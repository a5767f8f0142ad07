// Sizes that nothing can have, and layers whose values were refused: errors with their place, and no memory taken.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/base/memory.h"
#include "lib/train/plan/planned_step.h"
#include "tests/train/fixture.h"

namespace dl {
namespace {

std::string sizes_config(const std::string& model,
                         const std::string& data = "shape: [8, 8, 3], classes: 2, samples: 64",
                         const std::string& batch = "16") {
  return "data: {train: {format: random, " + data + "}, batch_size: " + batch + "}\nmodel: " + model +
         "\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\ntrainer: {max_steps: 1, threads: 2}\n";
}

std::string size_refusal(const std::string& yaml) {
  const testing::Folder folder;
  folder.write("c.yaml", yaml);
  Exit exit = Exit::done;
  const std::string text = testing::error_text(
      [&] {
        const auto plan = plan_run(folder.path / "c.yaml", {});
        PlannedStep(*plan, plan->largest_batch());
      },
      {{folder / "", ""}}, &exit);
  CHECK(exit == (text.empty() ? Exit::done : Exit::usage));
  return text;
}

}  // namespace

TEST_CASE("a layer whose value is missing, 0 or of another type is not built, nor what follows it") {
  const std::string window = "expected an integer at least 1 and at most 1048576, or [height, width]";
  CHECK(size_refusal(sizes_config("[{max_pool2d: }, flatten, {linear: 2}]")) ==
        "error: c.yaml:2:10: model[0] (max_pool2d): key 'kernel_size' is missing\n"
        "  kernel_size: height and width of the window\n"
        "  help: add 'kernel_size: 3', an integer at least 1 and at most 1048576, or [height, width]");
  CHECK(size_refusal(sizes_config("[{max_pool2d: 0}, flatten, {linear: 2}]")) ==
        "error: c.yaml:2:22: model[0].max_pool2d.kernel_size: " + window + ", got 0");
  CHECK(size_refusal(sizes_config("[{group_norm: 0}, flatten, {linear: 2}]")) ==
        "error: c.yaml:2:22: model[0].group_norm.num_groups: expected an integer at least 1, got 0");
  CHECK(
      size_refusal(sizes_config("[{conv2d: {out_channels: 8, kernel_size: []}}, batch_norm, flatten, {linear: no}]")) ==
      "error: c.yaml:2:49: model[0].conv2d.kernel_size: " + window +
          ", got a list of 0\n"
          "error: c.yaml:2:85: model[3].linear.out_features: expected an integer at least 1, got 'no'");
  CHECK(size_refusal(
            sizes_config("[{embedding: true}, {multi_head_attention: 1}, {linear: 9}]", "shape: [8], vocabulary: 9"))
            .starts_with("error: c.yaml:2:21: model[0] (embedding): expected a map of keys, got true\n"));
}

TEST_CASE("a layer with a key that is not known is built with the others, so that the shapes behind it are checked") {
  CHECK(size_refusal(sizes_config("[{conv2d: {out_channels: 8, kernel_size: 3, paddin: 1}}, {linear: 2}]")) ==
        "error: c.yaml:2:52: model[0] (conv2d): unknown key 'paddin'\n"
        "  known keys: bias, bias_init, dilation, groups, init, kernel_size, out_channels, padding, padding_mode, "
        "spectral_norm, stride, weight_norm\n"
        "  help: write 'padding'\n"
        "error: c.yaml:2:66: model[1] (linear): expected one feature axis, got shape [6, 6, 8]\n"
        "  computed with model[0] as far as it could be read\n"
        "  help: put 'flatten' before it, or set per_place: true to map each place by itself");
}

TEST_CASE("sizes whose products 64 bits do not count are an error at their layer") {
  const std::string flat = "shape: [8], dtype: f32, classes: 3, samples: 64";
  CHECK(size_refusal(sizes_config("[{linear: 4611686018427387904}, {linear: 3}]", flat)) ==
        "error: c.yaml:2:10: model[0] (linear): shape [4611686018427387904, 8]: larger than 64 bits count\n"
        "  help: lower the sizes that it is made of");
  CHECK(size_refusal(sizes_config("[{linear: 2147483648}, {linear: 2147483648}, {linear: 3}]", flat)) ==
        "error: c.yaml:2:32: model[1] (linear): shape [2147483648, 2147483648]: larger than 64 bits count\n"
        "  help: lower the sizes that it is made of");
  CHECK(
      size_refusal(sizes_config("[{embedding: {num_embeddings: 93, embedding_dim: 9223372036854775807}}, {linear: 93}]",
                                "shape: [8], vocabulary: 93")) ==
      "error: c.yaml:2:10: model[0] (embedding): shape [93, 9223372036854775807]: larger than 64 bits count\n"
      "  help: lower the sizes that it is made of");
  CHECK(
      size_refusal(sizes_config("[{lstm: 4611686018427387904}, flatten, {linear: 3}]", "shape: [8, 4], dtype: f32"))
          .starts_with("error: c.yaml:2:10: model[0] (lstm): 4 times 4611686018427387904: larger than 64 bits count"));
  CHECK(size_refusal(sizes_config("[{linear: 3}]", "shape: [1048576, 1048576, 1048576], dtype: f32")) ==
        "error: c.yaml:1:39: data.train.shape: expected at most 4294967296 numbers a sample, got [1048576, 1048576, "
        "1048576]");
}

TEST_CASE("a batch is no larger than the training set, whatever is written") {
  CHECK(size_refusal(sizes_config("[flatten, {linear: 2}]", "shape: [8], dtype: f32, classes: 2, samples: 64",
                                  "9223372036854775807")) == "");
}

TEST_CASE("layers that are counted one by one and not together are an error of the model") {
  const std::string text =
      size_refusal(sizes_config("[{conv2d: {out_channels: 1000000000000000, kernel_size: 3, padding: same}}, "
                                "{conv2d: {out_channels: 5, kernel_size: 3}}, flatten, {linear: 2}]"));
  CHECK(text.starts_with("error: c.yaml:2:8: model: all parameters together: shape ["));
  CHECK(text.ends_with("]: larger than 64 bits count\n  help: make the layers smaller"));
}

TEST_CASE("classes are weighed without memory for as many as the model ends with") {
  std::string yaml = sizes_config("[flatten, {linear: 1000000000000}]");
  yaml.replace(yaml.find("loss: cross_entropy"), 19, "loss: {cross_entropy: {weight: balanced}}");
  CHECK(size_refusal(yaml).starts_with(
      "error: c.yaml:3:8: loss (cross_entropy): 'balanced' gives no weight to the class "));
}

TEST_CASE("planning takes no memory by the config's sizes: a model of 10^15 parameters is told its size") {
  const testing::Folder folder;
  folder.write("c.yaml", sizes_config("[{linear: 1000000000000000}, relu, {linear: 2}]",
                                      "shape: [1], dtype: f32, classes: 2", "100000000"));
  const int64_t before = peak_memory_bytes();
  const auto plan = plan_run(folder.path / "c.yaml", {});
  CHECK(plan->network->parameter_count() == 4'000'000'000'000'002);
  const PlannedStep step(*plan, 1);
  CHECK(step.variable_bytes >= 16'000'000'000'000'000);
  CHECK(step.memory_bytes() > step.variable_bytes);
  CHECK(peak_memory_bytes() - before < 64 << 20);
}

TEST_CASE("memory that the machine refuses is an error that says what it was for and what to lower") {
  const auto refused = [](const std::string& yaml) {
    const testing::Folder folder;
    folder.write("c.yaml", yaml);
    Exit exit = Exit::done;
    std::string text = testing::error_text(
        [&] {
          const auto plan = plan_run(folder.path / "c.yaml", {});
          Trainer(*plan, {}).fit();
        },
        {}, &exit);
    CHECK(exit == Exit::failed);
    const size_t free = text.find(" MiB of memory are free");
    REQUIRE(free != std::string::npos);
    const size_t line = text.rfind('\n', free) + 3;
    return text.replace(line, free - line, "N");
  };
  CHECK(refused(sizes_config("[{linear: 1000000000000000}, {linear: 2}]",
                             "shape: [1], dtype: f32, classes: 2, samples: 8")) ==
        "error: cannot allocate 16000000000000064 bytes on the device 'cpu': Cannot allocate memory\n"
        "  weights and optimizer state take 16000000000000064 bytes\n"
        "  N MiB of memory are free\n"
        "  help: make the model smaller, or give the process more memory");
}

}  // namespace dl
