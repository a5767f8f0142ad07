// Convolutions of sequences, images and volumes: their keys, weights and sizes.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/conv_layer.h"

#include <cmath>

#include "lib/graph/ops/window.h"
#include "lib/graph/sizes.h"
#include "lib/nn/axes.h"
#include "lib/nn/image.h"
#include "lib/nn/margins.h"
#include "lib/nn/scoped_builder.h"

namespace dl {

template <int rank>
void AnyConvLayer<rank>::describe_keys(Schema& s, const Words& of) {
  const SpatialWords& words = words_of_rank(rank);
  const std::string kernel = rank == 1   ? "kernel length"
                             : rank == 2 ? "kernel height, kernel width"
                                         : "kernel depth, kernel height, kernel width";
  s.details("Parameters: weight [" + of.weight + ", " + kernel +
            "], bias [out_channels]. Without initializers both are uniform in [-1/sqrt(n), 1/sqrt(n)) with n the "
            "number of inputs of a unit, as in PyTorch.");
  s.required("out_channels", out_channels, "number of filters")
      .at_least(1)
      .known_as({"filters", "features", "num_output"});
  s.required("kernel_size", kernel_size, words.axes + " of the kernel")
      .at_least(1)
      .at_most(most_window)
      .known_as({"size", "kernel"});
  s.optional("stride", stride, of.stride).at_least(1).at_most(most_window).known_as({"strides"});
  Field& pad = s.optional("padding", padding, of.padding).at_most(most_window).known_as({"pad"});
  if (of.causal) pad.one_of({"causal"});
  s.optional("dilation", dilation, "distance of the kernel's elements")
      .at_least(1)
      .at_most(most_window)
      .known_as({"dilation_rate"});
  s.optional("groups", groups, "parts into which channels are split, each with filters of its own").at_least(1);
  s.optional("bias", bias, "whether a bias is added").known_as({"use_bias"});
  s.optional("init", init, "initializer of the weight").known_as({"kernel_initializer", "weight_init"});
  s.optional("bias_init", bias_init, "initializer of the bias").known_as({"bias_initializer"});
  norms.describe(s);
  s.instead_of("in_channels", "leave it out: input sizes are inferred");
  s.instead_of("activation", "write the activation as a layer of its own behind it: '- relu'");
  s.check([this](const Report& report) {
    if (out_channels % groups != 0) {
      report.at("out_channels", concat("expected a multiple of groups (", groups, "), got ", out_channels));
    }
  });
}

template <int rank>
int64_t AnyConvLayer<rank>::channels_of(Value x) const {
  expect_spatial(x, rank);
  const int64_t channels = x.shape().last();
  if (channels % groups != 0)
    throw ShapeError(concat("expected channels that ", groups, " groups divide, got ", channels));
  return channels;
}

namespace {

std::shared_ptr<const Initializer> as_pytorch(const Shape& weight) {
  return uniform_initializer(1.0 / std::sqrt(fans_of(weight).in));
}

}  // namespace

template <int rank>
Value AnyConvLayer<rank>::weight(Builder& b, int64_t first, int64_t second, int units) const {
  const Window::Axes kernel = axes_of(kernel_size);
  std::vector<int64_t> sizes{first, second};
  sizes.insert(sizes.end(), kernel.begin(), kernel.begin() + rank);
  const Shape shape(std::move(sizes));
  return norms.make(b, shape, init ? init : as_pytorch(shape), units);
}

template <int rank>
Value AnyConvLayer<rank>::with_bias(Builder& b, Value y, const Shape& weight) const {
  return bias ? y + b.parameter("bias", {out_channels}, bias_init ? bias_init : as_pytorch(weight)) : y;
}

template <int rank>
void ConvLayer<rank>::describe_conv(Schema& s) {
  this->describe_keys(
      s, {.weight = "out_channels, channels / groups",
          .stride = "how far the kernel moves",
          .padding = "zeros around the " + words_of_rank(rank).kind +
                     "; 'same': as many as give its sizes over stride, rounded up" +
                     (rank == 1 ? "; 'causal': all before it, so that an output sees nothing behind it" : ""),
          .causal = rank == 1});
  s.optional(
       "padding_mode", padding_mode,
       "what the padding is: zeros, the places mirrored at the first and last, the first and last again, or those of "
       "the other end")
      .one_of({"zeros", "reflect", "replicate", "circular"});
}

template <int rank>
Value ConvLayer<rank>::build(Builder& b, Value x) const {
  const int64_t channels = this->channels_of(x);
  const Value w = this->weight(b, this->out_channels, channels / this->groups, 0);
  Window window = make_window<rank>(this->kernel_size, this->stride, this->padding, this->dilation, x.shape());
  if (rank == 1 && b.decoding()) {
    if (!this->padding.causal || padding_mode != "zeros" || !window.all(window.stride, 1))
      refuse_decoding(b, this->name);
    // What the kernel sees before a position is carried from one to the next.
    if (const int64_t seen = window.pad_before[0]; seen > 0) {
      x = concatenate({b.carried("inputs", {x.shape()[0], seen, channels}), as_f32(x)}, 1);
      b.carry("inputs", slice(x, 1, 1, seen));
      window.pad_before[0] = 0;
    }
  }
  for (int axis = 0; padding_mode != "zeros" && axis < rank; ++axis) {
    const size_t i = static_cast<size_t>(axis);
    x = padded(x, axis + 1, {window.pad_before[i], window.pad_after[i]}, pad_mode(padding_mode));
    window.pad_before[i] = window.pad_after[i] = 0;
  }
  return this->with_bias(b, convolution(x, w, window, this->groups), w.shape());
}

namespace {

// Of weights elsewhere whose outputs are last.
constexpr const char* kernel_arrows[] = {"oik -> kio", "oihw -> hwio", "oidhw -> dhwio"};
constexpr const char* transposed_kernel_arrows[] = {"iok -> koi", "iohw -> hwoi", "iodhw -> dhwoi"};

}  // namespace

// Elsewhere an odd zero has no place but in what PyTorch calls 'same', of a kernel that moves by one.
template <int rank>
void ConvLayer<rank>::twins(Twins& t) const {
  keras_twin(t);
  flax_twin(t);
  const Window w = make_window<rank>(this->kernel_size, this->stride, this->padding, this->dilation, t.x());
  const bool same = this->padding.same && w.all(w.stride, 1);
  if (this->norms.weight_norm || this->norms.spectral_norm || (!same && w.pad_before != w.pad_after)) return;
  t.say("padding", same ? "'same'" : sizes_text(w, w.pad_before));
  t.say("rank", std::to_string(rank));
  t.pytorch(
       "nn.Conv{rank}d({in}, {out_channels}, {kernel_size}, stride={stride|1}, padding={padding|0}, "
       "dilation={dilation|1}, groups={groups|1}, bias={bias|True}, padding_mode={padding_mode|'zeros'})")
      .first();
}

template <int rank>
void ConvLayer<rank>::keras_twin(Twins& t) const {
  const Window w = make_window<rank>(this->kernel_size, this->stride, this->padding, this->dilation, t.x());
  const int64_t channels = t.x().last();
  const bool depthwise = rank <= 2 && this->groups == channels && this->groups > 1 && !this->padding.causal &&
                         w.all(w.stride, w.stride[0]);
  const bool plain = !this->norms.weight_norm && !this->norms.spectral_norm && padding_mode == "zeros" &&
                     (this->groups == 1 || depthwise) && (w.all(w.stride, 1) || w.all(w.dilation, 1));
  const bool named = this->padding.same || this->padding.causal, around = !named && !w.all(w.pad_before, 0);
  if (!plain) return;
  t.say("rank", std::to_string(rank));
  t.say("keras_padding", this->padding.same ? "'same'" : this->padding.causal ? "'causal'" : "'valid'");
  t.say("zeros", sizes_text(w, w.pad_before));
  const int64_t multiplier = this->out_channels / channels;
  t.say("multiplier", std::to_string(multiplier));
  Twin& keras = t.keras(
      depthwise ? "layers.DepthwiseConv{rank}D(kernel_size:{kernel_size}, strides={stride|1}, "
                  "padding={keras_padding|'valid'}, depth_multiplier={multiplier|1}, dilation_rate={dilation|1}, "
                  "use_bias={bias|True})"
                : "layers.Conv{rank}D(filters:{out_channels}, kernel_size:{kernel_size}, strides={stride|1}, "
                  "padding={keras_padding|'valid'}, dilation_rate={dilation|1}, use_bias={bias|True})");
  if (depthwise) {
    std::vector<int64_t> sizes{channels, multiplier};
    sizes.insert(sizes.end(), w.size.begin(), w.size.begin() + rank);
    keras.tensor("weight", "kernel", rank == 1 ? "cmk -> kcm" : "cmhw -> hwcm").seen(std::move(sizes));
  } else {
    keras.tensor("weight", "kernel", kernel_arrows[rank - 1]);
  }
  if (this->bias) keras.tensor("bias", "bias");
  if (around) keras.called("{self}(layers.ZeroPadding{rank}D(padding:{zeros})({x}))");
}

template <int rank>
void ConvLayer<rank>::flax_twin(Twins& t) const {
  if (this->norms.weight_norm || this->norms.spectral_norm || padding_mode != "zeros") return;
  const Window w = make_window<rank>(this->kernel_size, this->stride, this->padding, this->dilation, t.x());
  t.say("flax_size", tuple_text(w, w.size));
  t.say("pads", this->padding.same                                ? "'SAME'"
                : w.all(w.pad_before, 0) && w.all(w.pad_after, 0) ? "'VALID'"
                                                                  : pads_text(w));
  Twin& flax = t.flax(
                    "nn.Conv({out_channels}, {flax_size}, strides={stride|1}, padding={pads|'SAME'}, "
                    "kernel_dilation={dilation|1}, feature_group_count={groups|1}, use_bias={bias|True})")
                   .tensor("weight", "kernel", kernel_arrows[rank - 1]);
  if (this->bias) flax.tensor("bias", "bias");
}

// The inputs stand `stride` apart in zeros, over which the kernel goes backwards: as many zeros around them as give the
// output's sizes.
template <int rank>
void TransposedConvLayer<rank>::flax_twin(Twins& t) const {
  if (this->groups != 1) return;
  const Shape output = output_of(t.x());
  const Window w = window_over(output);
  Window around = w;
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
    const int axis = static_cast<int>(i);
    around.pad_before[i] = w.dilation[i] * (w.size[i] - 1) - w.pad_before[i];
    around.pad_after[i] = w.pad_before[i] + output[axis] - (t.x()[axis + 1] - 1) * w.stride[i] - 1;
  }
  t.say("flax_size", tuple_text(w, w.size));
  t.say("pads", pads_text(around));
  Twin& flax = t.flax(
                    "nn.ConvTranspose({out_channels}, {flax_size}, strides={stride|1}, padding={pads}, "
                    "kernel_dilation={dilation|1}, use_bias={bias|True}, transpose_kernel=True)")
                   .tensor("weight", "kernel", transposed_kernel_arrows[rank - 1]);
  if (this->bias) flax.tensor("bias", "bias");
}

