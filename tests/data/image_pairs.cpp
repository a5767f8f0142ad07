// The reader of images with masks: pairs by name, classes by palette and by grey value, what is refused.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "lib/data/image/mask.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

// A PNG of one channel of any depth and kind; `rows` have their filters.
std::string stored_png(uint32_t width, uint32_t height, char depth, char kind, const std::string& rows) {
  std::string palette;
  if (kind == 3) palette = png_chunk("PLTE", std::string(3 * 16, '\x7F'));
  return "\x89PNG\r\n\x1a\n" +
         png_chunk("IHDR", big_endian(width) + big_endian(height) + std::string{depth, kind, 0, 0, 0}) + palette +
         png_chunk("IDAT", deflated(rows)) + png_chunk("IEND", "");
}

// Two pairs: 2 x 3 grey images, masks of three classes, one with a palette of 4 bits.
struct Photos : Folder {
  Photos() {
    for (const char* name : {"photos", "masks"}) std::filesystem::create_directories(path / name);
    write("photos/a.png", png(3, 2, 1, std::string("\x01\x02\x03\x04\x05\x06", 6)));
    write("photos/b.png", png(3, 2, 1, std::string("\x11\x12\x13\x14\x15\x16", 6)));
    write("masks/a.png", png(3, 2, 1, std::string("\0\1\2\2\1\0", 6)));
    write("masks/b.png", stored_png(3, 2, 4, 3, std::string("\0\x21\x00\0\x00\x20", 6)));
  }
  std::unique_ptr<OpenedForTest> opened(const std::string& keys = "classes: 3", const std::string& transforms = "[]") {
    return open("{train: {format: image_pairs, images: photos, masks: masks, channels: 1, " + keys +
                    "}, transforms: " + transforms + "}",
                path);
  }
};

std::vector<int> classes_in(const std::string& bytes) {
  std::vector<int32_t> values(bytes.size() / 4);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return {values.begin(), values.end()};
}

std::vector<int> dots_in(const std::string& bytes) {
  std::vector<int> dots;
  for (const float x : floats(bytes)) dots.push_back(static_cast<int>(std::lround(x * 255)));
  return dots;
}

// As the transforms move both alike: image a's dots are 1, 2, … and its mask's classes 0 1 2 2 1 0 in the same places.
bool belong_together(const std::vector<int>& dots, const std::vector<int>& classes) {
  const int of[] = {0, 0, 1, 2, 2, 1, 0};
  for (size_t i = 0; i < dots.size(); ++i)
    if (of[dots[i]] != classes[i]) return false;
  return dots.size() == classes.size();
}

}  // namespace

TEST_CASE("an image and its mask are a sample, whose target is a class for each pixel") {
  Photos photos;
  const auto opened = photos.opened();
  REQUIRE(opened->problems == "");
  const Dataset& data = *opened->sets.train;
  CHECK(data.size() == 2);
  CHECK(data.classes().size() == 3);
  CHECK(data.fields()[1].type == Type{DType::i32, {2, 3}});
  CHECK(dots_in(sample(data, 0)[0]) == std::vector<int>{1, 2, 3, 4, 5, 6});
  CHECK(classes_in(sample(data, 0)[1]) == std::vector<int>{0, 1, 2, 2, 1, 0});
  CHECK(classes_in(sample(data, 1)[1]) == std::vector<int>{2, 1, 0, 0, 0, 2});
}

TEST_CASE("crops and flips move a mask as its image, and colours leave it alone") {
  Photos photos;
  const std::string moves =
      "[horizontal_flip, {random_crop: {size: [2, 3], padding: 1}}, {random_crop: [1, 2]}, {normalize: {mean: 0, std: "
      "1}}]";
  const auto opened = photos.opened("classes: 3", moves);
  REQUIRE(opened->problems == "");
  const Dataset& data = *opened->sets.train;
  CHECK(data.fields()[1].type == Type{DType::i32, {1, 2}});
  std::set<std::vector<int>> seen;
  for (int64_t position = 0; position < 200; ++position) {
    SampleRandom random(1, 0, position);
    const auto values = sample(data, 0, &random);
    CHECK(belong_together(dots_in(values[0]), classes_in(values[1])));
    seen.insert(dots_in(values[0]));
  }
  CHECK(seen.size() > 10);
}

TEST_CASE("a window of the image alone is decoded, and its mask follows") {
  Photos photos;
  const auto opened = photos.opened("classes: 3", "[{random_crop: [1, 2]}]");
  REQUIRE(opened->problems == "");
  for (int64_t position = 0; position < 20; ++position) {
    SampleRandom random(1, 0, position);
    const auto values = sample(*opened->sets.train, 0, &random);
    CHECK(belong_together(dots_in(values[0]), classes_in(values[1])));
  }
}

