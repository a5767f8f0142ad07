// Images of 16 bits a value: all bits as numbers, the high ones as bytes, and what is told of them.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/data/reader.h"
#include "tests/data/image_bytes_for_test.h"

using namespace dl;
using namespace dl::testing;

TEST_CASE("read as numbers, images have all of their 16 bits, and of 8 the numbers that bytes become") {
  const Folder folder;
  const std::vector<int> grey{1000, 1001, 65535, 0, 256, 4095};
  const std::string file = png_16(3, 2, false, grey);
  CHECK(shares(folder, file, 1) == shares_of(grey));
  CHECK(shares(folder, file, 3)[5] == shares_of({1001})[0]);
  CHECK(shares(folder, png_16(1, 1, true, {65535, 1, 2}), 3) == shares_of({65535, 1, 2}));
  CHECK(shares(folder, png_16(1, 1, true, {65535, 0, 0}), 1) == shares_of({19711}));  // 77 * 65535 / 256
  CHECK(shares(folder, "P5 2 1 65535\n" + std::string("\x03\xE8\xFF\xFF", 4), 1) == shares_of({1000, 65535}));
  CHECK(shares(folder, "P2 2 1 1023 512 1023", 1) == shares_of({32800, 65535}));
  CHECK(shares(folder, "P6 1 1 65535\n" + std::string("\0\1\0\2\0\3", 6), 3) == shares_of({1, 2, 3}));
  for (const std::string& bytes :
       {png(3, 2, 1, "abcdef"), std::string("P5 3 2 255\nabcdef"), format_file("transparent.gif"),
        format_file("palette.png"), format_file("baseline.jpg")}) {
    const std::vector<int> expected = numbers(pixels(folder, bytes, 3));
    const std::vector<float> found = shares(folder, bytes, 3);
    REQUIRE(found.size() == expected.size());
    bool same = true;
    for (size_t i = 0; i < found.size(); ++i) same &= found[i] == static_cast<float>(expected[i]) / 255;
    CHECK(same);
  }
  if (format_is_built("libpng")) {
    const std::string turned = png_with(file, exif(6));
    CHECK(shares(folder, turned, 1) == shares_of({0, 1000, 256, 1001, 4095, 65535}));
  }
  folder.write("a", png_16(4, 1, false, {100, 300, 500, 900}));
  std::vector<float> cut(1), half(2);
  read_image_window(folder / "a", {.size = {1, 4}, .channels = 1, .dtype = DType::f32}, {0, 2, 1, 1}, {1, 1},
                    reinterpret_cast<std::byte*>(cut.data()));
  CHECK(cut == shares_of({500}));
  read_image(folder / "a", {.size = {1, 2}, .channels = 1, .may_resize = true, .dtype = DType::f32},
             reinterpret_cast<std::byte*>(half.data()));
  CHECK(half[0] > shares_of({200})[0]);  // more than bytes could tell apart
  CHECK(half[1] < shares_of({900})[0]);
  CHECK(half[1] > shares_of({500})[0]);
}