template <int rank>
void TransposedConvLayer<rank>::twins(Twins& t) const {
  if (this->norms.weight_norm || this->norms.spectral_norm) return;
  flax_twin(t);
  if (this->padding.same) return;
  t.say("rank", std::to_string(rank));
  t.pytorch(
       "nn.ConvTranspose{rank}d({in}, {out_channels}, {kernel_size}, stride={stride|1}, padding={padding|0}, "
       "output_padding={output_padding|0}, groups={groups|1}, bias={bias|True}, dilation={dilation|1})")
      .first();
}

template <int rank>
void TransposedConvLayer<rank>::describe_conv(Schema& s) {
  this->describe_keys(
      s, {.weight = "channels, out_channels / groups",
          .stride = "how far apart the kernels of neighbouring inputs are laid",
          .padding =
              "places left out on each side of the result; 'same': as many as give the input's sizes times stride"});
  s.optional("output_padding", output_padding,
             "places added behind the result, which is otherwise the smallest of those "
             "that a convolution makes the input of")
      .at_least(0)
      .at_most(most_window);
  s.check([this](const Report& report) {
    const Window::Axes more = axes_of(output_padding), stride = axes_of(this->stride);
    for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
      if (more[i] == 0) continue;
      if (this->padding.same)
        return report.at("output_padding", "with padding 'same' the sizes are the input's times stride",
                         "leave it out");
      if (more[i] >= stride[i])
        return report.at("output_padding", concat("expected below stride (", stride[i], "), got ", more[i]));
    }
  });
}

