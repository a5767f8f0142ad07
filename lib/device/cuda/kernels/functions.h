// The functions of fused loops (lib/graph/loop.h), for one element. What a function multiplies and adds it says with
// fmaf, so that a compiler finds nothing to join: the bits are the same in whatever kernel it stands. exp, log, tanh,
// erf and pow are the C library's, or CUDA's in its place; ratios and sines are those of the CPU's loop_math.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/numbers.h"

namespace dl::cuda::function {

inline float neg(float a) { return -a; }
inline float abs(float a) { return float_of(bits_of(a) & 0x7fffffffu); }
inline float exp(float a) { return expf(a); }
inline float log(float a) { return logf(a); }
inline float sqrt(float a) { return sqrtf(a); }
inline float rsqrt(float a) { return 1.0f / sqrtf(a); }
inline float tanh(float a) { return tanhf(a); }
inline float erf(float a) { return erff(a); }
template <class Thread>
float sigmoid(const Thread& t, float a) {
  return t.quotient(1.0f, 1.0f + expf(-a));
}
inline float floor(float a) { return floorf(a); }

inline float add(float a, float b) { return a + b; }
inline float sub(float a, float b) { return a - b; }
template <class Thread>
float mul(const Thread& t, float a, float b) {
  return t.product(a, b);
}
inline float div(float a, float b) { return a / b; }
// Where either is NaN, so is the result.
inline float maximum(float a, float b) { return a > b || a != a ? a : b; }
inline float minimum(float a, float b) { return a < b || a != a ? a : b; }
inline float pow(float a, float b) { return powf(a, b); }
inline float less(float a, float b) { return a < b ? 1.0f : 0.0f; }
inline float less_equal(float a, float b) { return a <= b ? 1.0f : 0.0f; }
inline float equal(float a, float b) { return a == b ? 1.0f : 0.0f; }
inline float where(float a, float b, float c) { return a != 0.0f ? b : c; }
inline float fma(float a, float b, float c) { return fmaf(a, b, c); }

// lib/base/bf16.h, bit for bit but for those of NaN.
template <class Thread>
float round_bf16(const Thread& t, float a) {
  return float_of(t.bf16_pair(0.0f, a) & 0xffff0000u);
}
inline float dither_bf16(float a, float uniform) {
  return is_nan(a) ? a : float_of((bits_of(a) + static_cast<unsigned>(uniform * 0x1p16f)) & 0xffff0000u);
}

// y p(y^2) / q(y^2) for y = x between -most and most, beyond which it stays; coefficients from the highest power on.
template <int n, class Thread>
float odd_ratio(const Thread& t, float x, float most, const float (&p)[n], const float (&q)[n]) {
  const float y = x > most ? most : x < -most ? -most : x, z = y * y;
  float above = p[0], below = q[0];
  for (int i = 1; i < n; ++i) {
    above = fmaf(above, z, p[i]);
    below = fmaf(below, z, q[i]);
  }
  return t.quotient(y * above, below);
}

// x Phi(x), within 2e-7 of x: erf(x / sqrt(2)) by its ratio.
template <class Thread>
float gelu(const Thread& t, float x) {
  const float p[] = {4.651686907e-8f, 1.262216456e-5f, 3.251062413e-4f,
                     9.279337114e-3f, 6.647415216e-2f, 7.978845493e-1f};
  const float q[] = {1.209246040e-6f, 7.163948595e-5f, 1.849170201e-3f, 2.829377061e-2f, 2.499794297e-1f, 1.0f};
  const float half = x * 0.5f;
  return fmaf(half, odd_ratio(t, x, 5.45f, p, q), half);
}

// Its derivative Phi(x) + x phi(x), within 3e-7.
template <class Thread>
float gelu_slope(const Thread& t, float x) {
  const float p[] = {1.929285291e-7f, 3.595588718e-5f,  1.922113123e-5f,
                     1.423030167e-2f, -3.099583065e-2f, 7.978853612e-1f};
  const float q[] = {8.952394857e-6f, 1.920364514e-4f, 3.523034763e-3f, 4.098021662e-2f, 2.944940713e-1f, 1.0f};
  return odd_ratio(t, x, 5.8f, p, q) + 0.5f;
}

// x as a number of quarter turns, to the nearest, and what remains, at most pi / 4.
struct Turned {
  int quarters;
  float rest;
};

// Three parts of pi / 2 carry an argument of up to 8192.
inline Turned turned_near(float x) {
  const float k = fmaf(x, 0.636619772367581343f, 12582912.0f) - 12582912.0f;
  float r = fmaf(k, -1.5703125f, x);
  r = fmaf(k, -4.837512969970703125e-4f, r);
  r = fmaf(k, -7.54978995489188216e-8f, r);
  return {static_cast<int>(k), r};
}

// Any finite one: its whole mantissa times those 96 bits of 2 / pi that decide where in a turn it ends (Payne and Hanek
// 1983, "Radian reduction for trigonometric functions").
inline Turned turned_far(float x) {
  constexpr unsigned bits[] = {0u, 0xA2F9836Eu, 0x4E441529u, 0xFC2757D1u, 0xF534DDC0u, 0xDB629599u, 0x3C439041u};
  const unsigned b = bits_of(x);
  const unsigned mantissa = (b << 8) | 0x80000000u;
  const unsigned first = (b >> 23 & 255u) - 128u;  // bit of `bits` whose weight makes four whole turns of the mantissa
  const unsigned word = first / 32;
  unsigned w[4];
  for (int i = 0; i < 4; ++i)
    w[i] = word == 0 ? bits[i] : word == 1 ? bits[i + 1] : word == 2 ? bits[i + 2] : bits[i + 3];
  unsigned h[3];
  for (int i = 0; i < 3; ++i)
    h[i] = static_cast<unsigned>(((static_cast<unsigned long long>(w[i]) << 32 | w[i + 1]) << first % 32) >> 32);
  using Wide = unsigned long long;
  const Wide turn = (static_cast<Wide>(mantissa * h[0]) << 32) + static_cast<Wide>(mantissa) * h[1] +
                    (static_cast<Wide>(mantissa) * h[2] >> 32);
  const unsigned quarters = static_cast<unsigned>((turn + (1ull << 61)) >> 62);
  const auto rest = static_cast<long long>(turn - (static_cast<Wide>(quarters) << 62));
  const float r = static_cast<float>(rest) * 3.4061215800e-19f;  // pi / 2 * 2^-62
  return b >> 31 ? Turned{-static_cast<int>(quarters), -r} : Turned{static_cast<int>(quarters), r};
}

// sin(x + quarters pi / 2)
inline float sine(float x, int quarters) {
  const bool far = !(abs(x) <= 8192.0f);
  const Turned at = far ? turned_far(x) : turned_near(x);
  const float r = at.rest, z = r * r;
  float s = fmaf(z, -1.9515295891e-4f, 8.3321608736e-3f);
  s = fmaf(s, z, -1.6666654611e-1f);
  s = fmaf(s * z, r, r);
  float c = fmaf(z, 2.443315711809948e-5f, -1.388731625493765e-3f);
  c = fmaf(c, z, 4.166664568298827e-2f);
  c = fmaf(c * z, z, fmaf(z, -0.5f, 1.0f));
  const unsigned turn = static_cast<unsigned>(at.quarters + quarters);
  const float y = float_of(bits_of((turn & 1u) == 0u ? s : c) ^ (turn & 2u) << 30);
  return abs(x) < float_of(0x7f800000u) ? y : x - x;
}
inline float sin(float x) { return sine(x, 0); }
inline float cos(float x) { return sine(x, 1); }

}  // namespace dl::cuda::function
