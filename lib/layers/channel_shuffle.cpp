// Channel shuffle (Zhang et al. 2017, arXiv:1707.01083): the channels of groups, one of each group after the other
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct ChannelShuffle final : Layer {
  int64_t groups = 1;

  void describe(Schema& s) override {
    s.summary("mixes the channels of groups");
    s.also_known_as({"ChannelShuffle"});
    s.required("groups", groups, "how many").at_least(1).positional();
    s.example("channel_shuffle: 2");
  }

  Value build(Builder&, Value x) const override {
    const int64_t channels = x.shape().last();
    if (channels % groups != 0)
      throw ShapeError(concat("cannot divide ", channels, " channels into ", groups, " groups"),
                       "set groups to a divisor");
    return dl::reshape(dl::transpose(dl::reshape(x, {-1, groups, channels / groups}), {0, 2, 1}), x.shape());
  }
};
DL_LAYER(ChannelShuffle, "channel_shuffle");

}  // namespace
}  // namespace dl
