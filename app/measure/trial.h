// Programs, one after another, on a batch of random data in memory, and how long it takes: what bench and profile run.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/measure/trace.h"
#include "lib/device/program.h"
#include "lib/nn/network.h"

namespace dl {

class Trial {
 public:
  virtual ~Trial() = default;
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  void run();        // once
  void run_timed();  // the same with the time of each kernel, in kernels()

  virtual const Network& network() const = 0;
  virtual int64_t batch_size() const = 0;
  virtual int threads() const = 0;                           // that compute
  virtual std::vector<Program::KernelCall> kernels() const;  // what is measured of the programs
  Device& device() const { return *device_; }
  // Of the device: what is kept from run to run, and the values of a run; after a run.
  int64_t device_bytes() const { return store_->variable_bytes() + store_->arena_bytes(); }
  // "lenet5, batch 64, 2 threads, avx512"
  std::string title(const std::string& name) const;

 protected:
  explicit Trial(std::unique_ptr<Device> device);
  virtual void begin_run() {}  // before each

  // What the programs are fed with under a name that it may know: numbers from 0 to below 1, or whole ones below
  // `values`.
  void feed_random(const std::string& input, const Type& type, int64_t values);

  std::unique_ptr<Device> device_;
  std::unique_ptr<Store> store_;
  std::vector<Program*> parts_;  // in the order they run
  int32_t runs_ = 0;             // so far: the programs' "step"

 private:
  struct Input {
    HostMemory memory;
    std::vector<std::pair<Program*, Slot>> readers;
  };
  void feed();

  std::vector<Input> inputs_;
};

struct Timing {
  std::vector<double> seconds;               // of each run, sorted
  std::vector<Program::KernelCall> kernels;  // with the medians of their times, where they were timed
  double median() const { return seconds[seconds.size() / 2]; }
  int64_t runs() const { return static_cast<int64_t>(seconds.size()); }
};

// Runs it for so many seconds, three times at least.
Timing time_runs(Trial& trial, double seconds);
// … with the time of each kernel; the first runs go into the trace where there is one.
Timing time_kernels(Trial& trial, double seconds, Trace* trace = nullptr);

}  // namespace dl
