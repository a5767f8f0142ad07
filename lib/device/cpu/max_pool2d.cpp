// max_pool2d and its gradient on the CPU; rows of pixels are divided over the team.
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/division.h"
#include "lib/graph/ops/pool.h"

#include <algorithm>
#include <numeric>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/destination.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/pool.h"

namespace dl {
namespace {

constexpr int64_t block_floats = 16 * 1024;  // of the gradient, handed to an epilogue while in cache

// Along one axis, the positions of the input under each output's window, or the outputs whose windows hold each input.
class AxisTaps {
 public:
  // `stride`: elements from one of the positions found to the next; `place`: what one step in the window counts.
  void inputs_of_outputs(const Window& w, size_t axis, int64_t input, int64_t output, int64_t stride, int32_t place) {
    const int64_t gap = w.dilation[axis];
    extent_ = input * stride;
    offset_step_ = gap * stride;
    place_step_ = place;
    for (int64_t o = 0; o < output; ++o) {
      const int64_t begin = o * w.stride[axis] - w.pad_before[axis];  // the position of the window's place 0
      const int64_t first = begin < 0 ? (gap - 1 - begin) / gap : 0;
      const int64_t end = std::min(w.size[axis], input > begin ? (input - 1 - begin) / gap + 1 : 0);
      add((begin + first * gap) * stride, first * place, end - first);
    }
  }
  void outputs_of_inputs(const Window& w, size_t axis, int64_t input, int64_t output, int64_t stride, int32_t place) {
    const int64_t gap = w.dilation[axis], step = w.stride[axis], apart = std::gcd(gap, step), period = step / apart;
    extent_ = output * stride;
    offset_step_ = gap / apart * stride;
    place_step_ = static_cast<int32_t>(-period * place);
    for (int64_t i = 0; i < input; ++i) {
      const int64_t at = i + w.pad_before[axis];
      int64_t k = std::min(w.size[axis] - 1, at / gap);  // the last that begins at an output, not before the first
      const int64_t before = std::max<int64_t>(k - period, -1);
      while (k > before && (at - k * gap) % step != 0) --k;
      if (k == before) {
        add(0, 0, 0);
        continue;
      }
      const int64_t o = (at - k * gap) / step;
      const int64_t outputs = o < output ? (output - 1 - o) / (gap / apart) + 1 : 0;
      add(o * stride, k * place, std::min(k / period + 1, outputs));
    }
  }

  PoolAxis all() const {
    return {positions_.data(), static_cast<int64_t>(positions_.size()), extent_, offset_step_, place_step_, one_each_};
  }
  bool made() const { return !positions_.empty(); }
  const PoolTaps& of(int64_t position) const { return positions_[static_cast<size_t>(position)]; }

 private:
  void add(int64_t offset, int64_t place, int64_t count) {
    positions_.push_back({offset, static_cast<int32_t>(place), static_cast<int32_t>(std::max<int64_t>(count, 0))});
    one_each_ = one_each_ && count == 1;
  }

  std::vector<PoolTaps> positions_;
  int64_t extent_ = 0, offset_step_ = 0;
  int32_t place_step_ = 0;
  bool one_each_ = true;
};

class MaxPool final : public Kernel {
 public:
  MaxPool(const Window& window, const Shape& x, const Type& places, const Shape& y, CpuDevice& device)
      : window_(window),
        near_(places.dtype == DType::u8),
        x_(x),
        y_(y),
        device_(device),
        kernels_(DL_FOR_ISA(device.isa(), pool_kernels)) {}

  // Tables, at the first run: not before, as sizes may be absurd while a step is only planned.
  void prepare() {
    if (rows_.made()) return;
    rows_.inputs_of_outputs(window_, 0, x_[1], y_[1], x_[2] * x_[3], static_cast<int32_t>(window_.size[1]));
    columns_.inputs_of_outputs(window_, 1, x_[2], y_[2], x_[3], 1);
  }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    prepare();
    const float* x = static_cast<const float*>(in[0]);
    float* y = static_cast<float*>(out[0]);
    if (!with_places_) return pool(kernels_.max_alone, x, y, static_cast<uint8_t*>(nullptr));
    near_ ? pool(kernels_.max_near, x, y, static_cast<uint8_t*>(out[1]))
          : pool(kernels_.max, x, y, static_cast<int32_t*>(out[1]));
  }
  void unread(int output) override { with_places_ = with_places_ && output != 1; }

