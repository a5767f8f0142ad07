// Running programs on random data.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/trial.h"

#include <algorithm>

#include "lib/base/clock.h"
#include "lib/base/random.h"

namespace dl {
namespace {

constexpr int64_t traced_runs = 20;

template <class Run>
Timing timed(double seconds, Run run) {
  Timing timing;
  for (const double begin = steady_seconds(); steady_seconds() - begin < seconds || timing.runs() < 3;)
    timing.seconds.push_back(run());
  std::ranges::sort(timing.seconds);
  return timing;
}

}  // namespace

Trial::Trial(std::unique_ptr<Device> device) : device_(std::move(device)), store_(std::make_unique<Store>(*device_)) {}

std::string Trial::title(const std::string& name) const {
  return concat(name, ", batch ", batch_size(), ", ", device_->description());
}

void Trial::feed_random(const std::string& input, const Type& type, int64_t values) {
  std::vector<std::pair<Program*, Slot>> readers;
  for (Program* part : parts_)
    if (const Slot slot = part->input(input)) readers.emplace_back(part, slot);
  if (readers.empty()) return;
  HostMemory memory(*device_, type.bytes());
  const uint64_t key = random_key(0, random_stream(input));
  uint32_t bits[64];
  for (int64_t i = 0; i < type.shape.elements(); ++i) {
    if (i % 64 == 0) random_bits_64(key, 0, uint64_t(i) / 64, bits);
    if (type.dtype == DType::i32)
      memory.as<int32_t>()[static_cast<size_t>(i)] =
          static_cast<int32_t>(bits[i % 64] % uint64_t(std::max<int64_t>(values, 1)));
    else
      memory.as<float>()[static_cast<size_t>(i)] = static_cast<float>(bits[i % 64] >> 8) * 0x1p-24f;
  }
  inputs_.push_back({std::move(memory), std::move(readers)});
}

void Trial::feed() {
  begin_run();
  for (const Input& input : inputs_)
    for (const auto& [part, slot] : input.readers) part->feed(slot, input.memory.as<std::byte>());
  for (Program* part : parts_)
    if (const Slot step = part->input("step")) part->feed(step, std::span(&runs_, 1));
  ++runs_;
}

void Trial::run() {
  feed();
  for (Program* part : parts_) part->run();
}

void Trial::run_timed() {
  feed();
  for (Program* part : parts_) part->run_timed();
}

std::vector<Program::KernelCall> Trial::kernels() const {
  std::vector<Program::KernelCall> all;
  for (const Program* part : parts_) {
    const double before = all.empty() ? 0 : all.back().begin_s + all.back().seconds;
    for (Program::KernelCall kernel : part->kernel_calls()) {
      kernel.begin_s += before;
      all.push_back(std::move(kernel));
    }
  }
  return all;
}

Timing time_runs(Trial& trial, double seconds) {
  Timing timing = timed(seconds, [&] {
    const double begin = steady_seconds();
    trial.run();
    return steady_seconds() - begin;
  });
  timing.kernels = trial.kernels();
  return timing;
}

Timing time_kernels(Trial& trial, double seconds, Trace* trace) {
  std::vector<std::vector<double>> times;  // of each kernel
  Timing timing = timed(seconds, [&] {
    const double begin = steady_seconds();
    trial.run_timed();
    const double took = steady_seconds() - begin;
    const std::vector<Program::KernelCall> kernels = trial.kernels();
    times.resize(kernels.size());
    for (size_t i = 0; i < kernels.size(); ++i) times[i].push_back(kernels[i].seconds);
    if (trace && trace->steps() < traced_runs) trace->add(begin, took, kernels);
    return took;
  });
  timing.kernels = trial.kernels();
  for (size_t i = 0; i < times.size(); ++i) {
    const auto middle = times[i].begin() + std::ssize(times[i]) / 2;
    std::nth_element(times[i].begin(), middle, times[i].end());
    timing.kernels[i].seconds = *middle;
  }
  return timing;
}

}  // namespace dl
