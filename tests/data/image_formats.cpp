// Formats beside JPEG and PNG: their pixels against Pillow's or written out, how pictures stand, and broken files.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "lib/base/text.h"
#include "lib/data/image/image.h"
#include "lib/data/image/image_names.h"
#include "lib/data/image/orientation.h"
#include "tests/data/image_bytes_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

// What a stored picture "abc" over "def" is upright, by Exif's drawings.
const std::vector<std::pair<Pair, std::string>> standing{{{2, 3}, "abcdef"}, {{2, 3}, "cbafed"}, {{2, 3}, "fedcba"},
                                                         {{2, 3}, "defabc"}, {{3, 2}, "adbecf"}, {{3, 2}, "daebfc"},
                                                         {{3, 2}, "fcebda"}, {{3, 2}, "cfbead"}};

}  // namespace

TEST_CASE("files are images by their endings, in letters of any size, JPEG by all that it has") {
  for (const char* name : {"a.jpg", "a.JPEG", "a.jfif", "a.jpe", "a.b.Png", "a.pgm", "a b.bmp"})
    CHECK_MESSAGE(is_image_name(name), name);
  for (const char* name : {"jpg", ".jpg", "a.jpg.txt", "a.jp", "a."}) CHECK_MESSAGE(!is_image_name(name), name);
}

TEST_CASE("PNM of every kind is read, values brought to 8 bits by their largest") {
  const Folder folder;
  using Numbers = std::vector<int>;
  CHECK(numbers(pixels(folder, "P1\n# ink\n3 2\n1 0 1\n010", 1)) == Numbers{0, 255, 0, 255, 0, 255});
  CHECK(numbers(pixels(folder, "P4 10 1\n" + std::string("\xA0\x40", 2), 1)) ==
        Numbers{0, 255, 0, 255, 255, 255, 255, 255, 255, 0});
  CHECK(numbers(pixels(folder, "P2 3 1 15 0 7 15", 1)) == Numbers{0, 119, 255});
  CHECK(numbers(pixels(folder, "P3 1 2 # colours\n 1023\n 1023 0 512 \n 1 2 3", 3)) == Numbers{255, 0, 128, 0, 0, 1});
  CHECK(numbers(pixels(folder, "P5 3 1 255\n" + std::string("\0\x10\xFF", 3), 1)) == Numbers{0, 16, 255});
  CHECK(numbers(pixels(folder, "P5 2 1 15\n" + std::string("\x0F\x03", 2), 1)) == Numbers{255, 51});
  CHECK(numbers(pixels(folder, "P5 2 1 65535\n" + std::string("\xF0\x05\x0A\xFA", 4), 1)) == Numbers{239, 11});
  CHECK(numbers(pixels(folder, "P6 1 1 1023\n" + std::string("\x03\xFF\x02\0\0\0", 6), 3)) == Numbers{255, 128, 0});
  CHECK(numbers(pixels(folder, "P5 1 1 255\n\x40", 3)) == Numbers{64, 64, 64});
  CHECK(numbers(pixels(folder, "P6 1 1 255\n" + std::string("\xFF\0\0", 3), 1)) == Numbers{76});
}

TEST_CASE("a PNM that is cut short, or holds what its header does not say, is refused") {
  const Folder folder;
  const std::string again = "\n  help: get the file again";
  CHECK(refused(folder, "P5 2 2 255\nabc") ==
        "error: DIR/a: expected 4 bytes of pixels, found 3" + again + ": it is cut short");
  CHECK(refused(folder, "P2 2 1 15 3") == "error: DIR/a: expected a value at byte 11, the file ends there" + again);
  CHECK(refused(folder, "P2 2 1 15 3 x") == "error: DIR/a: expected a value at byte 12, found something else" + again);
  CHECK(refused(folder, "P2 1 1 15 16") ==
        "error: DIR/a: expected values up to 15, as its header says, found 16" + again);
  CHECK(refused(folder, "P5 1 1 15\n\x10") ==
        "error: DIR/a: expected values up to 15, as its header says, found 16" + again);
  CHECK(refused(folder, "P5 1 1 70000\n\x10") ==
        "error: DIR/a: expected a largest value up to 65535, found 70000" + again);
  CHECK(refused(folder, "P1 2 1\n1 2") == "error: DIR/a: expected 0 or 1 at byte 9, found something else" + again);
  CHECK(refused(folder, "P5 99999999999 99999999999 255\n") ==
        "error: DIR/a: expected a width up to 2147483646, found 2147483647" + again);
  CHECK(refused(folder, "P5 1000000 1000000 255\n") ==
        "error: DIR/a: its header says 1000000 x 1000000 pixels, the limit is 67108864\n"
        "  help: raise 'max_pixels', or make the image smaller");
}

