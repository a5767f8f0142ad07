// Image files: read by their contents, within bounds, and brought to a size.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/image/image.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>

#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/data/image/resize.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string read(const std::filesystem::path& path, Pair size, int channels, bool may_resize = false,
                 const ImageLimits& limits = {}) {
  std::string pixels(static_cast<size_t>(size.h * size.w * channels), '\xEE');
  read_image(path, {.size = size, .channels = channels, .may_resize = may_resize},
             reinterpret_cast<std::byte*>(pixels.data()), limits);
  return pixels;
}

std::string resized(const std::string& from, Pair from_size, int channels, Pair into_size) {
  std::string into(static_cast<size_t>(into_size.h * into_size.w * channels), '\xEE');
  resize_window(reinterpret_cast<const std::byte*>(from.data()), DType::u8, {from_size.h, from_size.w, channels},
                {0, 0, from_size.h, from_size.w}, reinterpret_cast<std::byte*>(into.data()), into_size);
  return into;
}

const std::string rgb = std::string("\xFF\0\0\0\xFF\0\0\0\xFF\x80\x80\x80", 12);  // red, green, blue, grey: 2 x 2

}  // namespace

TEST_CASE("images are told by their contents and give colour or grey") {
  Folder folder;
  folder.write("a.png", png(2, 2, 3, rgb));
  folder.write("b.jpg", png(2, 2, 3, rgb));
  folder.write("c.ppm", "P6\n2 2\n255\n" + rgb);
  folder.write("d.png", png(2, 1, 1, "\x10\x20"));
  for (const char* name : {"a.png", "b.jpg", "c.ppm"}) {
    CHECK(image_size(folder / name) == Pair(2, 2));
    CHECK(read(folder / name, 2, 3) == rgb);
    CHECK(read(folder / name, 2, 1) == "\x4C\x95\x1C\x80");
  }
  CHECK(image_size(folder / "d.png") == Pair(1, 2));
  CHECK(read(folder / "d.png", {1, 2}, 3) == "\x10\x10\x10\x20\x20\x20");
}

TEST_CASE("an image of another size is stretched where that is asked for, else refused") {
  Folder folder;
  folder.write("a.png", png(2, 2, 1, std::string("\0\x64\0\x64", 4)));
  CHECK(read(folder / "a.png", {1, 4}, 1, true) == std::string("\0\x19\x4B\x64", 4));
  CHECK(error_text(folder,
                   [&] {
                     read(folder / "a.png", {3, 2}, 1);
                   }) ==
        "error: DIR/a.png: expected 3 x 2 pixels (height x width) as in the first image, found 2 x 2\n"
        "  help: write 'size: [HEIGHT, WIDTH]' to bring all images to one size");
}

TEST_CASE("resizing weights the input by a triangle as wide as the output's pixels") {
  CHECK(resized(std::string("\0\x50\xA0\xF0", 4), {1, 4}, 1, {1, 2}) == std::string("\x39\xB7"));  // Pillow: 57, 183
  CHECK(resized(std::string("\0\x50\xA0\xF0", 4), {4, 1}, 1, {2, 1}) == std::string("\x39\xB7"));
  CHECK(resized("abcdef", {2, 1}, 3, {2, 1}) == "abcdef");
  CHECK(resized("aAzZ", {1, 2}, 2, {3, 1}) == resized(resized("aAzZ", {1, 2}, 2, {1, 1}), {1, 1}, 2, {3, 1}));
  const std::string flat(17 * 13, '\x7B');
  for (const Pair size : {Pair(1, 1), Pair(5, 40), Pair(40, 5), Pair(100, 100)})
    CHECK(resized(flat, {17, 13}, 1, size) == std::string(static_cast<size_t>(size.h * size.w), '\x7B'));
}

