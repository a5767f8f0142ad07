// What all transforms of images promise, and what the random ones draw.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "tests/data/images_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string noisy_bytes(int64_t bytes, uint64_t seed = 1) {
  std::string out;
  for (int64_t i = 0; i < bytes; ++i) out += static_cast<char>(random_bits(seed, 0, static_cast<uint64_t>(i)) & 0xFF);
  return out;
}

// Every example of every transform, as a config has it.
std::vector<std::string> examples() {
  std::vector<std::string> all;
  const auto& registry = Registry<Transform>::instance();
  for (const std::string& name : registry.names()) {
    const auto transform = registry.AnyRegistry::make(name);
    Schema s;
    transform->describe(s);
    for (const std::string& example : s.examples()) all.push_back("[{" + example + "}]");
  }
  for (std::string& example : all)
    if (example.find(':') == std::string::npos) example = "[" + example.substr(2, example.size() - 4) + "]";
  return all;
}

std::vector<int32_t> whole_numbers(const std::string& bytes) {
  std::vector<int32_t> out(bytes.size() / sizeof(int32_t));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

}  // namespace

TEST_CASE("a transform is a function of the seed, the epoch and the sample's place alone") {
  const std::string image = noisy_bytes(230 * 240 * 3), mask = noisy_bytes(230 * 240 * 4);
  for (std::string yaml : examples()) {
    if (yaml.find("noise") != std::string::npos) yaml.insert(1, "normalize: {mean: 0, std: 1}, ");
    CAPTURE(yaml);
    const auto data = image_through(yaml, {DType::u8, {230, 240, 3}}, image, mask);
    for (const int64_t position : {0, 1, 2}) {
      SampleRandom one(1, 3, position), same(1, 3, position);
      CHECK(sample(*data, 0, &one) == sample(*data, 0, &same));
    }
    CHECK(sample(*data, 0) == sample(*data, 0));
  }
}

TEST_CASE("transforms take images of any size, of bytes and of numbers, or say why not") {
  for (const std::string& yaml : examples())
    for (const Shape& shape : {Shape{1, 1, 1}, Shape{1, 7, 3}, Shape{5, 1, 3}, Shape{2, 3, 2}, Shape{9, 8, 4}})
      for (const DType dtype : {DType::u8, DType::f32}) {
        CAPTURE(yaml);
        CAPTURE(shape.text());
        const int64_t values = shape.elements();
        std::vector<float> numbers;
        for (const char byte : noisy_bytes(values))
          numbers.push_back(static_cast<float>(static_cast<uint8_t>(byte)) / 255);
        try {
          const auto data =
              image_through(yaml, {dtype, shape}, dtype == DType::u8 ? noisy_bytes(values) : bytes_of_floats(numbers));
          for (int64_t position = 0; position < 4; ++position)
            CHECK(std::ranges::all_of(trained(*data, position), [](float value) { return std::isfinite(value); }));
          sample(*data, 0);
        } catch (const Error& error) {
          CHECK(error.exit() == Exit::usage);
        }
      }
}

