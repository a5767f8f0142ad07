// The places of an image or a volume as positions of a sequence: [height, width, channels] to [height width, channels],
// row by row
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct ToSequence final : Layer {
  void describe(Schema& s) override {
    s.summary("makes the places of an image or a volume the positions of a sequence");
    s.also_known_as({"flatten_spatial", "to_tokens"});
    s.example("to_sequence");
  }
  Value build(Builder&, Value x) const override {
    if (x.shape().rank() < 3) {
      throw ShapeError(concat("expected an image or a volume, got shape ", x.shape().without_batch().text()),
                       "put it before 'flatten'");
    }
    return dl::reshape(x, {x.shape()[0], -1, x.shape().last()});
  }
};
DL_LAYER(ToSequence, "to_sequence");

}  // namespace
}  // namespace dl