TEST_CASE("files that are no images, or broken ones, are refused with their reason") {
  const std::string good = png(4, 4, 3, std::string(48, 'x'));
  std::string wrong_sum = good;
  wrong_sum[43] = static_cast<char>(wrong_sum[43] ^ 1);  // in the compressed picture
  const bool libpng = std::ranges::count(image_decoders(), "libpng") > 0;
  const std::string unknown =
      "expected an image (" + join(image_formats()) + "), found none: Image not of any known type, or corrupt";
  struct Case {
    std::string bytes, expected;
  };
  const std::vector<Case> cases{
      {"", "expected an image, the file is empty"},
      {"<html>404</html>", unknown},
      {good.substr(0, 20), libpng ? "expected a PNG's header, found none in the file's 20 bytes" : unknown},
      {png(0, 4, 3, ""), libpng ? "expected an image with pixels, its header says 0 x 4" : unknown},
      {png_packed(65535, 65535, 3, ""),
       "its header says 65535 x 65535 pixels, the limit is 67108864\n  help: raise 'max_pixels', or make the image "
       "smaller"},
      {good.substr(0, good.size() - 20),
       concat("expected a PNG to end with a chunk IEND, the file ends after ", good.size() - 20,
              " bytes\n  help: get the file again: it is cut short")},
      {wrong_sum,
       "the check sum of the PNG's chunk at byte 33 does not match its contents\n  help: get the file again"},
      {png_packed(4, 4, 3, deflated("short")),
       concat("the image cannot be decoded: ", libpng ? "Not enough image data" : "Corrupt PNG",
              "\n  help: get the file again")},
  };
  for (const Case& c : cases) {
    Folder folder;
    folder.write("a.png", c.bytes);
    CHECK(error_text(folder, [&] { read(folder / "a.png", 4, 3); }) == "error: DIR/a.png: " + c.expected);
  }
}

TEST_CASE("more bytes or pixels than allowed are refused before they are read") {
  Folder folder;
  const std::string file = png(4, 4, 1, std::string(16, 'x'));
  folder.write("a.png", file);
  CHECK(error_text(folder, [&] { read(folder / "a.png", 4, 1, false, {.pixels = 15}); }) ==
        "error: DIR/a.png: its header says 4 x 4 pixels, the limit is 15\n  help: raise 'max_pixels', or make the "
        "image smaller");
  CHECK(error_text(folder, [&] { read(folder / "a.png", 4, 1, false, {.file_bytes = 10}); }) ==
        concat("error: DIR/a.png: expected at most 10 bytes, found ", file.size()));
}

TEST_CASE("a small picture with gigabytes of zeros behind it takes no memory") {
  Folder folder;
  folder.write("bomb.png", png_packed(4, 4, 3, deflated(std::string(size_t{256} << 20, '\0'))));
  const int64_t before = peak_memory_bytes();
  const std::string said = error_text(folder, [&] { CHECK(read(folder / "bomb.png", 4, 3) == std::string(48, '\0')); });
  const bool libpng = std::ranges::count(image_decoders(), "libpng") > 0;  // reads no more than the picture
  CHECK(said ==
        (libpng ? "" : "error: DIR/bomb.png: the image cannot be decoded: Out of memory\n  help: get the file again"));
  CHECK(peak_memory_bytes() - before < 64 << 20);
}

TEST_CASE("a pipe is not opened") {
  Folder folder;
  REQUIRE(::mkfifo((folder / "pipe.png").c_str(), 0600) == 0);
  CHECK(error_text(folder, [&] { image_size(folder / "pipe.png"); }) ==
        "error: DIR/pipe.png: expected a regular file, found a pipe\n  help: name a regular file");
}

TEST_CASE("whatever byte of a PNG or PNM is changed, it is an error or other pixels") {
  Folder folder;
  for (const std::string& good : {png(5, 3, 3, std::string(45, 'x')), "P6\n5 3\n255\n" + std::string(45, 'x')})
    for (size_t i = 0; i < good.size(); ++i)
      for (const int flip : {1, 0x10, 0x80, 0xFF}) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ flip);
        folder.write("a.png", bad);
        error_text(folder, [&] { read(folder / "a.png", {3, 5}, 3, true, {.pixels = 1 << 20}); });
      }
}
