// What anchors learn, on the CPU: a thread matches an image.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/match_boxes.h"

#include <algorithm>

#include "lib/device/cpu/cpu.h"
#include "lib/graph/falling_key.h"

namespace dl {
namespace {

class MatchBoxesKernel final : public Kernel {
 public:
  MatchBoxesKernel(const MatchBoxes& op, std::span<const Type> inputs, CpuDevice& device)
      : rule_(op.rule),
        images_(inputs[0].shape[0]),
        anchors_(inputs[0].shape[1]),
        rows_(inputs[1].shape[1]),
        device_(device) {}

  // Of each thread: how much an anchor overlaps, and keys of those without a box.
  int64_t scratch_bytes() const override {
    return device_.team().size() * anchors_ * static_cast<int64_t>(sizeof(uint64_t));
  }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    if (anchors_ == 0) return;
    device_.team().run([&](int thread) {
      const Range mine = split(images_, device_.team().size(), thread);
      for (int64_t image = mine.begin; image < mine.end; ++image)
        match(static_cast<const Box*>(in[0]) + image * anchors_, static_cast<const BoxRow*>(in[1]) + image * rows_,
              static_cast<const float*>(in[2]) + image * anchors_, static_cast<uint64_t*>(scratch) + thread * anchors_,
              static_cast<BoxRow*>(out[0]) + image * anchors_);
    });
  }

 private:
  void match(const Box* anchors, const BoxRow* rows, const float* hardness, uint64_t* scratch, BoxRow* out) const {
    std::fill_n(out, anchors_, BoxRow());
    auto* const best = reinterpret_cast<float*>(scratch);
    std::fill_n(best, anchors_, -1.0f);
    for (int64_t r = 0; r < rows_ && rows[r].is_box(); ++r) {
      if (rows[r].more != BoxRow::counted) continue;
      for (int64_t i = 0; i < anchors_; ++i) {
        const float by = overlap(anchors[i], rows[r].box);
        if (by <= best[i]) continue;
        best[i] = by;
        if (double{by} >= rule_.overlap) out[i] = {rows[r].box, rows[r].label, 1};
      }
    }
    for (int64_t r = 0; r < rows_ && rows[r].is_box(); ++r) {
      if (rows[r].more != BoxRow::counted) continue;
      int64_t nearest = 0;
      float most = overlap(anchors[0], rows[r].box);
      for (int64_t i = 1; i < anchors_; ++i) {
        const float by = overlap(anchors[i], rows[r].box);
        if (by > most) most = by, nearest = i;
      }
      out[nearest] = {rows[r].box, rows[r].label, 1};
    }
    uint64_t* end = scratch;
    for (int64_t i = 0; i < anchors_; ++i)
      if (!out[i].is_box()) *end++ = falling_key(hardness[i], i);
    const int64_t learned = MatchBoxes::learned_negatives(rule_.negatives, anchors_, anchors_ - (end - scratch));
    std::nth_element(scratch, scratch + learned, end);
    for (const uint64_t* key = scratch; key < scratch + learned; ++key) out[static_cast<uint32_t>(*key)].more = 1;
  }

  const MatchBoxes::Rule rule_;
  const int64_t images_, anchors_, rows_;
  CpuDevice& device_;
};

std::unique_ptr<Kernel> make_match_boxes(const Op& op, std::span<const Type> inputs, std::span<const Type>,
                                         CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<MatchBoxesKernel>(static_cast<const MatchBoxes&>(op), inputs, device);
}

DL_CPU_KERNEL("match_boxes", make_match_boxes);

}  // namespace
}  // namespace dl
