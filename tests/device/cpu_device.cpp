// The CPU device: its names, its memory, its errors; and that its loops take no heap memory when they run.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "lib/base/error.h"
#include "lib/device/cpu/cpu.h"
#include "tests/allocations.h"
#include "tests/device/random_loop.h"
#include "tests/error_text.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Unknown final : Op {
  std::string_view name() const override { return "unknown"; }
  std::vector<Type> infer(std::span<const Type>) const override { return {Type{}}; }
};

}  // namespace

TEST_CASE("an unknown device names the devices there are") {
  std::string known;
  for (const std::string& name : device_names()) known += (known.empty() ? "" : ", ") + name;
  Exit exit = Exit::done;
  CHECK(error_text([] { make_device("cpuu", {}); }, {}, &exit) ==
        "error: trainer.device: unknown device 'cpuu'\n  known devices: " + known + "\n  help: write 'cpu'");
  CHECK(exit == Exit::usage);
}

TEST_CASE("an operation without a kernel is named") {
  CpuDevice device({.threads = 1});
  const Type type;
  Exit exit = Exit::done;
  CHECK(error_text(
            [&] {
              device.compile(Unknown{}, {}, {&type, 1});
            },
            {}, &exit) ==
        "error: trainer.device: the device 'cpu' has no kernel for 'unknown'\n"
        "  help: write 'reference', which runs every operation, slowly");
  CHECK(exit == Exit::usage);
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
  Exit exit = Exit::done;
  const std::string text = error_text([&] { device.allocate(bytes); }, {}, &exit);
  CHECK(exit == Exit::failed);
  CHECK(text.starts_with(
      "error: cannot allocate 1152921504606846976 bytes on the device 'cpu': Cannot allocate memory\n  "));
  CHECK(text.ends_with(" MiB of memory are free\n  help: lower data.batch_size, or give the process more memory"));
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