TEST_CASE("a TIFF's grey values and colours of 16 bits are read in strips and in tiles, and without a sign alone") {
  if (!format_is_built("libtiff")) return;
  const Folder folder;
  const auto little_16 = [](const std::vector<int>& values) {
    std::string bytes;
    for (const int value : values) bytes += little(static_cast<uint64_t>(value), 2);
    return bytes;
  };
  const std::vector<int> values{1000, 1001, 65535, 0, 256, 4095};
  CHECK(shares(folder, tiff_image(3, 2, 1, 16, little_16(values)), 1) == shares_of(values));
  CHECK(shares(folder, tiff_image(2, 1, 3, 16, little_16(values)), 3) == shares_of(values));
  CHECK(shares(folder, tiff_image(1, 1, 3, 16, little_16({65535, 0, 0})), 1) == shares_of({19711}));
  CHECK(shares(folder, tiff_image(2, 1, 1, 8, "\x10\xFF"), 1) == shares_of({0x1010, 65535}));
  std::vector<int> tile(16 * 16);
  std::copy_n(values.begin(), 3, tile.begin());
  std::copy_n(values.begin() + 3, 3, tile.begin() + 16);
  const auto tiled = [&](uint32_t kind) {
    return tiff({{256, 3, 3},
                 {257, 3, 2},
                 {258, 3, 16},
                 {259, 3, 1},
                 {262, 3, kind},
                 {277, 3, 1},
                 {322, 3, 16},
                 {323, 3, 16},
                 {324, 4, 0},
                 {325, 4, 512}},
                little_16(tile));
  };
  CHECK(shares(folder, tiled(1), 1) == shares_of(values));
  CHECK(shares(folder, tiled(0), 1) == shares_of({64535, 64534, 0, 65535, 65279, 61440}));  // white is 0
  const std::string with_signs = tiff({{256, 3, 1},
                                       {257, 3, 1},
                                       {258, 3, 16},
                                       {259, 3, 1},
                                       {262, 3, 1},
                                       {273, 4, 0},
                                       {277, 3, 1},
                                       {278, 3, 1},
                                       {279, 4, 2},
                                       {339, 3, 2}},
                                      little_16({64536}));  // -1000
  CHECK(refused(folder, with_signs) ==
        "error: DIR/a: expected values from 0 on, its header says that they have a sign\n"
        "  help: save it as unsigned numbers, or as arrays, and write 'npy'");
  CHECK(error_text(folder, [&] { shares(folder, with_signs, 1); }) == refused(folder, with_signs));
  const std::string whole = tiff_image(3, 2, 1, 16, little_16(values));
  CHECK(error_text(folder, [&] { shares(folder, whole.substr(0, whole.size() - 1), 1); }) != "");
}

TEST_CASE("images of 16 bits that use few of them are told") {
  const Folder pets;
  std::filesystem::create_directories(pets / "pets/cell");
  const auto write = [&](const std::string& name, int value) {
    pets.write("pets/cell/" + name + ".png", png_16(1, 2, false, {value, value}));
  };
  const auto told = [&] {
    const auto opened = open("{train: {format: image_folder, path: pets, channels: 1}}", pets.path);
    REQUIRE(opened->problems == "");
    return warnings(pets, *opened->sets.train);
  };
  write("a", 1000);
  write("b", 4095);
  CHECK(told().find(
            "DIR/pets: of images of 16 bits the high ones are read, and no value of 2 images is above 4095 of 65535: "
            "16 shades at most are left\n  help: write 'bits: 16' beside 'format', which keeps them all\n") !=
        std::string::npos);
  const auto whole = open("{train: {format: image_folder, path: pets, channels: 1, bits: 16}}", pets.path);
  REQUIRE(whole->problems == "");
  CHECK(warnings(pets, *whole->sets.train).find("16 bits") == std::string::npos);
  CHECK(whole->sets.raw_input == Type{DType::f32, {2, 1, 1}});
  CHECK(floats(sample(*whole->sets.train, 0)[0]) == std::vector<float>(2, 1000.0f / 65535));
  const auto images =
      open_images(whole->spec, {pets / "pets/cell/b.png"}, whole->sets.raw_input, whole->sets.raw_pixels);
  CHECK(floats(sample(*images.data, 0)[0]) == std::vector<float>(2, 4095.0f / 65535));
  CHECK(whole->spec.train.reader.reader->open_fitted(whole->sets.fitted)->fields()[0].pixels);
  const std::string set = "{format: image_folder, path: pets, channels: 1";
  CHECK(open("{train: " + set + ", bits: 16}, validation: " + set + "}}", pets.path)
            ->problems.ends_with("data.validation: expected samples of type f32 and shape [2, 1, 1] as in the training "
                                 "data, found u8 [2, 1, 1]\n  help: write 'bits: 16' here too"));
  CHECK(open("{train: {format: image_folder, path: pets, bits: 12}}", pets.path)->problems ==
        "error: DIR/run.yaml:1:50: data.train.bits: expected 8 or 16, got 12\n  help: write 'bits: 16'");
  CHECK(
      open("{train: {format: image_folder, path: pets, bits: 16}, transforms: [equalize]}", pets.path)
          ->problems.find("expected images of bytes, these are numbers\n  help: leave it out; or leave 'bits: 16' out "
                          "of the data, and write it before 'normalize'") != std::string::npos);
  write("b", 60000);
  CHECK(told().find("16 bits") == std::string::npos);
  pets.write("pets/cell/a.png", png(1, 2, 1, "\1\1"));  // of 8 bits
  CHECK(told().find("16 bits") == std::string::npos);
}
