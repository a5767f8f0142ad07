// A network's evaluation program as an ONNX model.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "lib/interop/onnx/model.h"
#include "lib/interop/onnx/writer.h"

namespace dl::onnx {

struct Export {
  Model model;
  std::vector<WrittenTensor> tensors;  // in the order of their first use
  bool batch_is_open = true;           // else the model is of one sample
};

// Inputs are named as the network's, the output "output". Parameters and buffers are initializers of their own names;
// nothing is folded. Images and volumes are [batch, channels, spatial …] in inputs and outputs, or channels last as in
// dlcli.
Export write(const TrainedNetwork& trained, bool channels_first);

}  // namespace dl::onnx
