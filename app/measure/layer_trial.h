// One layer, forward and backward, as a trial.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "app/measure/trial.h"
#include "lib/graph/passes.h"
#include "lib/spec/node.h"

namespace dl {

class LayerTrial final : public Trial {
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
  // Error. A run gives the layer's result and the gradients of its parameters and, where these are numbers, of its
  // input.
  explicit LayerTrial(const Given& given);

  const Network& network() const override { return *network_; }
  int64_t batch_size() const override { return given_.batch_size; }
  int threads() const override;
  std::vector<Program::KernelCall> kernels() const override;  // the layer's own

 private:
  LayerTrial(const Given& given, std::unique_ptr<Network> network);

  const Given given_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Program> own_program_;
};

}  // namespace dl
