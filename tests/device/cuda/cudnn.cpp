// Convolutions by cuDNN: what its descriptors are told makes them, which of its ways are taken, and the real library.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cuda/cudnn.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "lib/base/error.h"
#include "lib/device/cuda/library.h"
#include "lib/graph/ops/convolution.h"
#include "tests/device/cuda/convolution_sums.h"
#include "tests/device/cuda/emulated_cudnn.h"
#include "tests/device/cuda/emulated_device.h"
#include "tests/evaluate.h"

using namespace dl;
using namespace dl::cuda;

namespace {

using Makes = CudnnConvolution::Makes;

// From [outs][depth][taps] to [outs][taps][depth], or back.
Numbers turned(const Numbers& weight, const ConvolutionShapes& s, bool back) {
  Numbers to(weight.size());
  const int64_t taps = s.taps(), depth = s.depth();
  for (int64_t o = 0; o < s.weight[0]; ++o)
    for (int64_t d = 0; d < depth; ++d)
      for (int64_t tap = 0; tap < taps; ++tap) {
        const auto stored = static_cast<size_t>((o * depth + d) * taps + tap),
                   outside = static_cast<size_t>((o * taps + tap) * depth + d);
        back ? to[stored] = weight[outside] : to[outside] = weight[stored];
      }
  return to;
}

void check(const Cudnn& cudnn, const ConvolutionShapes& s) {
  CAPTURE(s.window.text());
  CAPTURE(s.x.text());
  CAPTURE(s.weight.text());
  const Numbers x = numbers(s.x, 1), w = numbers(s.weight, 2), dy = numbers(s.y, 3);
  const Products expected = expected_products(s, x, w, dy);
  const Factor fx(x, s.bf16), fw(turned(w, s, false), s.bf16), fdy(dy, s.bf16);
  const auto planned = [&](Makes makes) {
    auto plan = CudnnConvolution::plan(cudnn, s, makes);
    REQUIRE(plan);
    return plan;
  };
  std::vector<std::byte> workspace(1024);
  Numbers y(dy.size(), NAN), dx(x.size(), NAN), dw(w.size(), NAN);
  planned(Makes::y)->run(fx.data(), fw.data(), y.data(), workspace.data(), nullptr);
  planned(Makes::dx)->run(dx.data(), fw.data(), fdy.data(), workspace.data(), nullptr);
  planned(Makes::dw)->run(fx.data(), dw.data(), fdy.data(), workspace.data(), nullptr);
  CHECK(worst_difference(y, expected.y) < 1e-6);
  CHECK(worst_difference(dx, expected.dx) < 1e-6);
  CHECK(worst_difference(turned(dw, s, true), expected.dw) < 1e-6);
}

// The engine that is taken of those that the library names; -1: none.
int engine_for(std::vector<EmulatedEngine> engines, bool bf16, bool tf32) {
  std::vector<int> taken;
  const auto cudnn = emulated_cudnn({.engines = std::move(engines), .taken = &taken});
  ConvolutionShapes s = shapes_of({.size = {1, 1}}, 1, {1, 1}, 1, 8, 8);
  s.bf16 = bf16;
  s.tf32 = tf32;
  const auto plan = CudnnConvolution::plan(*cudnn, s, Makes::y);
  if (!plan) return -1;
  const Numbers x(8), w(64);
  Numbers y(8);
  std::vector<std::byte> workspace(static_cast<size_t>(plan->workspace_bytes()));
  plan->run(x.data(), w.data(), y.data(), workspace.data(), nullptr);
  return taken.back();
}

}  // namespace

TEST_CASE("what cuDNN is told of a convolution makes it, and its gradients") {
  const auto cudnn = emulated_cudnn();
  for (const bool bf16 : {false, true}) {
    const auto with = [&](ConvolutionShapes s) {
      s.bf16 = bf16;
      check(*cudnn, s);
    };
    with(shapes_of({.size = {3, 2}, .stride = {2, 1}, .pad_before = {1, 0}, .pad_after = {0, 1}, .dilation = {1, 2}}, 2,
                   {6, 7}, 1, 3, 5));
    with(shapes_of({.size = {3, 3}, .pad_before = {1, 1}, .pad_after = {1, 1}}, 1, {4, 5}, 2, 2, 3));
    with(shapes_of({.rank = 1, .size = {4}, .stride = {3}, .pad_before = {2}, .pad_after = {1}}, 2, {11}, 1, 4, 2));
    with(
        shapes_of({.rank = 3, .size = {2, 3, 1}, .stride = {1, 2, 1}, .pad_before = {1, 0, 0}}, 2, {3, 5, 4}, 1, 2, 4));
  }
}

TEST_CASE("of cuDNN's ways those that differ from run to run, or round more than is asked, are left out") {
  const std::vector<EmulatedEngine> usual = EmulatedCudnn{}.engines;
  CHECK(engine_for(usual, false, false) == 4);
  CHECK(engine_for(usual, false, true) == 1);
  CHECK(engine_for(usual, true, false) == 3);
  for (const int note : {Cudnn::nondeterministic, Cudnn::reduced_precision_reduction, Cudnn::winograd_tile_6x6,
                         Cudnn::winograd_tile_13x13}) {
    CHECK(engine_for({{{note}}}, true, false) == -1);
    CHECK(engine_for({{{note}}, {{}}}, false, true) == 1);
  }
}

TEST_CASE("a way of cuDNN that has no plan, or wants too much memory, is passed over") {
  CHECK(engine_for({{.has_plan = false}, {.workspace_bytes = int64_t{2} << 30}, {}}, false, false) == 2);
  CHECK(engine_for({{.has_plan = false}}, false, false) == -1);
  CHECK(engine_for({}, false, false) == -1);
}

