// Libraries by the driver's version.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/parts.h"

#include <cstdlib>

#include "lib/base/error.h"
#include "lib/device/cuda/cublas_lt.h"
#include "lib/device/cuda/cudnn.h"
#include "lib/device/cuda/nvrtc.h"

namespace dl::cuda {

namespace {

std::unique_ptr<Compiler> make_compiler(const Gpu& gpu, const LibraryFinder& finder, int cuda, CubinCache cache) {
  FoundLibrary found = finder.find(nvrtc_library(), cuda);
  if (!found.library)
    throw Error(Exit::usage, Problem{.path = "trainer.device",
                                     .what = "NVRTC, which compiles kernels for the GPU at hand, is not found",
                                     .notes = std::move(found.refused),
                                     .help = concat(how_to_install(nvrtc_library(), cuda), ", or write 'cpu'")});
  return std::make_unique<Nvrtc>(std::move(found.library), gpu.major, gpu.minor, std::move(cache));
}

}  // namespace

int cuda_of(const Driver& driver) { return std::atoi(driver.version().c_str()); }

Parts find_parts(std::unique_ptr<Driver> driver, const LibraryFinder& finder, CubinCache cache) {
  const int cuda = cuda_of(*driver);
  Parts parts;
  parts.compiler = make_compiler(driver->gpu(), finder, cuda, std::move(cache));
  parts.driver = std::move(driver);
  // cuBLASLt first: cuDNN, which wants it by its name, finds it loaded.
  if (const auto library = finder.find(cublas_lt_library(), cuda).library) {
    parts.cublas_lt = load_cublas_lt(*library);
    parts.libraries = "cuBLASLt " + library->version;
  }
  if (const auto library = finder.find(cudnn_library(), cuda).library) {
    parts.cudnn = load_cudnn(*library);
    parts.libraries += concat(parts.libraries.empty() ? "" : ", ", "cuDNN ", library->version);
  }
  return parts;
}

Parts find_parts(int index) { return find_parts(make_driver(index), LibraryFinder(), CubinCache::of_user()); }

}  // namespace dl::cuda
