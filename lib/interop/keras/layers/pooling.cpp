// Largest values and means of windows, or of all places.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

template <int rank, bool is_max>
Made pooling(const Settings& s) {
  s.need("data_format", {"channels_last"});
  const std::string size = s.sizes("pool_size", "2");
  return {.layers = {concat(is_max ? "max" : "avg", "_pool", rank, "d: {kernel_size: ", size,
                            ", stride: ", s.sizes("strides", size), ", padding: ", s.text("padding", "valid"),
                            is_max ? "" : ", count_include_pad: false", "}")}};
}

template <int rank, bool is_max>
Made global_pooling(const Settings& s) {
  s.need("data_format", {"channels_last"});
  return {.layers = {concat("global_", is_max ? "max" : "avg", "_pool", rank,
                            "d: {keepdim: ", yes(s.flag("keepdims", false)), "}")}};
}

}  // namespace

const LayerTable& pooling_layers() {
  static const LayerTable table = {
      {"AveragePooling1D", pooling<1, false>},
      {"AveragePooling2D", pooling<2, false>},
      {"AveragePooling3D", pooling<3, false>},
      {"GlobalAveragePooling1D", global_pooling<1, false>},
      {"GlobalAveragePooling2D", global_pooling<2, false>},
      {"GlobalAveragePooling3D", global_pooling<3, false>},
      {"GlobalMaxPooling1D", global_pooling<1, true>},
      {"GlobalMaxPooling2D", global_pooling<2, true>},
      {"GlobalMaxPooling3D", global_pooling<3, true>},
      {"MaxPooling1D", pooling<1, true>},
      {"MaxPooling2D", pooling<2, true>},
      {"MaxPooling3D", pooling<3, true>},
  };
  return table;
}

}  // namespace dl::keras
