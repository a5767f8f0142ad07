// The same features at each position of a sequence: [features] to [n, features]
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct RepeatVector final : Layer {
  int64_t n = 1;

  void describe(Schema& s) override {
    s.summary("makes features a sequence that has them at each position");
    s.also_known_as({"RepeatVector"});
    s.required("n", n, "positions").at_least(1).positional();
    s.example("repeat_vector: 3");
  }

  Value build(Builder&, Value x) const override {
    expect_rank(x, 2, "one feature axis", "put 'flatten' before it");
    const int64_t batch = x.shape()[0], features = x.shape()[1];
    return broadcast_to(dl::reshape(x, {batch, 1, features}), {batch, n, features});
  }
};
DL_LAYER(RepeatVector, "repeat_vector");

}  // namespace
}  // namespace dl
