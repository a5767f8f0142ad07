// Transforms: their values, what they do at random and outside training, what they refuse.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/transform.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "tests/data/images_for_test.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("bytes that no transform made floats are scaled to [0, 1]") {
  const auto data = image_through("[]", {DType::u8, {1, 3, 1}}, std::string("\0\x80\xFF", 3));
  CHECK(data->fields()[0].type == Type{DType::f32, {1, 3, 1}});
  CHECK(floats(sample(*data, 0)[0]) == std::vector<float>{0, 128.0f / 255, 1});
}

TEST_CASE("floats that no transform touches stay as they are") {
  const auto data = image_through("[]", {DType::f32, {2}}, bytes_of_floats({1.5f, -2}));
  CHECK(floats(sample(*data, 0)[0]) == std::vector<float>{1.5f, -2});
}

TEST_CASE("normalize is torchvision's ToTensor and Normalize, to the bit") {
  const auto data =
      image_through("[{normalize: {mean: 0.1307, std: 0.3081}}]", {DType::u8, {1, 3, 1}}, std::string("\0\x80\xFF", 3));
  const auto y = floats(sample(*data, 0)[0]);
  CHECK(y == std::vector<float>{-0.42421296f, 1.2050011f, 2.8214867f});
}

TEST_CASE("normalize takes a mean and a deviation for each channel") {
  const std::string yaml = "[{normalize: {mean: [0, 0.5, 1], std: [1, 0.5, 2]}}]";
  const auto bytes = image_through(yaml, {DType::u8, {1, 2, 3}}, "\xFF\xFF\xFF\x33\x33\x33");
  CHECK(floats(sample(*bytes, 0)[0]) == std::vector<float>{1, 1, 0, 0.2f, (0.2f - 0.5f) / 0.5f, (0.2f - 1) / 2});
  const auto numbers = image_through(yaml, {DType::f32, {1, 1, 3}}, bytes_of_floats({1, 2, 5}));
  CHECK(floats(sample(*numbers, 0)[0]) == std::vector<float>{1, 3, 2});
}

TEST_CASE("reshape leaves the numbers in their order") {
  const Type type{DType::f32, {6}};
  const auto data = image_through("[{reshape: [-1, 2]}]", type, bytes_of_floats({1, 2, 3, 4, 5, 6}));
  CHECK(data->fields()[0].type == Type{DType::f32, {3, 2}});
  CHECK(floats(sample(*data, 0)[0]) == std::vector<float>{1, 2, 3, 4, 5, 6});
  for (const char* shape : {"[4]", "[-1, 4]", "[12, -1]", "[2, 2]", "[9223372036854775807, 2]"})
    CHECK_THROWS_WITH_AS(image_through(concat("[{reshape: ", shape, "}]"), type, bytes_of_floats({1, 2, 3, 4, 5, 6})),
                         doctest::Contains("samples of shape [6], 6 numbers, are no"), Error);
}

TEST_CASE("random_crop takes every window of the padded image alike, and the middle one outside training") {
  const auto data =
      image_through("[{random_crop: {size: 2, padding: 1}}]", {DType::f32, {2, 2, 1}}, bytes_of_floats({1, 2, 3, 4}));
  CHECK(data->fields()[0].type.shape == Shape{2, 2, 1});
  CHECK(floats(sample(*data, 0)[0]) == std::vector<float>{1, 2, 3, 4});
  std::map<std::vector<float>, int> windows;
  for (int64_t i = 0; i < 9000; ++i) ++windows[trained(*data, i)];
  CHECK(windows.size() == 9);
  CHECK(windows.contains({0, 0, 0, 1}));
  CHECK(windows.contains({4, 0, 0, 0}));
  CHECK(windows.contains({0, 0, 1, 2}));
  CHECK(windows.contains({0, 3, 0, 0}));
  for (const auto& [window, count] : windows) CHECK(std::abs(count - 1000) < 150);
}

TEST_CASE("random_crop without a size keeps the image's, and with padding can make it larger") {
  const Type type{DType::u8, {3, 5, 3}};
  CHECK(image_through("[random_crop]", type, std::string(45, 'x'))->fields()[0].type.shape == Shape{3, 5, 3});
  const auto larger =
      image_through("[{random_crop: {size: [3, 3], padding: 1}}]", {DType::f32, {1, 1, 1}}, bytes_of_floats({7}));
  CHECK(floats(sample(*larger, 0)[0]) == std::vector<float>{0, 0, 0, 0, 7, 0, 0, 0, 0});
}