 private:
  template <class Place>
  void pool(PoolKernels::Max<Place>* max, const float* x, float* y, Place* places) {
    const int64_t image_floats = x_[1] * x_[2] * x_[3], row_floats = y_[2] * y_[3];
    const PoolAxis rows = rows_.all(), columns = columns_.all();
    device_.team().run([&](int thread) {
      const Range mine = split(y_[0] * y_[1], device_.team().size(), thread);
      for (int64_t row = mine.begin; row < mine.end; ++row) {
        max(x + row / y_[1] * image_floats, rows_.of(row % y_[1]), rows, columns, x_[3], y + row * row_floats,
            with_places_ ? places + row * row_floats : nullptr);
      }
    });
  }

  const Window window_;
  const bool near_;          // whether places are u8
  bool with_places_ = true;  // only the gradient reads them
  const Shape x_, y_;
  CpuDevice& device_;
  const PoolKernels& kernels_;
  AxisTaps rows_, columns_;
};

class MaxPoolGrad final : public Kernel {
 public:
  MaxPoolGrad(const Window& window, const Shape& dy, const Type& places, const Shape& dx, CpuDevice& device,
              std::unique_ptr<LoopRunner> epilogue)
      : window_(window),
        near_(places.dtype == DType::u8),
        dy_(dy),
        dx_(dx),
        device_(device),
        kernels_(DL_FOR_ISA(device.isa(), pool_kernels)),
        destination_(std::move(epilogue)) {
    block_rows_ = std::max<int64_t>(block_floats / (dx[2] * dx[3]), 1);
    destination_.plan(block_rows_ * dx[2], plan_);
    if (!destination_.keeps_product()) blocks_at_ = plan_.floats(block_rows_ * dx[2] * dx[3] * device.team().size());
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  bool in_place(int in, int out) const override { return destination_.in_place(in, out); }

  void prepare() {
    if (rows_.made()) return;
    rows_.outputs_of_inputs(window_, 0, dx_[1], dy_[1], dy_[2] * dy_[3], static_cast<int32_t>(window_.size[1]));
    columns_.outputs_of_inputs(window_, 1, dx_[2], dy_[2], dy_[3], 1);
  }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    prepare();
    const float* dy = static_cast<const float*>(in[0]);
    float* const whole = destination_.begin(in, out, scratch);
    const int64_t rows = dx_[0] * dx_[1], row_floats = dx_[2] * dx_[3];
    device_.team().run([&](int thread) {
      const Range mine = split(ceil_div(rows, block_rows_), device_.team().size(), thread);
      float* block = floats_at(scratch, blocks_at_) + thread * block_rows_ * row_floats;
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        const int64_t begin = i * block_rows_, end = std::min(begin + block_rows_, rows);
        float* dx = whole != nullptr ? whole + begin * row_floats : block;
        for (int64_t row = begin; row < end; ++row) run_row(row, dy, in[1], dx + (row - begin) * row_floats);
        destination_.rows(thread, begin * dx_[2], end * dx_[2], dx, dx_[3]);
      }
    });
    destination_.finish();
  }

 private:
  void run_row(int64_t row, const float* dy, const void* places, float* dx) const {
    near_ ? run_row(kernels_.gradient_near, row, dy, static_cast<const uint8_t*>(places), dx)
          : run_row(kernels_.gradient, row, dy, static_cast<const int32_t*>(places), dx);
  }
  template <class Place>
  void run_row(PoolKernels::Gradient<Place>* gradient, int64_t row, const float* dy, const Place* places,
               float* dx) const {
    const int64_t image = row / dx_[1] * dy_[1] * dy_[2] * dy_[3];
    gradient(dy + image, places + image, rows_.of(row % dx_[1]), rows_.all(), columns_.all(), dx_[3], dx);
  }

  const Window window_;
  const bool near_;  // whether places are u8
  const Shape dy_, dx_;
  CpuDevice& device_;
  const PoolKernels& kernels_;
  AxisTaps rows_, columns_;
  Destination destination_;
  int64_t block_rows_ = 1;
  ScratchPlan plan_;
  int64_t blocks_at_ = 0;
};

std::unique_ptr<Kernel> make_max_pool2d(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                        CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<MaxPool>(dynamic_cast<const MaxPool2d&>(op).window, inputs[0].shape, outputs[1],
                                   outputs[0].shape, device);
}

std::unique_ptr<Kernel> make_max_pool2d_grad(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                             CpuDevice& device, std::unique_ptr<LoopRunner> epilogue) {
  return std::make_unique<MaxPoolGrad>(dynamic_cast<const MaxPool2dGrad&>(op).window, inputs[0].shape, inputs[1],
                                       outputs[0].shape, device, std::move(epilogue));
}

bool always(const Op&, std::span<const Type>) { return true; }

DL_CPU_KERNEL("max_pool2d", make_max_pool2d);
DL_CPU_KERNEL("max_pool2d_grad", make_max_pool2d_grad, always);

}  // namespace
}  // namespace dl
