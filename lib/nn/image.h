// What layers of images ask of their input.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/graph/op.h"

namespace dl {

// x is [batch, height, width, channels], else a ShapeError that says where the channels may have been lost.
void expect_image(Value x);

}  // namespace dl
