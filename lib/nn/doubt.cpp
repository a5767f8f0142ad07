// Doubts that layers share.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/doubt.h"

#include <cmath>

#include "lib/base/text.h"

namespace dl {

DoubtList doubt_share_of_the_new(double momentum) {
  if (momentum <= 0.5) return {};
  return {{concat("'momentum' is the share of the new in the running averages: ", number_text(momentum),
                  " keeps next to nothing of what was before"),
           concat("write 'momentum: ", number_text(std::round((1 - momentum) * 1e6) / 1e6), "' for what Keras calls ",
                  number_text(momentum))}};
}

}  // namespace dl
