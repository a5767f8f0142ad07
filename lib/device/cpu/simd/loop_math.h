// Elementary functions of vectors of floats, to about 2 units in the last place (pow: 1, sin and cos: 2, except close
// to a zero far from 0). Special values as in C's math.h, but results below the smallest normal number may be 0 in
// sigmoid. Polynomials of exp, log, tanh, sin and cos from Moshier's Cephes library, of erf from Juffa's my_erff.
// gelu and its slope are exact to about 3 units in the last place of their argument or of 1.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cpu/simd/vec.h"

namespace dl::DL_ISA {

constexpr float infinity = __builtin_inff(), not_a_number = __builtin_nanf("");

DL_INLINE vf abs(vf x) { return as_float(as_int(x) & 0x7fffffff); }
DL_INLINE vf sign_of(vf x, vf magnitude) { return as_float((as_int(x) & INT32_MIN) | as_int(magnitude)); }

// a > b ? a : b and a < b ? a : b, one instruction each: b where either is NaN.
DL_INLINE vf larger(vf a, vf b) {
#if defined(__AVX512F__)
  return _mm512_maskz_max_ps(0xffff, a, b);
#elif defined(__AVX2__)
  return _mm256_max_ps(a, b);
#else
  return select(a > b, a, b);
#endif
}

DL_INLINE vf smaller(vf a, vf b) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_ps(0xffff, a, b);
#elif defined(__AVX2__)
  return _mm256_min_ps(a, b);
#else
  return select(a < b, a, b);
#endif
}

// Where either is NaN, so is the result. Cheapest where `a` does not change in a loop.
DL_INLINE vf maximum(vf a, vf b) { return select(a != a, a, larger(a, b)); }
DL_INLINE vf minimum(vf a, vf b) { return select(a != a, a, smaller(a, b)); }

