// Places compared with lengths.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/lengths.h"

#include "lib/base/error.h"

namespace dl {

Value is_step(Value x, Value lengths, const std::string& help) {
  const int64_t batch = x.shape()[0], places = x.shape()[1];
  if (lengths.type() != Type{DType::i32, {batch}}) {
    throw ShapeError(concat("expected one length a sample, whole numbers, got ", name_of(lengths.type().dtype), " ",
                            lengths.shape().without_batch().text()),
                     help);
  }
  std::vector<int64_t> along(static_cast<size_t>(x.shape().rank()), 1), across = along;
  along[1] = places;
  across[0] = batch;
  return reshape(iota(*x.graph, places), Shape(std::move(along))) <
         reshape(cast(lengths, DType::f32), Shape(std::move(across)));
}

}  // namespace dl
