// max_pool2d and its gradient on the CPU; rows of pixels are divided over the team.
#include "lib/graph/ops/max_pool2d.h"

#include <algorithm>

#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/simd/pool.h"

namespace dl {
namespace {

class MaxPool final : public Kernel {
 public:
  MaxPool(const Window& window, const Shape& x, const Shape& y, CpuDevice& device)
      : window_(window), x_(x), y_(y), device_(device), kernels_(DL_FOR_ISA(device.isa(), pool_kernels)) {
    // The taps of the windows of each output row and column that lie inside the image: rows first, then per column.
    for (int64_t oh = 0; oh < y[1]; ++oh) {
      for (int64_t ow = 0; ow < y[2]; ++ow) {
        first_.push_back(taps_.size());
        add_taps(oh, ow);
      }
    }
    first_.push_back(taps_.size());
  }

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const float* x = static_cast<const float*>(in[0]);
    float* y = static_cast<float*>(out[0]);
    uint8_t* places = static_cast<uint8_t*>(out[1]);
    const int64_t channels = x_[3], image_floats = x_[1] * x_[2] * channels;
    device_.team().run([&](int thread) {
      const Range rows = split(y_[0] * y_[1], device_.team().size(), thread);
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        const float* image = x + row / y_[1] * image_floats;
        const size_t window = static_cast<size_t>(row % y_[1] * y_[2]);
        for (int64_t ow = 0; ow < y_[2]; ++ow) {
          const size_t begin = first_[window + static_cast<size_t>(ow)];
          const size_t end = first_[window + static_cast<size_t>(ow) + 1];
          const int64_t at = (row * y_[2] + ow) * channels;
          kernels_.max(image, taps_.data() + begin, static_cast<int64_t>(end - begin), channels, y + at, places + at);
        }
      }
    });
  }

 private:
  void add_taps(int64_t oh, int64_t ow) {
    for (int64_t kh = 0; kh < window_.size[0]; ++kh) {
      for (int64_t kw = 0; kw < window_.size[1]; ++kw) {
        const int64_t h = oh * window_.stride[0] + kh * window_.dilation[0] - window_.pad_before[0];
        const int64_t w = ow * window_.stride[1] + kw * window_.dilation[1] - window_.pad_before[1];
        if (h < 0 || h >= x_[1] || w < 0 || w >= x_[2]) continue;
        taps_.push_back({(h * x_[2] + w) * x_[3], static_cast<int32_t>(kh * window_.size[1] + kw)});
      }
    }
  }

  const Window window_;
  const Shape x_, y_;
  CpuDevice& device_;
  const PoolKernels& kernels_;
  std::vector<PoolTap> taps_;
  std::vector<size_t> first_;  // of each window of an image
};

// For each input position along an axis, the windows that it belongs to.
class Members {
 public:
  Members(const Window& window, size_t axis, int64_t input, int64_t output) {
    for (int64_t i = 0; i < input; ++i) {
      first_.push_back(members_.size());
      for (int64_t k = window.size[axis] - 1; k >= 0; --k) {
        const int64_t distance = i + window.pad_before[axis] - k * window.dilation[axis];
        const int64_t o = distance / window.stride[axis];
        if (distance < 0 || o * window.stride[axis] != distance || o >= output) continue;
        members_.push_back({o, static_cast<int32_t>(k)});
      }
    }
    first_.push_back(members_.size());
  }
  std::span<const PoolMember> of(int64_t position) const {
    const size_t i = static_cast<size_t>(position);
    return std::span(members_).subspan(first_[i], first_[i + 1] - first_[i]);
  }

 private:
  std::vector<PoolMember> members_;
  std::vector<size_t> first_;
};

class MaxPoolGrad final : public Kernel {
 public:
  MaxPoolGrad(const Window& window, const Shape& dy, const Shape& dx, CpuDevice& device)
      : place_row_(static_cast<int32_t>(window.size[1])),
        dy_(dy),
        dx_(dx),
        device_(device),
        kernels_(DL_FOR_ISA(device.isa(), pool_kernels)),
        rows_(window, 0, dx[1], dy[1]),
        columns_(window, 1, dx[2], dy[2]) {}

  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    const float* dy = static_cast<const float*>(in[0]);
    const uint8_t* places = static_cast<const uint8_t*>(in[1]);
    float* dx = static_cast<float*>(out[0]);
    const int64_t channels = dx_[3], row_floats = dy_[2] * channels;
    device_.team().run([&](int thread) {
      const Range mine = split(dx_[0] * dx_[1], device_.team().size(), thread);
      for (int64_t row = mine.begin; row < mine.end; ++row) {
        const int64_t image = row / dx_[1] * dy_[1] * row_floats;
        const std::span<const PoolMember> rows = rows_.of(row % dx_[1]);
        for (int64_t w = 0; w < dx_[2]; ++w) {
          const std::span<const PoolMember> columns = columns_.of(w);
          kernels_.max_gradient(rows.data(), static_cast<int64_t>(rows.size()), columns.data(),
                                static_cast<int64_t>(columns.size()), place_row_, dy + image, places + image,
                                row_floats, channels, dx + (row * dx_[2] + w) * channels);
        }
      }
    });
  }

 private:
  const int32_t place_row_;
  const Shape dy_, dx_;
  CpuDevice& device_;
  const PoolKernels& kernels_;
  const Members rows_, columns_;
};

std::unique_ptr<Kernel> make_max_pool2d(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                        CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<MaxPool>(dynamic_cast<const MaxPool2d&>(op).window, inputs[0].shape, outputs[0].shape,
                                   device);
}

std::unique_ptr<Kernel> make_max_pool2d_grad(const Op& op, std::span<const Type> inputs, std::span<const Type> outputs,
                                             CpuDevice& device, std::unique_ptr<LoopRunner>) {
  return std::make_unique<MaxPoolGrad>(dynamic_cast<const MaxPool2dGrad&>(op).window, inputs[0].shape, outputs[0].shape,
                                       device);
}

DL_CPU_KERNEL("max_pool2d", make_max_pool2d);
DL_CPU_KERNEL("max_pool2d_grad", make_max_pool2d_grad);

}  // namespace
}  // namespace dl
