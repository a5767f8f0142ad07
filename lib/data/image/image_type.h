// What transforms of images ask of their input.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lib/base/error.h"
#include "lib/graph/type.h"

namespace dl {

struct ImageType {
  int64_t h, w, c;
};

// The sizes of an image's type; anything but [height, width, channels] is an Error(Exit::usage) at `where`.
inline ImageType image_type(const Type& input, const Where& where) {
  if (input.shape.rank() != 3)
    throw Error(Exit::usage,
                Problem{.where = where,
                        .what = concat("expected images [height, width, channels], the data's samples are ",
                                       input.shape.text())});
  return {input.shape[0], input.shape[1], input.shape[2]};
}

}  // namespace dl
