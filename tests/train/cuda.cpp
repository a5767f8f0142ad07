// Whole runs on the device "cuda" over its emulated driver, threads and libraries: losses are those of the CPU.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <tuple>

#include "lib/device/repeats_arithmetic.h"
#include "tests/npy.h"
#include "tests/paths.h"
#include "tests/train/fixture.h"

using namespace dl;
using namespace dl::testing;

namespace {

namespace fs = std::filesystem;

// A config, and what makes its step shorter without taking an operation out of it.
struct GpuWorkload {
  std::string name;  // below configs/; or of one of this file's, written to a folder
  std::vector<std::string> smaller;
  std::vector<std::string> longer;  // the same for many steps; empty: as for few
  std::string text;
};

const std::vector<GpuWorkload> gpu_workloads = {
    {.name = "bench/mlp"},
    {.name = "bench/lenet", .smaller = {"data.batch_size=4"}},
    {.name = "bench/cnn", .smaller = {"data.batch_size=2"}},
    {.name = "bench/tabular"},
    // Whose normalizations see few numbers a channel then, so that steps leap, and rounding with them: a relu of
    // resnet18 is so near its corner that the CPU's gradient's norm is 528.88 where the reference device's is 527.02,
    // and with weights moved by a millionth they are 526.981 and 526.980. Many steps must be small ones for the same
    // reason.
    {.name = "bench/resnet20",
     .smaller = {"data.batch_size=2", "trainer.max_steps=1"},
     .longer = {"data.batch_size=4", "optimizer.sgd.lr=0.0001"}},
    {.name = "bench/resnet18",
     .smaller = {"data.batch_size=4", "data.train.shape=[32, 32, 3]", "trainer.max_steps=1"},
     .longer = {"data.batch_size=4", "data.train.shape=[64, 64, 3]", "optimizer.sgd.lr=0.00001"}},
    {.name = "bench/gpt_cpu", .smaller = {"data.batch_size=2", "model.2.repeat=2"}},
    {.name = "bench/gpt_baby", .smaller = {"data.batch_size=1", "model.2.repeat=1"}},
    {.name = "bench/lstm_ptb", .smaller = {"data.batch_size=2", "data.train.vocabulary=500"}},
};

// Dosovitskiy et al. 2020 (arXiv:2010.11929), with the mean of the patches instead of a token for the class.
constexpr const char* vision_transformer = R"(
data:
  train: {format: random, shape: [16, 16, 3], samples: 64, classes: 10}
blocks:
  encoder:
    params: {width: , heads: }
    layers:
      - layer_norm
      - multi_head_attention: {num_heads: "${heads}"}
        name: seen
      - add:
        name: attended
        from: [seen, x]
      - layer_norm
      - linear: "${4 * width}"
      - gelu
      - linear: "${width}"
        name: thought
      - add:
        from: [thought, attended]
model:
  - conv2d: {out_channels: 32, kernel_size: 4, stride: 4}
  - flatten: {channels_first: false}
  - unflatten: [16, 32]
  - positional_embedding: {init: {normal: 0.02}}
  - encoder: {width: 32, heads: 4}
    repeat: 2
  - layer_norm
  - global_avg_pool1d
  - linear: ${data.classes}
loss: cross_entropy
optimizer: {adamw: {lr: 1e-3, weight_decay: 0.1}}
trainer: {max_epochs: 1}
)";

// Ronneberger et al. 2015 (arXiv:1505.04597), with what was seen at each size added to what comes back up: a class for
// each pixel.
constexpr const char* u_net = R"(
data:
  train: {format: npy, fields: {x: x.npy, y: y.npy}}
blocks:
  pair:
    params: {channels: }
    layers:
      - conv2d: {out_channels: "${channels}", kernel_size: 3, padding: same}
      - relu
      - conv2d: {out_channels: "${channels}", kernel_size: 3, padding: same, bias: false}
      - group_norm: 4
      - relu
