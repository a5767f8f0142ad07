// The CPU's max_pool2d and its gradient against plain loops.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/pool.h"
#include "tests/device/cpu_kernel.h"

namespace dl {
namespace {

struct Case {
  Shape x;
  Window window;
};

const Case cases[] = {
    {{2, 6, 8, 6}, {.size = {2, 2}, .stride = {2, 2}}},
    {{3, 7, 5, 16}, {.size = {2, 2}, .stride = {2, 2}}},
    {{1, 9, 10, 33}, {.size = {3, 3}, .stride = {2, 2}, .pad_before = {1, 1}, .pad_after = {1, 1}}},
    {{2, 5, 6, 1}, {.size = {3, 2}, .stride = {1, 1}, .pad_before = {1, 0}, .pad_after = {0, 1}}},
    {{1, 11, 9, 20}, {.size = {2, 3}, .stride = {3, 1}, .pad_before = {0, 2}, .pad_after = {3, 2}, .dilation = {2, 2}}},
    {{2, 8, 30, 3}, {.size = {2, 2}, .stride = {2, 2}}},
    {{1, 6, 41, 1}, {.size = {3, 3}, .stride = {2, 2}, .pad_before = {1, 1}, .pad_after = {1, 1}}},
    {{1, 5, 23, 10}, {.size = {3, 3}, .stride = {1, 1}, .pad_before = {0, 2}, .pad_after = {2, 1}}},
    {{2, 4, 4, 17}, {.size = {1, 1}, .stride = {3, 3}, .pad_before = {1, 1}, .pad_after = {1, 1}}},
};

}  // namespace

TEST_CASE("max_pool2d finds the first largest of each window, and its gradient goes back there") {
  for (const Case& c : cases) {
    const Window& w = c.window;
    const MaxPool2d op(w);
    const Type x{DType::f32, c.x};
    const Type y = op.infer(std::vector<Type>{x})[0];
    std::vector<float> values = testing::random_numbers(x.shape.elements(), 1, -0.5f, 0.5f);
    for (float& v : values) v = std::floor(v * 4);  // many equals
    values[values.size() / 2] = std::numeric_limits<float>::quiet_NaN();
    values[values.size() / 3] = -std::numeric_limits<float>::infinity();
    const std::vector<float> dy = testing::random_numbers(y.shape.elements(), 2, -0.5f, 0.5f);

    std::vector<float> largest(dy.size(), -std::numeric_limits<float>::infinity());
    std::vector<uint8_t> places(dy.size(), 0);
    std::vector<double> dx(values.size()), size(values.size(), 1.0);
    for (int64_t at = 0; at < y.shape.elements(); ++at) {
      const int64_t channel = at % c.x[3], ow = at / c.x[3] % y.shape[2], oh = at / c.x[3] / y.shape[2] % y.shape[1];
      const int64_t image = at / c.x[3] / y.shape[2] / y.shape[1];
      const size_t o = static_cast<size_t>(at);
      int64_t from = -1;
      for (int64_t k = 0; k < w.size[0] * w.size[1]; ++k) {
        const int64_t h = oh * w.stride[0] + k / w.size[1] * w.dilation[0] - w.pad_before[0];
        const int64_t v = ow * w.stride[1] + k % w.size[1] * w.dilation[1] - w.pad_before[1];
        if (h < 0 || h >= c.x[1] || v < 0 || v >= c.x[2] || std::isnan(largest[o])) continue;
        const int64_t i = ((image * c.x[1] + h) * c.x[2] + v) * c.x[3] + channel;
        const float value = values[static_cast<size_t>(i)];
        if (from >= 0 && !(value > largest[o]) && !std::isnan(value)) continue;
        largest[o] = value;
        places[o] = static_cast<uint8_t>(k);
        from = i;
      }
      if (from >= 0) dx[static_cast<size_t>(from)] += dy[o];
    }

    testing::on_every_device(false, [&](CpuDevice& device) {
      CAPTURE(w.text());
      const Type types[] = {x};
      const void* inputs[] = {values.data()};
      std::vector<testing::Buffer> out = testing::run_kernel(op, types, inputs, device);
      const std::vector<float> y_values = out[0].values<float>();
      int64_t wrong = 0;
      for (size_t i = 0; i < y_values.size(); ++i) {
        wrong += y_values[i] != largest[i] && !(std::isnan(y_values[i]) && std::isnan(largest[i]));
      }
      CHECK(wrong == 0);
      CHECK(out[1].values<uint8_t>() == places);
      std::vector<testing::Buffer> alone = testing::run_kernel(op, types, inputs, device, 1);
      CHECK(std::memcmp(alone[0].data(), out[0].data(), y_values.size() * sizeof(float)) == 0);
      CHECK(std::ranges::count(alone[1].values<uint8_t>(), 0xFF) == std::ssize(places));  // as it was
    });
    const Type types[] = {y, {DType::u8, y.shape}};
    const void* inputs[] = {dy.data(), places.data()};
    testing::check_floats(MaxPool2dGrad(w, c.x), types, inputs, dx, size);
  }
}

}  // namespace dl
