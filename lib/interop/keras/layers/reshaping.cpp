// Other shapes and orders, margins and sizes of images.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

Made flatten(const Settings& s) {
  s.need("data_format", {"channels_last"});
  return {.layers = {"flatten: {channels_first: false}"}};
}

Made reshape_layer(const Settings& s) {
  return {.layers = {concat("reshape: ", s.find("target_shape") ? s.find("target_shape")->dump() : "[-1]")}};
}

Made permute_layer(const Settings& s) {
  return {.layers = {concat("permute: ", s.find("dims") ? s.find("dims")->dump() : "[1]")}};
}

Made repeat_vector(const Settings& s) { return {.layers = {concat("repeat_vector: ", s.whole("n", 1))}}; }

// Of a sequence both ends, of others each axis.
std::string margins(const Settings& s, const char* key) {
  s.need("data_format", {"channels_last"});
  const std::string sizes = s.sizes(key);
  return s.whole("rank", 0) == 3 ? "[" + sizes + "]" : sizes;
}

Made cropping(const Settings& s) { return {.layers = {concat("crop: {size: ", margins(s, "cropping"), "}")}}; }
Made zero_padding(const Settings& s) { return {.layers = {concat("pad: {size: ", margins(s, "padding"), "}")}}; }

Made up_sampling(const Settings& s) {
  s.need("data_format", {"channels_last"});
  const std::string mode = s.text("interpolation", "nearest");
  if (mode != "nearest" && mode != "bilinear") s.refuse(concat("'interpolation: ", mode, "' has no counterpart"));
  return {.layers = {concat("upsample: {scale_factor: ", s.sizes("size", "2"), ", mode: ", mode, "}")}};
}

}  // namespace

const LayerTable& reshaping_layers() {
  static const LayerTable table = {
      {"Cropping1D", cropping},        {"Cropping2D", cropping},
      {"Cropping3D", cropping},        {"Flatten", flatten},
      {"Permute", permute_layer},      {"RepeatVector", repeat_vector},
      {"Reshape", reshape_layer},      {"UpSampling1D", up_sampling},
      {"UpSampling2D", up_sampling},   {"UpSampling3D", up_sampling},
      {"ZeroPadding1D", zero_padding}, {"ZeroPadding2D", zero_padding},
      {"ZeroPadding3D", zero_padding},
  };
  return table;
}

}  // namespace dl::keras
