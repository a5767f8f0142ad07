// Global max pooling: the largest value of each channel over the sequence (Collobert et al. 2011, "max over time")
// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.h"
#include "lib/nn/layer.h"
#include "lib/nn/lengths.h"

namespace dl {
namespace {

struct GlobalMaxPool1d final : Layer {
  void describe(Schema& s) override {
    s.summary("largest value of each channel over a sequence [length, channels]; gives [channels]");
    s.details(
        "A second input (from: [x, lengths]) of whole numbers, one a sample, tells how many positions are no padding.");
    s.also_known_as({"GlobalMaxPooling1D", "global_max_pooling1d", "max_over_time"});
    s.example("global_max_pool1d");
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    if (inputs.size() > 2) throw ShapeError(concat("expected one or two inputs, got ", inputs.size()));
    Value x = inputs[0];
    expect_rank(x, 3, "a sequence [length, channels]");
    if (b.decoding()) {
      throw ShapeError("global_max_pool1d goes over all positions, so that none can be had by itself",
                       "leave it out, and train again");
    }
    if (inputs.size() == 2) x = where(is_step(x, inputs[1]), x, -3e38);
    return reshape(max(x, {1}), {x.shape()[0], x.shape()[2]});
  }
};
DL_LAYER(GlobalMaxPool1d, "global_max_pool1d");

}  // namespace
}  // namespace dl