template <int rank>
Shape TransposedConvLayer<rank>::output_of(const Shape& x) const {
  const Window::Axes size = axes_of(this->kernel_size), stride = axes_of(this->stride),
                     dilation = axes_of(this->dilation), zeros = axes_of(this->padding.size),
                     more = axes_of(output_padding);
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < static_cast<size_t>(rank); ++i) {
    const int64_t input = x[static_cast<int>(i) + 1];
    const int64_t reach = plus(times(input - 1, stride[i]), times(dilation[i], size[i] - 1)) + 1;
    sizes.push_back(this->padding.same ? times(input, stride[i]) : plus(reach, more[i]) - 2 * zeros[i]);
    if (sizes.back() < 1) {
      throw ShapeError(concat("nothing is left of ", text_of_sizes(x), " when ", zeros[i],
                              " places are left out on each "
                              "side of what a kernel of ",
                              size[i], " makes"),
                       "lower padding");
    }
  }
  return Shape(std::move(sizes));
}

template <int rank>
Window TransposedConvLayer<rank>::window_over(const Shape& output) const {
  std::vector<int64_t> sizes{1};
  sizes.insert(sizes.end(), output.sizes().begin(), output.sizes().end());
  sizes.push_back(this->out_channels);
  return make_window<rank>(this->kernel_size, this->stride, this->padding, this->dilation, Shape(std::move(sizes)));
}

