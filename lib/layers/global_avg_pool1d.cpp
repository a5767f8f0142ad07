// Global average pooling: the mean of each channel over the sequence (Lin et al. 2014, arXiv:1312.4400)
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/nn/image.h"
#include "lib/nn/layer.h"
#include "lib/nn/lengths.h"

namespace dl {
namespace {

struct GlobalAvgPool1d final : Layer {
  void describe(Schema& s) override {
    s.summary("mean of each channel over a sequence [length, channels]; gives [channels]");
    s.details(
        "A second input (from: [x, lengths]) of whole numbers, one a sample, tells how many positions are no padding.");
    s.also_known_as({"GlobalAveragePooling1D", "global_average_pooling1d"});
    s.example("global_avg_pool1d");
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    if (inputs.size() > 2) throw ShapeError(concat("expected one or two inputs, got ", inputs.size()));
    const Value x = inputs[0];
    expect_spatial(x, 1);
    if (b.decoding()) {
      throw ShapeError("global_avg_pool1d goes over all positions, so that none can be had by itself",
                       "leave it out, and train again");
    }
    if (inputs.size() == 1) return mean_of_channels(x);
    const Value inside = is_step(x, inputs[1]), lengths = cast(inputs[1], DType::f32);
    const Value whole = reshape(sum(where(inside, x, 0), {1}), {x.shape()[0], x.shape()[2]});
    return whole / reshape(maximum(lengths, 1), {x.shape()[0], 1});
  }
};
DL_LAYER(GlobalAvgPool1d, "global_avg_pool1d");

}  // namespace
}  // namespace dl
