// Operations that move elements without changing them.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/shape_ops.h"

#include <algorithm>

#include "lib/base/division.h"
#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/loop_runner.h"
#include "lib/device/cpu/simd/transpose.h"
#include "lib/device/moves.h"

namespace dl {

namespace {

// y, row-major over the dimensions, takes its elements from x.
template <class T>
class CopyKernel final : public Kernel {
 public:
  CopyKernel(std::vector<StridedDimension> dimensions, CpuDevice& device)
      : team_(device.team()), transpose_(DL_FOR_ISA(device.isa(), transpose_kernels)) {
    dimensions = joined_dimensions(dimensions);
    while (dimensions.size() < 2) dimensions.insert(dimensions.begin(), {1, 0});
    inner_ = dimensions.back();
    dimensions.pop_back();
    // Beside the inner dimension the one whose elements are neighbours in x: both are walked in small squares.
    size_t beside = dimensions.size() - 1;
    for (size_t i = 0; i < dimensions.size(); ++i) {
      if (dimensions[i].step == 1) beside = i;
    }
    int64_t step = inner_.size;
    for (size_t i = dimensions.size(); i-- > 0;) {
      if (i == beside) {
        beside_ = dimensions[i];
        beside_step_ = step;
      } else {
        outer_.push_back({dimensions[i], step});
      }
      step *= dimensions[i].size;
    }
  }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, void*) override {
    const T* x = static_cast<const T*>(inputs[0]);
    T* y = static_cast<T*>(outputs[0]);
    int64_t count = 1;
    for (const Outer& o : outer_) count *= o.dimension.size;
    const int64_t strips = ceil_div(beside_.size, strip);
    team_.run([&](int thread) {
      const Range range = split(count * strips, team_.size(), thread);
      for (int64_t i = range.begin; i < range.end; ++i) {
        int64_t from = 0, to = 0, rest = i / strips;
        for (const Outer& o : outer_) {
          from += rest % o.dimension.size * o.dimension.step;
          to += rest % o.dimension.size * o.step;
          rest /= o.dimension.size;
        }
        const int64_t first = i % strips * strip, n = std::min(strip, beside_.size - first);
        copy_strip(x + from + first * beside_.step, y + to + first * beside_step_, n);
      }
    });
  }

 private:
  static constexpr int64_t strip = 16;
  struct Outer {
    StridedDimension dimension;
    int64_t step;  // in the result
  };

  void copy_strip(const T* x, T* y, int64_t n) const {
    if (inner_.step <= 1) {
      for (int64_t i = 0; i < n; ++i) {
        const T* from = x + i * beside_.step;
        T* to = y + i * beside_step_;
        if (inner_.step == 1)
          std::copy_n(from, inner_.size, to);
        else
          std::fill_n(to, inner_.size, *from);
      }
      return;
    }
    if constexpr (sizeof(T) == sizeof(float)) {
      if (beside_.step == 1) {
        return transpose_.words(reinterpret_cast<const float*>(x), inner_.step, inner_.size, n,
                                reinterpret_cast<float*>(y), beside_step_);
      }
    }
    for (int64_t j = 0; j < inner_.size; j += strip) {
      const int64_t m = std::min(strip, inner_.size - j);
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t k = j; k < j + m; ++k) y[i * beside_step_ + k] = x[i * beside_.step + k * inner_.step];
      }
    }
  }

  ThreadTeam& team_;
  const TransposeKernels& transpose_;
  StridedDimension inner_, beside_;
  int64_t beside_step_ = 0;
  std::vector<Outer> outer_;  // innermost first
};

std::unique_ptr<Kernel> make_copy(DType type, std::vector<StridedDimension> dimensions, CpuDevice& device) {
  if (bytes_of(type) == 1) return std::make_unique<CopyKernel<uint8_t>>(std::move(dimensions), device);
  if (bytes_of(type) == 2) return std::make_unique<CopyKernel<uint16_t>>(std::move(dimensions), device);
  return std::make_unique<CopyKernel<uint32_t>>(std::move(dimensions), device);
}

std::unique_ptr<Kernel> make_transpose(const Op& op, std::span<const Type> in, std::span<const Type>, CpuDevice& device,
                                       std::unique_ptr<LoopRunner>) {
  return make_copy(in[0].dtype, transposed_dimensions(static_cast<const Transpose&>(op), in[0].shape), device);
}

std::unique_ptr<Kernel> make_broadcast_to(const Op&, std::span<const Type> in, std::span<const Type> out,
                                          CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return make_copy(in[0].dtype, broadcast_dimensions(in[0].shape, out[0].shape), device);
}

// Copies the parts that do not lie where they belong already, and clears the gaps.
class PackKernel final : public Kernel {
 public:
  PackKernel(const Pack& op, std::span<const Type> in, ThreadTeam& team) : size_(op.size), team_(team) {
    for (size_t i = 0; i < in.size(); ++i) parts_.push_back({op.offsets[i], op.offsets[i] + in[i].shape.elements()});
  }

  void run(std::span<void* const> inputs, std::span<void* const> outputs, void*) override {
    auto* y = static_cast<float*>(outputs[0]);
    team_.run([&](int thread) {
      const Range own = split(size_, team_.size(), thread, 16);
      int64_t done = own.begin;
      for (size_t i = 0; i < parts_.size() && done < own.end; ++i) {
        const Range part{std::max(parts_[i].begin, own.begin), std::min(parts_[i].end, own.end)};
        if (part.empty()) continue;
        std::fill(y + done, y + part.begin, 0.0f);
        const float* x = static_cast<const float*>(inputs[i]) + (part.begin - parts_[i].begin);
        if (x != y + part.begin) std::copy_n(x, part.end - part.begin, y + part.begin);
        done = part.end;
      }
      std::fill(y + done, y + own.end, 0.0f);
    });
  }

 private:
  const int64_t size_;
  std::vector<Range> parts_;
  ThreadTeam& team_;
};

std::unique_ptr<Kernel> make_pack(const Op& op, std::span<const Type> in, std::span<const Type>, CpuDevice& device,
                                  std::unique_ptr<LoopRunner>) {
  return std::make_unique<PackKernel>(static_cast<const Pack&>(op), in, device.team());
}

DL_CPU_KERNEL("transpose", make_transpose);
DL_CPU_KERNEL("broadcast_to", make_broadcast_to);
DL_CPU_KERNEL("pack", make_pack);

}  // namespace

}  // namespace dl
