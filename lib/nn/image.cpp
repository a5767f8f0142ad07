// The two ways in which an image has no channels: flattened, or grey as arrays often are.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"

#include "lib/nn/layer.h"

namespace dl {

void expect_image(Value x) {
  expect_rank(x, 4, "an image [height, width, channels]",
              x.shape().rank() == 3 ? "write 'layout: grey' in the data where these are grey images, or save them as "
                                      "[samples, height, width, 1]"
                                    : "put it before 'flatten'");
}

}  // namespace dl