TEST_CASE("a mask that is stretched keeps its classes") {
  Photos photos;
  const auto opened = photos.opened("classes: 3, size: [4, 6]");
  REQUIRE(opened->problems == "");
  CHECK(classes_in(sample(*opened->sets.train, 0)[1]) ==
        std::vector<int>{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2, 2, 2, 1, 1, 0, 0, 2, 2, 1, 1, 0, 0});
  const auto resized = photos.opened("classes: 3", "[{resize: [1, 3]}]");
  CHECK(classes_in(sample(*resized->sets.train, 0)[1]) == std::vector<int>{2, 1, 0});
}

TEST_CASE("masks of every depth and filter are read as they are stored") {
  Folder folder;
  const auto read = [&](const std::string& file) {
    folder.write("mask.png", file);
    return read_mask(folder / "mask.png").values;
  };
  CHECK(read(stored_png(9, 1, 1, 0, std::string("\0\xA0\x80", 3))) == std::vector<uint16_t>{1, 0, 1, 0, 0, 0, 0, 0, 1});
  CHECK(read(stored_png(4, 1, 2, 3, std::string("\0\x1B", 2))) == std::vector<uint16_t>{0, 1, 2, 3});
  CHECK(read(stored_png(2, 1, 16, 0, std::string("\0\x01\x02\x03\x04", 5))) == std::vector<uint16_t>{258, 772});
  CHECK(read(stored_png(2, 1, 8, 4, std::string("\0\x07\xFF\x08\xFF", 5))) == std::vector<uint16_t>{7, 8});
  // Rows 1 2 / 2 4 / 3 6 / 4 8 / 5 9 by the filters none, sub, up, average and Paeth.
  CHECK(read(stored_png(2, 5, 8, 0,
                        std::string("\0\1\2", 3) + std::string("\1\2\2", 3) + std::string("\2\1\2", 3) +
                            std::string("\3\3\3", 3) + std::string("\4\1\1", 3))) ==
        std::vector<uint16_t>{1, 2, 2, 4, 3, 6, 4, 8, 5, 9});
}

TEST_CASE("colours that are all grey are a mask too, in a PNG, a BMP or a TIFF of 8 or 16 bits") {
  Folder folder;
  const auto read = [&](const std::string& bytes) {
    folder.write("mask", bytes);
    return read_mask(folder / "mask").values;
  };
  const std::vector<uint16_t> expected{0, 1, 255};
  CHECK(read(png(3, 1, 3, std::string("\0\0\0\1\1\1\xFF\xFF\xFF", 9))) == expected);
  const std::string interlaced = "\x89PNG\r\n\x1a\n" +
                                 png_chunk("IHDR", big_endian(1) + big_endian(1) + std::string("\x08\0\0\0\1", 5)) +
                                 png_chunk("IDAT", deflated(std::string("\0\7", 2))) + png_chunk("IEND", "");
  CHECK(read(interlaced) == std::vector<uint16_t>{7});
  const auto little = [](int value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value);
    return text;
  };
  CHECK(read("BM" + little(66, 4) + little(0, 4) + little(54, 4) + little(40, 4) + little(3, 4) + little(1, 4) +
             little(1, 2) + little(24, 2) + little(0, 4) + little(12, 4) + little(0, 16) +
             std::string("\0\0\0\1\1\1\xFF\xFF\xFF\0\0\0", 12)) == expected);
  if (std::ranges::count(image_decoders(), "libtiff") == 0) return;
  const auto tiff = [&](int bits, const std::string& values) {
    std::string entries;
    for (const auto& [tag, value] : std::vector<std::pair<int, int>>{{256, 3},
                                                                     {257, 1},
                                                                     {258, bits},
                                                                     {259, 1},
                                                                     {262, 1},
                                                                     {273, 8 + 2 + 9 * 12 + 4},
                                                                     {277, 1},
                                                                     {278, 1},
                                                                     {279, 3 * bits / 8}})
      entries += little(tag, 2) + little(3, 2) + little(1, 4) + little(value, 4);
    return std::string("II*\0", 4) + little(8, 4) + little(9, 2) + entries + little(0, 4) + values;
  };
  CHECK(read(tiff(8, std::string("\0\1\xFF", 3))) == expected);
  CHECK(read(tiff(16, std::string("\0\0\1\0\xE8\3", 6))) == std::vector<uint16_t>{0, 1, 1000});
  CHECK(error_text(folder, [&] { read(tiff(1, "\xE0")); }).find("found values of 1 bit\n") != std::string::npos);
}

