// How fast the CPU's matrix products, convolutions and attention are. Arguments: number of threads (1), part of a name
// (all): prints GFLOP/s, and the share of what the processor's multiply-add units could do, measured in the same run.
//
// With "--serve THREADS" it measures what lines of standard input ask for, one after another, and answers each with a
// line of JSON: what benchmark/kernels drives. A line is one of
//   matmul BLAS M N K TRANSPOSE_A TRANSPOSE_B SECONDS           BLAS: own, or a library's name
//   attention BATCH LENGTH HEADS HEAD_DIM CAUSAL PASS SECONDS   PASS: forward, backward
//   convolution N H W C OUT SIZE STRIDE PAD PASS SECONDS        PASS: forward, input, weight
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "lib/device/cpu/blas.h"
#include "lib/device/cpu/choices.h"
#include "lib/device/cpu/cpu.h"
#include "lib/device/cpu/probes.h"
#include "lib/graph/ops/attention.h"
#include "lib/graph/ops/convolution.h"
#include "lib/graph/ops/matmul.h"

namespace dl {
namespace {

// Seconds of one call: the fastest of several samples. On one thread only the time counts that the thread ran.
double seconds(const std::function<void()>& f, int threads) {
  const auto now = [threads] {
    timespec time{};
    clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
  };
  f();
  const double once = now();
  f();
  const int calls = static_cast<int>(1 + 50e-6 / (now() - once));
  double best = 1e9;
  int samples = 0;
  const double begin = now();
  do {
    const double start = now();
    for (int i = 0; i < calls; ++i) f();
    best = std::min(best, (now() - start) / calls);
  } while (++samples < 5 || now() - begin < 0.1);
  return best;
}

class Bench {
 public:
  Bench(int threads, std::string only) : device_({.threads = threads}), only_(std::move(only)) {
    ThreadTeam one(1);
    peak_ = 1e9 * fma_peak_gflops(device_.isa(), one) * device_.team().size();
    std::printf("%s, %.1f GFLOP/s of multiply-adds on %d threads\n%s\n", device_.description().c_str(), peak_ / 1e9,
                device_.team().size(), Blas::description().c_str());
  }

  void op(const char* name, const Op& op, const std::vector<Type>& inputs, double flops) {
    if (std::string_view(name).find(only_) == std::string_view::npos) return;
    const std::vector<Type> outputs = op.infer(inputs);
    const std::unique_ptr<Kernel> kernel = device_.compile(op, inputs, outputs);
    std::vector<std::pair<void*, int64_t>> memory;
    const auto make = [&](int64_t bytes) -> void* {
      float* const begin = static_cast<float*>(device_.allocate(bytes));
      std::fill(begin, begin + bytes / 4, 0.5f);
      memory.emplace_back(begin, bytes);
      return begin;
    };
    std::vector<void*> in, out;
    for (const Type& type : inputs) in.push_back(make(type.bytes()));
    for (const Type& type : outputs) out.push_back(make(type.bytes()));
    void* scratch = make(kernel->scratch_bytes());
    const double time = seconds([&] { kernel->run(in, out, scratch); }, device_.team().size());
    std::printf("%-34s %9.1f us %8.1f GFLOP/s %4.0f %%", name, time * 1e6, flops / time / 1e9,
                flops / time / peak_ * 100);
    std::fflush(stdout);
    for (const auto& [address, bytes] : memory) device_.release(address, bytes);
  }

  void matmul(const char* name, int64_t m, int64_t n, int64_t k, bool ta, bool tb) {
    if (std::string_view(name).find(only_) == std::string_view::npos) return;
    const Type a{DType::f32, ta ? Shape{k, m} : Shape{m, k}}, b{DType::f32, tb ? Shape{n, k} : Shape{k, n}};
    const double flops = 2.0 * double(m) * double(n) * double(k);
    op(name, MatMul(ta, tb), {a, b}, flops);
    std::printf("\n");
    op((std::string(name) + " bf16").c_str(), MatMul(ta, tb), {{DType::bf16, a.shape}, {DType::bf16, b.shape}}, flops);
    if (const Blas* blas = Blas::find()) {
      std::vector<float> x(static_cast<size_t>(m * k), 0.5f), y(static_cast<size_t>(k * n), 0.5f),
          c(static_cast<size_t>(m * n));
      const double time =
          seconds([&] { blas->sgemm(ta, tb, m, n, k, x.data(), a.shape[1], y.data(), b.shape[1], c.data(), n); }, 1);
      std::printf("   OpenBLAS, one thread %8.1f", flops / time / 1e9);
    }
    std::printf("\n");
  }

