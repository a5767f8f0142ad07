// Putting the emulated parts together.
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/cuda/emulated_device.h"

#include "tests/device/cuda/emulated_compiler.h"
#include "tests/device/cuda/emulated_cublas_lt.h"
#include "tests/device/cuda/emulated_cudnn.h"

namespace dl::cuda {
namespace {

template <bool libraries>
std::unique_ptr<Device> made_for_all_tests(const DeviceOptions& options) {
  return make_emulated_device(options, {}, {.cublas_lt = libraries, .cudnn = libraries});
}

const DeviceRegistration emulated("cuda (emulated)", made_for_all_tests<true>);
const DeviceRegistration without_libraries("cuda (no libraries)", made_for_all_tests<false>);

}  // namespace

std::unique_ptr<CudaDevice> make_emulated_device(const DeviceOptions& options, const EmulatedGpu& gpu,
                                                 EmulatedLibraries libraries) {
  Parts parts{.driver = make_emulated_driver(gpu), .compiler = make_emulated_compiler()};
  if (!parts.compiler)
    throw Error(Exit::usage, Problem{.what = "the emulated GPU needs a C++ compiler", .help = "install g++"});
  if (libraries.cublas_lt) parts.cublas_lt = emulated_cublas_lt({.begin = begin_in, .adds_bias = libraries.adds_bias});
  if (libraries.cudnn) parts.cudnn = emulated_cudnn({.begin = begin_in});
  return std::make_unique<CudaDevice>(std::move(parts), options);
}

}  // namespace dl::cuda
