// A folder with a small data set that can be learnt, and configs in it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/train/kept/run_folder.h"
#include "lib/train/loop/trainer.h"
#include "lib/train/plan/plan.h"
#include "tests/folder.h"
#include "tests/idx.h"
#include "tests/train/timeless.h"

namespace dl::testing {

// 6 × 6 images of four classes: noise, and a quadrant that is brighter, which is the class.
inline void write_quadrants(const std::filesystem::path& folder, int samples, uint64_t seed = 1) {
  const uint64_t key = random_key(seed, 0);
  std::string images, labels;
  for (int i = 0; i < samples; ++i) {
    const uint32_t label = random_bits(key, 0, uint64_t(i)) % 4;
    labels += static_cast<char>(label);
    for (uint32_t p = 0; p < 36; ++p) {
      const bool bright = (p / 6 / 3) * 2 + p % 6 / 3 == label;
      images += static_cast<char>(random_bits(key, 1, uint64_t(i) * 36 + p) % 120 + (bright ? 90 : 0));
    }
  }
  write(folder / "images.idx", idx({uint32_t(samples), 6, 6}, images));
  write(folder / "labels.idx", idx({uint32_t(samples)}, labels));
}

inline constexpr const char* small_config = R"(
data:
  train: {format: idx, images: images.idx, labels: labels.idx}
  validation: {last: 40}
  batch_size: 16
model:
  - conv2d: {out_channels: 4, kernel_size: 3}
  - batch_norm
  - relu
  - flatten
  - dropout: 0.2
  - linear: ${data.classes}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adamw: {lr: 0.01}}
schedule: {cosine: {warmup: 3 steps}}
trainer:
  max_epochs: 3
  device: reference
  log_every_n_steps: 4
  checkpoint: {every: 6 steps, keep: 100, best: val/accuracy}
)";

// A config beside its data: 141 training samples make nine batches, the last of them short.
struct Workplace : Folder {
  explicit Workplace(const std::string& config = small_config, int samples = 181) {
    write_quadrants(path, samples);
    write("small.yaml", config);
  }
  std::unique_ptr<Plan> plan(const std::vector<std::string>& sets = {}) const {
    return plan_run(path / "small.yaml", sets);
  }
  // What planning says of it, without the folder's name; "" where nothing is wrong.
  std::string refusal(const std::vector<std::string>& sets = {}) const {
    return error_text([&] { plan(sets); }, {{path / "", ""}});
  }
  RunFolder new_run(const Plan& plan) const {
    return RunFolder::create(path / "runs", plan.name, plan.resolved(), plan.config);
  }
};

// Keeps what the run told.
struct Record : Observer {
  void started(const RunStarted& e) override { starts.push_back(e); }
  void stepped(const StepDone& e) override { losses.push_back(e.loss); }
  void logged(const StepRecord& e) override { logs.push_back(e); }
  void validated(const ValidationRecord& e) override { validations.push_back(e); }
  void epoch_ended(const EpochRecord& e) override { epochs.push_back(e); }
  void saved(const CheckpointSaved& e) override { saves.push_back(e.step); }
  void warned(const std::string& text) override { warnings.push_back(text); }

  std::vector<RunStarted> starts;
  std::vector<double> losses;
  std::vector<StepRecord> logs;
  std::vector<ValidationRecord> validations;
  std::vector<EpochRecord> epochs;
  std::vector<int64_t> saves;
  std::vector<std::string> warnings;
};

// Asks for a stop after a step, as a signal would.
struct StopAfter : Observer {
  explicit StopAfter(int64_t step) : step_(step) {}
  void stepped(const StepDone& e) override {
    if (e.step == step_) stop = true;
  }
  std::atomic<bool> stop = false;

 private:
  int64_t step_;
};

// Every variable of the store but the scratch of accumulation, and what is measured, which the records show.
inline std::map<std::string, std::vector<float>> contents(Store& store) {
  std::map<std::string, std::vector<float>> all;
  for (const Variable& v : store.variables())
    if (v.role != Role::gradient && v.role != Role::counter && v.role != Role::measure)
      all[v.name] = store.read(v.name);
  return all;
}

// A run stopped after a step and resumed must end with the bits of one that was not stopped, and with its records. The
// stopped run's last checkpoint is returned.
inline Checkpoint check_goes_on(const Workplace& place, Plan& plan, int64_t stop_after) {
  RunFolder whole = place.new_run(plan), stopped = place.new_run(plan);
  Trainer uninterrupted(plan, {.folder = &whole});
  uninterrupted.fit();
  StopAfter stop(stop_after);
  Trainer(plan, {.folder = &stopped, .observers = {&stop}, .stop = &stop.stop}).fit();
  const Checkpoint last = *Checkpoints(stopped.paths().checkpoints()).newest({});
  CHECK(last.state.step == stop_after);
  Trainer resumed(plan, {.folder = &stopped});
  resumed.resume(last);
  resumed.fit();
  CHECK(contents(resumed.store()) == contents(uninterrupted.store()));
  CHECK(timeless(stopped.paths().metrics_jsonl()) == timeless(whole.paths().metrics_jsonl()));
  return last;
}

}  // namespace dl::testing