template <int rank>
Value TransposedConvLayer<rank>::build(Builder& b, Value x) const {
  const int64_t channels = this->channels_of(x);
  if (rank == 1) refuse_decoding(b, this->name);
  const Value w = this->weight(b, channels, this->out_channels / this->groups, 1);
  const Shape output = output_of(x.shape());
  return this->with_bias(b, transposed_convolution(x, w, window_over(output), output, this->groups), w.shape());
}

template <int rank>
void DepthwiseConvLayer<rank>::describe_depthwise(Schema& s) {
  const SpatialWords& words = words_of_rank(rank);
  if (separable()) {
    s.required("out_channels", out_channels, "number of filters of the second convolution")
        .at_least(1)
        .known_as({"filters", "features"});
  } else {
    s.instead_of("out_channels",
                 "write 'depth_multiplier', how many results a channel has; or write 'separable_conv2d'");
  }
  s.required("kernel_size", kernel_size, words.axes + " of the kernel")
      .at_least(1)
      .at_most(most_window)
      .known_as({"kernel"});
  s.optional("stride", stride, "how far the kernel moves").at_least(1).at_most(most_window).known_as({"strides"});
  Field& pad =
      s.optional("padding", padding,
                 "zeros around the " + words.kind + "; 'same': as many as give its sizes over stride, rounded up")
          .at_most(most_window)
          .known_as({"pad"});
  if (rank == 1) pad.one_of({"causal"});
  s.optional("dilation", dilation, "distance of the kernel's elements")
      .at_least(1)
      .at_most(most_window)
      .known_as({"dilation_rate"});
  s.optional("depth_multiplier", depth_multiplier, "filters of each channel").at_least(1);
  s.optional("bias", bias, "whether a bias is added").known_as({"use_bias"});
  s.optional("init", init, "initializer of the weight").known_as({"depthwise_initializer", "kernel_initializer"});
  if (separable())
    s.optional("pointwise_init", pointwise_init, "initializer of pointwise.weight").known_as({"pointwise_initializer"});
  s.optional("bias_init", bias_init, "initializer of the bias").known_as({"bias_initializer"});
}

// The first convolution, of so many channels.
template <int rank>
PlainConv<rank> DepthwiseConvLayer<rank>::depthwise(int64_t channels) const {
  PlainConv<rank> conv;
  conv.name = this->name;
  conv.out_channels = times(channels, depth_multiplier);
  conv.groups = channels;
  conv.kernel_size = kernel_size;
  conv.stride = stride;
  conv.dilation = dilation;
  conv.padding = padding;
  conv.bias = bias && !separable();
  conv.init = init;
  conv.bias_init = bias_init;
  return conv;
}

template <int rank>
Value DepthwiseConvLayer<rank>::build(Builder& b, Value x) const {
  expect_spatial(x, rank);
  const PlainConv<rank> first = depthwise(x.shape().last());
  if (!separable()) return first.build(b, x);
  ScopedBuilder of_first(b, "depthwise"), of_second(b, "pointwise");
  PlainConv<rank> second;
  second.name = this->name;
  second.out_channels = out_channels;
  second.kernel_size = 1;
  second.bias = bias;
  second.init = pointwise_init;
  second.bias_init = bias_init;
  second.padding.causal = padding.causal;
  return second.build(of_second, first.build(of_first, x));
}

template <int rank>
void DepthwiseConvLayer<rank>::twins(Twins& t) const {
  if (separable()) return;
  const PlainConv<rank> conv = depthwise(t.x().last());
  t.say("out_channels", std::to_string(conv.out_channels));
  t.say("groups", std::to_string(conv.groups));
  t.say("padding_mode", "'" + conv.padding_mode + "'");
  conv.twins(t);
}

template struct AnyConvLayer<1>;
template struct AnyConvLayer<2>;
template struct AnyConvLayer<3>;
template struct ConvLayer<1>;
template struct ConvLayer<2>;
template struct ConvLayer<3>;
template struct DepthwiseConvLayer<1>;
template struct DepthwiseConvLayer<2>;
template struct TransposedConvLayer<1>;
template struct TransposedConvLayer<2>;
template struct TransposedConvLayer<3>;

}  // namespace dl
