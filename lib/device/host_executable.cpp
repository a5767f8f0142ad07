// Kernels one after another.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/host_executable.h"

#include <chrono>
#include <utility>

#include "lib/base/float_mode.h"
#include "lib/device/layout.h"
#include "lib/device/operands.h"

namespace dl {
namespace {

class HostExecutable final : public Executable {
 public:
  HostExecutable(const Layout& layout, Device& device)
      : layout_(layout),
        device_(device),
        operands_(layout),
        own_bytes_(Operands::own_bytes(layout)),
        results_(static_cast<size_t>(layout.results * Layout::result_bytes)),
        before_(results_) {
    if (own_bytes_ > 0) own_ = static_cast<std::byte*>(device.allocate(own_bytes_));
    for (size_t i = 0; i < layout.constants.size(); ++i)
      device.copy_in(own_ + static_cast<int64_t>(i) * Layout::result_bytes, &layout.constants[i], sizeof(float));
  }
  ~HostExecutable() override {
    if (own_) device_.release(own_, own_bytes_);
  }
  HostExecutable(const HostExecutable&) = delete;
  HostExecutable& operator=(const HostExecutable&) = delete;

  void place(void* arena, std::span<void* const> variables) override { operands_.place(arena, variables, own_); }

  void feed(int input, const void* host) override {
    operands_.place_input(input, static_cast<std::byte*>(const_cast<void*>(host)));
  }

  void launch(bool timed) override {
    if (ran_) {
      results(0);
      std::swap(results_, before_);
    }
    ran_ = true;
    results_are_here_ = false;
    const NoDenormals fast;
    if (timed) {
      run_timed();
    } else {
      for (size_t c = 0; c < layout_.calls.size(); ++c) run(c);
    }
    for (const Layout::Copy& copy : layout_.copies)
      device_.copy(operands_.at(copy.to), operands_.at(copy.from), copy.bytes);
  }
  void wait(int) override {}

  const std::byte* results(int before) override {
    if (before > 0) return before_.data();
    const auto bytes = static_cast<int64_t>(results_.size());
    if (!results_are_here_ && bytes > 0) device_.copy_out(results_.data(), own_ + own_bytes_ - bytes, bytes);
    results_are_here_ = true;
    return results_.data();
  }
  void read(const Address& from, void* host, int64_t bytes) override {
    device_.copy_out(host, operands_.at(from), bytes);
  }
  std::vector<KernelTime> times() override { return times_; }

 private:
  void run(size_t c) {
    const Operands::Of& operands = operands_.of(c);
    layout_.calls[c].kernel->run(operands.in, operands.out, operands.scratch);
  }

  void run_timed() {
    using Clock = std::chrono::steady_clock;
    const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
    times_.resize(layout_.calls.size());
    const Clock::time_point begin = Clock::now();
    for (size_t c = 0; c < layout_.calls.size(); ++c) {
      const Clock::time_point start = Clock::now();
      run(c);
      times_[c] = {.begin_s = seconds(start - begin), .seconds = seconds(Clock::now() - start)};
    }
  }

  const Layout& layout_;
  Device& device_;
  Operands operands_;
  const int64_t own_bytes_;
  std::byte* own_ = nullptr;                 // memory of the device
  std::vector<std::byte> results_, before_;  // of the last launch, and of the one before it
  bool ran_ = false, results_are_here_ = false;
  std::vector<KernelTime> times_;
};

}  // namespace

std::unique_ptr<Executable> make_host_executable(const Layout& layout, Device& device) {
  return std::make_unique<HostExecutable>(layout, device);
}

}  // namespace dl
