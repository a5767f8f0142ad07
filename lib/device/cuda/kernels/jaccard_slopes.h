// Slopes of the Jaccard index, a block a row: its places are sorted by a bitonic network, their hits summed in order.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/device/cuda/kernels/keys.h"

namespace dl::cuda {

struct JaccardRows {
  static constexpr int threads = 256;
  static constexpr int shared_bytes = threads * 4;
  const float *errors, *hits;  // [rows, places]
  float* slopes;
  unsigned long long* keys;        // [blocks, padded]
  long long rows, places, padded;  // the next power of two
};

template <class Thread>
void sort_keys(const Thread& t, unsigned long long* keys, long long count) {
  for (long long size = 2; size <= count; size *= 2)
    for (long long step = size / 2; step > 0; step /= 2) {
      for (long long i = t.index(); i < count / 2; i += t.count()) {
        const long long low = i / step * 2 * step + i % step, high = low + step;
        const bool rises = (low & size) == 0;
        const unsigned long long a = keys[low], b = keys[high];
        if ((a > b) != rises) continue;
        keys[low] = b;
        keys[high] = a;
      }
      t.sync();
    }
}

template <class Thread>
void jaccard_slopes(const Thread& t, const JaccardRows& p) {
  unsigned long long* const keys = p.keys + t.block() * p.padded;
  auto parts = t.template shared<float>();
  for (long long row = t.block(); row < p.rows; row += t.blocks()) {
    const float *errors = p.errors + row * p.places, *hits = p.hits + row * p.places;
    for (long long i = t.index(); i < p.padded; i += t.count())
      keys[i] = i < p.places ? falling_key(errors[i], i) : no_key;
    t.sync();
    sort_keys(t, keys, p.padded);
    const long long each = (p.places + t.count() - 1) / t.count();
    const long long begin = t.index() * each, end = begin + each < p.places ? begin + each : p.places;
    float own = 0;
    for (long long k = begin; k < end; ++k) own += hits[static_cast<unsigned>(keys[k])];
    parts[t.index()] = own;
    t.sync();
    // In f64, as a slope is the difference of two numbers that are almost equal where places are many.
    double all = 0, hit = 0;
    for (int i = 0; i < t.count(); ++i) {
      if (i == t.index()) hit = all;
      all += static_cast<double>(static_cast<float>(parts[i]));
    }
    const auto loss = [&](long long wrong) { return 1 - (all - hit) / (all + static_cast<double>(wrong) - hit); };
    double before = begin > 0 && begin < end ? loss(begin) : 0;
    for (long long k = begin; k < end; ++k) {
      const unsigned i = static_cast<unsigned>(keys[k]);
      hit += static_cast<double>(hits[i]);
      const double now = loss(k + 1);
      p.slopes[row * p.places + i] = static_cast<float>(now - before);
      before = now;
    }
    t.sync();
  }
}

}  // namespace dl::cuda
