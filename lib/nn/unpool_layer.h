// What the layers have in common that undo max pooling of sequences, images and volumes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/nn/layer.h"
#include "lib/nn/padding.h"

namespace dl {

// Of sequences (rank 1), images (2) or volumes (3), two inputs: x [batch, outputs …, channels], and what a max pooling
// by the same windows, beside each other, has made that of, before [batch, places …, channels]. The result is as
// `before`: each number of x at the first place of the largest of its window, 0 elsewhere. `before` takes no gradient.
template <int rank>
struct MaxUnpoolLayer : Layer {
  Sizes<rank> kernel_size;
  Value build(Builder& b, std::span<const Value> inputs) const final;
  void twins(Twins& t) const final;

 protected:
  void describe_unpool(Schema& s);
};

}  // namespace dl
