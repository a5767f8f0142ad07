// The device "cuda" by its name, and those of the GPUs by their numbers: "cuda:1".
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <utility>

#include "lib/device/cuda/parts.h"

namespace dl::cuda {
namespace {

template <int index>
std::unique_ptr<Device> make_cuda(const DeviceOptions& options) {
  return std::make_unique<CudaDevice>(find_parts(index), options);
}

const DeviceRegistration cuda("cuda", make_cuda<0>);

constexpr int most_gpus = 16;  // of a machine

template <int... index>
std::array<DeviceRegistration, sizeof...(index)> numbered(std::integer_sequence<int, index...>) {
  return {DeviceRegistration(concat("cuda:", index).c_str(), make_cuda<index>)...};
}

const auto all = numbered(std::make_integer_sequence<int, most_gpus>());

}  // namespace
}  // namespace dl::cuda
