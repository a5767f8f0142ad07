// max_pool2d and its gradient on the CPU; rows of pixels are divided over the team.
#include "lib/graph/ops/max_pool2d.h"

#include <algorithm>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/loop_runner.h"
#include "lib/device/cpu/scratch.h"
#include "lib/device/cpu/simd/pool.h"

namespace dl {
namespace {

constexpr int64_t block_floats = 16 * 1024;  // of the gradient, handed to an epilogue while in cache

// Along one axis, the positions of the input under each output's window, or the outputs whose windows hold each input.
class AxisTaps {
 public:
  // `stride`: elements from one of the positions found to the next; `place`: what one step in the window counts.
  static AxisTaps inputs_of_outputs(const Window& w, size_t axis, int64_t input, int64_t output, int64_t stride,
                                    int32_t place) {
    AxisTaps all;
    for (int64_t o = 0; o < output; ++o) {
      for (int64_t k = 0; k < w.size[axis]; ++k) {
        const int64_t i = o * w.stride[axis] + k * w.dilation[axis] - w.pad_before[axis];
        if (i >= 0 && i < input) all.taps_.push_back({i * stride, static_cast<int32_t>(k) * place});
      }
      all.first_.push_back(static_cast<int64_t>(all.taps_.size()));
    }
    return all;
  }
  static AxisTaps outputs_of_inputs(const Window& w, size_t axis, int64_t input, int64_t output, int64_t stride,
                                    int32_t place) {
    AxisTaps all;
    for (int64_t i = 0; i < input; ++i) {
      for (int64_t k = w.size[axis] - 1; k >= 0; --k) {
        const int64_t distance = i + w.pad_before[axis] - k * w.dilation[axis];
        const int64_t o = distance / w.stride[axis];
        if (distance < 0 || o * w.stride[axis] != distance || o >= output) continue;
        all.taps_.push_back({o * stride, static_cast<int32_t>(k) * place});
      }
      all.first_.push_back(static_cast<int64_t>(all.taps_.size()));
    }
    return all;
  }

  PoolTaps all() const {
    const int64_t positions = static_cast<int64_t>(first_.size()) - 1;
    bool one_each = true;
    for (size_t i = 0; i < first_.size(); ++i) one_each = one_each && first_[i] == static_cast<int64_t>(i);
    return {taps_.data(), first_.data(), positions, one_each};
  }
  std::span<const PoolTap> of(int64_t position) const {
    const size_t i = static_cast<size_t>(position);
    return std::span(taps_).subspan(static_cast<size_t>(first_[i]), static_cast<size_t>(first_[i + 1] - first_[i]));
  }

 private:
  std::vector<PoolTap> taps_;
  std::vector<int64_t> first_{0};
};

class MaxPool final : public Kernel {
 public:
  MaxPool(const Window& window, const Shape& x, const Shape& y, CpuDevice& device)
      : x_(x),
        y_(y),
        device_(device),
        kernels_(DL_FOR_ISA(device.isa(), pool_kernels)),
        rows_(AxisTaps::inputs_of_outputs(window, 0, x[1], y[1], x[2] * x[3], static_cast<int32_t>(window.size[1]))),
        columns_(AxisTaps::inputs_of_outputs(window, 1, x[2], y[2], x[3], 1)) {}

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const float* x = static_cast<const float*>(in[0]);
    float* y = static_cast<float*>(out[0]);
    uint8_t* places = static_cast<uint8_t*>(out[1]);
    const int64_t image_floats = x_[1] * x_[2] * x_[3], row_floats = y_[2] * y_[3];
    const PoolTaps columns = columns_.all();
    device_.team().run([&](int thread) {
      const Range mine = split(y_[0] * y_[1], device_.team().size(), thread);
      for (int64_t row = mine.begin; row < mine.end; ++row) {
        const std::span<const PoolTap> rows = rows_.of(row % y_[1]);
        kernels_.max(x + row / y_[1] * image_floats, rows.data(), static_cast<int64_t>(rows.size()), columns, x_[3],
                     y + row * row_floats, places + row * row_floats);
      }
    });
  }

