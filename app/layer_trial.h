// One layer, forward and backward, on a batch of random data in memory: what `dlcli bench LAYER` runs.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "lib/device/program.h"
#include "lib/graph/passes.h"
#include "lib/nn/network.h"
#include "lib/spec/node.h"

namespace dl {

class LayerTrial {
 public:
  struct Given {
    Node layer;          // `relu` or {conv2d: {…}}
    Shape input;         // of a sample
    int64_t tokens = 0;  // above 0: the input holds tokens below this instead of numbers
    int64_t batch_size = 1;
    Precision precision = Precision::f32;
    std::string device = "cpu";
    DeviceOptions options;
  };
  // Reads the layer, makes the device and the program and fills in random weights; nothing has run yet. Mistakes are an
  // Error.
  explicit LayerTrial(const Given& given);

  // Its result and the gradients of its parameters and, where these are numbers, of its input, with the time of each
  // kernel.
  void run_timed();
  // The layer's own kernels of the last run.
  std::vector<Program::Step> steps() const;

  const Network& network() const { return *network_; }
  const Device& device() const { return *device_; }
  Program& program() { return *program_; }

 private:
  void fill(const std::string& input, int64_t values);

  std::unique_ptr<Network> network_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Program> program_;
  std::vector<std::pair<Slot, HostMemory>> inputs_;
  int32_t tick_ = 0;
};

}  // namespace dl
