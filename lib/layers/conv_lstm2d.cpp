// Convolutional LSTM (Shi et al. 2015, arXiv:1506.04214): i, f, g, o = convolution(x, weight_ih) + bias +
// convolution(h, weight_hh); c' = sigmoid(f) c + sigmoid(i) tanh(g); h' = sigmoid(o) tanh(c')
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/graph/sizes.h"
#include "lib/nn/layer.h"
#include "lib/nn/padding.h"

namespace dl {
namespace {

struct ConvLstm2d final : Layer {
  int64_t out_channels = 0;
  Pair kernel_size = 3;
  Padding<2> padding{.size = 0, .same = true};
  bool bias = true, return_sequences = true;

  void describe(Schema& s) override {
    s.summary("long short-term memory whose inputs and states are images [height, width, channels]");
    s.details(
        "Takes [steps, height, width, channels]. Parameters: weight_ih [4 out_channels, channels, kernel], weight_hh "
        "[4 out_channels, out_channels, kernel], bias [4 out_channels], the gates i, f, g, o in this order. The first "
        "state is 0, and is convolved so that its size stays.");
    s.also_known_as({"ConvLSTM2D", "conv_lstm", "ConvLSTM"});
    s.required("out_channels", out_channels, "channels of the state").at_least(1).known_as({"filters", "hidden_size"});
    s.required("kernel_size", kernel_size, "height and width of the kernels").at_least(1).at_most(most_window);
    s.optional("padding", padding, "zeros around the images; 'same': as many as keep their sizes").at_most(most_window);
    s.optional("bias", bias, "whether a bias is added").known_as({"use_bias"});
    s.optional("return_sequences", return_sequences, "whether the result is every step's state; else the last");
    s.example("conv_lstm2d: {out_channels: 2, kernel_size: 3}");
  }

  Value build(Builder& b, Value x) const override {
    expect_rank(x, 5, "a sequence of images [steps, height, width, channels]");
    const Shape& s = x.shape();
    const int64_t batch = s[0], steps = s[1], channels = s[4], gates = times(4, out_channels);
    const double bound = 1 / std::sqrt(static_cast<double>(times(out_channels, times(kernel_size.h, kernel_size.w))));
    const auto uniform = uniform_initializer(bound);
    const Value weight_ih = b.parameter("weight_ih", {gates, channels, kernel_size.h, kernel_size.w}, uniform);
    const Value weight_hh = b.parameter("weight_hh", {gates, out_channels, kernel_size.h, kernel_size.w}, uniform);
    // What the images give to the gates, of all steps at once.
    const Value images = reshape(x, {times(batch, steps), s[2], s[3], channels});
    Value given = convolution(images, weight_ih, make_window<2>(kernel_size, 1, padding, 1, images.shape()));
    if (bias) given = given + b.parameter("bias", {gates}, uniform);
    const Shape made = given.shape();
    given = reshape(given, {batch, steps, made[1], made[2], gates});
    const Shape state{batch, made[1], made[2], out_channels};
    Value h, c;
    std::vector<Value> states;
    for (int64_t step = 0; step < steps; ++step) {
      Value now = reshape(dl::slice(given, 1, step, 1), {batch, made[1], made[2], gates});
      if (h) now = now + convolution(h, weight_hh, make_window<2>(kernel_size, 1, {.size = 0, .same = true}, 1, state));
      const auto gate = [&](int64_t i) { return dl::slice(now, 3, i * out_channels, out_channels); };
      const Value kept = sigmoid(gate(0)) * tanh(gate(2));
      c = c ? sigmoid(gate(1)) * c + kept : kept;
      h = sigmoid(gate(3)) * tanh(c);
      states.push_back(reshape(h, {batch, 1, made[1], made[2], out_channels}));
    }
    return return_sequences ? concatenate(std::move(states), 1) : h;
  }
};
DL_LAYER(ConvLstm2d, "conv_lstm2d");

}  // namespace
}  // namespace dl
