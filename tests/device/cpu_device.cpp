// The CPU device: its names, its memory, its errors; and that its loops take no heap memory when they run.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/device/cpu/cpu.h"
#include "tests/allocations.h"
#include "tests/device/random_loop.h"

using namespace dl;

namespace {

struct Unknown final : Op {
  std::string_view name() const override { return "unknown"; }
  std::vector<Type> infer(std::span<const Type>) const override { return {Type{}}; }
};

Error error_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  FAIL("no error");
  return Error(Exit::done, Problem{});
}

}  // namespace

TEST_CASE("an unknown device names the devices there are") {
  const Error error = error_of([] { make_device("cpuu", {}); });
  CHECK(error.exit() == Exit::usage);
  std::string known;
  for (const std::string& name : device_names()) known += (known.empty() ? "" : ", ") + name;
  CHECK(error.what() ==
        "error: trainer.device: unknown device 'cpuu'\n  known devices: " + known + "\n  help: write 'cpu'");
}

TEST_CASE("a device that was not built says so") {
  const Error error = error_of([] { make_device("cuda", {}); });
  CHECK(error.exit() == Exit::usage);
  CHECK(std::string(error.what()) ==
        "error: trainer.device: 'cuda' is not part of this build of dlcli\n"
        "  help: write 'cpu'; this version has no CUDA kernels to build");
}

TEST_CASE("an operation without a kernel is named") {
  CpuDevice device({.threads = 1});
  const Type type;
  const Error error = error_of([&] { device.compile(Unknown{}, {}, {&type, 1}); });
  CHECK(error.exit() == Exit::usage);
  CHECK(std::string(error.what()) ==
        "error: trainer.device: the device 'cpu' has no kernel for 'unknown'\n"
        "  help: write 'reference', which runs every operation, slowly");
}

TEST_CASE("the device says how many threads it has and what they run") {
  CHECK(CpuDevice({.threads = 2}, Isa::portable).description() == "2 threads, portable");
  CHECK(CpuDevice({.threads = 1}, Isa::portable).description() == "1 thread, portable");
  CHECK(CpuDevice(DeviceOptions{}).team().size() >= 1);
}

TEST_CASE("memory is zeroed and aligned, small and large") {
  CpuDevice device({.threads = 1});
  for (int64_t bytes : {0, 4, 100, 1 << 20, (8 << 20) + 12}) {
    auto* memory = static_cast<char*>(device.allocate(bytes));
    CHECK(reinterpret_cast<uintptr_t>(memory) % 64 == 0);
    CHECK(std::all_of(memory, memory + bytes, [](char c) { return c == 0; }));
    std::vector<char> data(static_cast<size_t>(bytes), 'x'), back(data.size());
    device.copy_in(memory, data.data(), bytes);
    device.copy_out(back.data(), memory, bytes);
    CHECK(back == data);
    device.release(memory, bytes);
  }
}

TEST_CASE("memory that cannot be had is an error that says how much and what to lower") {
  CpuDevice device({.threads = 1});
  const int64_t bytes = int64_t{1} << 60;
  const Error error = error_of([&] { device.allocate(bytes); });
  CHECK(error.exit() == Exit::failed);
  CHECK(error.what() == concat("error: cannot allocate 1152921504606846976 bytes on the device 'cpu': Cannot allocate "
                               "memory\n  ",
                               error.problems()[0].notes.at(0),
                               "\n  help: lower data.batch_size, or give the process more memory"));
  CHECK(error.problems()[0].notes[0].ends_with(" MiB of memory are free"));
}

TEST_CASE("a loop takes no heap memory when it runs") {
  CpuDevice device({.threads = 2});
  for (uint32_t seed = 0; seed < 20; ++seed) {
    testing::RandomLoop random(seed, 700, 61, false);
    const auto kernel = device.compile(LoopOp(random.loop, random.outputs), random.types, random.outputs);
    std::vector<void*> in, out;
    for (size_t i = 0; i < random.types.size(); ++i) {
      in.push_back(device.allocate(random.types[i].bytes()));
      device.copy_in(in[i], random.data[i].data(), random.types[i].bytes());
    }
    for (const Type& type : random.outputs) out.push_back(device.allocate(type.bytes()));
    void* scratch = device.allocate(kernel->scratch_bytes());
    const int64_t before = testing::allocations();
    kernel->run(in, out, scratch);
    CHECK(testing::allocations() == before);
    for (size_t i = 0; i < in.size(); ++i) device.release(in[i], random.types[i].bytes());
    for (size_t i = 0; i < out.size(); ++i) device.release(out[i], random.outputs[i].bytes());
    device.release(scratch, kernel->scratch_bytes());
  }
}
