// A convolutional network for images of a size, as YAML.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "lib/spec/units.h"

namespace dl {

// The items of `model:` up to the classes, and how many stages they have.
std::string convnet_yaml(Pair size, int64_t& stages);

// Epochs that take minutes: the fewer, the more and the larger the images are.
int64_t image_epochs(int64_t samples, Pair size);

}  // namespace dl
