// The ways in which a value comes without its axes: flattened, or without channels as arrays often are.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/image.h"

#include <array>

#include "lib/base/text.h"
#include "lib/graph/sizes.h"
#include "lib/nn/layer.h"

namespace dl {

namespace {

std::string help_for(Value x, int rank) {
  const int found = x.shape().rank();
  if (rank == 1 && x.type().dtype == DType::i32) return "put 'embedding' before it";
  if (rank == 1 && found == 2) return "put 'unflatten: [-1, 1]' before it where this is a sequence of one channel";
  if (rank == 1 && found == 4)
    return "take the layer of images, whose name ends in 2d, or put 'to_sequence' before it where each pixel is a step";
  if (rank == 2 && found == 3) {
    return "write 'layout: grey' in the data where these are grey images, or save them as "
           "[samples, height, width, 1]";
  }
  if (rank == 3 && found == 4) return "save volumes of one channel as [samples, depth, height, width, 1]";
  return found == 2 ? "put it before 'flatten'" : "";
}

}  // namespace

const SpatialWords& words_of_rank(int rank) {
  static const std::array<SpatialWords, 3> words{{
      {"sequence", "a sequence [length, channels]", "length"},
      {"image", "an image [height, width, channels]", "height and width"},
      {"volume", "a volume [depth, height, width, channels]", "depth, height and width"},
  }};
  return words.at(static_cast<size_t>(rank - 1));
}

void expect_spatial(Value x, int rank) { expect_rank(x, rank + 2, words_of_rank(rank).shape, help_for(x, rank)); }
void expect_sequence(Value x, const std::string& wanted) {
  const Shape shape = x.shape();
  expect_rank(x, 3, wanted,
              shape.rank() == 4 ? concat("put 'to_sequence' before it, or 'reshape: [", shape[1], ", ",
                                         times(shape[2], shape[3]), "]' where each row is a step")
                                : help_for(x, 1));
}
void expect_image(Value x) { expect_spatial(x, 2); }

Value mean_of_channels(Value x) {
  std::vector<int> places;
  for (int axis = 1; axis + 1 < x.shape().rank(); ++axis) places.push_back(axis);
  return reshape(mean(x, places), {x.shape()[0], x.shape().last()});
}

}  // namespace dl
