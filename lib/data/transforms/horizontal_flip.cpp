// horizontal_flip: the image mirrored left to right with probability p; never outside training.
#include <cstring>

#include "lib/data/image_type.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

struct HorizontalFlip final : Transform {
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("the image mirrored left to right, at random, in training only");
    s.optional("p", p, "probability").at_least(0).at_most(1).positional();
    s.also_known_as({"random_horizontal_flip", "hflip"});
    s.example("horizontal_flip: 0.5");
  }

  TransformStep bind(const Type& input) const override {
    const auto [h, w, c] = image_type(input, where);
    const int64_t pixel = c * bytes_of(input.dtype);
    return {input, [=, p = static_cast<float>(p)](const std::byte* in, std::byte* out, SampleRandom* random) {
              const int64_t row = w * pixel;
              if (!random || random->uniform() >= p) {
                std::memcpy(out, in, static_cast<size_t>(h * row));
                return;
              }
              for (int64_t y = 0; y < h; ++y)
                for (int64_t x = 0; x < w; ++x)
                  std::memcpy(out + y * row + (w - 1 - x) * pixel, in + y * row + x * pixel,
                              static_cast<size_t>(pixel));
            }};
  }
};
DL_TRANSFORM(HorizontalFlip, "horizontal_flip");

}  // namespace
}  // namespace dl
