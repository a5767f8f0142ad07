// One template for each number of images and vectors, so that all sums stay in registers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/spread.h"

#include "lib/device/cpu/simd/vec.h"

namespace dl::DL_ISA {
namespace {

#define DL_UNROLL _Pragma("GCC unroll 16")

constexpr int most_vectors = lanes == 16 ? 14 : 6;

// x, loaded: without this the compiler loads it once for each product.
DL_INLINE vf in_register(vf x) {
#if defined(__AVX2__)
  asm("" : "+v"(x));
#endif
  return x;
}

template <int images, int vectors>
void spread(const Spread& s) {
  // Of the function's own, so that what is written to memory cannot change it.
  const float* from[images];
  float* to[images];
  int64_t offset[vectors];
  int count[vectors];
  DL_UNROLL for (int i = 0; i < images; ++i) {
    from[i] = s.from[i];
    to[i] = s.to[i];
  }
  DL_UNROLL for (int v = 0; v < vectors; ++v) {
    offset[v] = s.offset[v];
    count[v] = s.count[v];
  }
  const int64_t depth = s.depth, to_pixel = s.to_pixel;
  for (int64_t left = s.pixels; left > 0; --left) {
    vf sum[images][vectors] = {};
    const float* weight = s.weight;
#pragma GCC unroll 1
    for (int64_t d = 0; d < depth; ++d, weight += vectors * lanes) {
      vf x[images];
      DL_UNROLL for (int i = 0; i < images; ++i) x[i] = splat(from[i][d]);
      DL_UNROLL for (int v = 0; v < vectors; ++v) {
        const vf w = images > 1 ? in_register(load(weight + v * lanes)) : load(weight + v * lanes);
        DL_UNROLL for (int i = 0; i < images; ++i) sum[i][v] += x[i] * w;
      }
    }
    DL_UNROLL for (int v = 0; v < vectors; ++v) {
      DL_UNROLL for (int i = 0; i < images; ++i) {
        float* at = to[i] + offset[v];
        store_first(at, load_first(at, count[v]) + sum[i][v], count[v]);
      }
    }
    DL_UNROLL for (int i = 0; i < images; ++i) {
      from[i] += depth;
      to[i] += to_pixel;
    }
  }
}

using Function = void (*)(const Spread&);
struct Functions {
  Function by_vectors[spread_images][most_vectors] = {};
};

template <int vectors = most_vectors>
constexpr void fill(Functions& functions) {
  functions.by_vectors[0][vectors - 1] = &spread<1, vectors>;
  functions.by_vectors[1][vectors - 1] = &spread<2, vectors>;
  if constexpr (vectors > 1) fill<vectors - 1>(functions);
}

constexpr Functions all() {
  Functions functions;
  fill(functions);
  return functions;
}

void run(const Spread& s, int images) {
  static constexpr Functions functions = all();
  functions.by_vectors[images - 1][s.vectors - 1](s);
}

}  // namespace

const SpreadKernels spread_kernels = {lanes, most_vectors, run};

}  // namespace dl::DL_ISA
