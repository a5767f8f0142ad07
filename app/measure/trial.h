// A program on a batch of random data in memory, and how long it takes: what bench and profile run.
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
  virtual int threads() const = 0;                                                  // that compute
  virtual std::vector<Program::Step> kernels() const { return program_->steps(); }  // what is measured of the program
  const Device& device() const { return *device_; }
  // "lenet5, batch 64, 2 threads, avx512"
  std::string title(const std::string& name) const;

 protected:
  explicit Trial(std::unique_ptr<Device> device);
  virtual void begin_run() {}  // before each

  // What the program is fed with under a name that it may know: numbers from 0 to below 1, or whole ones below
  // `values`.
  void feed_random(const std::string& input, const Type& type, int64_t values);

  std::unique_ptr<Device> device_;
  std::unique_ptr<Store> store_;
  Program* program_ = nullptr;
  int32_t runs_ = 0;  // so far: the program's "step"

 private:
  void feed();

  std::vector<std::pair<Slot, HostMemory>> inputs_;
};

struct Timing {
  std::vector<double> seconds;         // of each run, sorted
  std::vector<Program::Step> kernels;  // with the medians of their times, where they were timed
  double median() const { return seconds[seconds.size() / 2]; }
  int64_t runs() const { return static_cast<int64_t>(seconds.size()); }
};

// Runs it for so many seconds, three times at least.
Timing time_runs(Trial& trial, double seconds);
// … with the time of each kernel; the first runs go into the trace where there is one.
Timing time_kernels(Trial& trial, double seconds, Trace* trace = nullptr);

}  // namespace dl
