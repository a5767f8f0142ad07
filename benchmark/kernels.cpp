// How fast the CPU's matrix products and convolutions are: GFLOP/s, and the share of what the processor's multiply-add
// units could do, measured in the same run. Arguments: number of threads (1), part of a name (all).
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "lib/device/cpu/blas.h"
#include "lib/device/cpu/cpu.h"
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

typedef float Floats4 __attribute__((vector_size(16)));
typedef float Floats8 __attribute__((vector_size(32)));
typedef float Floats16 __attribute__((vector_size(64)));

// Twelve independent chains of multiply-adds.
template <class Floats>
[[gnu::always_inline]] inline void multiply_add_chains(int64_t rounds, float* out) {
  Floats sum[12] = {}, x = {}, y = {};
  for (int j = 0; j < 12; ++j) sum[j] += float(j);
  x += 0.5f;
  y += out[0];
  for (int64_t i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) sum[j] = sum[j] * x + y;
  }
  for (int j = 0; j < 12; ++j) out[j] = sum[j][0];
}
#if defined(__x86_64__)
[[gnu::target("avx512f,fma")]] void chains_avx512(int64_t n, float* out) { multiply_add_chains<Floats16>(n, out); }
[[gnu::target("avx2,fma")]] void chains_avx2(int64_t n, float* out) { multiply_add_chains<Floats8>(n, out); }
#endif
void chains_portable(int64_t n, float* out) { multiply_add_chains<Floats4>(n, out); }

double peak_flops(Isa isa) {
  float out[12] = {1.0f};
  constexpr int64_t rounds = 100000;
  double lanes = 4;
  auto chains = chains_portable;
#if defined(__x86_64__)
  if (isa == Isa::avx512) chains = chains_avx512, lanes = 16;
  if (isa == Isa::avx2) chains = chains_avx2, lanes = 8;
#endif
  return 2 * 12 * rounds * lanes / seconds([&] { chains(rounds, out); }, 1);
}

class Bench {
 public:
  Bench(int threads, std::string only) : device_({.threads = threads}), only_(std::move(only)) {
    peak_ = peak_flops(device_.isa()) * device_.team().size();
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

}  // namespace
}  // namespace dl

int main(int argc, char** argv) { dl::run(argc > 1 ? std::atoi(argv[1]) : 1, argc > 2 ? argv[2] : ""); }