model:
  - pair: {channels: 8}
    name: large
  - max_pool2d: 2
  - pair: {channels: 16}
    name: middle
  - max_pool2d: 2
  - pair: {channels: 32}
  - conv_transpose2d: {out_channels: 16, kernel_size: 2, stride: 2}
    name: raised
  - add:
    from: [raised, middle]
  - pair: {channels: 16}
  - conv_transpose2d: {out_channels: 8, kernel_size: 2, stride: 2}
    name: raised_again
  - add:
    from: [raised_again, large]
  - pair: {channels: 8}
  - conv2d: {out_channels: 3, kernel_size: 1}
losses:
  pixels: cross_entropy
  areas: dice
  overlap: lovasz
optimizer: {adamw: {lr: 1e-3}}
trainer: {max_epochs: 1}
)";

const std::vector<GpuWorkload> gpu_networks = {
    {.name = "vision_transformer", .smaller = {"data.batch_size=2"}, .text = vision_transformer},
    {.name = "u_net", .smaller = {"data.batch_size=2"}, .text = u_net},
};

// Every run in configs/, on data without meaning in the place of its own, which few machines have.
const std::string clothes = "data.train={format: random, shape: [28, 28, 1], samples: 64}";
const std::string letters = "data.train={format: random, shape: [16], vocabulary: 65, samples: 64}";
const std::vector<GpuWorkload> gpu_runs = {
    {.name = "adult", .smaller = {"data.train={format: random, shape: [100], dtype: f32, classes: 2, samples: 64}"}},
    {.name = "autoencoder", .smaller = {clothes, "data.batch_size=2"}},
    {.name = "california-housing",
     .smaller = {"data.train={format: random, shape: [9], dtype: f32, targets: 1, samples: 64}"}},
    {.name = "dcgan", .smaller = {clothes, "data.batch_size=2"}},
    {.name = "etth1-dlinear",
     .smaller = {"data.train={format: random, shape: [336, 7], dtype: f32, samples: 64}", "model.3.linear=336",
                 "model.5.linear=336", "loss={mse: {target: x}}", "metrics=[{mae: {target: x}}]"}},
    {.name = "fashion-resnet18",
     .smaller = {"data.train={format: random, shape: [14, 14, 1], samples: 64}", "data.batch_size=2",
                 "trainer.max_steps=1"}},
    {.name = "gunpoint",
     .smaller = {"data.train={format: random, shape: [150], dtype: f32, classes: 2, samples: 64}",
                 "data.batch_size=2"}},
    {.name = "lenet5", .smaller = {clothes, "data.batch_size=4"}},
    {.name = "mlp-300-100", .smaller = {clothes}},
    {.name = "mnist-convnet", .smaller = {clothes, "data.batch_size=2"}},
    {.name = "nanogpt-cpu", .smaller = {letters, "data.batch_size=2", "model.2.repeat=1"}},
    {.name = "nanogpt-shakespeare-char", .smaller = {letters, "data.batch_size=2", "model.3.repeat=1"}},
    {.name = "quickstart", .smaller = {clothes, "data.batch_size=2"}},
    {.name = "resnet20", .smaller = {clothes, "data.batch_size=2", "trainer.max_steps=1"}},
    {.name = "tiny-detector", .smaller = {"data.batch_size=2", "trainer.max_steps=1"}},
    {.name = "vae", .smaller = {clothes, "data.batch_size=2"}},
    {.name = "zaremba-lstm-medium", .smaller = {letters, "data.batch_size=2"}},
    {.name = "zaremba-lstm-small", .smaller = {letters, "data.batch_size=2"}},
};

// DLCLI_CUDA_STEPS: more of them, where there is time.
std::string gpu_steps() {
  const char* asked = std::getenv("DLCLI_CUDA_STEPS");
  return asked ? asked : "2";
}

struct GpuOutcome {
  std::vector<double> losses, gradient_norms;
  std::vector<double> validation;
};

// Images and a class from 0 to 2 for each of their pixels.
void write_pixels(const fs::path& folder) {
  std::vector<float> x;
  std::vector<int32_t> y;
  for (uint64_t i = 0; i < 16 * 16 * 16; ++i) {
    y.push_back(static_cast<int32_t>(i / 5 % 3));
    x.push_back(static_cast<float>(random_bits(5, 0, i) % 256) / 256 + static_cast<float>(y.back()));
  }
  write(folder / "x.npy", npy("<f4", "(16, 16, 16, 1)", bytes(x)));
  write(folder / "y.npy", npy("<i4", "(16, 16, 16)", bytes(y)));
}

