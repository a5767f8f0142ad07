// Elementwise functions over blocks, for each way their operands may be blocks or single numbers.
// SPDX-License-Identifier: Apache-2.0
#include "lib/device/cpu/simd/bf16.h"
#include "lib/device/cpu/simd/loop.h"
#include "lib/device/cpu/simd/loop_math.h"

namespace dl::DL_ISA {

namespace {

template <LoopCode code, unsigned numbers>
DL_INLINE vf apply(vf a, [[maybe_unused]] vf b, [[maybe_unused]] vf c, [[maybe_unused]] vf d) {
  const vf one = splat(1.0f), zero{};
  if constexpr (code == LoopCode::copy) return a;
  if constexpr (code == LoopCode::neg) return -a;
  if constexpr (code == LoopCode::abs) return abs(a);
  if constexpr (code == LoopCode::exp) return exp(a);
  if constexpr (code == LoopCode::log) return log(a);
  if constexpr (code == LoopCode::sqrt) return sqrt(a);
  if constexpr (code == LoopCode::rsqrt) return one / sqrt(a);
  if constexpr (code == LoopCode::tanh) return tanh(a);
  if constexpr (code == LoopCode::erf) return erf(a);
  if constexpr (code == LoopCode::sigmoid) return sigmoid(a);
  if constexpr (code == LoopCode::floor) return floor(a);
  if constexpr (code == LoopCode::sin) return sin(a);
  if constexpr (code == LoopCode::cos) return cos(a);
  if constexpr (code == LoopCode::round_bf16) return as_float(reinterpret_cast<vi>(bf16_bits(a) << 16));
  if constexpr (code == LoopCode::gelu) return gelu(a);
  if constexpr (code == LoopCode::gelu_slope) return gelu_slope(a);
  if constexpr (code == LoopCode::add) return a + b;
  if constexpr (code == LoopCode::sub) return a - b;
  if constexpr (code == LoopCode::mul) return a * b;
  if constexpr (code == LoopCode::div) return a / b;
  if constexpr (code == LoopCode::maximum) return numbers == 2 ? maximum(b, a) : maximum(a, b);
  if constexpr (code == LoopCode::minimum) return numbers == 2 ? minimum(b, a) : minimum(a, b);
  if constexpr (code == LoopCode::pow) return pow(a, b);
  if constexpr (code == LoopCode::dither_bf16) return dithered_bf16(a, b);
  if constexpr (code == LoopCode::less) return select(a < b, one, zero);
  if constexpr (code == LoopCode::less_equal) return select(a <= b, one, zero);
  if constexpr (code == LoopCode::equal) return select(a == b, one, zero);
  if constexpr (code == LoopCode::where) return select(a != 0.0f, b, c);
  if constexpr (code == LoopCode::fma) return a * b + c;
  if constexpr (code == LoopCode::fms) return a * b - c;
  if constexpr (code == LoopCode::fnma) return c - a * b;
  if constexpr (code == LoopCode::select_less) return select(a < b, c, d);
  if constexpr (code == LoopCode::select_less_equal) return select(a <= b, c, d);
  if constexpr (code == LoopCode::select_equal) return select(a == b, c, d);
}

// Vectors that go through the loop together: cheap functions are held up by the loop itself, costly ones by their own
// length, and more would spill registers.
constexpr int together(LoopCode code) {
  switch (code) {
    case LoopCode::exp:
    case LoopCode::log:
    case LoopCode::tanh:
    case LoopCode::erf:
    case LoopCode::sigmoid:
    case LoopCode::gelu:
    case LoopCode::gelu_slope:
    case LoopCode::sin:
    case LoopCode::cos: return 2;
    case LoopCode::pow: return 1;
    default: return 4;
  }
}

template <LoopCode code, unsigned numbers>
void map(float* to, const float* a, const float* b, const float* c, const float* d, int64_t n) {
  constexpr int operands = arity(code), step = together(code);
  vf number[4]{};
  if constexpr (numbers & 1) number[0] = splat(*a);
  if constexpr (numbers & 2) number[1] = splat(*b);
  if constexpr (numbers & 4) number[2] = splat(*c);
  if constexpr (numbers & 8) number[3] = splat(*d);
  const auto whole = [&]<int k>(const float* p, int64_t i) __attribute__((always_inline)) {
    if constexpr ((numbers >> k) & 1 || k >= operands)
      return number[k];
    else
      return load(p + i);
  };
  const auto part = [&]<int k>(const float* p, int64_t i, int count) __attribute__((always_inline)) {
    if constexpr ((numbers >> k) & 1 || k >= operands)
      return number[k];
    else
      return load_first(p + i, count);
  };
  int64_t i = 0;
  for (; i + step * lanes <= n; i += step * lanes) {
    vf y[step];
    for (int j = 0; j < step; ++j) {
      const int64_t at = i + j * lanes;
      y[j] = apply<code, numbers>(whole.template operator()<0>(a, at), whole.template operator()<1>(b, at),
                                  whole.template operator()<2>(c, at), whole.template operator()<3>(d, at));
    }
    for (int j = 0; j < step; ++j) store(to + i + j * lanes, y[j]);
  }
  for (; i < n; i += lanes) {
    const int count = n - i < lanes ? static_cast<int>(n - i) : lanes;
    store_first(
        to + i,
        apply<code, numbers>(part.template operator()<0>(a, i, count), part.template operator()<1>(b, i, count),
                             part.template operator()<2>(c, i, count), part.template operator()<3>(d, i, count)),
        count);
  }
}

// The versions of one function, at least one operand a block.
template <LoopCode code, unsigned numbers = 0>
constexpr void fill(LoopMaps& maps) {
  maps.map[static_cast<int>(code)][numbers] = map<code, numbers>;
  if constexpr (numbers + 2 < (1u << arity(code))) fill<code, numbers + 1>(maps);
}

template <int code = 0>
constexpr void fill_all(LoopMaps& maps) {
  fill<static_cast<LoopCode>(code)>(maps);
  if constexpr (code + 1 < loop_codes) fill_all<code + 1>(maps);
}

constexpr LoopMaps make() {
  LoopMaps maps{};
  fill_all(maps);
  return maps;
}

}  // namespace

constinit const LoopMaps loop_maps = make();

}  // namespace dl::DL_ISA