TEST_CASE("a convolution that cuDNN refuses when it runs is an error with its words") {
  std::string message;
  try {
    engine_for({{.runs = false}}, false, false);
  } catch (const Error& e) {
    message = e.problems()[0].what;
  }
  CHECK(message == "cuDNN refuses a convolution: EXECUTION_FAILED, no room");
}

TEST_CASE("a convolution that is large enough is cuDNN's, in a program as by itself; without the library it is ours") {
  const ConvolutionShapes s =
      shapes_of({.size = {3, 3}, .pad_before = {1, 1}, .pad_after = {1, 1}}, 1, {24, 20}, 1, 64, 64);
  REQUIRE(gains_by_library(s));
  Graph g;
  const Value x = input(g, "x", {DType::f32, s.x}), w = input(g, "w", {DType::f32, s.weight});
  const Value y = convolution(x, w, s.window), dy = input(g, "dy", {DType::f32, s.y});
  const std::vector<Value> d = gradients(sum(y * dy), {x, w});
  g.output("y", y);
  g.output("dx", d[0]);
  g.output("dw", d[1]);
  const testing::Feed feed{{"x", numbers(s.x, 1)}, {"w", numbers(s.weight, 2)}, {"dy", numbers(s.y, 3)}};
  const Products expected = expected_products(s, feed.at("x"), feed.at("w"), feed.at("dy"));
  auto found = testing::outputs_of(g, feed, "cuda (emulated)");
  CHECK(worst_difference(found["y"], expected.y) < 1e-5);
  CHECK(worst_difference(found["dx"], expected.dx) < 1e-5);
  CHECK(worst_difference(found["dw"], expected.dw) < 1e-5);
  const auto way = [&](EmulatedLibraries libraries) {
    const auto device = make_emulated_device({}, {}, libraries);
    return device->compile(Convolution(s.window, 1), {{x.type(), w.type()}}, {{y.type()}})->way();
  };
  CHECK(way({}) == "cudnn");
  CHECK(way({.cudnn = false}) == "own");
}

TEST_CASE("the real cuDNN, where it is found, takes the descriptors of convolutions") {
  const FoundLibrary found = LibraryFinder().find(cudnn_library(), 13);
  if (!found.library) {
    MESSAGE("cuDNN is not here");
    return;
  }
  const auto cudnn = load_cudnn(*found.library);
  CHECK(cudnn->text(0).find("CUDNN_STATUS_SUCCESS") == 0);
  for (const bool bf16 : {false, true}) {
    for (const Makes makes : {Makes::y, Makes::dx, Makes::dw}) {
      ConvolutionShapes s =
          shapes_of({.size = {3, 3}, .pad_before = {1, 1}, .pad_after = {1, 0}}, 8, {14, 14}, 1, 64, 32);
      s.bf16 = bf16;
      CHECK(CudnnConvolution::refusal(*cudnn, s, makes) == "");
      s = shapes_of({.rank = 1, .size = {5}, .stride = {2}, .dilation = {2}}, 3, {40}, 4, 8, 16);
      s.bf16 = bf16;
      CHECK(CudnnConvolution::refusal(*cudnn, s, makes) == "");
      s = shapes_of({.rank = 3, .size = {3, 3, 3}, .stride = {2, 2, 2}}, 1, {9, 9, 9}, 1, 8, 16);
      s.bf16 = bf16;
      CHECK(CudnnConvolution::refusal(*cudnn, s, makes) == "");
      s.y = {1, 5, 4, 4, 16};
      CHECK(CudnnConvolution::refusal(*cudnn, s, makes) != "");
    }
  }
}

TEST_CASE("the real cuDNN, where it is found, plans convolutions for an H100 that is not there, as exact as asked") {
  const FoundLibrary found = LibraryFinder().find(cudnn_library(), 13);
  if (!found.library) {
    MESSAGE("cuDNN is not here");
    return;
  }
  const auto cudnn = load_cudnn(*found.library);
  const std::string properties =
      R"({"deviceName":"NVIDIA H100 80GB HBM3","cudaDeviceId":0,"deviceVer":900,"driverVer":13000,"multiProcessorCount":132,
"totalGlobalMem":85520809984,"maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],"regsPerBlock":65536,
"smClockRateKHz":1980000,"memClockRateKHz":2619000,"l2CacheSize":52428800,"warpSize":32,"maxSharedMemoryPerBlock":49152,
"maxSharedMemoryPerBlockOptin":232448,"reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,"pciDeviceId":0,
"maxCtasPerSM":32,"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"isTccDriver":0,"supportCoopLaunch":1})";
  CudnnDescriptor gpu(*cudnn, Cudnn::gpu_type);
  gpu.tell(Cudnn::gpu_text, Cudnn::of_char, static_cast<int64_t>(properties.size()) + 1, properties.c_str()).end();
  if (!gpu) {
    MESSAGE("cuDNN ", found.library->version, " plans nothing without a GPU");
    return;
  }
  for (const bool tf32 : {false, true}) {
    for (const ConvolutionShapes& shapes :
         {shapes_of({.size = {3, 3}, .pad_before = {1, 1}, .pad_after = {1, 1}}, 64, {28, 28}, 1, 128, 128),
          shapes_of({.size = {7, 7}, .stride = {2, 2}, .pad_before = {3, 3}, .pad_after = {3, 3}}, 64, {224, 224}, 1, 3,
                    64)}) {
      ConvolutionShapes s = shapes;
      s.tf32 = tf32;
      for (const Makes makes : {Makes::y, Makes::dx, Makes::dw}) CHECK(CudnnConvolution::plan(*cudnn, s, makes, &gpu));
    }
  }
}
