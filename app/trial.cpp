// Training steps on random data.
// SPDX-License-Identifier: Apache-2.0
#include "app/trial.h"

#include <algorithm>

#include "app/trained.h"
#include "lib/base/random.h"

namespace dl {

Trial::Trial(const std::string& config, const Overrides& overrides)
    : plan_(plan_run(config_file(config), overrides.sets())),
      device_(make_device(plan_->run.trainer.device, plan_->device_options())),
      store_(std::make_unique<Store>(*device_)),
      programs_(std::make_unique<Programs>(plan_->recipe(), *store_)) {
  programs_->initialize();
  step_ = &programs_->step(batch_size());
  for (const SampleField& field : plan_->data.train->fields()) {
    const int64_t elements = field.type.shape.elements() * batch_size();
    HostMemory memory(*device_, elements * bytes_of(field.type.dtype));
    const uint64_t key = random_key(0, random_stream(field.name));
    uint32_t bits[64];
    for (int64_t i = 0; i < elements; ++i) {
      if (i % 64 == 0) random_bits_64(key, 0, uint64_t(i) / 64, bits);
      if (field.type.dtype == DType::i32)
        memory.as<int32_t>()[static_cast<size_t>(i)] =
            static_cast<int32_t>(bits[i % 64] % uint64_t(std::max<int64_t>(field.values, 1)));
      else
        memory.as<float>()[static_cast<size_t>(i)] = static_cast<float>(bits[i % 64] >> 8) * 0x1p-24f;
    }
    if (const Slot input = step_->input(field.name)) inputs_.emplace_back(input, std::move(memory));
  }
  step_number_ = step_->input("step");
}

void Trial::feed_step() {
  tick_ += 1;
  programs_->begin_update({.lr = plan_->run.optimizer->learning_rate(), .number = tick_ + 1.0});
  for (const auto& [input, memory] : inputs_) step_->feed(input, memory.as<std::byte>());
  if (step_number_) step_->feed(step_number_, std::span(&tick_, 1));
}

void Trial::run() {
  feed_step();
  step_->run();
}

void Trial::run_timed() {
  feed_step();
  step_->run_timed();
}

}  // namespace dl
