// Twelve chains of multiply-adds in registers, for benchmark/quiet.py: how fast a core is at this moment.
// SPDX-License-Identifier: Apache-2.0

#if defined(__AVX512F__)
enum { lanes = 16 };
#elif defined(__AVX__)
enum { lanes = 8 };
#else
enum { lanes = 4 };
#endif
typedef float Floats __attribute__((vector_size(4 * lanes)));

// Returns the floating-point operations done. `out`, twelve numbers, keeps the compiler from leaving them out.
double multiply_add(long rounds, float* out) {
  Floats sum[12], x, y;
  for (int i = 0; i < lanes; ++i) x[i] = 0.5f, y[i] = out[0];
  for (int j = 0; j < 12; ++j) sum[j] = y + (float)j;
  for (long i = 0; i < rounds; ++i) {
#pragma GCC unroll 12
    for (int j = 0; j < 12; ++j) sum[j] = sum[j] * x + y;
  }
  for (int j = 0; j < 12; ++j) out[j] = sum[j][0];
  return 2.0 * 12 * lanes * (double)rounds;
}
