// Convolutions, also transposed, depthwise and separable ones.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

// Kernels are [spatial …, in, out] there, [out, in, spatial …] here.
std::vector<int64_t> kernel_order(int rank) {
  std::vector<int64_t> order{rank + 1, rank};
  for (int axis = 0; axis < rank; ++axis) order.push_back(axis);
  return order;
}

std::string window(const Settings& s) {
  s.need("data_format", {"channels_last"});
  return concat("kernel_size: ", s.sizes("kernel_size"), ", stride: ", s.sizes("strides"),
                ", padding: ", s.text("padding", "valid"), ", dilation: ", s.sizes("dilation_rate"),
                ", bias: ", yes(s.flag("use_bias", true)));
}

template <int rank>
Made conv(const Settings& s) {
  Made made{.layers = {concat("conv", rank, "d: {out_channels: ", s.whole("filters", 1),
                              ", groups: ", s.whole("groups", 1), ", ", window(s), "}")},
            .variables = {{"weight", "0", axes(kernel_order(rank))}}};
  add_bias(made, s);
  add_activation(made, s);
  return made;
}

// Without padding a result is as long as its input times the stride there, also where the stride reaches further than
// the kernel.
std::string places_behind(const Settings& s, size_t rank) {
  std::vector<std::string> places;
  bool any = false;
  for (size_t axis = 0; axis < rank; ++axis) {
    // Larger ones the layer itself refuses.
    const auto setting = [&](const char* key) { return std::clamp<int64_t>(s.whole_at(key, axis, 1), 0, 1 << 30); };
    const int64_t reach = (setting("kernel_size") - 1) * setting("dilation_rate") + 1;
    const int64_t more = std::max<int64_t>(setting("strides") - reach, 0);
    any |= more > 0;
    places.push_back(std::to_string(more));
  }
  if (!any || s.text("padding", "valid") != "valid") return "";
  return rank == 1 ? ", output_padding: " + places[0] : concat(", output_padding: [", join(places), "]");
}

template <int rank>
Made conv_transpose(const Settings& s) {
  if (s.find("output_padding")) s.refuse("'output_padding' has no counterpart");
  std::vector<int64_t> order{rank + 1, rank};  // [spatial …, out, in] there, [in, out, spatial …] here
  for (int axis = 0; axis < rank; ++axis) order.push_back(axis);
  Made made{.layers = {concat("conv_transpose", rank, "d: {out_channels: ", s.whole("filters", 1), ", ", window(s),
                              places_behind(s, rank), "}")},
            .variables = {{"weight", "0", axes(order)}}};
  add_bias(made, s);
  add_activation(made, s);
  return made;
}

// [spatial …, in, multiplier] there, [in multiplier, 1, spatial …] here.
FamilyTensor depthwise_kernel(int rank) {
  std::vector<int64_t> order{rank, rank + 1};
  for (int axis = 0; axis < rank; ++axis) order.push_back(axis);
  return {.axes = order, .reshaped = true};
}

template <int rank>
Made depthwise(const Settings& s) {
  Made made{.layers = {concat("depthwise_conv", rank, "d: {depth_multiplier: ", s.whole("depth_multiplier", 1), ", ",
                              window(s), "}")},
            .variables = {{"weight", "0", depthwise_kernel(rank)}}};
  add_bias(made, s);
  add_activation(made, s);
  return made;
}

template <int rank>
Made separable(const Settings& s) {
  Made made{.layers = {concat("separable_conv", rank, "d: {out_channels: ", s.whole("filters", 1),
                              ", depth_multiplier: ", s.whole("depth_multiplier", 1), ", ", window(s), "}")},
            .variables = {{"depthwise.weight", "0", depthwise_kernel(rank)},
                          {"pointwise.weight", "1", axes(kernel_order(rank))}}};
  add_bias(made, s, "pointwise.bias", "2");
  add_activation(made, s);
  return made;
}

}  // namespace

const LayerTable& convolution_layers() {
  static const LayerTable table = {
      {"Conv1D", conv<1>},
      {"Conv1DTranspose", conv_transpose<1>},
      {"Conv2D", conv<2>},
      {"Conv2DTranspose", conv_transpose<2>},
      {"Conv3D", conv<3>},
      {"Conv3DTranspose", conv_transpose<3>},
      {"DepthwiseConv1D", depthwise<1>},
      {"DepthwiseConv2D", depthwise<2>},
      {"SeparableConv1D", separable<1>},
      {"SeparableConv2D", separable<2>},
  };
  return table;
}

}  // namespace dl::keras
