// Cropping: places taken from the ends of the axes of a sequence, an image or a volume
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"
#include "lib/nn/margins.h"

namespace dl {
namespace {

struct Crop final : Layer {
  Margins size;

  void describe(Schema& s) override {
    s.summary("takes places from the ends of the axes of a sequence, an image or a volume");
    s.also_known_as(
        {"Cropping1D", "Cropping2D", "Cropping3D", "cropping1d", "cropping2d", "cropping3d", "center_crop"});
    s.required("size", size,
               "how many places at the ends of each axis: 1 at all, [1, 2] by axis, [[0, 1], [2, 2]] before and behind")
        .positional()
        .known_as({"cropping"});
    s.example("crop: 1");
    s.example("crop: [[1, 0], [2, 1]]");
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    int axis = 1;
    for (const Margins::Ends ends : size.of(x.shape())) {
      const int64_t left = x.shape()[axis] - ends.before - ends.behind;
      if (left < 1) {
        throw ShapeError(concat("nothing is left of ", x.shape()[axis], " places when ", ends.before, " before and ",
                                ends.behind, " behind are taken"),
                         "lower size");
      }
      x = dl::slice(x, axis++, ends.before, left);
    }
    return x;
  }
};
DL_LAYER(Crop, "crop");

}  // namespace
}  // namespace dl
