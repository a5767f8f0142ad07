// Sums and maxima over the threads of a warp or a block; every thread gets the result. The order of the additions
// follows from the number of threads alone. A block has whole warps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace dl::cuda {

// NaN where there is one.
inline float larger(float a, float b) { return a > b || a != a ? a : b; }

// Over each `lanes` neighbouring lanes of a warp, a power of two.
template <int lanes = 32, class Thread>
float warp_sum(const Thread& t, float x) {
  for (int mask = lanes / 2; mask > 0; mask /= 2) x += t.shuffle_xor(x, mask);
  return x;
}
template <int lanes = 32, class Thread>
float warp_max(const Thread& t, float x) {
  for (int mask = lanes / 2; mask > 0; mask /= 2) x = larger(x, t.shuffle_xor(x, mask));
  return x;
}

// `at`: which float of shared memory the 32 begin that are used.
template <class Thread>
float block_sum(const Thread& t, float x, int at = 0) {
  x = warp_sum(t, x);
  auto parts = t.template shared<float>(at);
  t.sync();  // whoever still reads the last result
  if (t.lane() == 0) parts[t.warp()] = x;
  t.sync();
  float sum = 0;
  for (int warp = 0; warp < t.count() / 32; ++warp) sum += parts[warp];
  return sum;
}
template <class Thread>
float block_max(const Thread& t, float x, int at = 0) {
  x = warp_max(t, x);
  auto parts = t.template shared<float>(at);
  t.sync();
  if (t.lane() == 0) parts[t.warp()] = x;
  t.sync();
  float most = parts[0];
  for (int warp = 1; warp < t.count() / 32; ++warp) most = larger(most, parts[warp]);
  return most;
}

}  // namespace dl::cuda
