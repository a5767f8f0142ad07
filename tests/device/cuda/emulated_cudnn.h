// cuDNN as convolutions use it, in the tests: what its descriptors are told is kept, and a convolution is made of that
// by plain loops. What the library's documentation does not allow throws Undefined.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "lib/device/cuda/cudnn.h"

namespace dl::cuda {

// One of the ways that the library names for a convolution, the first the best.
struct EmulatedEngine {
  std::vector<int> notes;
  bool has_plan = true;
  int64_t workspace_bytes = 1024;
  bool runs = true;
};

struct EmulatedCudnn {
  // Begins work in a stream; without it, it is done at once.
  std::function<void(Stream, std::function<void()>)> begin;
  std::vector<EmulatedEngine> engines = {{{Cudnn::tensor_core, Cudnn::nondeterministic}},
                                         {{Cudnn::tensor_core, Cudnn::down_convert_inputs}},
                                         {.notes = {}, .has_plan = false},
                                         {{Cudnn::tensor_core}},
                                         {{}}};
  std::vector<int>* taken = nullptr;  // the engine of each convolution that is run is added
};
std::shared_ptr<const Cudnn> emulated_cudnn(EmulatedCudnn how = {});

}  // namespace dl::cuda
