// horizontal_flip: the image mirrored left to right with probability p; never outside training.
// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "lib/data/image/image_type.h"
#include "lib/data/transform.h"

namespace dl {
namespace {

template <class T, int fixed>  // the number of channels where it is known to the compiler, else 0
void mirror_row(const std::byte* in, std::byte* out, int64_t w, int64_t any_channels) {
  const int64_t c = fixed ? fixed : any_channels;
  const T* from = reinterpret_cast<const T*>(in);
  T* into = reinterpret_cast<T*>(out) + w * c;
  for (int64_t x = 0; x < w; ++x, from += c) {
    into -= c;
    for (int64_t i = 0; i < c; ++i) into[i] = from[i];
  }
}

struct HorizontalFlip final : Transform {
  double p = 0.5;
  void describe(Schema& s) override {
    s.summary("the image mirrored left to right, at random, in training only");
    s.optional("p", p, "probability").at_least(0).at_most(1).positional();
    s.also_known_as({"random_horizontal_flip", "hflip"});
    s.example("horizontal_flip: 0.5");
  }

  TransformStep bind(const Type& input) const override {
    const auto [h, w, c] = image_type(input, place);
    const size_t row = static_cast<size_t>(w * c * bytes_of(input.dtype)), bytes = static_cast<size_t>(h) * row;
    const auto mirror = input.dtype != DType::u8 ? mirror_row<float, 0>
                        : c == 3                 ? mirror_row<uint8_t, 3>
                                                 : mirror_row<uint8_t, 0>;
    return {input,
            [=, w = w, c = c, p = static_cast<float>(p)](const std::byte* in, std::byte* out, SampleRandom* random) {
              if (!random || random->uniform() >= p) {
                std::memcpy(out, in, bytes);
              } else {
                for (size_t at = 0; at < bytes; at += row) mirror(in + at, out + at, w, c);
              }
            }};
  }
};
DL_TRANSFORM(HorizontalFlip, "horizontal_flip");

}  // namespace
}  // namespace dl
