// The functions of NVRTC that are used, declared by hand: nvrtc.h of the CUDA toolkit 13.0. Results are int, a program
// void*. A test holds them against the header where there is one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

#include "lib/device/cuda/library.h"

// F(name, parameters) for each; all return an nvrtcResult but nvrtcGetErrorString.
#define DL_NVRTC_FUNCTIONS(F)                                                                                       \
  F(nvrtcGetNumSupportedArchs, (int* count))                                                                        \
  F(nvrtcGetSupportedArchs, (int* all))                                                                             \
  F(nvrtcCreateProgram, (void** program, const char* text, const char* name, int headers, const char* const* texts, \
                         const char* const* names))                                                                 \
  F(nvrtcDestroyProgram, (void** program))                                                                          \
  F(nvrtcCompileProgram, (void* program, int count, const char* const* options))                                    \
  F(nvrtcGetProgramLogSize, (void* program, size_t* bytes))                                                         \
  F(nvrtcGetProgramLog, (void* program, char* log))                                                                 \
  F(nvrtcGetCUBINSize, (void* program, size_t* bytes))                                                              \
  F(nvrtcGetCUBIN, (void* program, char* image))

namespace dl::cuda {

struct NvrtcFunctions {
  static constexpr int success = 0, out_of_memory = 1, no_builtins = 7;  // nvrtcResult

  explicit NvrtcFunctions(const Library& library) {
#define DL_LOAD(name, parameters) library.load(name, #name);
    DL_NVRTC_FUNCTIONS(DL_LOAD)
#undef DL_LOAD
    library.load(nvrtcGetErrorString, "nvrtcGetErrorString");
  }
#define DL_DECLARE(name, parameters) int(*name) parameters = nullptr;
  DL_NVRTC_FUNCTIONS(DL_DECLARE)
#undef DL_DECLARE
  const char* (*nvrtcGetErrorString)(int result) = nullptr;
};

}  // namespace dl::cuda
