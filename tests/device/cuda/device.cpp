// The device "cuda" over its emulated driver: kernels from text, memory, errors.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>

#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/cross_entropy.h"
#include "lib/graph/ops/pool.h"
#include "tests/device/cuda/emulated_device.h"
#include "tests/device/cuda/run_kernel.h"
#include "tests/error_text.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::cuda;
using dl::testing::Numbers;

namespace {

constexpr int n = 150;

struct Scale {
  const float* x;
  float* y;
  float factor;
  int n;
};

KernelSource scale_source() {
  return {.text = R"(
struct Scale { const float* x; float* y; float factor; int n; };
template <class Thread> void scale(const Thread& t, const Scale& p) {
  for (int i = t.block() * t.count() + t.index(); i < p.n; i += t.blocks() * t.count()) p.y[i] = p.factor * p.x[i];
}
)",
          .call = "scale",
          .arguments = "Scale",
          .threads = 64};
}

// y = 2 x.
struct Doubled final : Op {
  std::string_view name() const override { return "doubled"; }
  std::vector<Type> infer(std::span<const Type> inputs) const override { return {inputs[0]}; }
};

bool refuses = false;  // to run

class DoubledKernel final : public Kernel {
 public:
  DoubledKernel(CudaDevice& device, int n) : n_(n), scale_(device, scale_source(), {.x = 3, .threads = 64}) {}
  void run(std::span<void* const> in, std::span<void* const> out, void*) override {
    if (refuses) throw Error(Exit::failed, Problem{.what = "not now"});
    scale_({static_cast<const float*>(in[0]), static_cast<float*>(out[0]), 2.0f, n_});
  }

 private:
  const int n_;
  const Launch<Scale> scale_;
};

std::unique_ptr<Kernel> make_doubled(const Op&, std::span<const Type> inputs, std::span<const Type>,
                                     CudaDevice& device) {
  return std::make_unique<DoubledKernel>(device, static_cast<int>(inputs[0].shape.elements()));
}

DL_CUDA_KERNEL("doubled", make_doubled);

// v = 4 x, and y = 2 x.
void double_twice(Graph& g) {
  const Value x = input(g, "x", {DType::f32, {n}});
  const Value y = g.add_one(std::make_shared<Doubled>(), {x});
  g.output("y", y);
  g.assign("v", g.add_one(std::make_shared<Doubled>(), {y}));
}

}  // namespace

TEST_CASE("a program is launched again and again with what was fed last") {
  for (unsigned seed = 0; seed < 8; ++seed) {
    CAPTURE(seed);
    const std::unique_ptr<CudaDevice> device = make_emulated_device({}, {.seed = seed});
    Store store(*device);
    store.declare({.name = "v", .type = {DType::f32, {n}}});
    Graph g;
    double_twice(g);
    Program program(g, store);
    HostMemory fed[2] = {HostMemory(*device, n * 4), HostMemory(*device, n * 4)};
    const auto feed = [&](int turn) {
      const auto x = fed[turn % 2].as<float>();
      for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(turn * 1000) + static_cast<float>(i);
      program.feed("x", x);
    };
    feed(0);
    for (int turn = 0; turn < 5; ++turn) {
      program.launch();
      feed(turn + 1);  // while it is at work
      program.wait();
      const auto x = static_cast<float>(turn * 1000 + 7);
      CHECK(program.read("y")[7] == 2 * x);
      CHECK(store.read("v")[7] == 4 * x);
    }
    program.run_timed();
    CHECK(program.kernel_calls().size() == 2);
    CHECK(program.kernel_calls()[0].seconds >= 0);
  }
}

TEST_CASE("a kernel that refuses while a step is recorded leaves the device to others") {
  const std::unique_ptr<CudaDevice> device = make_emulated_device({});
  Store store(*device);
  store.declare({.name = "v", .type = {DType::f32, {n}}});
  Graph g;
  double_twice(g);
  Program program(g, store);
  const Numbers x(n, 3.0f);
  const auto run = [&] {
    program.feed("x", x);
    program.run();
  };
  run();  // by itself; the next is recorded
  refuses = true;
  CHECK(dl::testing::error_text(run) == "error: not now");
  refuses = false;
  CHECK(store.read("v")[7] == 12);
  run();
  CHECK(program.read("y")[7] == 6);
}

