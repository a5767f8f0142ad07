// What this machine has for the device "cuda": GPUs, driver, libraries, and how fast the first GPU is.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/device/limits.h"

namespace dl {

struct GpuLibrary {
  std::string name, use;             // "cuDNN", "makes convolutions"
  std::string version, path;         // empty: it is not there
  std::vector<std::string> refused;  // files that are there and do not load
  std::string help;                  // what to do where it is not there; empty: nothing needs it yet
};

struct GpuSurvey {
  std::vector<std::string> gpus;  // those that can be used: "NVIDIA H200, compute capability 9.0, …"
  std::string driver;             // the version of CUDA that it knows: "13.0"; empty where there is none that works
  Problem problem;                // why no GPU can be used, or why it could not be measured; empty where all is well
  std::vector<GpuLibrary> libraries;
  std::optional<DeviceLimits> limits;
};

// Without a GPU in little time.
GpuSurvey survey_gpus();

}  // namespace dl