DL_INLINE vf sqrt(vf x) {
#if defined(__AVX512F__)
  return _mm512_maskz_sqrt_ps(0xffff, x);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(x);
#else
  for (int i = 0; i < lanes; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

// To the nearest whole number, for |x| < 2^22.
DL_INLINE vf round_small(vf x) {
  const vf magic = splat(12582912.0f);
  return (x + magic) - magic;
}

DL_INLINE vf floor(vf x) {
  const vf whole = to_float(to_int(x));
  const vf down = select(whole > x, whole - 1.0f, whole);
  return select(abs(x) < 8388608.0f, sign_of(x, down), x);
}

// x 2^n, -280 < n < 280
DL_INLINE vf scale(vf x, vf n) {
#if defined(__AVX512F__)
  return _mm512_maskz_scalef_ps(0xffff, x, n);  // unmasked, GCC 12 warns of its own header
#else
  const vi whole = to_int(n), half = whole >> 1;
  return x * as_float((half + 127) << 23) * as_float((whole - half + 127) << 23);
#endif
}

// exp(x) as power 2^exponent, -104 <= x <= 89.
struct Reduced {
  vf power, exponent;
};
DL_INLINE Reduced reduced(vf x) {
  const vf n = round_small(x * 1.44269504088896341f);
  const vf r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  vf p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return {(p * (r * r) + r) + 1.0f, n};
}

DL_INLINE vf exp(vf x) {
  x = select(x > 89.0f, splat(89.0f), x);
  x = select(x < -104.0f, splat(-104.0f), x);
  const Reduced e = reduced(x);
  return scale(e.power, e.exponent);
}

// exp(x) for x <= 88, 0 where that is too small for a normal number: some processors take a hundred times as long to
// make the others. What exp gives, in two thirds of the instructions.
DL_INLINE vf exp_or_zero(vf x) {
  constexpr float least = -87.33654f;
  const Reduced e = reduced(select(x < least, splat(least), select(x > 88.0f, splat(88.0f), x)));
#if defined(__AVX512F__)
  const vf y = scale(e.power, e.exponent);
#else
  const vf y = e.power * as_float((to_int(e.exponent) + 127) << 23);
#endif
  return select(x < least, vf{}, y);
}

DL_INLINE vf log(vf x) {
  const vi tiny = x < 1.17549435e-38f;
  // The mantissa from sqrt(1/2) to sqrt(2); unsigned, because for x < 0 the difference overflows.
  const vi bits = reinterpret_cast<vi>(reinterpret_cast<vu>(select(tiny, x * 8388608.0f, x)) - 0x3f3504f3u);
  const vf e = to_float(bits >> 23) - select(tiny, splat(23.0f), splat(0.0f));
  const vf f = as_float((bits & 0x7fffff) + 0x3f3504f3) - 1.0f;
  const vf z = f * f;
  vf p = f * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  vf y = p * f * z + e * -2.12194440e-4f;
  y = y - z * 0.5f;
  y = (f + y) + e * 0.693359375f;
  y = select(x == 0.0f, splat(-infinity), y);
  y = select(x == infinity, x, y);
  return select((x < 0.0f) | (x != x), splat(not_a_number), y);
}

DL_INLINE vf tanh(vf x) {
  const vf t = abs(x), z = x * x;
  vf p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const vf large = 1.0f - 2.0f / (exp(t + t) + 1.0f);
  return select(t < 0.625f, p * z * x + x, sign_of(x, large));
}

DL_INLINE vf sigmoid(vf x) { return 1.0f / (1.0f + exp(-x)); }

DL_INLINE vf erf(vf x) {
  const vf s = x * x;
  vf p = s * -5.96761703e-4f + 4.99119423e-3f;
  p = p * s - 2.67681349e-2f;
  p = p * s + 1.12819925e-1f;
  p = p * s - 3.76125336e-1f;
  p = p * s + 1.28379166e-1f;
  const vf small = p * x + x;
  const vf size = abs(x), t = select(size > 4.0f, splat(4.0f), size), t2 = t * t;
  vf q = t * -1.72853470e-5f + 3.83197126e-4f;
  q = q * t2 + (t * -3.88396438e-3f + 2.42546219e-2f);
  q = q * t - 1.06777877e-1f;
  q = q * t - 6.34846687e-1f;
  q = q * t - 1.28717512e-1f;
  q = q * t - t;
  return select(size > 0.927734375f, sign_of(x, 1.0f - exp(q)), small);
}

// a / b to about one unit in the last place, for b between 2^-100 and 2^100: where a divider has 16 lanes to go
// through, an estimate and one step of Newton's take less time.
DL_INLINE vf quotient(vf a, vf b) {
#if defined(__AVX512F__)
  const vf estimate = _mm512_maskz_rcp14_ps(0xffff, b);
  return a * ((1.0f - b * estimate) * estimate + estimate);
#else
  return a / b;
#endif
}

// t p(t^2) / q(t^2) for t = x between -most and most, beyond which it stays; coefficients from the highest power on.
template <int n>
DL_INLINE vf odd_ratio(vf x, float most, const float (&p)[n], const float (&q)[n]) {
  const vf t = larger(splat(-most), smaller(splat(most), x)), z = t * t;
  vf above = splat(p[0]), below = splat(q[0]);
#pragma GCC unroll 8
  for (int i = 1; i < n; ++i) {
    above = above * z + p[i];
    below = below * z + q[i];
  }
  return quotient(t * above, below);
}

// erf(x / sqrt(2)) within 2e-7, fitted to the least largest relative error, up to where it is 1 in f32.
DL_INLINE vf erf_of_deviations(vf x) {
  return odd_ratio(
      x, 5.45f, {4.651686907e-8f, 1.262216456e-5f, 3.251062413e-4f, 9.279337114e-3f, 6.647415216e-2f, 7.978845493e-1f},
      {1.209246040e-6f, 7.163948595e-5f, 1.849170201e-3f, 2.829377061e-2f, 2.499794297e-1f, 1.0f});
}

// x Phi(x), within 2e-7 of x.
DL_INLINE vf gelu(vf x) {
  const vf half = x * 0.5f;
  return half * erf_of_deviations(x) + half;
}

// Its derivative Phi(x) + x phi(x) within 3e-7, fitted to the least largest error, up to where it is 1 in f32.
DL_INLINE vf gelu_slope(vf x) {
  return odd_ratio(
             x, 5.8f,
             {1.929285291e-7f, 3.595588718e-5f, 1.922113123e-5f, 1.423030167e-2f, -3.099583065e-2f, 7.978853612e-1f},
             {8.952394857e-6f, 1.920364514e-4f, 3.523034763e-3f, 4.098021662e-2f, 2.944940713e-1f, 1.0f}) +
         0.5f;
}

// sin(x + quarters pi / 2)
DL_INLINE vf sine(vf x, int quarters) {
  const vf k = round_small(x * 0.636619772367581343f);
  vf r = x - k * 1.5703125f;
  r = r - k * 4.837512969970703125e-4f;
  r = r - k * 7.54978995489188216e-8f;
  const vf z = r * r;
  vf s = z * -1.9515295891e-4f + 8.3321608736e-3f;
  s = s * z - 1.6666654611e-1f;
  s = s * z * r + r;
  vf c = z * 2.443315711809948e-5f - 1.388731625493765e-3f;
  c = c * z + 4.166664568298827e-2f;
  c = c * z * z - z * 0.5f + 1.0f;
  const vi turn = to_int(k) + quarters;
  const vf y = select((turn & 1) == 0, s, c);
  return as_float(as_int(y) ^ ((turn & 2) << 30));
}

// Three parts of pi / 2 carry the argument this far; beyond, and for NaN and infinity, the C library goes on.
DL_INLINE vi is_far(vf x) { return ~(abs(x) <= 8192.0f); }

DL_INLINE bool any(vi mask) {
  int all = 0;
  for (int i = 0; i < lanes; ++i) all |= mask[i];
  return all != 0;
}

DL_INLINE vf sin(vf x) {
  vf y = sine(x, 0);
  if (const vi far = is_far(x); __builtin_expect(any(far), 0)) {
    for (int i = 0; i < lanes; ++i) y[i] = far[i] ? __builtin_sinf(x[i]) : y[i];
  }
  return y;
}

DL_INLINE vf cos(vf x) {
  vf y = sine(x, 1);
  if (const vi far = is_far(x); __builtin_expect(any(far), 0)) {
    for (int i = 0; i < lanes; ++i) y[i] = far[i] ? __builtin_cosf(x[i]) : y[i];
  }
  return y;
}

// pow needs more bits than a float has on the way: half a vector at a time in double.
typedef double vd __attribute__((vector_size(DL_LANES * 4)));
typedef int64_t vl __attribute__((vector_size(DL_LANES * 4)));

DL_INLINE vd select_double(vl mask, vd yes, vd no) { return mask ? yes : no; }
DL_INLINE vd splat_double(double x) { return x - vd{}; }
DL_INLINE vd round_double(vd x) { return (x + 6755399441055744.0) - 6755399441055744.0; }  // |x| < 2^51

DL_INLINE vd log2_positive(vd x) {
  constexpr int64_t sqrt_half = 0x3fe6a09e667f3bcd;
  const vl bits = reinterpret_cast<vl>(x) - sqrt_half;
  const vd e = __builtin_convertvector(bits >> 52, vd);
  const vd m = reinterpret_cast<vd>((bits & 0xfffffffffffff) + sqrt_half);
  const vd s = (m - 1.0) / (m + 1.0), z = s * s;
  vd p = z * (1.0 / 15) + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  p = p * z + 1.0;
  return e + s * p * 2.885390081777926815;  // 2 / ln 2
}

DL_INLINE vd exp2_bounded(vd x) {  // |x| < 1000
  const vd k = round_double(x), r = (x - k) * 0.693147180559945309;
  vd p = r * (1.0 / 3628800) + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return reinterpret_cast<vd>(reinterpret_cast<vl>(p) + (__builtin_convertvector(k, vl) << 52));
}

DL_INLINE vd pow_double(vd x, vd y) {
  const vd inf = splat_double(__builtin_inf()), zero{};
  const vd size = reinterpret_cast<vd>(reinterpret_cast<vl>(x) & INT64_MAX);
  vd l = log2_positive(size);
  l = select_double(size == 0, splat_double(-1e300), l);
  l = select_double(size == inf, splat_double(1e300), l);
  vd t = y * l;
  t = select_double(t > 160, splat_double(160), t);
  t = select_double(t < -160, splat_double(-160), t);
  t = select_double((x != x) | (y != y), splat_double(__builtin_nan("")), t);
  const vd limited =
      select_double(y > 0x1p25, splat_double(0x1p25), select_double(y < -0x1p25, splat_double(-0x1p25), y));
  const vl whole = round_double(limited) == limited;
  const vl odd = whole & (round_double(limited * 0.5) != limited * 0.5);
  t = select_double((x < 0) & ~whole & (size < inf), splat_double(__builtin_nan("")), t);
  t = select_double((y == 0) | (x == 1) | ((x == -1) & ((y == inf) | (y == -inf))), zero, t);
  const vd power = exp2_bounded(t);
  const vl sign = reinterpret_cast<vl>(x) & odd & INT64_MIN;
  return reinterpret_cast<vd>(reinterpret_cast<vl>(power) | sign);
}

DL_INLINE vf pow(vf x, vf y) {
  vf result{};
  for (int half = 0; half < lanes; half += lanes / 2) {
    vd dx{}, dy{};
    for (int i = 0; i < lanes / 2; ++i) {
      dx[i] = x[half + i];
      dy[i] = y[half + i];
    }
    const vd power = pow_double(dx, dy);
    for (int i = 0; i < lanes / 2; ++i) result[half + i] = static_cast<float>(power[i]);
  }
  return result;
}

}  // namespace dl::DL_ISA