TEST_CASE("memory is released though the GPU fails") {
  const std::unique_ptr<CudaDevice> device = make_emulated_device({});
  const int64_t free = device->free_bytes();
  void* some = device->allocate(1000);
  for (int waits = 0; waits < 3; ++waits)
    begin_in(device->stream(), [] { throw Error(Exit::failed, Problem{.what = "an illegal memory access"}); });
  Numbers numbers(250);
  CHECK(dl::testing::error_text([&] { device->copy_out(numbers.data(), some, 1000); }) ==
        "error: an illegal memory access");
  device->release(some, 1000);  // as destructors do
  CHECK(device->free_bytes() == free);
}

TEST_CASE("equal texts are one kernel") {
  const std::unique_ptr<CudaDevice> device = make_emulated_device({});
  KernelSource other = scale_source();
  other.threads = 32;
  CHECK(device->code(scale_source()) == device->code(scale_source()));
  CHECK(device->code(scale_source()) != device->code(other));
}

TEST_CASE("of no samples nothing is launched, and what is summed over them is 0") {
  const std::unique_ptr<CudaDevice> device = make_emulated_device({});
  // The last output, where it has elements.
  const auto made = [&](const Op& op, const std::vector<Type>& inputs) {
    const std::vector<Type> outputs = op.infer(inputs);
    const std::unique_ptr<Kernel> kernel = device->compile(op, inputs, outputs);
    std::vector<DeviceMemory> memory;
    std::vector<void*> in, out;
    for (const Type& type : inputs) in.push_back(memory.emplace_back(*device, type.bytes()).data());
    for (const Type& type : outputs) out.push_back(memory.emplace_back(*device, type.bytes()).data());
    const DeviceMemory scratch(*device, kernel->scratch_bytes());
    device->compile_new_code();
    kernel->run(in, out, scratch.data());
    device->driver().wait(device->stream());
    return outputs.back().bytes() > 0 ? memory.back().read(outputs.back()) : Numbers{};
  };
  Window window{.rank = 2};
  window.size = {3, 3, 1};
  const Type x{DType::f32, {0, 5, 5, 4}}, weight{DType::f32, {8, 4, 3, 3}}, y{DType::f32, {0, 3, 3, 8}};
  CHECK(made(Convolution(window, 1), {x, weight}).empty());
  CHECK(made(ConvolutionGradInput(window, 1, x.shape), {y, weight}).empty());
  CHECK(made(ConvolutionGradWeight(window, 1, weight.shape), {x, y}) == Numbers(8 * 4 * 3 * 3, 0.0f));
  CHECK(made(MaxPool2d(window), {x}).empty());
  const Type rows{DType::f32, {0, 6}}, classes{DType::f32, {9, 6}}, bias{DType::f32, {9}}, d{DType::f32, {0}};
  CHECK(made(LinearCrossEntropy(0, true, true), {rows, classes, {DType::i32, {0}}, bias, d}) == Numbers(9, 0.0f));
}

TEST_CASE("memory that a GPU does not have is an error that says what to lower") {
  const std::unique_ptr<CudaDevice> device =
      make_emulated_device({}, {.gpu = {.name = "small GPU", .memory_bytes = 1 << 20}});
  void* some = device->allocate(1000);
  const std::string text = dl::testing::error_text([&] { device->allocate(int64_t{1} << 21); });
  CHECK(text.find("cannot allocate 2097152 bytes on the device 'cuda', small GPU") != std::string::npos);
  CHECK(text.find("0 MiB of its 1 MiB are free") != std::string::npos);
  CHECK(text.find("lower data.batch_size") != std::string::npos);
  Numbers numbers(250);
  device->copy_out(numbers.data(), some, 1000);
  CHECK(std::ranges::all_of(numbers, [](float x) { return x == 0; }));
  device->release(some, 1000);
}

TEST_CASE("a GPU's limits are measured in the memory that it has") {
  const std::unique_ptr<CudaDevice> device =
      make_emulated_device({}, {.gpu = {.name = "small GPU", .memory_bytes = 6 << 20, .l2_bytes = 8 << 20}});
  const auto limits = device->measure_limits();
  REQUIRE(limits);
  CHECK(limits->f32_flops > 0);
  CHECK(limits->bf16_flops >= limits->f32_flops);
  CHECK(limits->levels.size() == 2);
  CHECK(limits->levels.back().bytes_per_s > 0);
  CHECK(device->driver().free_bytes() == 6 << 20);
}
