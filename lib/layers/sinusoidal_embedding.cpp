// Fixed waves for each position, added (Vaswani et al. 2017, arXiv:1706.03762, section 3.5): with w = base^(-2 i /
// features), y[p, 2 i] = x[p, 2 i] + sin(p w) and y[p, 2 i + 1] = x[p, 2 i + 1] + cos(p w)
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/image.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct SinusoidalEmbedding final : Layer {
  double base = 10000;

  void describe(Schema& s) override {
    s.summary("adds waves of different lengths to the positions of a sequence [length, features]");
    s.also_known_as({"SinePositionEncoding", "positional_encoding", "sinusoidal"});
    s.optional("base", base, "ratio of the longest wave to the shortest").above(1);
    s.example("sinusoidal_embedding");
  }

  Value build(Builder& b, Value x) const override {
    expect_sequence(x, "a sequence [length, features]");
    const int64_t length = x.shape()[1], features = x.shape()[2];
    const Decoding* decoding = b.decoding();
    const Value position = decoding ? reshape(as_f32(decoding->position), {x.shape()[0], 1, 1})
                                    : reshape(iota(b.graph(), length), {length, 1});
    const Value feature = iota(b.graph(), features);
    const Value odd = map(Function::floor, (feature + 1) * 0.5) - map(Function::floor, feature * 0.5);  // 0, 1, 0, 1, …
    const Value angle = position * exp((feature - odd) * (-std::log(base) / static_cast<double>(features)));
    return x + where(odd > 0.5, map(Function::cos, angle), map(Function::sin, angle));
  }
};
DL_LAYER(SinusoidalEmbedding, "sinusoidal_embedding");

}  // namespace
}  // namespace dl
