// Slopes of the Jaccard index.
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/ops/jaccard_slopes.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "lib/device/reference/kernel.h"
#include "lib/graph/falling_key.h"

namespace dl::reference {

namespace {

Run jaccard_slopes_kernel(const Op&, Types in, Types) {
  return [shape = in[0].shape](Buffers x, Buffers y) {
    const int64_t places = shape[1];
    std::vector<int64_t> order(static_cast<size_t>(places));
    for (int64_t row = 0; row < shape[0]; ++row) {
      const float *errors = f32(x, 0) + row * places, *hits = f32(x, 1) + row * places;
      std::iota(order.begin(), order.end(), 0);
      std::ranges::sort(order, {}, [&](int64_t i) { return falling_key(errors[i], i); });
      const double all = std::accumulate(hits, hits + places, 0.0);
      double wrong = 0, hit = 0, before = 0;
      for (const int64_t i : order) {
        wrong += 1;
        hit += double{hits[i]};
        const double loss = JaccardSlopes::loss(all, wrong, hit);
        f32(y, 0)[row * places + i] = static_cast<float>(loss - before);
        before = loss;
      }
    }
  };
}

DL_REFERENCE_KERNEL("jaccard_slopes", jaccard_slopes_kernel);

}  // namespace

}  // namespace dl::reference