GpuOutcome gpu_outcome(const GpuWorkload& workload, const std::string& device, const std::string& precision,
                       const std::vector<std::string>& more = {}) {
  const Folder folder;
  fs::path config = source_dir() + "/configs/" + workload.name + ".yaml";
  std::vector<std::string> sets = {"trainer.device=" + device,       "trainer.max_steps=" + gpu_steps(),
                                   "trainer.log_every_n_steps=1",    "data.batch_size=16",
                                   "trainer.precision=" + precision, "data.workers=0"};
  if (workload.name.starts_with("bench/")) sets.emplace_back("data.train.samples=256");
  if (std::getenv("DLCLI_CUDA_STEPS")) sets.emplace_back("trainer.max_epochs=100");
  if (!workload.name.starts_with("bench/") && workload.text.empty()) sets.emplace_back("data.validation={last: 4}");
  if (!workload.text.empty()) {
    config = folder / (workload.name + ".yaml");
    write(config, workload.text);
    write_pixels(folder.path);
  }
  const bool is_longer = std::getenv("DLCLI_CUDA_STEPS") && !workload.longer.empty();
  for (const auto* further : {is_longer ? &workload.longer : &workload.smaller, &more})
    sets.insert(sets.end(), further->begin(), further->end());
  const auto plan = plan_run(config, sets);
  Record record;
  Trainer(*plan, {.observers = {&record}}).fit();
  GpuOutcome outcome{.losses = record.losses};
  for (const StepRecord& log : record.logs)
    for (const Measured& m : log.values)
      if (m.name == "grad_norm") outcome.gradient_norms.push_back(m.value);
  for (const ValidationRecord& log : record.validations)
    for (const Measured& m : log.values) outcome.validation.push_back(m.value);
  return outcome;
}

double greatest_difference(const std::vector<double>& found, const std::vector<double>& expected) {
  double greatest = 0;
  for (size_t i = 0; i < found.size(); ++i)
    greatest = std::max(greatest, std::abs(found[i] - expected[i]) / std::max(1.0, std::abs(expected[i])));
  return greatest;
}

void check_on_gpu(const std::vector<GpuWorkload>& workloads, const std::string& device, const std::string& precision,
                  double tolerance, const std::set<std::string>& of = {}) {
  if (std::getenv("DLCLI_WALLED")) return;  // the emulated GPU has pages and late launches of its own
  for (const GpuWorkload& workload : workloads) {
    if (!of.empty() && !of.contains(workload.name)) continue;
    CAPTURE(workload.name);
    CAPTURE(precision);
    const GpuOutcome expected = gpu_outcome(workload, "cpu", precision),
                     found = gpu_outcome(workload, device, precision);
    REQUIRE(found.losses.size() == expected.losses.size());
    REQUIRE(found.gradient_norms.size() == found.losses.size());
    REQUIRE(found.validation.size() == expected.validation.size());
    for (size_t step = 0; step < found.losses.size(); ++step) {
      CAPTURE(step);
      CHECK(found.losses[step] == doctest::Approx(expected.losses[step]).epsilon(tolerance));
      CHECK(found.gradient_norms[step] == doctest::Approx(expected.gradient_norms[step]).epsilon(100 * tolerance));
    }
    for (size_t i = 0; i < found.validation.size(); ++i)
      CHECK(found.validation[i] == doctest::Approx(expected.validation[i]).epsilon(tolerance));
    if (std::getenv("DLCLI_CUDA_STEPS"))
      MESSAGE(workload.name, ", ", precision, ", ", found.losses.size(), " steps: losses differ by ",
              greatest_difference(found.losses, expected.losses), ", gradients' norms by ",
              greatest_difference(found.gradient_norms, expected.gradient_norms));
  }
}

// Under sanitizers threads are emulated too slowly for more.
#ifdef __SANITIZE_ADDRESS__
const std::set<std::string> in_f32 = {"bench/mlp"}, in_mixed = in_f32, few_runs = {"mlp-300-100"};
#else
const std::set<std::string> in_f32, in_mixed = {"bench/mlp", "bench/lenet", "bench/gpt_cpu", "bench/lstm_ptb"};
const std::set<std::string> few_runs = {"adult", "autoencoder", "california-housing", "dcgan"};
#endif

}  // namespace

