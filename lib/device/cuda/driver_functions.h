// The functions of NVIDIA's driver that are used, declared by hand so that no toolkit is needed to build: cuda.h of the
// CUDA toolkit 13.0, with the names that the library exports. Results and enumerations are int, handles void*,
// addresses of the GPU's memory unsigned long long. A test holds them against the header where there is one.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>

#include "lib/device/cuda/library.h"

// F(name, parameters) for each; all return a CUresult.
#define DL_DRIVER_FUNCTIONS(F)                                                                                   \
  F(cuInit, (unsigned flags))                                                                                    \
  F(cuDriverGetVersion, (int* version))                                                                          \
  F(cuGetErrorName, (int result, const char** name))                                                             \
  F(cuGetErrorString, (int result, const char** text))                                                           \
  F(cuDeviceGetCount, (int* count))                                                                              \
  F(cuDeviceGet, (int* device, int index))                                                                       \
  F(cuDeviceGetName, (char* name, int bytes, int device))                                                        \
  F(cuDeviceGetAttribute, (int* value, int attribute, int device))                                               \
  F(cuDeviceTotalMem_v2, (size_t * bytes, int device))                                                           \
  F(cuDevicePrimaryCtxRetain, (void** context, int device))                                                      \
  F(cuDevicePrimaryCtxRelease_v2, (int device))                                                                  \
  F(cuCtxSetCurrent, (void* context))                                                                            \
  F(cuMemGetInfo_v2, (size_t * free_bytes, size_t * bytes))                                                      \
  F(cuMemAlloc_v2, (unsigned long long* address, size_t bytes))                                                  \
  F(cuMemFree_v2, (unsigned long long address))                                                                  \
  F(cuMemHostAlloc, (void** memory, size_t bytes, unsigned flags))                                               \
  F(cuMemFreeHost, (void* memory))                                                                               \
  F(cuMemcpyHtoDAsync_v2, (unsigned long long to, const void* from, size_t bytes, void* stream))                 \
  F(cuMemcpyDtoHAsync_v2, (void* to, unsigned long long from, size_t bytes, void* stream))                       \
  F(cuMemcpyDtoDAsync_v2, (unsigned long long to, unsigned long long from, size_t bytes, void* stream))          \
  F(cuMemsetD8Async, (unsigned long long memory, unsigned char value, size_t bytes, void* stream))               \
  F(cuStreamCreate, (void** stream, unsigned flags))                                                             \
  F(cuStreamDestroy_v2, (void* stream))                                                                          \
  F(cuStreamSynchronize, (void* stream))                                                                         \
  F(cuStreamWaitEvent, (void* stream, void* event, unsigned flags))                                              \
  F(cuStreamBeginCapture_v2, (void* stream, int mode))                                                           \
  F(cuStreamEndCapture, (void* stream, void** graph))                                                            \
  F(cuEventCreate, (void** event, unsigned flags))                                                               \
  F(cuEventDestroy_v2, (void* event))                                                                            \
  F(cuEventRecord, (void* event, void* stream))                                                                  \
  F(cuEventSynchronize, (void* event))                                                                           \
  F(cuEventElapsedTime, (float* milliseconds, void* from, void* to))                                             \
  F(cuModuleLoadData, (void** module, const void* image))                                                        \
  F(cuModuleUnload, (void* module))                                                                              \
  F(cuModuleGetFunction, (void** function, void* module, const char* name))                                      \
  F(cuFuncSetAttribute, (void* function, int attribute, int value))                                              \
  F(cuLaunchKernel, (void* function, unsigned x, unsigned y, unsigned z, unsigned threads_x, unsigned threads_y, \
                     unsigned threads_z, unsigned shared_bytes, void* stream, void** arguments, void** extra))   \
  F(cuGraphInstantiateWithFlags, (void** executable, void* graph, unsigned long long flags))                     \
  F(cuGraphDestroy, (void* graph))                                                                               \
  F(cuGraphLaunch, (void* executable, void* stream))                                                             \
  F(cuGraphExecDestroy, (void* executable))

namespace dl::cuda {

struct DriverFunctions {
  // What of the header's enumerations is used.
  static constexpr int success = 0, out_of_memory = 2, stub_library = 34, no_device = 100, versions_differ = 803;
  static constexpr int clock_rate = 13, multiprocessor_count = 16, memory_clock_rate = 36, memory_bus_width = 37,
                       l2_cache_size = 38, capability_major = 75, capability_minor = 76;  // CUdevice_attribute
  static constexpr int max_dynamic_shared_bytes = 8;                                      // CUfunction_attribute
  static constexpr unsigned stream_non_blocking = 1, event_disable_timing = 2, host_portable = 1;
  static constexpr int capture_relaxed = 2;

  explicit DriverFunctions(const Library& library) {
#define DL_LOAD(name, parameters) library.load(name, #name);
    DL_DRIVER_FUNCTIONS(DL_LOAD)
#undef DL_LOAD
  }
#define DL_DECLARE(name, parameters) int(*name) parameters = nullptr;
  DL_DRIVER_FUNCTIONS(DL_DECLARE)
#undef DL_DECLARE
};

// make_driver() with another loader and environment, for tests.
class Driver;
std::unique_ptr<Driver> make_driver(int index, const Loader& loader, const Variable& variable);

}  // namespace dl::cuda
