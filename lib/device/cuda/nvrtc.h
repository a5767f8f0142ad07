// NVIDIA's compiler NVRTC: kernels' text made into machine code of one kind of GPU.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/device/cuda/cubin_cache.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/library.h"
#include "lib/device/cuda/nvrtc_functions.h"

namespace dl::cuda {

// Finds the kernels' headers in the binary; needs no GPU.
class Nvrtc final : public Compiler {
 public:
  // For the compute capability `major`.`minor`. Throws Error(Exit::usage) where this version knows none that runs on
  // it.
  Nvrtc(std::shared_ptr<const Library> library, int major, int minor, CubinCache cache);

  std::string compile(std::span<const Code* const> kernels) override;
  // "sm_90a": the GPU's own with all its instructions, or the nearest before it whose code it runs.
  const std::string& architecture() const { return architecture_; }

 private:
  std::string make(const std::string& text) const;
  std::string key_of(const std::string& text) const;

  const std::shared_ptr<const Library> library_;
  const NvrtcFunctions f_;
  const CubinCache cache_;
  const std::string architecture_;
  const std::vector<std::string> options_;
};

// What it compiles for these kernels.
std::string nvrtc_text(std::span<const Code* const> kernels);

}  // namespace dl::cuda
