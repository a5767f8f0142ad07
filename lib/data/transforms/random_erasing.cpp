// random_erasing: a window of the image blotted out (Zhong et al. 2017, arXiv:1708.04896): torchvision's RandomErasing.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>
#include <optional>

#include "lib/data/image_steps.h"
#include "lib/data/nested.h"

namespace dl {
namespace {

// 0, a number for each channel, or noise: bytes from 0 to 255 alike, numbers normal.
struct Blot {
  std::optional<OneOrMore<double>> value;  // none: noise
};

}  // namespace

template <>
struct Codec<Blot> {
  static bool read(const Node& node, Blot& blot, const Limits& limits, const Reading& r) {
    if (const auto text = node.as_string(); text && *text == "random") {
      blot.value.reset();
      return true;
    }
    OneOrMore<double> numbers;
    if (!Codec<OneOrMore<double>>::read(node, numbers, limits, r)) return false;
    blot.value = numbers;
    return true;
  }
  static Node write(const Blot& blot) {
    return blot.value ? Codec<OneOrMore<double>>::write(*blot.value) : Node::string("random");
  }
  static std::string type(const Limits& limits) { return Codec<OneOrMore<double>>::type(limits) + ", or random"; }
  static Node json_schema(const Limits&) { return Node::map(); }
};

namespace {

struct RandomErasing final : Transform {
  double p = 0.5;
  std::vector<double> scale{0.02, 0.33}, ratio{0.3, 3.3};
  Blot value{OneOrMore<double>{{0}}};
  void describe(Schema& s) override {
    s.summary("a window of random area and shape blotted out of the image, at random, in training only");
    s.details(
        "Behind 'normalize' 0 is the mean colour, before it black. 'random' fills the window with noise: bytes from 0 "
        "to "
        "255, numbers with mean 0 and deviation 1.");
    s.optional("p", p, "probability").at_least(0).at_most(1).known_as({"probability", "prob"}).positional();
    s.optional("scale", scale, "[least, most] share of the image's area").at_least(0).at_most(1);
    s.optional("ratio", ratio, "[least, most] width / height of the window").above(0);
    s.optional("value", value, "what stands there, one number or one for each channel, or random");
    s.also_known_as({"RandomErasing", "cutout", "random_cutout", "coarse_dropout", "erasing"});
    s.example("random_erasing: 0.25");
    s.example("random_erasing: {scale: [0.1, 0.2], value: random}");
    s.check([this](const Report& report) {
      for (const auto& [key, range] : {std::pair("scale", &scale), {"ratio", &ratio}})
        if (range->size() != 2 || (*range)[0] > (*range)[1]) report.at(key, "expected [least, most]");
    });
  }

  TransformStep bind(std::span<const SampleField> fields) const override {
    const ImageType image = image_type(fields[input_field(fields)].type, place);
    const auto fill = value.value ? fill_of(*value.value, image, place) : std::vector<float>();
    TransformStep step{
        .fields = {colour_field(
            fields, place,
            [fill](const std::byte* in, DType dtype, const ImageType& type, const Drawn& drawn, std::byte* out) {
              std::memcpy(out, in, static_cast<size_t>(type.h * type.w * type.c * bytes_of(dtype)));
              if (drawn[7] == 0) return;
              if (dtype == DType::u8)
                blot_out<uint8_t>(type, fill, drawn, out);
              else
                blot_out<float>(type, fill, drawn, out);
            })},
        .draw = [image, scale = scale, ratio = ratio](SampleRandom* random) {
          return window_in(image, scale, ratio, *random);
        }};
    return by_chance(std::move(step), p);
  }

  // The key, then the window; none where ten did not fit.
  static Drawn window_in(const ImageType& image, const std::vector<double>& scale, const std::vector<double>& ratio,
                         SampleRandom& random) {
    Drawn drawn = drawn_key(&random);
    for (int attempt = 0; attempt < 10; ++attempt) {
      const double area = static_cast<double>(image.h * image.w) * Interval{scale[0], scale[1]}.draw(random);
      const double aspect = std::exp(Interval{std::log(ratio[0]), std::log(ratio[1])}.draw(random));
      const int64_t h = std::llround(std::sqrt(area * aspect)), w = std::llround(std::sqrt(area / aspect));
      if (h >= image.h || w >= image.w) continue;
      const std::array<int64_t, 4> window{random.below(image.h - h + 1), random.below(image.w - w + 1), h, w};
      std::ranges::copy(window, drawn.begin() + 3);
      drawn[7] = 1;
      break;
    }
    return drawn;
  }

  template <class T>
  static void blot_out(const ImageType& type, const std::vector<float>& fill, const Drawn& drawn, std::byte* image) {
    const auto whole = [&](size_t i) { return static_cast<int64_t>(drawn[i]); };
    const int64_t top = whole(3), left = whole(4), h = whole(5), w = whole(6);
    auto random = random_by(drawn);
    const auto noise = [&]() -> T {
      if constexpr (std::is_same_v<T, uint8_t>) return static_cast<T>(random->bits() >> 24);
      const double radius = std::sqrt(-2 * std::log(1 - static_cast<double>(random->uniform())));
      return static_cast<T>(radius * std::cos(2 * std::numbers::pi * static_cast<double>(random->uniform())));
    };
    for (int64_t y = top; y < top + h; ++y) {
      T* at = reinterpret_cast<T*>(image) + (y * type.w + left) * type.c;
      for (int64_t x = 0; x < w; ++x)
        for (int64_t k = 0; k < type.c; ++k)
          *at++ = fill.empty() ? noise() : static_cast<T>(fill[fill.size() == 1 ? 0 : static_cast<size_t>(k)]);
    }
  }
};
DL_TRANSFORM(RandomErasing, "random_erasing");

}  // namespace
}  // namespace dl
