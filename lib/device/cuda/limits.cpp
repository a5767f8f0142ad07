// What the GPU can do at most, measured: products as large as networks have, and copies beyond its caches.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "lib/base/random.h"
#include "lib/device/cuda/cuda.h"
#include "lib/device/cuda/handles.h"
#include "lib/device/cuda/product.h"
#include "lib/device/cuda/room.h"

namespace dl::cuda {
namespace {

// The least time of some runs after the first, by the device's clock.
template <class Run>
double least_seconds(CudaDevice& device, Run run) {
  Driver& driver = device.driver();
  const Owned<Event> begin(driver, driver.make_event(true)), end(driver, driver.make_event(true));
  double least = std::numeric_limits<double>::infinity();
  for (int turn = 0; turn < 5; ++turn) {
    driver.record(begin.get(), device.stream());
    run();
    driver.record(end.get(), device.stream());
    driver.wait(end.get());
    if (turn > 0) least = std::min(least, driver.seconds(begin.get(), end.get()));
  }
  return least;
}

// Per second, of side x side x side. The numbers are random: a GPU takes less power, and is faster, for equal ones.
double product_flops(CudaDevice& device, DType factors, int64_t side) {
  const Product product(device, {.factors = factors, .m = side, .n = side, .k = side});
  device.compile_new_code();
  const int64_t factor_bytes = side * side * bytes_of(factors);
  const Room a(device, factor_bytes), b(device, factor_bytes), c(device, side * side * 4),
      scratch(device, std::max<int64_t>(product.scratch_bytes(), 1));
  std::vector<uint32_t> numbers(static_cast<size_t>(factor_bytes / 4));
  for (size_t i = 0; i < numbers.size(); ++i)  // two bf16, or an f32, of magnitudes from 1/2 to 2
    numbers[i] = (random_bits(1, 0, i) & 0x80ff80ffu) | 0x3f003f00u;
  for (const Room* room : {&a, &b}) device.copy_in(room->data(), numbers.data(), factor_bytes);
  const double seconds = least_seconds(
      device, [&] { product.run(a.data(), b.data(), reinterpret_cast<float*>(c.data()), scratch.data()); });
  const auto n = static_cast<double>(side);
  return 2 * n * n * n / seconds;
}

// Read and written, per second, by copies of so many bytes, over and over.
double copied_bytes(CudaDevice& device, int64_t bytes) {
  const Room from(device, bytes), to(device, bytes);
  const double seconds = least_seconds(device, [&] {
    for (int turn = 0; turn < 4; ++turn) device.copy(to.data(), from.data(), bytes);
  });
  return 4 * 2 * static_cast<double>(bytes) / seconds;
}

}  // namespace

std::optional<DeviceLimits> CudaDevice::measure_limits() {
  const int64_t room = driver().free_bytes() / 4;
  // Three matrices of f32, and what they are copied through.
  int64_t side = 8192, copied = int64_t{512} << 20;
  while (side > 256 && 12 * side * side > room) side /= 2;
  while (copied > 1 << 20 && 2 * copied > room) copied /= 2;
  DeviceLimits limits;
  limits.f32_flops = product_flops(*this, DType::f32, std::min<int64_t>(side, 4096));
  limits.bf16_flops = std::max(limits.f32_flops, product_flops(*this, DType::bf16, side));
  const int64_t cached = gpu_.l2_bytes / 4;  // both halves of the copy, and as much for others
  if (cached >= 1 << 20)
    limits.levels.push_back({"L2 cache", static_cast<double>(gpu_.l2_bytes) / 2, copied_bytes(*this, cached)});
  limits.levels.push_back({"memory", std::numeric_limits<double>::infinity(), copied_bytes(*this, copied)});
  return limits;
}

}  // namespace dl::cuda
