// The kernel of a loop that stands alone: its rows shared out among the threads.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/device/cpu/loop_runner.h"

namespace dl {

namespace {

// Simple operations that a thread must have to do for waking it to be worthwhile.
constexpr double cost_of_thread = 20000;

class LoopKernel final : public Kernel {
 public:
  LoopKernel(const LoopOp& loop, std::span<const Type> inputs, CpuDevice& device)
      : runner_(loop, inputs, device, false), team_(device.team()) {
    const double worthwhile = std::clamp(runner_.cost() / cost_of_thread, 1.0, double(team_.size()));
    parts_ = static_cast<int>(worthwhile);
  }

  int64_t scratch_bytes() const override { return runner_.scratch_bytes(); }
  bool in_place(int in, int out) const override { return runner_.in_place(in, out); }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, void* scratch) override {
    runner_.begin(inputs, outputs, scratch);
    const auto work = [this](int thread) {
      if (thread >= parts_) return;
      const Range range = split(runner_.rows_in_all(), parts_, thread, runner_.unit_rows());
      if (!range.empty()) runner_.rows(thread, range.begin, range.end, nullptr, 0);
    };
    parts_ == 1 ? work(0) : team_.run(work);
    runner_.finish();
  }

 private:
  LoopRunner runner_;
  ThreadTeam& team_;
  int parts_ = 1;
};

}  // namespace

std::unique_ptr<Kernel> make_loop_kernel(const LoopOp& loop, std::span<const Type> inputs, CpuDevice& device) {
  return std::make_unique<LoopKernel>(loop, inputs, device);
}

}  // namespace dl
