// Decoders: their pixels against Pillow's, and files that are cut short or changed at random.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "lib/base/file.h"
#include "lib/data/image/image.h"
#include "tests/data/sets_for_test.h"
#include "tests/paths.h"

using namespace dl;
using namespace dl::testing;

namespace {

constexpr Pair size_of_all{13, 18};
const std::vector<std::string> names{"alpha.png", "baseline.jpg", "cmyk.jpg",
                                     "grey.jpg",  "palette.png",  "progressive.jpg"};

std::filesystem::path image(const std::string& name) {
  return std::filesystem::path(dl::testing::source_dir()) / "tests/data/images" / name;
}

std::string file(const std::string& name) { return read_file(image(name), 1 << 20); }

std::vector<int> pixels(const std::filesystem::path& path, Pair size, int channels) {
  std::string bytes(static_cast<size_t>(size.h * size.w * channels), '\xEE');
  read_image(path, {.size = size, .channels = channels, .may_resize = true}, reinterpret_cast<std::byte*>(bytes.data()),
             {.pixels = 1 << 16});
  std::vector<int> values;
  for (char c : bytes) values.push_back(static_cast<uint8_t>(c));
  return values;
}

int largest_difference(const std::vector<int>& a, const std::vector<int>& b) {
  REQUIRE(a.size() == b.size());
  int largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

bool built(const std::string& decoder) { return std::ranges::count(image_decoders(), decoder) > 0; }

// What a reading of these bytes says; any error is fine but one that breaks its form.
std::string reading_of(const Folder& folder, const std::string& bytes) {
  folder.write("a", bytes);
  const std::string said = error_text(folder, [&] { pixels(folder / "a", {6, 9}, 3); });
  if (!said.empty()) {
    CHECK(said.starts_with("error: DIR/a: "));
    const size_t end = said.find('\n');
    CHECK((end == std::string::npos || said.substr(end).starts_with("\n  help: ")));
  }
  return said;
}

}  // namespace

TEST_CASE("JPEG and PNG give Pillow's pixels") {
  if (!built("libjpeg-turbo") || !built("libpng")) return;
  for (const std::string& name : names) {
    CAPTURE(name);
    CHECK(image_size(image(name)) == size_of_all);
    const auto expected = pixels(image(name.substr(0, name.find('.')) + ".ppm"), size_of_all, 3);
    CHECK(largest_difference(pixels(image(name), size_of_all, 3), expected) <= (name == "cmyk.jpg" ? 1 : 0));
  }
}

TEST_CASE("grey is the luma of the colours") {
  for (const std::string& name : names) {
    CAPTURE(name);
    const auto colours = pixels(image(name), size_of_all, 3), grey = pixels(image(name), size_of_all, 1);
    std::vector<int> expected;
    for (size_t i = 0; i < colours.size(); i += 3)
      expected.push_back((77 * colours[i] + 150 * colours[i + 1] + 29 * colours[i + 2]) >> 8);
    CHECK(largest_difference(grey, expected) <= (name.ends_with(".jpg") ? 5 : 0));  // a JPEG stores its luma
  }
}

TEST_CASE("16 bits become 8, and interlaced rows find their places") {
  const auto grey = [](int bits, bool interlaced, const std::string& values) {
    return "\x89PNG\r\n\x1a\n" +
           png_chunk("IHDR", big_endian(2) + big_endian(2) +
                                 std::string{static_cast<char>(bits), 0, 0, 0, static_cast<char>(interlaced)}) +
           png_chunk("IDAT", deflated(values)) + png_chunk("IEND", "");
  };
  Folder folder;
  folder.write("16.png", grey(16, false, std::string("\0\x10\xFF\x20\0\0\x30\x80\x40\x01", 10)));
  CHECK(pixels(folder / "16.png", 2, 1) == std::vector<int>{0x10, 0x20, 0x30, 0x40});
  folder.write("interlaced.png", grey(8, true, std::string("\0\x10\0\x20\0\x30\x40", 7)));  // its passes 1, 6 and 7
  CHECK(pixels(folder / "interlaced.png", 2, 1) == std::vector<int>{0x10, 0x20, 0x30, 0x40});
}

TEST_CASE("a JPEG that shrinks is decoded smaller and looks as if it had been decoded whole") {
  if (!built("libjpeg-turbo")) return;
  const Pair half{7, 9};
  const auto reduced = pixels(image("progressive.jpg"), half, 3), whole = pixels(image("progressive.ppm"), half, 3);
  CHECK(reduced != whole);
  int sum = 0;
  for (size_t i = 0; i < whole.size(); ++i) sum += std::abs(reduced[i] - whole[i]);
  CHECK(sum / static_cast<int>(whole.size()) < 12);
  CHECK(pixels(image("progressive.jpg"), {7, 10}, 3) == pixels(image("progressive.ppm"), {7, 10}, 3));  // 9 is too few
}

TEST_CASE("a window is to the bit what is cut out of the whole image") {
  const std::vector<ImageWindow> windows{{0, 0, 1, 1},     {0, 0, 70, 83},   {69, 82, 1, 1},   {33, 41, 5, 9},
                                         {15, 16, 17, 16}, {16, 31, 32, 33}, {17, 50, 50, 20}, {1, 24, 68, 3},
                                         {31, 0, 39, 33},  {0, 34, 70, 2},   {40, 47, 30, 36}};
  const std::vector<std::string> large{"420", "422", "444", "progressive", "grey", "cmyk"};
  Folder folder;
  for (const std::string& name : large)
    for (const int channels : {1, 3})
      for (const Pair form : {Pair{70, 83}, Pair{35, 42}, Pair{40, 40}})  // as it is; decoded at 1/2; and stretched
        for (const ImageWindow& window : windows) {
          if (window.top + window.h > form.h || window.left + window.w > form.w) continue;
          CAPTURE(name);
          CAPTURE(channels);
          CAPTURE(form.h);
          CAPTURE(window.top);
          CAPTURE(window.left);
          const std::filesystem::path path = image("large-" + name + ".jpg");
          const std::vector<int> all = pixels(path, form, channels);
          std::vector<int> expected;
          for (int64_t y = window.top; y < window.top + window.h; ++y)
            for (int64_t x = window.left * channels; x < (window.left + window.w) * channels; ++x)
              expected.push_back(all[static_cast<size_t>(y * form.w * channels + x)]);
          std::string bytes(expected.size(), '\xEE');
          read_image_window(path, {.size = form, .channels = channels, .may_resize = true}, window,
                            {window.h, window.w}, reinterpret_cast<std::byte*>(bytes.data()));
          CHECK(std::ranges::equal(bytes, expected, {}, [](char c) { return int{static_cast<uint8_t>(c)}; }));
        }
}

TEST_CASE("a JPEG that is cut short below the window is an error as if it were wanted whole") {
  if (!built("libjpeg-turbo")) return;
  Folder folder;
  const std::string whole_file = file("large-420.jpg");
  const auto top = [&](const std::string& bytes) {
    folder.write("a", bytes);
    return error_text(folder, [&] {
      std::byte pixel[3];
      read_image_window(folder / "a", {.size = {70, 83}}, {0, 0, 1, 1}, 1, pixel);
    });
  };
  CHECK(top(whole_file) == "");
  for (const size_t missing : {size_t{1}, size_t{2}, size_t{20}, whole_file.size() / 2})
    CHECK(top(whole_file.substr(0, whole_file.size() - missing)) ==
          "error: DIR/a: the image cannot be decoded: Premature end of JPEG file\n  help: get the file again");
  std::string damaged = whole_file;  // the end of the image where its last rows are expected
  damaged.replace(damaged.size() - 200, 2, "\xFF\xD9");
  const std::string in_window = top(damaged), in_all = error_text(folder, [&] { pixels(folder / "a", {70, 83}, 3); });
  CHECK(in_window == in_all);
  CHECK(in_window != "");
}

TEST_CASE("broken JPEG and PNG files are told with their reason") {
  if (!built("libjpeg-turbo") || !built("libpng")) return;
  Folder folder;
  const std::string jpeg = file("baseline.jpg");
  CHECK(reading_of(folder, jpeg.substr(0, 20)) ==
        "error: DIR/a: expected a JPEG image, its header cannot be read: Premature end of JPEG file");
  CHECK(reading_of(folder, jpeg.substr(0, jpeg.size() - 2)) ==
        "error: DIR/a: the image cannot be decoded: Premature end of JPEG file\n  help: get the file again");
  std::string large = jpeg;
  const size_t frame = large.find("\xFF\xC0");
  large.replace(frame + 5, 4, "\xFF\xDC\xFF\xDC");
  CHECK(reading_of(folder, large) ==
        "error: DIR/a: its header says 65500 x 65500 pixels, the limit is 65536\n"
        "  help: raise 'max_pixels', or make the image smaller");
  CHECK(reading_of(folder, png_packed(4, 4, 3, "no zlib")) ==
        "error: DIR/a: the image cannot be decoded: IDAT: incorrect header check\n  help: get the file again");
}

TEST_CASE("a file cut short anywhere is an error that names it") {
  Folder folder;
  for (const std::string& name : names) {
    CAPTURE(name);
    const std::string whole = file(name);
    CHECK(reading_of(folder, whole) == "");
    if (name.ends_with(".jpg") && !built("libjpeg-turbo")) continue;  // stb_image makes up what is missing
    for (size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(length);
      CHECK(reading_of(folder, whole.substr(0, length)) != "");
    }
  }
}

TEST_CASE("thousands of changed files are errors or other pixels") {
  Folder folder;
  std::mt19937 random(1);
  for (const std::string& name : names) {
    const std::string whole = file(name);
    for (int i = 0; i < 800; ++i) {
      std::string changed = whole;
      for (uint32_t n = random() % 4 + 1; n > 0; --n) changed[random() % changed.size()] = static_cast<char>(random());
      if (name.ends_with(".png") && i % 2) {  // with the sums mended, so that the decoder sees the change
        for (size_t at = 8; at + 12 <= changed.size();) {
          const auto* b = reinterpret_cast<const unsigned char*>(changed.data());
          const size_t length = size_t{b[at]} << 24 | b[at + 1] << 16 | b[at + 2] << 8 | b[at + 3];
          if (length > changed.size() - at - 12) break;
          changed.replace(at + 8 + length, 4,
                          big_endian(static_cast<uint32_t>(crc32(0, b + at + 4, static_cast<uInt>(length + 4)))));
          at += length + 12;
        }
      }
      reading_of(folder, changed);
    }
  }
}

TEST_CASE("a window of a changed file is what is cut out of the whole, or the same error") {
  if (!built("libjpeg-turbo")) return;
  Folder folder;
  std::mt19937 random(2);
  const ImageForm form{.size = {70, 83}};
  const ImageWindow window{33, 41, 20, 17};
  for (const std::string name : {"420", "422", "444", "progressive", "grey", "cmyk"}) {
    const std::string whole = file("large-" + name + ".jpg");
    for (int i = 0; i < 300; ++i) {
      std::string changed = whole;
      for (uint32_t n = random() % 3 + 1; n > 0; --n) changed[random() % changed.size()] = static_cast<char>(random());
      folder.write("a", changed);
      std::vector<std::byte> all(70 * 83 * 3), expected(20 * 17 * 3), found(20 * 17 * 3);
      const std::string error = error_text(folder, [&] { read_image(folder / "a", form, all.data()); });
      const std::string found_error = error_text(folder, [&] {
        read_image_window(folder / "a", form, window, {window.h, window.w}, found.data());
      });
      CAPTURE(name);
      CAPTURE(i);
      CHECK(found_error == error);
      if (!error.empty()) continue;
      resize_window(all.data(), DType::u8, {70, 83, 3}, window, expected.data(), {window.h, window.w});
      CHECK(found == expected);
    }
  }
}