TEST_CASE("WebP, TIFF and GIF give Pillow's pixels") {
  const Folder folder;
  std::vector<std::string> names{"transparent.gif"};
  if (format_is_built("libwebp"))
    names.insert(names.end(), {"webp-lossless.webp", "webp-alpha.webp", "webp-animated.webp", "webp-lossy.webp"});
  if (format_is_built("libtiff"))
    names.insert(names.end(), {"tiff-lzw.tif", "tiff-alpha.tif", "tiff-palette.tif", "tiff-grey.tif", "tiff-cmyk.tif",
                               "tiff-bits.tif"});
  for (const std::string& name : names) {
    CAPTURE(name);
    const auto found = numbers(pixels(folder, format_file(name), 3));
    const auto expected = numbers(pixels(folder, format_file(name.substr(0, name.find('.')) + ".ppm"), 3));
    REQUIRE(found.size() == expected.size());
    int largest = 0;
    for (size_t i = 0; i < found.size(); ++i) largest = std::max(largest, std::abs(found[i] - expected[i]));
    CHECK(largest <= (name == "tiff-cmyk.tif" ? 1 : 0));
  }
}

TEST_CASE("a BMP, TGA or GIF that is cut short is an error, not a picture that ends in black") {
  const Folder folder;
  const std::string bmp = "BM" + little(70, 4) + little(0, 4) + little(54, 4) + little(40, 4) + little(2, 4) +
                          little(2, 4) + little(1, 2) + little(24, 2) + little(0, 4) + little(16, 4) + little(0, 16) +
                          std::string("abcdef\0\0ghijkl\0\0", 16);
  const std::string tga = little(2 << 16, 12) + little(2, 2) + little(1, 2) + little(24, 1) + little(32, 1) + "abcdef";
  CHECK(pixels(folder, bmp, 3) == "ihglkjcbafed");
  CHECK(pixels(folder, tga, 3) == "cbafed");
  for (const auto& [whole, header] : {std::pair(bmp, size_t{54}), std::pair(tga, size_t{18})})
    for (size_t length = header; length < whole.size(); ++length)
      CHECK(refused(folder, whole.substr(0, length)) ==
            concat("error: DIR/a: the image goes on behind the file's end, after ", length,
                   " bytes\n  help: get the file again: it is cut short"));
  const std::string gif = format_file("transparent.gif");
  for (size_t length = 0; length < gif.size() - 1; ++length) CHECK(refused(folder, gif.substr(0, length)) != "");
  CHECK(refused(folder, gif.substr(0, gif.size() - 1)) == "");  // without what ends the file
  CHECK(refused(folder, gif.substr(0, 61) + ";") ==
        "error: DIR/a: the image cannot be decoded: it has no picture\n  help: get the file again");
}

TEST_CASE("of a TIFF's 16 bits the high ones are taken, and what is not read is told") {
  if (!format_is_built("libtiff")) return;
  const Folder folder;
  CHECK(pixels(folder, tiff_image(2, 1, 1, 16, little(0x10FF, 2) + little(0xF005, 2)), 1) == "\x10\xF0");
  CHECK(refused(folder, tiff_image(1, 1, 1, 64, little(0, 8))) ==
        "error: DIR/a: the image cannot be decoded: Sorry, can not handle images with 64-bit samples\n"
        "  help: save it with 8 or 16 bits a channel, or get it again");
  CHECK(refused(folder, tiff_image(60000, 60000, 3, 8, "few")) ==
        "error: DIR/a: its header says 60000 x 60000 pixels, the limit is 67108864\n"
        "  help: raise 'max_pixels', or make the image smaller");
  CHECK(refused(folder, tiff({{262, 3, 1}})) ==
        "error: DIR/a: expected a TIFF image, its header cannot be read: TIFF directory is missing required "
        "\"ImageLength\" field");
}

TEST_CASE("pictures stand upright as their Exif says, in each of the eight ways") {
  const Folder folder;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CAPTURE(orientation);
    const auto& [size, expected] = standing[static_cast<size_t>(orientation - 1)];
    std::vector<std::string> files{png_with(png(3, 2, 1, "abcdef"), exif(orientation))};
    if (format_is_built("libtiff"))
      files.push_back(tiff_image(3, 2, 1, 8, "abcdef", static_cast<uint32_t>(orientation)));
    for (const std::string& bytes : files) {
      if (!format_is_built("libpng") && bytes.starts_with("\x89PNG")) continue;
      folder.write("a", bytes);
      CHECK(image_size(folder / "a") == size);
      CHECK(pixels(folder, bytes, 1) == expected);
    }
  }
}

