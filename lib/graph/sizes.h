// Sizes that come from a config, counted until they are in the shape of a value: what 64 bits do not count is a
// ShapeError. The bytes of every value of a graph are counted when it is made, with room for sums of several.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>

#include "lib/graph/type.h"

namespace dl {

// Of numbers that are not below 0.
int64_t times(int64_t a, int64_t b);
int64_t plus(int64_t a, int64_t b);

// ShapeError where the type's bytes are not counted.
void require_counted(const Type& type);

}  // namespace dl
