// Places compared with lengths.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/lengths.h"

#include "lib/base/error.h"

namespace dl {

Value is_step(Value x, Value lengths) {
  const int64_t batch = x.shape()[0], places = x.shape()[1];
  if (lengths.type() != Type{DType::i32, {batch}}) {
    throw ShapeError(concat("expected one length a sample, whole numbers, got ", name_of(lengths.type().dtype), " ",
                            lengths.shape().without_batch().text()),
                     "write 'from: [SEQUENCE, lengths]'");
  }
  return reshape(iota(*x.graph, places), {1, places, 1}) < reshape(cast(lengths, DType::f32), {batch, 1, 1});
}

}  // namespace dl
