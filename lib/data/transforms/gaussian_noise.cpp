// gaussian_noise: y = x + mean + sigma z with z normal, for each number: torchvision's GaussianNoise.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include "lib/base/error.h"
#include "lib/data/nested.h"

namespace dl {
namespace {

struct GaussianNoise final : Transform {
  double sigma = 0.1, mean = 0;
  bool clip = false;
  void describe(Schema& s) override {
    s.summary("normal noise added to each number, in training only");
    s.details("Of the inputs of a table, of sequences, and of images behind 'normalize'.");
    s.optional("sigma", sigma, "its standard deviation").at_least(0).positional().known_as({"std", "stddev"});
    s.optional("mean", mean, "its mean");
    s.optional("clip", clip, "cut off below 0 and above 1");
    s.also_known_as({"GaussianNoise", "noise", "random_noise", "add_noise"});
    s.example("gaussian_noise: 0.1");
    s.example("gaussian_noise: {sigma: 0.05, mean: 0.1}");
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const size_t x = input_field(fields);
    const Type& type = fields[x].type;
    if (type.dtype != DType::f32)
      throw Error(Exit::usage, Problem{.where = place,
                                       .what = "expected numbers, these are images of bytes",
                                       .help = "write it behind 'normalize'"});
    return {.fields = {{x, type,
                        [*this, n = type.shape.elements()](const std::byte* in, std::byte* out, const Drawn& drawn) {
                          const auto* from = reinterpret_cast<const float*>(in);
                          auto* into = reinterpret_cast<float*>(out);
                          const auto random = random_by(drawn);
                          if (!random) {
                            std::copy_n(from, n, into);
                            return;
                          }
                          add(from, n, key_of(drawn), into);
                        }}},
            .draw = drawn_key};
  }

  // Box and Muller 1958, doi:10.1214/aoms/1177706645: two of a pair.
  void add(const float* from, int64_t n, uint64_t key, float* into) const {
    for (int64_t i = 0; i < n; i += 64) {
      uint32_t bits[64];
      random_bits_64(key, 0, static_cast<uint64_t>(i / 64), bits);
      for (int64_t k = 0; k < 64 && i + k < n; k += 2) {
        const double radius = std::sqrt(-2 * std::log((bits[k] + 1.0) * 0x1p-32));
        const double turn = 2 * std::numbers::pi * bits[k + 1] * 0x1p-32;
        const double pair[] = {radius * std::cos(turn), radius * std::sin(turn)};
        for (int64_t j = 0; j < 2 && i + k + j < n; ++j) {
          const float y = from[i + k + j] + static_cast<float>(mean + sigma * pair[j]);
          into[i + k + j] = clip ? std::clamp(y, 0.0f, 1.0f) : y;
        }
      }
    }
  }
};
DL_TRANSFORM(GaussianNoise, "gaussian_noise");

}  // namespace
}  // namespace dl
