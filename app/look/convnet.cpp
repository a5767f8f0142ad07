// Stages of a convolution and a pooling, as many as the image is large for.
// SPDX-License-Identifier: Apache-2.0
#include "app/look/convnet.h"

#include <algorithm>

#include "lib/base/error.h"

namespace dl {

std::string convnet_yaml(Pair size, int64_t& stages) {
  const int64_t side = std::min(size.h, size.w);
  const bool large = std::max(size.h, size.w) >= 48;
  stages = side >= 48 ? 4 : side >= 32 ? 3 : side >= 12 ? 2 : 1;
  int64_t channels = large ? 16 : 32;
  std::string yaml;
  for (int64_t stage = 0; stage < stages; ++stage, channels *= 2) {
    yaml += concat("  - conv2d: {out_channels: ", channels, ", kernel_size: 3, padding: same, bias: false}\n",
                   "  - batch_norm\n  - relu\n");
    if (side >= 8) yaml += "  - max_pool2d: 2\n";
  }
  if (large) return yaml + "  - global_avg_pool2d\n  - dropout: 0.2\n";
  return yaml + "  - flatten\n  - dropout: 0.3\n  - linear: 128\n  - relu\n  - dropout: 0.3\n";
}

int64_t image_epochs(int64_t samples, Pair size) {
  const int64_t dots = std::max<int64_t>(samples, 1) * size.h * size.w;
  return std::clamp<int64_t>(int64_t{48'000'000} / dots, 5, 40);
}

}  // namespace dl