TEST_CASE("horizontal_flip mirrors with its probability, pixel by pixel, and never outside training") {
  const auto data = image_through("[{horizontal_flip: 0.25}]", {DType::f32, {2, 2, 3}},
                                  bytes_of_floats({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  const std::vector<float> plain{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
      mirrored{4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9};
  CHECK(floats(sample(*data, 0)[0]) == plain);
  int flips = 0;
  for (int64_t i = 0; i < 4000; ++i) {
    const auto y = trained(*data, i);
    const bool flipped = y == mirrored;
    CHECK((flipped || y == plain));
    flips += flipped;
  }
  CHECK(std::abs(flips - 1000) < 100);
}

TEST_CASE("resize stretches bytes and floats alike, antialiased") {
  const auto floats_out =
      image_through("[{resize: [1, 2]}]", {DType::f32, {1, 4, 1}}, bytes_of_floats({0, 80, 160, 240}));
  const auto y = floats(sample(*floats_out, 0)[0]);  // Pillow: 57.14, 182.86
  CHECK(y[0] == doctest::Approx(57.142857f));
  CHECK(y[1] == doctest::Approx(182.857143f));
  const auto bytes = image_through("[{resize: {size: [1, 2]}}, {normalize: {mean: 0, std: 1}}]", {DType::u8, {1, 4, 1}},
                                   std::string("\0\x50\xA0\xF0", 4));
  CHECK(floats(sample(*bytes, 0)[0]) == std::vector<float>{57.0f / 255, 183.0f / 255});
}

TEST_CASE("center_crop takes the window in the middle") {
  const auto data = image_through("[{center_crop: [1, 2]}]", {DType::f32, {3, 4, 1}},
                                  bytes_of_floats({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  CHECK(data->fields()[0].type.shape == Shape{1, 2, 1});
  CHECK(floats(sample(*data, 0)[0]) == std::vector<float>{5, 6});
  CHECK(error_text([&] {
          image_through("[{center_crop: 5}]", {DType::u8, {3, 4, 1}}, "");
        }) ==
        "error: run.yaml:1:3: data.transforms[0] (center_crop): a window of 5 x 5 does not fit into images of 3 x 4\n"
        "  help: lower 'size', or write 'resize' before it");
}

TEST_CASE(
    "random_resized_crop draws windows of the areas and shapes allowed, and takes the whole image outside training") {
  // The image is its own coordinates, so that the means of a window's pixels are its middle.
  std::vector<float> places;
  for (int y = 0; y < 40; ++y)
    for (int x = 0; x < 60; ++x) places.insert(places.end(), {static_cast<float>(y), static_cast<float>(x)});
  const Type type{DType::f32, {40, 60, 2}};
  const auto data =
      image_through("[{random_resized_crop: {size: [2, 2], scale: [0.25, 0.5]}}]", type, bytes_of_floats(places));
  CHECK(data->fields()[0].type.shape == Shape{2, 2, 2});
  CHECK(floats(sample(*data, 0)[0])[0] == doctest::Approx(11.405).epsilon(0.01));
  double least = 1, most = 0, lowest = 10, highest = 0;
  std::map<int, int> thirds;  // where the windows' middles lie across
  for (int64_t i = 0; i < 3000; ++i) {
    const auto y = trained(*data, i);
    // Triangles as wide as the window, cut off at its edges, have their middles at 25/84 and 59/84 of it.
    const double h = (y[4] - y[0]) * 84 / 34, w = (y[3] - y[1]) * 84 / 34;
    const double share = h * w / 2400;
    least = std::min(least, share), most = std::max(most, share);
    lowest = std::min(lowest, w / h), highest = std::max(highest, w / h);
    ++thirds[static_cast<int>((y[1] + y[3] + 1) / 2 / 20)];
  }
  CHECK(least > 0.2);
  CHECK(least < 0.3);
  CHECK(most < 0.55);
  CHECK(most > 0.45);
  CHECK(lowest == doctest::Approx(0.75).epsilon(0.1));
  CHECK(highest == doctest::Approx(4.0 / 3).epsilon(0.1));
  CHECK(thirds[0] == doctest::Approx(thirds[2]).epsilon(0.15));
  const auto impossible =
      image_through("[{random_resized_crop: {size: 1, ratio: [0.01, 0.01]}}]", type, bytes_of_floats(places));
  CHECK(trained(*impossible, 0)[1] == 29);  // the largest window in the middle
  CHECK(error_text([&] { image_through("[{random_resized_crop: {size: 8, scale: [0.5, 0.1]}}]", type, ""); }) ==
        "error: run.yaml:1:41: data.transforms[0].random_resized_crop.scale: expected [least, most], got [0.5, 0.1]");
}

TEST_CASE("a window at the head of the chain is what the same window would be behind another transform") {
  std::string bytes;
  for (int i = 0; i < 12 * 10 * 3; ++i) bytes += static_cast<char>(i * 37);
  const Type type{DType::u8, {12, 10, 3}};
  for (const std::string window :
       {"{random_resized_crop: [5, 4]}", "{random_crop: 7}", "{center_crop: [3, 8]}", "{resize: 6}"})
    for (const std::string more : {"", ", {normalize: {mean: 0.5, std: 0.1}}"}) {
      CAPTURE(window);
      const auto first = image_through("[" + window + more + "]", type, bytes);
      const auto second = image_through("[{center_crop: [12, 10]}, " + window + more + "]", type, bytes);
      for (int64_t i = 0; i < 20; ++i) CHECK(trained(*first, i) == trained(*second, i));
      CHECK(sample(*first, 0) == sample(*second, 0));
    }
}

TEST_CASE("transforms follow one another in the order of the list") {
  const auto data =
      image_through("[{horizontal_flip: 1}, {random_crop: {size: [1, 2]}}, {normalize: {mean: 0, std: 2}}]",
                    {DType::f32, {1, 2, 1}}, bytes_of_floats({2, 4}));
  CHECK(trained(*data, 0) == std::vector<float>{2, 1});
  CHECK(floats(sample(*data, 0)[0]) == std::vector<float>{1, 2});
}

TEST_CASE("transforms say where and why they cannot take the data") {
  const Type image{DType::u8, {28, 28, 1}}, features{DType::f32, {14}};
  const auto said = [&](const std::string& yaml, const Type& type) {
    return error_text([&] { image_through(yaml, type, ""); });
  };
  CHECK(
      said("[horizontal_flip, {normalize: {mean: [0, 1], std: [1, 1]}}]", image) ==
      "error: run.yaml:1:20: data.transforms[1] (normalize): expected 1 mean for samples of shape [28, 28, 1], got 2\n"
      "  help: write one of each, for all channels: 'normalize: {mean: 0, std: 1}'");
  CHECK(said("[{normalize: {mean: 123.675, std: 58.395}}]", image) ==
        "error: run.yaml:1:3: data.transforms[0] (normalize): expected a mean and a deviation of numbers from 0 to 1, "
        "which images of bytes are here, got {mean: 123.675, std: 58.395}\n"
        "  help: write 'normalize: {mean: 0.485, std: 0.229}'");
  CHECK(said("[{normalize: {mean: 123.675, std: 58.395}}]", Type{DType::f32, {28, 28, 1}}) == "");
  CHECK(said("[{normalize: {mean: [0, 1], std: 1}}]", image) ==
        "error: run.yaml:1:14: data.transforms[0] (normalize): expected as many means as standard deviations, got 2 "
        "and 1");
  CHECK(said("[{random_crop: {size: 64}}]", image) ==
        "error: run.yaml:1:3: data.transforms[0] (random_crop): a window of 64 x 64 does not fit into images of 28 x "
        "28 padded by 0 and 0\n"
        "  help: lower 'size' or raise 'padding'");
  CHECK(said("[horizontal_flip]", features) ==
        "error: run.yaml:1:2: data.transforms[0] (horizontal_flip): expected images [height, width, channels], the "
        "data's samples are [14]");
  CHECK(said("[rotate]", image).ends_with("help: write 'rotation'"));
  CHECK(said("[mixup]", image).ends_with("help: write it in 'batch_transforms', as it mixes samples of a batch"));
}