  void conv(const std::string& name, const Shape& x, int64_t out, int64_t size, int64_t stride, int64_t pad,
            int64_t groups = 1) {
    const Window window{
        .size = {size, size}, .stride = {stride, stride}, .pad_before = {pad, pad}, .pad_after = {pad, pad}};
    const Type input{DType::f32, x}, weight{DType::f32, {out, x[3] / groups, size, size}};
    const Convolution forward(window, groups);
    const Type y = forward.infer(std::vector<Type>{input, weight})[0];
    const double flops = 2.0 * double(y.shape.elements()) * double(weight.shape.elements() / out);
    const auto line = [&](const std::string& what, const Op& o, const std::vector<Type>& inputs) {
      if ((name + what).find(only_) == std::string::npos) return;
      op((name + what).c_str(), o, inputs, flops);
      std::printf("\n");
    };
    line(" forward", forward, {input, weight});
    line(" input gradient", ConvolutionGradInput(window, groups, x), {y, weight});
    line(" weight gradient", ConvolutionGradWeight(window, groups, weight.shape), {input, y});
  }

 private:
  CpuDevice device_;
  std::string only_;
  double peak_ = 0;
};

void run(int threads, const std::string& only) {
  Bench bench(threads, only);
  bench.matmul("matmul 1024", 1024, 1024, 1024, false, false);
  bench.matmul("matmul 1000", 1000, 1000, 1000, false, true);
  bench.matmul("matmul 2048", 2048, 2048, 2048, true, false);
  bench.matmul("mlp 1 forward", 128, 512, 784, false, true);
  bench.matmul("mlp 1 weight gradient", 512, 784, 128, true, false);
  bench.matmul("mlp 2 forward", 128, 256, 512, false, true);
  bench.matmul("mlp 2 input gradient", 128, 512, 256, false, false);
  bench.matmul("mlp 2 weight gradient", 256, 512, 128, true, false);
  bench.matmul("mlp 3 forward", 128, 10, 256, false, true);
  bench.matmul("mlp 3 input gradient", 128, 256, 10, false, false);
  bench.matmul("mlp 3 weight gradient", 10, 256, 128, true, false);
  bench.matmul("cnn fc forward", 64, 128, 9216, false, true);
  bench.matmul("cnn fc input gradient", 64, 9216, 128, false, false);
  bench.matmul("cnn fc weight gradient", 128, 9216, 64, true, false);
  bench.matmul("gpt_cpu qkv forward", 768, 384, 128, false, true);
  bench.matmul("gpt_cpu qkv input gradient", 768, 128, 384, false, false);
  bench.matmul("gpt_cpu qkv weight gradient", 384, 128, 768, true, false);
  bench.matmul("gpt_cpu projection weight gradient", 128, 128, 768, true, false);
  bench.matmul("gpt_cpu mlp 1 forward", 768, 512, 128, false, true);
  bench.matmul("gpt_cpu mlp 1 input gradient", 768, 128, 512, false, false);
  bench.matmul("gpt_cpu mlp 1 weight gradient", 512, 128, 768, true, false);
  bench.matmul("gpt_cpu mlp 2 forward", 768, 128, 512, false, true);
  bench.matmul("gpt_cpu mlp 2 input gradient", 768, 512, 128, false, false);
  bench.matmul("gpt_cpu mlp 2 weight gradient", 128, 512, 768, true, false);
  bench.matmul("gpt_baby qkv forward", 4096, 1152, 384, false, true);
  bench.matmul("gpt_baby qkv input gradient", 4096, 384, 1152, false, false);
  bench.matmul("gpt_baby qkv weight gradient", 1152, 384, 4096, true, false);
  bench.matmul("gpt_baby mlp 1 forward", 4096, 1536, 384, false, true);
  bench.matmul("gpt_baby mlp 1 input gradient", 4096, 384, 1536, false, false);
  bench.matmul("gpt_baby mlp 1 weight gradient", 1536, 384, 4096, true, false);
  bench.matmul("gpt_baby mlp 2 forward", 4096, 384, 1536, false, true);
  bench.matmul("gpt_baby mlp 2 input gradient", 4096, 1536, 384, false, false);
  bench.matmul("gpt_baby mlp 2 weight gradient", 384, 1536, 4096, true, false);
  bench.matmul("lstm_ptb vocabulary forward", 400, 10000, 200, false, true);
  bench.matmul("lstm_ptb vocabulary input gradient", 400, 200, 10000, false, false);
  bench.matmul("lstm_ptb vocabulary weight gradient", 10000, 200, 400, true, false);
  bench.matmul("one sample", 1, 512, 784, false, true);
  bench.conv("lenet 1", {128, 28, 28, 1}, 6, 5, 1, 2);
  bench.conv("lenet 2", {128, 14, 14, 6}, 16, 5, 1, 0);
  bench.conv("cnn 1", {64, 28, 28, 1}, 32, 3, 1, 0);
  bench.conv("cnn 2", {64, 26, 26, 32}, 64, 3, 1, 0);
  bench.conv("resnet20 stem", {128, 32, 32, 3}, 16, 3, 1, 1);
  bench.conv("resnet20 16", {128, 32, 32, 16}, 16, 3, 1, 1);
  bench.conv("resnet20 16-32", {128, 32, 32, 16}, 32, 3, 2, 1);
  bench.conv("resnet20 32", {128, 16, 16, 32}, 32, 3, 1, 1);
  bench.conv("resnet20 32-64", {128, 16, 16, 32}, 64, 3, 2, 1);
  bench.conv("resnet20 64", {128, 8, 8, 64}, 64, 3, 1, 1);
  bench.conv("resnet20 shortcut", {128, 16, 16, 32}, 64, 1, 2, 0);
  bench.conv("resnet18 stem", {16, 224, 224, 3}, 64, 7, 2, 3);
  bench.conv("resnet18 64", {16, 56, 56, 64}, 64, 3, 1, 1);
  bench.conv("resnet18 128", {16, 28, 28, 128}, 128, 3, 1, 1);
  bench.conv("resnet18 256", {16, 14, 14, 256}, 256, 3, 1, 1);
  bench.conv("resnet18 256-512", {16, 14, 14, 256}, 512, 3, 2, 1);
  bench.conv("resnet18 512", {16, 7, 7, 512}, 512, 3, 1, 1);
  bench.conv("depthwise 3x3", {16, 56, 56, 128}, 128, 3, 1, 1, 128);
  bench.conv("pointwise", {16, 28, 28, 128}, 256, 1, 1, 0);
}

// An operation on random numbers.
class Work {
 public:
  Work(CpuDevice& device, const Op& op, const std::vector<Type>& inputs)
      : device_(device), kernel_(compiled(op, inputs)) {
    for (const Type& type : inputs) in_.push_back(make(type.bytes()));
    for (const Type& type : op.infer(inputs)) out_.push_back(make(type.bytes()));
    scratch_ = make(kernel_->scratch_bytes());
  }
  ~Work() {
    for (const auto& [address, bytes] : memory_) device_.release(address, bytes);
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  // Runs until the device has chosen among ways of the same bits.
  void settle() {
    for (int i = 0; i < Choice::most * Choice::rounds; ++i) kernel_->run(in_, out_, scratch_);
  }

  // {"ms": median, "min_ms": least} of calls for so many seconds.
  std::string answer(double seconds) {
    const auto now = [] {
      timespec time{};
      clock_gettime(CLOCK_MONOTONIC, &time);
      return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
    };
    const auto run = [&] { kernel_->run(in_, out_, scratch_); };
    run();
    const double once = now();
    run();
    const int calls = static_cast<int>(1 + 50e-6 / (now() - once));
    std::vector<double> samples;
    for (const double begin = now(); samples.size() < 3 || now() - begin < seconds;) {
      const double start = now();
      for (int i = 0; i < calls; ++i) run();
      samples.push_back(1e3 * (now() - start) / calls);
    }
    std::ranges::sort(samples);
    std::ostringstream text;
    text << "{\"ms\": " << samples[samples.size() / 2] << ", \"min_ms\": " << samples[0] << "}";
    return text.str();
  }

 private:
  std::unique_ptr<Kernel> compiled(const Op& op, const std::vector<Type>& inputs) {
    return device_.compile(op, inputs, op.infer(inputs));
  }

  void* make(int64_t bytes) {
    float* const begin = static_cast<float*>(device_.allocate(bytes));
    uint32_t state = 1;
    for (float* at = begin; at < begin + bytes / 4; ++at) {
      state = 1664525 * state + 1013904223;
      *at = static_cast<float>(state >> 8) * 0x1p-24f - 0.5f;
    }
    memory_.emplace_back(begin, bytes);
    return begin;
  }

  CpuDevice& device_;
  std::unique_ptr<Kernel> kernel_;
  std::vector<std::pair<void*, int64_t>> memory_;
  std::vector<void*> in_, out_;
  void* scratch_ = nullptr;
};

// Measures what a line asks for.
class Server {
 public:
  explicit Server(int threads) : threads_(threads) {}