TEST_CASE("what is no mask is refused by name") {
  Photos photos;
  const auto refused = [&](const std::string& file) {
    photos.write("masks/a.png", file);
    const auto opened = photos.opened();
    return error_text(photos, [&] { sample(*opened->sets.train, 0); });
  };
  const std::string help =
      "\n  help: save it with the number of its class as each pixel's value, as Pillow's modes P and L do";
  const std::string expected =
      "error: DIR/masks/a.png: expected a mask, a PNG with a palette or grey values, or these as BMP or TIFF, found ";
  CHECK(refused(png(3, 2, 3, std::string(17, '\1') + '\2')) == expected + "colours" + help);
  CHECK(refused("GIF89a") == expected + "another kind of file" + help);
  CHECK(refused(png(2, 2, 1, std::string(4, '\1'))) ==
        "error: DIR/masks/a.png: expected a mask of 2 x 3 pixels (height x width) as its image, found 2 x 2");
  CHECK(refused(png_packed(3, 2, 1, deflated("short"))) ==
        "error: DIR/masks/a.png: the PNG's pixels cannot be decompressed to as many as its header says\n  help: get "
        "the file "
        "again");
}

TEST_CASE("masks that are cut or mutated never crash") {
  Folder folder;
  const std::string good = png(3, 2, 1, std::string("\0\1\2\2\1\0", 6));
  int read = 0, refused = 0;
  for (size_t at = 0; at < good.size(); ++at)
    for (const int change : {0, 1}) {
      std::string bad = change == 0 ? good.substr(0, at) : good;
      if (change == 1) bad[at] = static_cast<char>(bad[at] ^ 0x55);
      folder.write("mask.png", bad);
      try {
        read_mask(folder / "mask.png");
        ++read;
      } catch (const Error&) {
        ++refused;
      }
    }
  CHECK(read + refused == 2 * static_cast<int>(good.size()));
  CHECK(refused > static_cast<int>(good.size()));
}

TEST_CASE("pixels may be other numbers than those of their classes: 'values' lists them in the classes' order") {
  Photos photos;
  photos.write("masks/a.png", png(3, 2, 1, std::string("\0\xFF\xFF\0\xFF\0", 6)));
  photos.write("masks/b.png", png(3, 2, 1, std::string("\xFF\0\0\0\0\0", 6)));
  const auto opened = photos.opened("classes: [ground, disk], values: [255, 0]");
  REQUIRE(opened->problems == "");
  const Dataset& data = *opened->sets.train;
  CHECK(std::vector<std::string>(data.classes().begin(), data.classes().end()) ==
        std::vector<std::string>{"ground", "disk"});
  CHECK(classes_in(sample(data, 0)[1]) == std::vector<int>{1, 0, 0, 1, 0, 1});
  CHECK(classes_in(sample(data, 1)[1]) == std::vector<int>{0, 1, 1, 1, 1, 1});
  CHECK(photos.opened("values: [0, 255]")->sets.classes == std::vector<std::string>{"0", "1"});
  photos.write("masks/b.png", png(3, 2, 1, std::string("\0\0\x80\0\0\0", 6)));
  const auto changed = photos.opened("classes: [ground, disk], values: [255, 0]");
  CHECK(photos.placeless(error_text([&] { sample(*changed->sets.train, 1); })) ==
        "error: DIR/masks/b.png: expected pixels of 255, 0, as 'values' says; that in row 0, column 2 (from 0 on) is "
        "128\n"
        "  help: add it to 'values' if it is a class's, to 'ignore' if it is none's, else mend the mask");
  CHECK(photos.opened("classes: 3, values: [0, 255]")->problems ==
        "error: DIR/run.yaml:1:94: data.train.values: expected 3 values, one a class, got 2");
  CHECK(photos.opened("values: [0, 0]")->problems ==
        "error: DIR/run.yaml:1:82: data.train.values: 0 is there twice\n  help: write one value for each class");
  CHECK(photos.opened("classes: [a, a]")->problems.find("or a list of different names") != std::string::npos);
}

