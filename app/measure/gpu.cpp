// Each part asked by itself, so that one that is missing hides no other.
// SPDX-License-Identifier: Apache-2.0
#include "app/measure/gpu.h"

#include "lib/base/text.h"
#include "lib/device/cuda/library.h"
#include "lib/device/cuda/parts.h"

namespace dl {
namespace {

constexpr int newest_cuda = 99;  // where there is no driver to say which libraries run with it

std::string text_of(const cuda::Gpu& gpu) {
  return concat(gpu.name, ", compute capability ", gpu.major, ".", gpu.minor, ", ",
                bytes_text(static_cast<double>(gpu.memory_bytes)), ", ", gpu.multiprocessors, " multiprocessors");
}

GpuLibrary look_for(const cuda::LibraryFinder& finder, const cuda::LibraryKind& kind, int cuda) {
  cuda::FoundLibrary found = finder.find(kind, cuda);
  return {.name = kind.title,
          .use = kind.use,
          .version = found.library ? found.library->version : "",
          .path = found.library ? found.library->path : "",
          .refused = std::move(found.refused),
          .help = &kind == &cuda::nccl_library() ? "" : cuda::how_to_install(kind, cuda)};
}

}  // namespace

GpuSurvey survey_gpus() {
  GpuSurvey survey;
  int cuda = newest_cuda;
  try {
    for (int index = 0; index < 64; ++index) {
      const std::unique_ptr<cuda::Driver> driver = cuda::make_driver(index);
      survey.driver = driver->version();
      survey.gpus.push_back(text_of(driver->gpu()));
      cuda = cuda::cuda_of(*driver);
    }
  } catch (const Error& error) {  // the one after the last, or all there is
    if (survey.gpus.empty()) survey.problem = error.problems().front();
  }
  const cuda::LibraryFinder finder;
  for (const cuda::LibraryKind* kind :
       {&cuda::nvrtc_library(), &cuda::cublas_lt_library(), &cuda::cudnn_library(), &cuda::nccl_library()})
    survey.libraries.push_back(look_for(finder, *kind, cuda));
  if (survey.gpus.empty()) return survey;
  try {
    survey.limits = make_device("cuda", {})->measure_limits();
  } catch (const Error& error) {
    survey.problem = error.problems().front();
  }
  return survey;
}

}  // namespace dl