TEST_CASE("the workloads of the benchmark have the CPU's losses on an emulated GPU") {
  check_on_gpu(gpu_workloads, "cuda (emulated)", "32-true", 1e-4, in_f32);
}

TEST_CASE(
    "the workloads of the benchmark have the CPU's losses on an emulated GPU without libraries, in mixed precision") {
  check_on_gpu(gpu_workloads, "cuda (no libraries)", "bf16-mixed", 1e-2, in_mixed);
}

#ifndef __SANITIZE_ADDRESS__
TEST_CASE("a vision transformer and a U-Net have the CPU's losses on an emulated GPU") {
  check_on_gpu(gpu_networks, "cuda (emulated)", "32-true", 1e-4);
}
#endif

// With DLCLI_CUDA_STEPS all of them, else a few.
TEST_CASE("runs in configs/ have the CPU's losses on an emulated GPU") {
  std::set<std::string> listed;
  for (const GpuWorkload& run : gpu_runs) listed.insert(run.name);
  for (const auto& file : fs::directory_iterator(source_dir() + "/configs"))
    if (file.path().extension() == ".yaml") CHECK_MESSAGE(listed.contains(file.path().stem()), file.path());
  check_on_gpu(gpu_runs, "cuda (emulated)", "32-true", 1e-4,
               std::getenv("DLCLI_CUDA_STEPS") ? std::set<std::string>() : few_runs);
}

TEST_CASE(
    "a run begun on a CPU goes on on a GPU and back: the same samples and draws, sums to rounding, and it says so") {
  if (std::getenv("DLCLI_WALLED")) return;
  const Workplace place;
  const auto on = [&](const std::string& device) {
    // A bias before a normalization has rounding for a gradient, which Adam makes a step of.
    return place.plan({"trainer.device=" + device, "trainer.max_steps=18", "trainer.log_every_n_steps=1",
                       "model.0.conv2d.bias=false"});
  };
  const std::string gpu = "cuda (emulated)";
  const auto cpu = on("cpu");
  Record expected;
  Trainer(*cpu, {.observers = {&expected}}).fit();
  REQUIRE(expected.losses.size() == 18);

  const auto title = [](const std::string& device) { return arithmetic_title(make_device(device, {})->arithmetic()); };
  RunFolder folder = place.new_run(*cpu);
  Record record;
  int parts = 0;
  for (const auto& [device, before, steps] :
       {std::tuple<std::string, std::string, int64_t>{"cpu", "", 7}, {gpu, "cpu", 14}, {"cpu", gpu, 18}}) {
    CAPTURE(device);
    const auto plan = on(device);
    StopAfter stop(steps < 18 ? steps : -1);
    Trainer trainer(*plan, {.folder = &folder, .observers = {&record, &stop}, .stop = &stop.stop});
    record.warnings.clear();
    if (!before.empty()) {
      trainer.resume(*Checkpoints(folder.paths().checkpoints()).newest({}));
      const std::string said = "its steps were computed by " + title(before) + ", from here on by " + title(device);
      CHECK(record.warnings == std::vector<std::string>{said + ": they differ in the last bits"});
    }
    trainer.fit();
    CHECK(record.starts.at(static_cast<size_t>(parts++))
              .device.starts_with(device.substr(0, 4) == "cuda" ? "cuda" : "cpu"));
    CHECK(static_cast<int64_t>(record.losses.size()) == steps);
  }
  REQUIRE(record.losses.size() == expected.losses.size());
  for (size_t i = 0; i < record.losses.size(); ++i) {
    CAPTURE(i);
    CHECK(record.losses[i] == doctest::Approx(expected.losses[i]).epsilon(1e-4));
  }
  REQUIRE(record.validations.size() == expected.validations.size());
  for (size_t i = 0; i < record.validations.size(); ++i) {
    const Measured &found = record.validations[i].values[0], &wanted = expected.validations[i].values[0];
    CHECK(found.name == "val/loss");
    CHECK(found.value == doctest::Approx(wanted.value).epsilon(1e-5));
  }
}
