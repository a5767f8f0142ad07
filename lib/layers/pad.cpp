// Padding: places around a sequence, an image or a volume
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"
#include "lib/nn/margins.h"

namespace dl {
namespace {

struct Pad final : Layer {
  Margins size;
  std::string mode = "constant";
  double value = 0;

  void describe(Schema& s) override {
    s.summary("adds places around a sequence, an image or a volume");
    s.details(
        "PyTorch counts the axes of a padding from the last: its (left, right, top, bottom) is [[top, bottom], [left, "
        "right]].");
    s.also_known_as({"zero_pad1d", "zero_pad2d", "zero_pad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d", "constant_pad1d",
                     "constant_pad2d", "constant_pad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d",
                     "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "zero_padding1d", "zero_padding2d"});
    s.required("size", size,
               "how many places at the ends of each axis: 1 at all, [1, 2] by axis, [[0, 1], [2, 2]] before and behind")
        .positional()
        .known_as({"padding", "pad"});
    s.optional("mode", mode,
               "what stands there: 'value', the places mirrored at the first and last, the first and last again, or "
               "those of the other end")
        .one_of({pad_modes.begin(), pad_modes.end()})
        .known_as({"padding_mode"});
    s.optional("value", value, "of mode 'constant'");
    s.example("pad: 1");
    s.example("pad: {size: [[1, 0], [2, 1]], mode: reflect}");
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    int axis = 1;
    for (const Margins::Ends ends : size.of(x.shape())) x = padded(x, axis++, ends, pad_mode(mode), value);
    return x;
  }
};
DL_LAYER(Pad, "pad");

}  // namespace
}  // namespace dl
