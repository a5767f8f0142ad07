// Tile: the whole again along axes, so many times
// SPDX-License-Identifier: Apache-2.0
#include "lib/graph/sizes.h"
#include "lib/nn/axes.h"
#include "lib/nn/layer.h"

namespace dl {
namespace {

struct Tile final : Layer {
  std::vector<int64_t> times;

  void describe(Schema& s) override {
    s.summary("repeats the whole along its axes");
    s.also_known_as({"repeat", "Repeat"});
    s.required("times", times, "how often, for each axis behind the batch")
        .at_least(1)
        .positional()
        .known_as({"repeats", "sizes", "n"});
    s.example("tile: [2]");
  }

  Value build(Builder& b, Value x) const override {
    refuse_decoding(b, name);
    if (static_cast<int>(times.size()) != x.shape().rank() - 1) {
      throw ShapeError(concat("expected a number for each of the axes of ", x.shape().without_batch().text(), ", got ",
                              times.size()),
                       static_cast<int>(times.size()) == x.shape().rank() && times[0] == 1
                           ? concat("leave the batch out: write 'tile: ",
                                    Shape(std::vector<int64_t>(times.begin() + 1, times.end())).text(), "'")
                           : "write 1 for an axis that stays");
    }
    for (int axis = 1; axis < x.shape().rank(); ++axis) {
      const int64_t count = times[static_cast<size_t>(axis - 1)];
      if (count == 1) continue;
      // The copies are an axis of their own, before the one that they become part of.
      std::vector<int64_t> sizes = x.shape().sizes();
      sizes.insert(sizes.begin() + axis, 1);
      const Value one = dl::reshape(x, Shape(sizes));
      sizes[static_cast<size_t>(axis)] = count;
      Shape result = x.shape();
      result[axis] = dl::times(result[axis], count);
      x = dl::reshape(broadcast_to(one, Shape(std::move(sizes))), std::move(result));
    }
    return x;
  }
};
DL_LAYER(Tile, "tile");

}  // namespace
}  // namespace dl