TEST_CASE("pixels of no class are the target -100, beside values and without") {
  Photos photos;
  photos.write("masks/a.png", png(3, 2, 1, std::string("\0\xFF\x07\x09\xFF\0", 6)));
  const auto opened = photos.opened("classes: [ground, disk], values: [7, 255], ignore: [0, 9]");
  REQUIRE(opened->problems == "");
  CHECK(classes_in(sample(*opened->sets.train, 0)[1]) == std::vector<int>{-100, 1, 0, -100, 1, -100});
  CHECK(opened->sets.train->fields()[1].class_help ==
        "write 'ignore_index: -100' in the loss, which the target of pixels of 'ignore' is");
  const auto plain = photos.opened("classes: 8, ignore: 255");
  REQUIRE(plain->problems == "");
  CHECK(classes_in(sample(*plain->sets.train, 0)[1]) == std::vector<int>{0, -100, 7, 9, -100, 0});
  CHECK(photos.opened("values: [0, 255], ignore: 255")->problems ==
        "error: DIR/run.yaml:1:100: data.train.ignore: 'values' says that 255 is a class's\n  help: write it in one of "
        "both");
}

TEST_CASE("masks may be named as their images with something behind, in the same folder too") {
  Photos photos;
  std::filesystem::rename(photos / "masks/a.png", photos / "masks/a_mask.png");
  std::filesystem::rename(photos / "masks/b.png", photos / "masks/b_mask.png");
  CHECK(
      photos.opened()->problems ==
      "error: DIR/photos: data.train: expected images with masks of the same names in DIR/masks; found 2 images and 2 "
      "masks, and no such pair\n  named in DIR/run.yaml:1:9\n  help: write 'mask_suffix: _mask'");
  for (const bool in_one_folder : {false, true}) {
    CAPTURE(in_one_folder);
    if (in_one_folder)
      for (const std::string name : {"a_mask.png", "b_mask.png"})
        std::filesystem::rename(photos / "masks" / name, photos / "photos" / name);
    const auto opened =
        open(concat("{train: {format: image_pairs, images: photos, masks: ", in_one_folder ? "photos" : "masks",
                    ", channels: 1, classes: 3, mask_suffix: _mask}}"),
             photos.path);
    REQUIRE(opened->problems == "");
    CHECK(opened->sets.train->size() == 2);
    CHECK(warnings(photos, *opened->sets.train) == "");
    CHECK(belong_together(dots_in(sample(*opened->sets.train, 0)[0]), classes_in(sample(*opened->sets.train, 0)[1])));
  }
  std::filesystem::rename(photos / "photos/a.png", photos / "photos/a_rgb.png");
  std::filesystem::rename(photos / "photos/b.png", photos / "photos/b_rgb.png");
  CHECK(photos.opened("classes: 3, image_suffix: _rgb, mask_suffix: _mask")
            ->problems.find("found 2 images and 0 masks") != std::string::npos);
}

TEST_CASE("a mask of the stored size is turned with an image that its Exif turns, one of the upright size is not") {
  Photos photos;
  const std::string image = png(3, 2, 1, std::string("\x01\x02\x03\x04\x05\x06", 6));
  const std::string exif("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0",
                         26);  // a quarter to the right
  photos.write("photos/a.png", image.substr(0, 33) + png_chunk("eXIf", exif) + image.substr(33));
  const auto first = [&] {
    const auto opened = photos.opened();
    REQUIRE(opened->problems == "");
    return sample(*opened->sets.train, 0);
  };
  if (dots_in(first()[0]) == std::vector<int>{1, 2, 3, 4, 5, 6}) return;  // without libpng
  CHECK(dots_in(first()[0]) == std::vector<int>{4, 1, 5, 2, 6, 3});
  CHECK(classes_in(first()[1]) == std::vector<int>{2, 0, 1, 1, 0, 2});
  photos.write("masks/a.png", png(2, 3, 1, std::string("\2\0\1\1\0\2", 6)));
  CHECK(classes_in(first()[1]) == std::vector<int>{2, 0, 1, 1, 0, 2});
}

TEST_CASE("pairs that are not whole are told, and none at all is an error") {
  Photos photos;
  photos.write("photos/c.png", png(3, 2, 1, std::string(6, '\1')));
  photos.write("masks/d.png", png(3, 2, 1, std::string(6, '\1')));
  const auto opened = photos.opened();
  CHECK(opened->sets.train->size() == 2);
  CHECK(warnings(photos, *opened->sets.train) ==
        "DIR/photos: left out: 1 image alone, such as 'c'\n  help: name each mask as its image, whatever the "
        "ending\nDIR/masks: left out: 1 mask alone, such as 'd'\n  help: name each mask as its image, "
        "whatever the ending\n");
  for (const char* name : {"a", "b"}) std::filesystem::remove(photos / "masks" / (std::string(name) + ".png"));
  CHECK(
      photos.opened()->problems.find("expected images with masks of the same names in DIR/masks; found 3 images and 1 "
                                     "mask, and no such pair") != std::string::npos);
  CHECK(photos.opened("max_pixels: 100")->problems.find("expected 'classes', the number of classes in the masks") !=
        std::string::npos);
}
