// Training within a memory limit: the same bits, less memory, some values computed twice.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/programs/memory_limit.h"

#include <doctest/doctest.h>

#include "tests/train/fixture.h"

namespace dl {
namespace {

// Convolutions with batch norm and dropout, a residual branch and a wide head.
const char* const deep_config = R"(
data:
  train: {format: idx, images: images.idx, labels: labels.idx}
  batch_size: 16
blocks:
  residual:
    layers:
      - conv2d: {out_channels: 16, kernel_size: 3, padding: same}
        name: conv
      - batch_norm
      - gelu
      - dropout: 0.2
        name: branch
      - add:
        from: [branch, x]
model:
  - conv2d: {out_channels: 16, kernel_size: 3, padding: same}
  - residual: {}
    repeat: 12
  - flatten
  - linear: 32
  - relu
  - linear: ${data.classes}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 0.01}}
trainer: {max_steps: 3, threads: 2}
)";

// A training step after three updates.
struct LimitedStep {
  LimitedStep(const testing::Workplace& place, const std::vector<std::string>& sets, int64_t samples = 16)
      : batch(samples),
        plan(place.plan(sets)),
        device(make_device(plan->run.trainer.device, plan->device_options())),
        store(*device),
        programs(plan->recipe(), store) {
    programs.initialize();
    Program& step = programs.step(batch);
    arena_bytes = step.arena_bytes();
    flops = step.flops();
    std::vector<float> x(static_cast<size_t>(step.input_type("x").shape.elements()));
    std::vector<int32_t> y(static_cast<size_t>(batch));
    for (size_t i = 0; i < x.size(); ++i) x[i] = random_uniform(3, 0, i);
    for (size_t i = 0; i < y.size(); ++i) y[i] = static_cast<int32_t>(i % 4);
    int32_t tick = 0;
    for (; tick < 3; ++tick) {
      programs.begin_update({.lr = 0.01, .number = tick + 1.0});
      step.feed("x", x);
      step.feed("y", y);
      if (step.has_input("step")) step.feed("step", std::span(&tick, 1));
      step.run();
    }
    contents = testing::contents(store);
  }

  int64_t needed() const { return arena_bytes + store.variable_bytes() + programs.memory(batch).batch_bytes; }

  const int64_t batch;
  std::unique_ptr<Plan> plan;
  std::unique_ptr<Device> device;
  Store store;
  Programs programs;
  int64_t arena_bytes = 0;
  double flops = 0;
  std::map<std::string, std::vector<float>> contents;
};

std::string limit(int64_t bytes) { return concat("trainer.memory_limit=", bytes); }

}  // namespace

TEST_CASE("within a memory limit a step takes no more than that and leaves the same bits") {
  const testing::Workplace place(deep_config);
  for (const std::string device : {"cpu", "reference"}) {
    CAPTURE(device);
    const std::string on = "trainer.device=" + device;
    const LimitedStep plain(place, {on});
    CHECK(plain.programs.memory(16).extra_flops == 0);
    double last_flops = plain.flops;
    for (const double share : {0.85, 0.77, 0.7}) {
      CAPTURE(share);
      const int64_t bytes = plain.needed() - static_cast<int64_t>((1 - share) * static_cast<double>(plain.arena_bytes));
      const LimitedStep limited(place, {on, limit(bytes)});
      CHECK(limited.needed() <= bytes);
      CHECK(limited.flops >= last_flops);
      CHECK(limited.programs.memory(16).extra_flops == doctest::Approx(limited.flops / plain.flops - 1));
      CHECK(limited.programs.memory(16).plain_arena_bytes == plain.arena_bytes);
      CHECK(limited.contents == plain.contents);
      last_flops = limited.flops;
    }
    CHECK(last_flops > plain.flops);
    CHECK(last_flops < 1.34 * plain.flops);  // a forward pass is a third of a step
  }
}

TEST_CASE("a step that measures curvature by a second backward pass keeps to a limit and leaves the same bits") {
  const testing::Workplace place(deep_config);
  const std::string sophia = "optimizer={sophia: {lr: 0.01, every: 1}}";
  const LimitedStep plain(place, {sophia});
  const int64_t bytes = plain.needed() - plain.arena_bytes / 5;
  const LimitedStep limited(place, {sophia, limit(bytes)});
  CHECK(limited.needed() <= bytes);
  CHECK(limited.contents == plain.contents);
}

TEST_CASE("dropout before linear layers keeps to limits: what is computed again draws the same numbers again") {
  const int64_t batch = 256;
  const testing::Workplace place(R"(
data: {train: {format: random, shape: [64], dtype: f32, classes: 4, samples: 256}, batch_size: 256}
model:
  - linear: 64
  - relu
  - dropout: 0.5
  - linear: 64
  - relu
  - dropout: 0.5
  - linear: 64
  - relu
  - dropout: 0.5
  - linear: 64
  - relu
  - dropout: 0.5
  - linear: 4
loss: cross_entropy
optimizer: {sgd: {lr: 0.1}}
trainer: {max_steps: 3, threads: 2}
)");
  for (const std::string device : {"cpu", "reference"}) {
    const std::string on = "trainer.device=" + device;
    const LimitedStep plain(place, {on}, batch);
    int kept = 0;
    for (int share = 1; share < 16; ++share) {
      const int64_t bytes = plain.needed() - plain.arena_bytes * share / 16;
      CAPTURE(bytes);
      const std::string refusal = testing::error_text([&] {
        const LimitedStep limited(place, {on, limit(bytes)}, batch);
        CHECK(limited.needed() <= bytes);
        CHECK(limited.contents == plain.contents);
        ++kept;
      });
      CHECK((refusal.empty() || refusal.starts_with("error: trainer.memory_limit: a batch of 256 needs at least ")));
    }
    CHECK(kept > 0);
  }
}

TEST_CASE("a limit that is wide enough changes nothing") {
  const testing::Workplace place(deep_config);
  const LimitedStep plain(place, {}), wide(place, {limit(plain.needed())});
  CHECK(wide.arena_bytes == plain.arena_bytes);
  CHECK(wide.flops == plain.flops);
  CHECK(wide.programs.memory(16).recomputation == Recomputation{});
}

TEST_CASE("a limit that cannot be kept says what would be needed and what to lower") {
  const testing::Workplace place(deep_config);
  const auto plan = place.plan({"trainer.memory_limit=200 KiB", "trainer.threads=1", "data.workers=0"});
  const std::unique_ptr<Device> device = make_device("reference", {});
  Store store(*device);
  Programs programs(plan->recipe(), store);
  Exit exit = Exit::done;
  const std::string text = testing::error_text([&] { programs.step(16); }, {}, &exit);
  CHECK(exit == Exit::usage);
  CHECK(text ==
        "error: trainer.memory_limit: a batch of 16 needs at least 1.28 MiB, the limit is 200 KiB\n"
        "  552 KiB weights and optimizer state, 2.31 KiB batches, 761 KiB a step's values, of which as many as can be "
        "are "
        "computed twice\n"
        "  help: lower data.batch_size; 'dlcli check CONFIG --fit' finds the largest that fits");
}

}  // namespace dl