TEST_CASE("every window of a turned picture is what is cut out of the whole, of JPEG and WebP too") {
  const Folder folder;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CAPTURE(orientation);
    std::vector<std::pair<std::string, std::string>> files;  // stored, and with its Exif
    if (format_is_built("libjpeg-turbo"))
      files.emplace_back(format_file("baseline.jpg"), jpeg_with(format_file("baseline.jpg"), exif(orientation)));
    if (format_is_built("libwebp"))
      files.emplace_back(format_file("webp-lossless.webp"),
                         webp_with(format_file("webp-lossless.webp"), exif(orientation)));
    for (const auto& [plain, turned] : files) {
      const std::string stored = pixels(folder, plain, 3), whole = pixels(folder, turned, 3);
      const Pair size = image_size(folder / "a");
      CHECK(size == (orientation >= 5 ? Pair{18, 13} : Pair{13, 18}));
      std::string expected(stored.size(), '\0');
      turn_upright(reinterpret_cast<const uint8_t*>(stored.data()), {13, 18}, 3, orientation, whole_image(size),
                   reinterpret_cast<uint8_t*>(expected.data()));
      CHECK(whole == expected);
      for (const ImageWindow& window : {ImageWindow{0, 0, 1, 1}, {3, 5, 4, 6}, {size.h - 2, size.w - 3, 2, 3}}) {
        std::string cut, found(static_cast<size_t>(window.h * window.w * 3), '\xEE');
        for (int64_t y = window.top; y < window.top + window.h; ++y)
          cut += whole.substr(static_cast<size_t>((y * size.w + window.left) * 3), static_cast<size_t>(window.w * 3));
        read_image_window(folder / "a", {.size = size}, window, {window.h, window.w},
                          reinterpret_cast<std::byte*>(found.data()));
        CHECK(found == cut);
      }
    }
  }
}

TEST_CASE("an Exif that is broken, or says no way to stand, leaves the picture as it is stored") {
  const std::string good = exif(6);
  CHECK(exif_orientation(good) == 6);
  CHECK(exif_orientation(std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0", 26)) == 3);
  for (const int orientation : {0, 9, 65535}) CHECK(exif_orientation(exif(orientation)) == as_stored);
  for (size_t length = 0; length < good.size() - 6; ++length)
    CHECK(exif_orientation(good.substr(0, length)) == as_stored);
  CHECK(exif_orientation(std::string("II*\0\xFF\xFF\xFF\xFF", 8)) == as_stored);
}

TEST_CASE("a JPEG that shrinks and is turned is turned after it was decoded smaller") {
  if (!format_is_built("libjpeg-turbo")) return;
  const Folder folder;
  const std::string jpeg = format_file("large-420.jpg");
  const auto at = [&](const std::string& bytes, Pair size) {
    folder.write("a", bytes);
    std::string found(static_cast<size_t>(size.h * size.w * 3), '\xEE');
    read_image(folder / "a", {.size = size, .may_resize = true}, reinterpret_cast<std::byte*>(found.data()));
    return found;
  };
  const std::string stored = at(jpeg, {35, 42}), turned = at(jpeg_with(jpeg, exif(6)), {42, 35});
  std::string expected(stored.size(), '\0');
  turn_upright(reinterpret_cast<const uint8_t*>(stored.data()), {35, 42}, 3, 6, {0, 0, 42, 35},
               reinterpret_cast<uint8_t*>(expected.data()));
  CHECK(turned == expected);
}

TEST_CASE("what begins with one byte too many is no JPEG to any decoder") {
  if (!format_is_built("libjpeg-turbo")) return;
  const Folder folder;
  CHECK(refused(folder, "\xFF" + format_file("baseline.jpg")) ==
        "error: DIR/a: expected an image (" + join(image_formats()) +
            "), found none: Image not of any known type, or corrupt");
}

TEST_CASE("cut anywhere or changed at random, a file of any format is an error or other pixels") {
  const Folder folder;
  std::mt19937 random(3);
  std::vector<std::string> files{"P1\n3 2\n1 0 1\n010", "P3 1 2 1023 1023 0 512 1 2 3",
                                 "P6 1 1 1023\n" + std::string("\1a\2b\3c", 6), format_file("transparent.gif")};
  if (format_is_built("libwebp"))
    for (const char* name : {"webp-lossy.webp", "webp-lossless.webp", "webp-animated.webp"})
      files.push_back(format_file(name));
  if (format_is_built("libwebp")) files.push_back(webp_with(format_file("webp-lossless.webp"), exif(6)));
  if (format_is_built("libtiff"))
    for (const char* name : {"tiff-lzw.tif", "tiff-alpha.tif", "tiff-palette.tif", "tiff-bits.tif"})
      files.push_back(format_file(name));
  if (format_is_built("libjpeg-turbo")) files.push_back(jpeg_with(format_file("baseline.jpg"), exif(8)));
  if (format_is_built("libpng")) files.push_back(png_with(png(3, 2, 1, "abcdef"), exif(3)));
  const auto read = [&](const std::string& bytes) {
    folder.write("a", bytes);
    const std::string said = error_text(folder, [&] {
      std::byte small[6 * 9 * 3];
      read_image(folder / "a", {.size = {6, 9}, .may_resize = true}, small, {.pixels = 1 << 16});
    });
    if (!said.empty()) CHECK(said.starts_with("error: DIR/a: "));
    return said;
  };
  for (const std::string& whole : files) {
    CHECK(read(whole) == "");
    for (size_t length = 0; length < whole.size(); length += 1 + whole.size() / 150) read(whole.substr(0, length));
    for (int i = 0; i < 500; ++i) {
      std::string changed = whole;
      for (uint32_t n = random() % 4 + 1; n > 0; --n) changed[random() % changed.size()] = static_cast<char>(random());
      read(changed);
    }
  }
}
