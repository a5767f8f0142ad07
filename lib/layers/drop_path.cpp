// Stochastic depth (Huang et al. 2016, arXiv:1603.09382): while training each sample is 0 with probability p, else
// divided by 1 - p; put at the end of a residual branch
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/functions.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct DropPath final : Layer {
  double p = 0.1;
  std::string mode = "row";

  void describe(Schema& s) override {
    s.summary("sets whole samples of a branch to 0 at random while training");
    s.also_known_as({"StochasticDepth", "stochastic_depth", "DropPath"});
    s.optional("p", p, "probability of a sample's branch to become 0")
        .at_least(0)
        .below(1)
        .positional()
        .known_as({"rate", "drop_prob"});
    s.optional("mode", mode, "whether each sample is drawn for itself, or all of a batch at once")
        .one_of({"row", "batch"});
    s.example("drop_path: 0.2");
    s.example("drop_path: {p: 0.2, mode: batch}");
  }

  Value build(Builder& b, Value x) const override {
    return dropped(b, x, p, Shape(std::vector<int64_t>(static_cast<size_t>(x.shape().rank()), 1)), mode == "row");
  }
};
DL_LAYER(DropPath, "drop_path");

}  // namespace
}  // namespace dl
