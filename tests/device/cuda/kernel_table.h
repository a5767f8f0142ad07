// Kernels by what the host calls them, run on emulated threads: EmulatedKernels kernels = {DL_EMULATED(GatherRows,
// gather_rows<float>), …}.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <map>
#include <string>

#include "lib/device/cuda/grid.h"
#include "tests/device/cuda/emulated_thread.h"

namespace dl::cuda {

using EmulatedKernels = std::map<std::string, void (*)(const Grid& grid, const void* arguments, unsigned order)>;

#define DL_EMULATED(arguments, ...)                                                                                  \
  {                                                                                                                  \
#__VA_ARGS__, [](const Grid & blocks, const void* a, unsigned order) {                                             \
      run_emulated(                                                                                                \
          blocks, [](const auto& t, const arguments& p) { __VA_ARGS__(t, p); }, *static_cast<const arguments*>(a), \
          order);                                                                                                  \
    } \
  }

inline void run_kernel(const EmulatedKernels& kernels, const std::string& call, const Grid& grid, const void* arguments,
                       unsigned order) {
  const auto found = kernels.find(call);
  REQUIRE_MESSAGE(found != kernels.end(), call);
  found->second(grid, arguments, order);
}

}  // namespace dl::cuda
