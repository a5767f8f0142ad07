// elastic: each pixel moved by a smooth random field (Simard et al. 2003, doi:10.1109/ICDAR.2003.1227801):
// torchvision's ElasticTransform.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "lib/data/boxes.h"
#include "lib/data/image/blur.h"
#include "lib/data/image_steps.h"
#include "lib/data/nested.h"

namespace dl {
namespace {

// So many numbers from -1 to 1, those of a key; the weights of the mean around each, and what it is multiplied by.
void wobble(uint64_t key, uint64_t axis, const ImageType& image, int64_t size, double sigma, double scale,
            float* field) {
  const int64_t places = image.h * image.w;
  Scratch noise(static_cast<size_t>(places + 64) * sizeof(float));
  float* values = reinterpret_cast<float*>(noise.data());
  for (int64_t i = 0; i < places; i += 64) {
    uint32_t bits[64];
    random_bits_64(key, axis, static_cast<uint64_t>(i / 64), bits);
    for (int64_t j = 0; j < 64; ++j) values[i + j] = static_cast<float>(bits[j] >> 8) * 0x1p-23f - 1;
  }
  std::vector<float> weights = gaussian(size, sigma);
  const ImageType plane{image.h, image.w, 1};
  std::vector<float> scaled = weights;
  for (float& weight : scaled) weight *= static_cast<float>(scale);
  blur(noise.data(), DType::f32, plane, weights, scaled, reinterpret_cast<std::byte*>(field));
}

struct Elastic final : Transform {
  OneOrMore<double> alpha{{50}}, sigma{{5}};
  WarpKeys keys{.interpolation = "bilinear"};
  double p = 1;
  void describe(Schema& s) override {
    s.summary("each pixel of the image, and of what lies on it, moved by a smooth random field, in training only");
    s.optional("alpha", alpha,
               "how far, a number or [across, down]; an image's height h moves by alpha / 2 of the noise")
        .at_least(0)
        .positional();
    s.optional("sigma", sigma, "how smooth, in pixels, a number or [across, down]").above(0);
    keys.describe(s);
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"});
    s.also_known_as({"elastic_transform", "ElasticTransform", "random_elastic"});
    s.example("elastic");
    s.example("elastic: {alpha: 100, sigma: 8, p: 0.5}");
    s.check([this](const Report& report) {
      for (const auto& [key, numbers] : {std::pair("alpha", &alpha), {"sigma", &sigma}})
        if (numbers->values.empty() || numbers->values.size() > 2)
          report.at(key, "expected a number or [across, down]");
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const size_t x = input_field(fields);
    const ImageType image = image_type(fields[x].type, place);
    const auto h = static_cast<double>(image.h), w = static_cast<double>(image.w);
    const auto size = [image](double deviation) {
      const auto reach = std::min<int64_t>(static_cast<int64_t>(8 * deviation + 1) / 2, std::min(image.h, image.w) - 1);
      return 2 * reach + 1;
    };
    // [2, height, width]: how far each place is moved across, then down.
    const auto displacements = [=, a = alpha.values, s = sigma.values](const Drawn& drawn, Scratch& both) {
      float* const dx = reinterpret_cast<float*>(both.data());
      wobble(key_of(drawn), 0, image, size(s[0]), s[0], a[0] / h * w / 2, dx);
      wobble(key_of(drawn), 1, image, size(s.back()), s.back(), a.back() / w * h / 2, dx + image.h * image.w);
      return dx;
    };
    const size_t bytes = 2 * static_cast<size_t>(image.h * image.w) * sizeof(float);
    TransformStep step{.draw = drawn_key};
    for (const size_t field : on_image(fields, place)) {
      const Type& type = fields[field].type;
      const auto fill = field == x ? fill_of(keys.fill, image, place) : std::vector<float>();
      step.fields.push_back(
          {field, type,
           [=, dtype = type.dtype, of_field = image_of(type), bilinear = keys.interpolation == "bilinear"](
               const std::byte* in, std::byte* out, const Drawn& drawn) {
             Scratch both(bytes);
             const float* const dx = displacements(drawn, both);
             displace(in, dtype, of_field, dx, dx + image.h * image.w, {.bilinear = bilinear, .fill = fill}, out);
           }});
    }
    // Where a point comes to lie is where the place it stands at comes from, the other way round.
    move_boxes(step, fields, {image.h, image.w}, [=](const Drawn& drawn, std::span<Point> points) {
      Scratch both(bytes);
      const float* const dx = displacements(drawn, both);
      for (Point& p : points) {
        const auto column = std::clamp<int64_t>(static_cast<int64_t>(p.x), 0, image.w - 1);
        const auto row = std::clamp<int64_t>(static_cast<int64_t>(p.y), 0, image.h - 1);
        const float* const moved = dx + row * image.w + column;
        p = {p.x - double{moved[0]}, p.y - double{moved[image.h * image.w]}};
      }
    });
    return by_chance(std::move(step), p);
  }
};
DL_TRANSFORM(Elastic, "elastic");

}  // namespace
}  // namespace dl
