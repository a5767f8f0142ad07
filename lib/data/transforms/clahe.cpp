// clahe: contrast limited adaptive histogram equalization (Zuiderveld 1994, Graphics Gems IV) of each channel, as
// OpenCV's createCLAHE.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/clahe.h"
#include "lib/data/image_steps.h"

namespace dl {
namespace {

struct Clahe final : Transform {
  double clip_limit = 4, p = 0.5;
  Pair tile_grid_size = 8;
  void describe(Schema& s) override {
    s.summary("each channel's histogram made flat tile by tile, at random: for pictures lit unevenly");
    s.details(
        "Of images of bytes. In training; with p: 1 it is no augmentation but what the images are, and is done outside "
        "training too.");
    s.optional("clip_limit", clip_limit,
               "times its even share that a value counts at most; 1 leaves the picture about "
               "as it is")
        .above(0)
        .at_most(256);
    s.optional("tile_grid_size", tile_grid_size, "tiles that lie below and beside each other")
        .at_least(1)
        .at_most(64)
        .known_as({"tile_size", "grid_size"});
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"CLAHE", "adaptive_histogram_equalization"});
    s.example("clahe: {clip_limit: 2, p: 1}");
  }
  TransformStep bind(std::span<const SampleField> fields) const override {
    expect_bytes(fields, place);
    TransformStep step;
    step.fields = {colour_field(fields, place,
                                [limit = clip_limit, grid = tile_grid_size](
                                    const std::byte* in, DType, const ImageType& type, const Drawn&, std::byte* out) {
                                  equalize_tiles(reinterpret_cast<const uint8_t*>(in), type, limit, grid,
                                                 reinterpret_cast<uint8_t*>(out));
                                })};
    return by_chance(std::move(step), p, p == 1);
  }
};
DL_TRANSFORM(Clahe, "clahe");

}  // namespace
}  // namespace dl
