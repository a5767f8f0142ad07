// What of a loop behind a product the product can do itself: adding the bias of a linear layer.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>

#include "lib/graph/loop.h"

namespace dl::cuda {

struct BiasedLoop {
  int bias = 0;  // the loop's input f32 [cols] that is added
  Loop loop;     // the same, reading c + bias as its input 0
};

// Of an epilogue's loop, which reads the product c as input 0, and the types of its inputs. None where c is read for
// anything but the addition, or what is added is not one f32 number a column.
std::optional<BiasedLoop> split_bias(const Loop& loop, std::span<const Type> inputs);

// Whether all that a loop does is to store its input 0 as it is.
bool only_stores_product(const Loop& loop);

}  // namespace dl::cuda