TEST_CASE("a mask goes where its image goes, and colours do not change it") {
  // The image is its own place, and so is the mask.
  constexpr int64_t h = 40, w = 50;
  std::string image;
  std::vector<int32_t> places;
  for (int64_t i = 0; i < h * w; ++i) {
    image += {static_cast<char>(i / w + 1), static_cast<char>(i % w + 1), '\1'};
    places.push_back(static_cast<int32_t>((i / w + 1) * 1000 + i % w + 1));
  }
  const std::string mask(reinterpret_cast<const char*>(places.data()), places.size() * 4);
  for (const std::string yaml :
       {"[vertical_flip: 1]", "[rotation: 40]", "[affine: {degrees: 10, translate: [0.1, 0.2], shear: 10}]",
        "[perspective: {p: 1, interpolation: nearest}]", "[elastic: {alpha: 40, interpolation: nearest}]", "[pad: 3]",
        "[random_apply: {transforms: [rotation: 30], p: 0.5}]", "[random_choice: [vertical_flip: 1, rotation: 90]]",
        "[random_apply: [random_choice: [vertical_flip: 1, random_apply: {transforms: [rotation: 20, affine: 10], p: "
        "1}]]]"}) {
    CAPTURE(yaml);
    const auto data = image_through(yaml, {DType::u8, {h, w, 3}}, image, mask);
    for (int64_t position = 0; position < 6; ++position) {
      SampleRandom random(1, 0, position);
      const auto fields = sample(*data, 0, &random);
      const auto x = floats(fields[0]);
      const auto y = whole_numbers(fields[1]);
      REQUIRE(x.size() == 3 * y.size());
      int64_t wrong = 0;
      for (size_t i = 0; i < y.size(); ++i)
        wrong += std::lround(x[3 * i] * 255) * 1000 + std::lround(x[3 * i + 1] * 255) != y[i];
      CHECK(wrong == 0);
    }
  }
  for (const std::string yaml : {"[color_jitter: {strength: 0.9, hue: 0.5}]", "[gaussian_blur: 5]", "[invert: 1]",
                                 "[random_erasing: 1]", "[aug_mix]", "[equalize: 1]", "[autocontrast: 1]"}) {
    CAPTURE(yaml);
    SampleRandom random(1, 0, 0);
    CHECK(sample(*image_through(yaml, {DType::u8, {h, w, 3}}, image, mask), 0, &random)[1] == mask);
  }
}

TEST_CASE("rgb gives a grey image three times, and leaves colours alone") {
  CHECK(sample(*image_through("[rgb]", {DType::u8, {1, 2, 1}}, std::string("\x33\xFF")), 0)[0] ==
        sample(*image_through("[]", {DType::u8, {1, 2, 3}}, std::string("\x33\x33\x33\xFF\xFF\xFF")), 0)[0]);
  const std::string colours = noisy_bytes(4 * 4 * 3);
  CHECK(sample(*image_through("[rgb]", {DType::u8, {4, 4, 3}}, colours), 0) ==
        sample(*image_through("[]", {DType::u8, {4, 4, 3}}, colours), 0));
  CHECK_THROWS_WITH(image_through("[rgb]", {DType::u8, {4, 4, 2}}, noisy_bytes(4 * 4 * 2)),
                    doctest::Contains("expected images of one channel or of three, got [4, 4, 2]"));
}

TEST_CASE("random transforms do nothing outside training, those without chance do the same there") {
  const std::string image = noisy_bytes(16 * 16 * 3);
  const Type type{DType::u8, {16, 16, 3}};
  const auto plain = sample(*image_through("[]", type, image), 0);
  for (const std::string yaml : {"[vertical_flip: 1]", "[rotation: 30]", "[affine: 5]", "[perspective: {p: 1}]",
                                 "[elastic]", "[color_jitter: 0.5]", "[gaussian_blur: 3]", "[random_erasing: 1]",
                                 "[rand_augment]", "[trivial_augment]", "[auto_augment]", "[aug_mix]", "[invert: 0.9]",
                                 "[grayscale]", "[random_apply: {transforms: [invert: 1], p: 1}]"}) {
    CAPTURE(yaml);
    CHECK(sample(*image_through(yaml, type, image), 0) == plain);
  }
  for (const std::string yaml : {"[invert: 1]", "[equalize: 1]", "[grayscale: 1]", "[solarize: {threshold: 9, p: 1}]",
                                 "[posterize: {bits: 2, p: 1}]", "[sharpness: {factor: 0, p: 1}]"}) {
    CAPTURE(yaml);
    const auto data = image_through(yaml, type, image);
    SampleRandom random(1, 0, 0);
    CHECK(sample(*data, 0) != plain);
    CHECK(sample(*data, 0) == sample(*data, 0, &random));
  }
}

TEST_CASE("chances are as frequent as they say") {
  const Type type{DType::u8, {8, 8, 3}};
  const std::string image = noisy_bytes(8 * 8 * 3);
  const auto plain = floats(sample(*image_through("[]", type, image), 0)[0]);
  for (const auto& [yaml, share] : {std::pair("[vertical_flip: 0.3]", 0.3),
                                    {"[invert: 0.2]", 0.2},
                                    {"[random_erasing: {p: 0.7, scale: [0.1, 0.2]}]", 0.7},
                                    {"[random_apply: {transforms: [invert: 1], p: 0.4}]", 0.4},
                                    {"[random_choice: {transforms: [invert: 0, invert: 1], p: [1, 3]}]", 0.75}}) {
    CAPTURE(yaml);
    const auto data = image_through(yaml, type, image);
    int changed = 0;
    for (int64_t i = 0; i < 2000; ++i) changed += trained(*data, i) != plain;
    CHECK(std::abs(changed / 2000.0 - share) < 0.045);
  }
}