 private:
  const Shape x_, y_;
  CpuDevice& device_;
  const PoolKernels& kernels_;
  const AxisTaps rows_, columns_;
};

class MaxPoolGrad final : public Kernel {
 public:
  MaxPoolGrad(const Window& window, const Shape& dy, const Shape& dx, CpuDevice& device,
              std::unique_ptr<LoopRunner> epilogue)
      : dy_(dy),
        dx_(dx),
        device_(device),
        kernels_(DL_FOR_ISA(device.isa(), pool_kernels)),
        rows_(
            AxisTaps::outputs_of_inputs(window, 0, dx[1], dy[1], dy[2] * dy[3], static_cast<int32_t>(window.size[1]))),
        columns_(AxisTaps::outputs_of_inputs(window, 1, dx[2], dy[2], dy[3], 1)),
        epilogue_(std::move(epilogue)) {
    block_rows_ = std::max<int64_t>(block_floats / (dx[2] * dx[3]), 1);
    if (epilogue_ == nullptr) return;
    epilogue_->set_chunk_rows(block_rows_ * dx[2]);
    epilogue_at_ = plan_.floats((epilogue_->scratch_bytes() + 3) / 4);
    if (epilogue_->produced_output() < 0) {
      blocks_at_ = plan_.floats(block_rows_ * dx[2] * dx[3] * device.team().size());
    }
  }

  int64_t scratch_bytes() const override { return plan_.size_bytes(); }
  bool in_place(int in, int out) const override {
    return in >= 2 && epilogue_ != nullptr && epilogue_->in_place(in - 1, out);
  }

  void run(std::span<void* const> in, std::span<void* const> out, void* scratch) override {
    const float* dy = static_cast<const float*>(in[0]);
    const uint8_t* places = static_cast<const uint8_t*>(in[1]);
    float* whole = nullptr;  // the gradient, where it is wanted
    if (epilogue_ == nullptr) {
      whole = static_cast<float*>(out[0]);
    } else {
      epilogue_->begin(in.subspan(2), out, floats_at(scratch, epilogue_at_));
      const int output = epilogue_->produced_output();
      if (output >= 0) whole = static_cast<float*>(out[static_cast<size_t>(output)]);
    }
    const int64_t rows = dx_[0] * dx_[1], row_floats = dx_[2] * dx_[3];
    const PoolTaps columns = columns_.all();
    device_.team().run([&](int thread) {
      const Range mine = split((rows + block_rows_ - 1) / block_rows_, device_.team().size(), thread);
      float* block = floats_at(scratch, blocks_at_) + thread * block_rows_ * row_floats;
      for (int64_t i = mine.begin; i < mine.end; ++i) {
        const int64_t begin = i * block_rows_, end = std::min(begin + block_rows_, rows);
        float* dx = whole != nullptr ? whole + begin * row_floats : block;
        for (int64_t row = begin; row < end; ++row) run_row(row, columns, dy, places, dx + (row - begin) * row_floats);
        if (epilogue_ != nullptr) epilogue_->rows(thread, begin * dx_[2], end * dx_[2], dx, dx_[3]);
      }
    });
    if (epilogue_ != nullptr) epilogue_->finish();
  }

 private:
  void run_row(int64_t row, const PoolTaps& columns, const float* dy, const uint8_t* places, float* dx) const {
    const int64_t image = row / dx_[1] * dy_[1] * dy_[2] * dy_[3];
    const std::span<const PoolTap> rows = rows_.of(row % dx_[1]);
    kernels_.max_gradient(dy + image, places + image, rows.data(), static_cast<int64_t>(rows.size()), columns, dx_[3],
                          dx);
  }

  const Shape dy_, dx_;
  CpuDevice& device_;
  const PoolKernels& kernels_;
  const AxisTaps rows_, columns_;
  const std::unique_ptr<LoopRunner> epilogue_;
  int64_t block_rows_ = 1;
  ScratchPlan plan_;
  int64_t epilogue_at_ = 0, blocks_at_ = 0;
};

std::unique_ptr<Kernel> make_max_pool2d(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                        CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<MaxPool>(dynamic_cast<const MaxPool2d&>(op).window, inputs[0].shape, outputs[0].shape,
                                   device);
}

std::unique_ptr<Kernel> make_max_pool2d_grad(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                             CpuDevice& device, std::unique_ptr<LoopRunner> epilogue) {
  return std::make_unique<MaxPoolGrad>(dynamic_cast<const MaxPool2dGrad&>(op).window, inputs[0].shape, outputs[0].shape,
                                       device, std::move(epilogue));
}

bool always(const Op&, std::span<const Type>) { return true; }

DL_CPU_KERNEL("max_pool2d", make_max_pool2d);
DL_CPU_KERNEL("max_pool2d_grad", make_max_pool2d_grad, always);

}  // namespace
}  // namespace dl
