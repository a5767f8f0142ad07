// Training steps on random data.
// SPDX-License-Identifier: Apache-2.0
#include "app/trial.h"

#include <algorithm>
#include <cstdlib>
#include <new>

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
    void* values = add(elements * bytes_of(field.type.dtype));
    const uint64_t key = random_key(0, random_stream(field.name));
    uint32_t bits[64];
    for (int64_t i = 0; i < elements; ++i) {
      if (i % 64 == 0) random_bits_64(key, 0, uint64_t(i) / 64, bits);
      if (field.type.dtype == DType::i32)
        static_cast<int32_t*>(values)[i] =
            static_cast<int32_t>(bits[i % 64] % uint64_t(std::max<int64_t>(field.values, 1)));
      else
        static_cast<float*>(values)[i] = static_cast<float>(bits[i % 64] >> 8) * 0x1p-24f;
    }
    step_->bind(field.name, values);
  }
  step_->bind("step", &tick_);
}

void* Trial::add(int64_t bytes) {
  blocks_.emplace_back(std::aligned_alloc(64, static_cast<size_t>((bytes + 63) / 64 * 64)), &std::free);
  if (!blocks_.back()) throw std::bad_alloc();
  return blocks_.back().get();
}

void Trial::count_step() {
  tick_ += 1;
  programs_->begin_update({.lr = plan_->run.optimizer->learning_rate(), .number = tick_ + 1.0});
}

void Trial::run() {
  count_step();
  step_->run();
}

void Trial::run_timed() {
  count_step();
  step_->run_timed();
}

}  // namespace dl
