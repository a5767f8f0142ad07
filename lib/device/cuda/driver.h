// What the device "cuda" needs of a GPU's driver, whose functions the real one (libcuda.so.1, by dlopen) and the
// emulated one of the tests provide. Errors are dl::Error with the driver's own words; a refused allocation is
// OutOfMemory.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/device/cuda/grid.h"

// What the driver's handles point to.
struct CUstream_st;
struct CUevent_st;
struct CUfunc_st;
struct CUmod_st;
struct CUgraphExec_st;

namespace dl::cuda {

using Stream = CUstream_st*;
using Event = CUevent_st*;
using Function = CUfunc_st*;
using Module = CUmod_st*;
using CapturedGraph = CUgraphExec_st*;

struct Gpu {
  std::string name;          // "NVIDIA H200"
  int major = 0, minor = 0;  // compute capability
  int64_t memory_bytes = 0;
  int multiprocessors = 0;
  int clock_khz = 0, memory_clock_khz = 0, memory_bus_bits = 0;
  int64_t l2_bytes = 0;
};

// One GPU, chosen when the driver was made. All is done in the streams' order; calls return at once where nothing else
// is said.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual Gpu gpu() const = 0;
  virtual std::string version() const = 0;  // of the driver: "13.0"

  // Makes it the GPU that libraries mean on this thread; all else here does so by itself.
  virtual void make_current() const {}

  virtual int64_t free_bytes() const = 0;
  virtual void* allocate(int64_t bytes) = 0;  // 256-byte aligned, not cleared; null where there is no room
  virtual void release(void* memory) = 0;
  virtual void* allocate_host(int64_t bytes) = 0;  // pinned; null where there is no room
  virtual void release_host(void* memory) = 0;

  virtual Stream make_stream() = 0;
  virtual void release(Stream stream) = 0;
  virtual void wait(Stream stream) = 0;  // until all that was begun in it is done
  virtual Event make_event(bool timed) = 0;
  virtual void release(Event event) = 0;
  virtual void record(Event event, Stream stream) = 0;
  virtual void wait(Event event) = 0;                      // the host
  virtual void wait_in(Stream stream, Event event) = 0;    // what is begun in the stream afterwards
  virtual double seconds(Event from, Event to) const = 0;  // both timed and done

  // Memory of the host given here is pinned, or the copy is done when the call returns.
  virtual void copy_in(void* device, const void* host, int64_t bytes, Stream stream) = 0;
  virtual void copy_out(void* host, const void* device, int64_t bytes, Stream stream) = 0;
  virtual void copy(void* to, const void* from, int64_t bytes, Stream stream) = 0;
  virtual void fill(void* memory, unsigned char value, int64_t bytes, Stream stream) = 0;

  virtual Module load(const std::string& image) = 0;  // what the compiler made
  virtual void release(Module module) = 0;
  virtual Function function(Module module, const std::string& name) = 0;
  // Lets a kernel have more than 48 KiB of shared memory.
  virtual void allow_shared(Function function, int bytes) = 0;
  // `arguments`: the kernel's one struct, copied before this returns.
  virtual void launch(Function function, const Grid& grid, const void* arguments, size_t bytes, Stream stream) = 0;

  // What is begun in the stream between the two is not done but recorded, to be launched as a whole any number of
  // times.
  virtual void begin_capture(Stream stream) = 0;
  virtual CapturedGraph end_capture(Stream stream) = 0;
  virtual void launch(CapturedGraph graph, Stream stream) = 0;
  virtual void release(CapturedGraph graph) = 0;
};

// GPU `index` of those that CUDA_VISIBLE_DEVICES leaves. Throws Error(Exit::usage) that says what is missing: the
// library, a driver that is new enough, the GPU.
std::unique_ptr<Driver> make_driver(int index);

}  // namespace dl::cuda
