// Max unpooling: the numbers of a max pooling back at the places of the largest, 0 elsewhere
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/unpool_layer.h"

namespace dl {
namespace {

struct MaxUnpool3d final : MaxUnpoolLayer<3> {
  void describe(Schema& s) override {
    s.summary(
        "puts the numbers of a pooled layer back where its largest were: a volume [depth, height, width, channels]");
    s.also_known_as({"MaxUnpool3d"});
    describe_unpool(s);
    s.example("max_unpool3d: 2");
  }
};
DL_LAYER(MaxUnpool3d, "max_unpool3d");

}  // namespace
}  // namespace dl