TEST_CASE("color_jitter draws factors from the range it says, in any order") {
  const auto data =
      image_through("[color_jitter: {brightness: 0.5}]", {DType::f32, {1, 1, 3}}, bytes_of_floats({0.5f, 0.5f, 0.5f}));
  double least = 1, most = 0, sum = 0;
  for (int64_t i = 0; i < 2000; ++i) {
    const double y = static_cast<double>(trained(*data, i)[0]);
    least = std::min(least, y), most = std::max(most, y), sum += y;
  }
  CHECK(least == doctest::Approx(0.25).epsilon(0.02));
  CHECK(most == doctest::Approx(0.75).epsilon(0.02));
  CHECK(sum / 2000 == doctest::Approx(0.5).epsilon(0.02));
  // Of two that do not commute both orders come.
  const auto both = image_through("[color_jitter: {brightness: [1.8, 1.8], contrast: [0.5, 0.5]}]",
                                  {DType::f32, {1, 2, 1}}, bytes_of_floats({0.1f, 0.9f}));
  std::map<std::vector<float>, int> orders;
  for (int64_t i = 0; i < 400; ++i) ++orders[trained(*both, i)];
  CHECK(orders.size() == 2);
  for (const auto& [values, count] : orders) CHECK(std::abs(count - 200) < 50);
}

TEST_CASE("gaussian_noise adds normal numbers, in training only, to any shape") {
  const std::string zeros = bytes_of_floats(std::vector<float>(301, 0));
  const auto data = image_through("[gaussian_noise: {sigma: 2, mean: 1}]", {DType::f32, {301}}, zeros);
  CHECK(sample(*data, 0)[0] == zeros);
  double sum = 0, squares = 0, beyond = 0;
  for (int64_t i = 0; i < 200; ++i)
    for (const float value : trained(*data, i)) {
      const double z = (static_cast<double>(value) - 1) / 2;
      sum += z, squares += z * z, beyond += std::abs(z) > 1.96;
    }
  const double n = 200 * 301;
  CHECK(std::abs(sum / n) < 0.02);
  CHECK(std::abs(squares / n - 1) < 0.03);
  CHECK(std::abs(beyond / n - 0.05) < 0.005);
}

TEST_CASE("random_erasing blots out windows of the areas and shapes allowed, with what is asked") {
  const Type type{DType::f32, {40, 40, 3}};
  const std::string ones = bytes_of_floats(std::vector<float>(40 * 40 * 3, 1));
  const auto data = image_through("[random_erasing: {p: 1, scale: [0.1, 0.2], value: [0, 2, 3]}]", type, ones);
  std::set<std::pair<int64_t, int64_t>> corners;
  for (int64_t i = 0; i < 500; ++i) {
    const auto y = trained(*data, i);
    int64_t top = 40, left = 40, bottom = -1, right = -1, blotted = 0;
    for (int64_t p = 0; p < 1600; ++p) {
      if (y[static_cast<size_t>(3 * p)] == 1) continue;
      CHECK(y[static_cast<size_t>(3 * p + 1)] == 2);
      ++blotted;
      top = std::min(top, p / 40), bottom = std::max(bottom, p / 40);
      left = std::min(left, p % 40), right = std::max(right, p % 40);
    }
    const double h = static_cast<double>(bottom - top + 1), w = static_cast<double>(right - left + 1);
    CHECK(static_cast<double>(blotted) == h * w);
    CHECK(h * w / 1600 > 0.08);
    CHECK(h * w / 1600 < 0.22);
    CHECK(w / h < 3.7);
    CHECK(h / w < 3.7);
    corners.insert({top, left});
  }
  CHECK(corners.size() > 250);
  const auto noisy = image_through("[random_erasing: {p: 1, value: random}]", type, ones);
  double sum = 0, squares = 0, count = 0;
  for (int64_t i = 0; i < 50; ++i)
    for (const float v : trained(*noisy, i))
      if (v != 1) sum += static_cast<double>(v), squares += static_cast<double>(v * v), ++count;
  CHECK(std::abs(sum / count) < 0.05);
  CHECK(squares / count == doctest::Approx(1).epsilon(0.05));
}

