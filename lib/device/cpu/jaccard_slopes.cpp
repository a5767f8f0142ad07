// Slopes of the Jaccard index on the CPU: a thread sorts a row.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/jaccard_slopes.h"

#include <algorithm>
#include <numeric>

#include "lib/device/cpu/cpu.h"
#include "lib/graph/falling_key.h"

namespace dl {
namespace {

class JaccardSlopesKernel final : public Kernel {
 public:
  JaccardSlopesKernel(const Shape& shape, CpuDevice& device) : rows_(shape[0]), places_(shape[1]), device_(device) {}

  int64_t scratch_bytes() const override {
    return device_.team().size() * places_ * static_cast<int64_t>(sizeof(uint64_t));
  }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    device_.team().run([&](int thread) {
      uint64_t* const keys = static_cast<uint64_t*>(scratch) + thread * places_;
      const Range mine = split(rows_, device_.team().size(), thread);
      for (int64_t row = mine.begin; row < mine.end; ++row)
        slopes(static_cast<const float*>(in[0]) + row * places_, static_cast<const float*>(in[1]) + row * places_, keys,
               static_cast<float*>(out[0]) + row * places_);
    });
  }

 private:
  void slopes(const float* errors, const float* hits, uint64_t* keys, float* y) const {
    for (int64_t i = 0; i < places_; ++i) keys[i] = falling_key(errors[i], i);
    std::sort(keys, keys + places_);
    const double all = std::accumulate(hits, hits + places_, 0.0);
    double wrong = 0, hit = 0, before = 0;
    for (int64_t k = 0; k < places_; ++k) {
      const auto i = static_cast<uint32_t>(keys[k]);
      wrong += 1;
      hit += double{hits[i]};
      const double loss = JaccardSlopes::loss(all, wrong, hit);
      y[i] = static_cast<float>(loss - before);
      before = loss;
    }
  }

  const int64_t rows_, places_;
  CpuDevice& device_;
};

std::unique_ptr<Kernel> make_jaccard_slopes(const Op&, std::span<const Type> inputs, std::span<const Type>,
                                            CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<JaccardSlopesKernel>(inputs[0].shape, device);
}

DL_CPU_KERNEL("jaccard_slopes", make_jaccard_slopes);

}  // namespace
}  // namespace dl
