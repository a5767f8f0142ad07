// Non-maximum suppression on the CPU: a thread takes an image's scores from a heap.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/best_boxes.h"

#include <algorithm>
#include <functional>

#include "lib/device/cpu/cpu.h"
#include "lib/graph/falling_key.h"

namespace dl {
namespace {

class BestBoxesKernel final : public Kernel {
 public:
  BestBoxesKernel(const BestBoxes& op, const Shape& scores, CpuDevice& device)
      : rule_(op.rule), images_(scores[0]), boxes_(scores[1]), classes_(scores[2]), device_(device) {}

  int64_t scratch_bytes() const override {
    return device_.team().size() * boxes_ * classes_ * static_cast<int64_t>(sizeof(uint64_t));
  }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    device_.team().run([&](int thread) {
      const Range mine = split(images_, device_.team().size(), thread);
      for (int64_t image = mine.begin; image < mine.end; ++image)
        find(static_cast<const Box*>(in[0]) + image * boxes_,
             static_cast<const float*>(in[1]) + image * boxes_ * classes_,
             static_cast<uint64_t*>(scratch) + thread * boxes_ * classes_,
             static_cast<BoxRow*>(out[0]) + image * rule_.most);
    });
  }

 private:
  void find(const Box* boxes, const float* scores, uint64_t* heap, BoxRow* out) const {
    uint64_t* end = heap;
    for (int64_t i = 0; i < boxes_ * classes_; ++i)
      if (double{scores[i]} > rule_.least_score) *end++ = falling_key(scores[i], i);
    std::make_heap(heap, end, std::greater<>());
    int64_t kept = 0;
    while (end > heap && kept < rule_.most) {
      std::pop_heap(heap, end, std::greater<>());
      const auto i = static_cast<uint32_t>(*--end);
      const BoxRow row{boxes[i / classes_], static_cast<float>(i % classes_), scores[i]};
      const bool again = std::any_of(out, out + kept, [&](const BoxRow& before) {
        return before.label == row.label && double{overlap(before.box, row.box)} > rule_.overlap;
      });
      if (!again) out[kept++] = row;
    }
    std::fill(out + kept, out + rule_.most, BoxRow());
  }

  const BestBoxes::Rule rule_;
  const int64_t images_, boxes_, classes_;
  CpuDevice& device_;
};

std::unique_ptr<Kernel> make_best_boxes(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                        CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<BestBoxesKernel>(static_cast<const BestBoxes&>(op), inputs[1].shape, device);
}

DL_CPU_KERNEL("best_boxes", make_best_boxes);

}  // namespace
}  // namespace dl