TEST_CASE("the policies choose among their changes") {
  const Type type{DType::u8, {24, 24, 3}};
  const std::string image = noisy_bytes(24 * 24 * 3);
  for (const std::string yaml : {"[rand_augment]", "[trivial_augment]", "[auto_augment]", "[auto_augment: cifar10]",
                                 "[auto_augment: svhn]", "[aug_mix]"}) {
    CAPTURE(yaml);
    const auto data = image_through(yaml, type, image);
    std::set<std::vector<float>> all;
    for (int64_t i = 0; i < 200; ++i) all.insert(trained(*data, i));
    CHECK(all.size() > (yaml == "[aug_mix]" ? 190 : 40));
  }
}

TEST_CASE("transforms of images say what they do not take") {
  const Type type{DType::u8, {8, 8, 3}};
  const auto said = [&](const std::string& yaml, const Type& of) {
    return error_text([&] { image_through(yaml, of, ""); });
  };
  CHECK(said("[rotation: 0.1]", type) ==
        "error: run.yaml:1:12: data.transforms[0].rotation.degrees: an angle of 0.1 degrees moves no pixel\n"
        "  help: write 'rotation: 36' where 0.1 of a whole turn are meant");
  CHECK(said("[rotation: -5]", type) ==
        "error: run.yaml:1:12: data.transforms[0].rotation.degrees: expected a number of at least 0, or [least, most], "
        "got -5");
  CHECK(said("[rotation: {degrees: [5, -5]}]", type) ==
        "error: run.yaml:1:22: data.transforms[0].rotation.degrees: expected [least, most], got [5, -5]");
  CHECK(said("[affine: {degrees: 0, fill: [1, 2]}]", type) ==
        "error: run.yaml:1:2: data.transforms[0] (affine): expected 1 or 3 numbers for images of 3 channels, got 2");
  CHECK(said("[gaussian_blur: 4]", type) ==
        "error: run.yaml:1:17: data.transforms[0].gaussian_blur.kernel_size: expected odd numbers, got [4, 4]\n"
        "  help: write 3, 5, 7, …");
  CHECK(said("[gaussian_blur: 17]", type) ==
        "error: run.yaml:1:2: data.transforms[0] (gaussian_blur): a kernel of 17 x 17 reaches over images of 8 x 8\n"
        "  help: lower 'kernel_size'");
  CHECK(said("[normalize: {mean: 0, std: 1}, equalize]", type) ==
        "error: run.yaml:1:32: data.transforms[1] (equalize): expected images of bytes, these are numbers\n"
        "  help: write it before 'normalize'; where there is none, keep the images as bytes, 0 to 255");
  CHECK(said("[pad: {padding: 9, padding_mode: symmetric}]", type) ==
        "error: run.yaml:1:2: data.transforms[0] (pad): images of 8 x 8 have no 9 rows and columns to mirror\n"
        "  help: lower 'padding'");
  CHECK(said("[random_apply: {transforms: [center_crop: 4]}]", type) ==
        "error: run.yaml:1:2: data.transforms[0] (random_apply): expected transforms that keep samples as they are, of "
        "type u8 and shape [8, 8, 3]; these leave u8 [4, 4, 3]\n"
        "  help: take those out that change the size, and 'normalize'");
  CHECK(said("[random_choice: [center_crop: 4, center_crop: 5]]", type) ==
        "error: run.yaml:1:34: data.transforms[0] (random_choice): expected transforms that leave the same shape, the "
        "first leaves [4, 4, 3], this one [5, 5, 3]");
  CHECK(said("[rand_augment: {magnitude: 31}]", type) ==
        "error: run.yaml:1:28: data.transforms[0].rand_augment.magnitude: expected a number below the 31 bins, got 31");
}
