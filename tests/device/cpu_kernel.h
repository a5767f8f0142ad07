// Runs one operation's CPU kernel by itself, on every instruction set of this machine and on 1 to 4 threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "lib/device/cpu/cpu.h"
#include "tests/amx/emulated_gemm.h"
#include "tests/evaluate.h"

namespace dl::testing {

// Memory as a device gives it, 64-byte aligned, but not a byte longer than asked, so that a sanitizer sees what is read
// beyond; and filled so that what is not written shows: NaN, or 255 in bytes.
class Buffer {
 public:
  explicit Buffer(int64_t bytes)
      : bytes_(static_cast<size_t>(bytes)), data_(::operator new (bytes_, std::align_val_t{64})) {
    std::memset(data(), 0xFF, bytes_);
  }
  void* data() { return data_.get(); }
  template <class T>
  std::vector<T> values() {
    std::vector<T> all(bytes_ / sizeof(T));
    std::memcpy(all.data(), data(), bytes_);
    return all;
  }
  void fill(const void* from) { std::memcpy(data(), from, bytes_); }

 private:
  struct Free {
    void operator()(void* memory) const { ::operator delete (memory, std::align_val_t{64}); }
  };
  size_t bytes_;
  std::unique_ptr<void, Free> data_;
};

// The outputs of one run; the working memory starts as NaN too. `unread`: an output that nobody reads, if above 0.
inline std::vector<Buffer> run_kernel(const Op& op, std::span<const Type> types, std::span<const void* const> inputs,
                                      CpuDevice& device, int unread = 0) {
  const std::vector<Type> output_types = op.infer(types);
  const std::unique_ptr<Kernel> kernel = device.compile(op, types, output_types);
  if (unread > 0) kernel->unread(unread);
  std::vector<Buffer> in, out;
  for (size_t i = 0; i < types.size(); ++i) {
    in.emplace_back(types[i].bytes());
    in.back().fill(inputs[i]);
  }
  for (const Type& type : output_types) out.emplace_back(type.bytes());
  Buffer scratch(kernel->scratch_bytes());
  std::vector<void*> in_data, out_data;
  for (Buffer& b : in) in_data.push_back(b.data());
  for (Buffer& b : out) out_data.push_back(b.data());
  kernel->run(in_data, out_data, scratch.data());
  return out;
}

// Calls f(make) for each instruction set, where make(threads) gives a device; with `bf16` once more for emulated tiles.
template <class F>
void on_every_processor(bool bf16, F f) {
  for (Isa isa : supported_isas()) {
    f([isa](int threads) { return std::make_unique<CpuDevice>(DeviceOptions{.threads = threads}, isa); });
  }
  if (!bf16) return;
  f([](int threads) {
    return std::make_unique<CpuDevice>(DeviceOptions{.threads = threads}, amx_emulated::bf16_gemm_kernels);
  });
}

// Calls f(device) for each of them and number of threads.
template <class F>
void on_every_device(bool bf16, F f) {
  on_every_processor(bf16, [&](auto make) {
    for (int threads = 1; threads <= 4; ++threads) {
      const std::unique_ptr<CpuDevice> device = make(threads);
      CAPTURE(device->description());
      f(*device);
    }
  });
}

// Runs op on every device: element i of the first output must be expected[i] within tolerance * size[i], and the
// bits must be the same for every number of threads.
inline void check_floats(const Op& op, std::span<const Type> types, std::span<const void* const> inputs,
                         const std::vector<double>& expected, const std::vector<double>& size,
                         double tolerance = 1e-6) {
  on_every_processor(types[0].dtype == DType::bf16, [&](auto make) {
    std::vector<float> first;
    for (int threads = 1; threads <= 4; ++threads) {
      const std::unique_ptr<CpuDevice> device = make(threads);
      INFO(op.name(), " ", op.attributes(), " on ", device->description());
      const std::vector<float> y = run_kernel(op, types, inputs, *device)[0].values<float>();
      REQUIRE(y.size() == expected.size());
      int64_t wrong = 0;
      for (size_t i = 0; i < y.size(); ++i) wrong += !(std::abs(y[i] - expected[i]) <= tolerance * size[i]);
      CHECK(wrong == 0);
      if (threads == 1) first = y;
      CHECK(std::memcmp(first.data(), y.data(), y.size() * sizeof(float)) == 0);
    }
  });
}

}  // namespace dl::testing
