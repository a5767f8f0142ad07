// Max unpooling: the numbers of a max pooling back at the places of the largest, 0 elsewhere
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/unpool_layer.h"

namespace dl {
namespace {

struct MaxUnpool1d final : MaxUnpoolLayer<1> {
  void describe(Schema& s) override {
    s.summary("puts the numbers of a pooled layer back where its largest were: a sequence [length, channels]");
    s.also_known_as({"MaxUnpool1d"});
    describe_unpool(s);
    s.example("max_unpool1d: 2");
  }
};
DL_LAYER(MaxUnpool1d, "max_unpool1d");

}  // namespace
}  // namespace dl