  std::string answer(const std::string& line) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "matmul") return matmul(words);
    if (what == "attention") return attention(words);
    if (what == "convolution") return convolution(words);
    return wrong(line);
  }

 private:
  [[noreturn]] static std::string wrong(const std::string& line) {
    std::fprintf(stderr, "error: expected a line that begins with matmul, attention or convolution, got '%s'\n",
                 line.c_str());
    std::exit(2);
  }

  CpuDevice& device(const std::string& blas) {
    std::unique_ptr<CpuDevice>& device = devices_[blas];
    if (!device) device = std::make_unique<CpuDevice>(DeviceOptions{.threads = threads_, .blas = blas});
    return *device;
  }

  std::string matmul(std::istringstream& words) {
    std::string blas;
    int64_t m = 0, n = 0, k = 0;
    bool ta = false, tb = false;
    double seconds = 0;
    words >> blas >> m >> n >> k >> ta >> tb >> seconds;
    const std::vector<Type> inputs = {{DType::f32, ta ? Shape{k, m} : Shape{m, k}},
                                      {DType::f32, tb ? Shape{n, k} : Shape{k, n}}};
    Work work(device(blas), MatMul(ta, tb), inputs);
    if (settled_.insert({blas, m, n, k, ta, tb}).second) work.settle();
    return work.answer(seconds);
  }

