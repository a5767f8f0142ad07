// Max unpooling: the numbers of a max pooling back at the places of the largest, 0 elsewhere
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/unpool_layer.h"

namespace dl {
namespace {

struct MaxUnpool2d final : MaxUnpoolLayer<2> {
  void describe(Schema& s) override {
    s.summary("puts the numbers of a pooled layer back where its largest were: an image [height, width, channels]");
    s.also_known_as({"MaxUnpool2d"});
    describe_unpool(s);
    s.example("max_unpool2d: 2");
  }
};
DL_LAYER(MaxUnpool2d, "max_unpool2d");

}  // namespace
}  // namespace dl
