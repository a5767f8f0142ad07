// Training steps on random data.
#include "app/trial.h"

#include <cstdlib>
#include <new>

#include "lib/base/random.h"

namespace dl {

Trial::Trial(const std::string& config, const Overrides& overrides)
    : plan_(plan_run(config, overrides.sets())),
      device_(make_device(plan_->run.trainer.device, plan_->device_options())),
      store_(std::make_unique<Store>(*device_)),
      programs_(std::make_unique<Programs>(plan_->recipe(), *store_)),
      lr_(static_cast<float>(plan_->run.optimizer->learning_rate())) {
  programs_->initialize();
  step_ = &programs_->step(batch_size());
  const Type x = step_->input_type("x"), y = step_->input_type("y");
  auto* inputs = static_cast<float*>(add(x.bytes()));
  for (int64_t i = 0; i < x.shape.elements(); ++i) inputs[i] = random_uniform(random_key(0, 0), 0, uint64_t(i));
  step_->bind("x", inputs);
  void* targets = add(y.bytes());
  const auto classes = static_cast<uint64_t>(plan_->network->output().shape.last());
  for (int64_t i = 0; i < y.shape.elements(); ++i) {
    const uint32_t bits = random_bits(random_key(0, 1), 0, uint64_t(i));
    if (y.dtype == DType::i32)
      static_cast<int32_t*>(targets)[i] = static_cast<int32_t>(bits % classes);
    else
      static_cast<float*>(targets)[i] = static_cast<float>(bits >> 8) * 0x1p-24f;
  }
  step_->bind("y", targets);
  step_->bind("lr", &lr_);
  step_->bind("update", &update_);
  step_->bind("step", &tick_);
}

void* Trial::add(int64_t bytes) {
  blocks_.emplace_back(std::aligned_alloc(64, static_cast<size_t>((bytes + 63) / 64 * 64)), &std::free);
  if (!blocks_.back()) throw std::bad_alloc();
  return blocks_.back().get();
}

void Trial::count_step() {
  update_ += 1;
  tick_ += 1;
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