  std::string attention(std::istringstream& words) {
    int64_t batch = 0, length = 0, heads = 0, head_dim = 0;
    bool causal = false;
    std::string pass;
    double seconds = 0;
    words >> batch >> length >> heads >> head_dim >> causal >> pass >> seconds;
    const AttentionOp::Spec spec{
        .heads = heads, .kv_heads = heads, .causal = causal, .scale = 1 / std::sqrt(double(head_dim))};
    const Type qkv{DType::f32, {batch, length, 3 * heads * head_dim}};
    if (pass == "forward") return Work(device("own"), AttentionOp(spec), {qkv}).answer(seconds);
    const std::vector<Type> y = AttentionOp(spec).infer(std::vector<Type>{qkv});
    return Work(device("own"), AttentionGrad(spec), {y[0], y[0], y[1], qkv}).answer(seconds);
  }

  std::string convolution(std::istringstream& words) {
    int64_t n = 0, h = 0, w = 0, c = 0, out = 0, size = 0, stride = 0, pad = 0;
    std::string pass;
    double seconds = 0;
    words >> n >> h >> w >> c >> out >> size >> stride >> pad >> pass >> seconds;
    const Window window{
        .size = {size, size}, .stride = {stride, stride}, .pad_before = {pad, pad}, .pad_after = {pad, pad}};
    const Type x{DType::f32, {n, h, w, c}}, weight{DType::f32, {out, c, size, size}};
    const Type y = Convolution(window, 1).infer(std::vector<Type>{x, weight})[0];
    if (pass == "forward") return Work(device("own"), Convolution(window, 1), {x, weight}).answer(seconds);
    if (pass == "input")
      return Work(device("own"), ConvolutionGradInput(window, 1, x.shape), {y, weight}).answer(seconds);
    return Work(device("own"), ConvolutionGradWeight(window, 1, weight.shape), {x, y}).answer(seconds);
  }

  const int threads_;
  std::map<std::string, std::unique_ptr<CpuDevice>> devices_;
  std::set<std::tuple<std::string, int64_t, int64_t, int64_t, bool, bool>> settled_;  // products asked for before
};

void serve(int threads) {
  const bool openblas = Blas::find() != nullptr;  // before threads are started
  std::cout << "{\"openblas\": \"" << (openblas ? Blas::description() : "") << "\"}" << std::endl;
  Server server(threads);
  for (std::string line; std::getline(std::cin, line);) std::cout << server.answer(line) << std::endl;
}

}  // namespace
}  // namespace dl

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "--serve")
    dl::serve(std::atoi(argv[2]));
  else
    dl::run(argc > 1 ? std::atoi(argv[1]) : 1, argc > 2 ? argv[2] : "");
}
