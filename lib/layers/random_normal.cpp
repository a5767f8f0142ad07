// Standard normal random numbers
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"

namespace dl {
namespace {

struct RandomNormal final : Layer {
  std::vector<int64_t> shape;
  void describe(Schema& s) override {
    s.summary("standard normal random numbers of a shape, whatever the input: what a generator begins with");
    s.details("They are drawn anew for each training step; an evaluation or prediction draws the same again.");
    s.also_known_as({"randn", "random.normal", "normal_", "noise"});
    s.required("shape", shape, "of a sample").positional().at_least(1);
    s.example("random_normal: [64]");
  }
  Value build(Builder& b, Value x) const override {
    std::vector<int64_t> sizes{x.shape()[0]};
    sizes.insert(sizes.end(), shape.begin(), shape.end());
    return standard_normal(b, Shape(std::move(sizes)));
  }
};
DL_LAYER(RandomNormal, "random_normal");

}  // namespace
}  // namespace dl
