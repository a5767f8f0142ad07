// The reader of idx files: what it reads, and what it says of files that are not what they say.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

DatasetPointer open_idx(const Folder& folder, const std::string& more = {},
                        const std::vector<std::string>& classes = {}) {
  std::vector<Problem> problems;
  ReaderSpec spec;
  const Node node = parse_yaml("{format: idx, images: images, labels: labels" + more + "}", "run.yaml");
  Codec<ReaderSpec>::read(node, spec, {}, Reading(problems));
  REQUIRE(problems.empty());
  return spec.reader->open({.roots = {folder.path}, .get = {}, .classes = classes});
}

// Three images of 2 x 2, labels 2, 0, 1.
const std::string three_images = idx({3, 2, 2}, "abcdefghijkl"), three_labels = idx({3}, std::string("\2\0\1", 3));

}  // namespace

TEST_CASE("idx files are read plain and compressed") {
  for (const bool compressed : {false, true}) {
    Folder folder;
    folder.write("images", compressed ? gzip(three_images) : three_images);
    folder.write("labels", compressed ? gzip(three_labels) : three_labels);
    const DatasetPointer data = open_idx(folder);
    CHECK(data->size() == 3);
    CHECK(data->in_memory());
    CHECK(data->fields()[0].type == Type{DType::u8, {2, 2, 1}});
    CHECK(data->fields()[1].type == Type{DType::i32, {}});
    CHECK(std::vector<std::string>(data->classes().begin(), data->classes().end()) ==
          std::vector<std::string>{"0", "1", "2"});
    CHECK(sample(*data, 0)[0] == "abcd");
    CHECK(sample(*data, 2)[0] == "ijkl");
    CHECK(label(*data, 0) == 2);
    CHECK(label(*data, 1) == 0);
    CHECK(data->fingerprint() == 18164708118670306045ull);
  }
}

TEST_CASE("a gzip file of several members is read to its end") {
  Folder folder;
  folder.write("images", gzip(three_images.substr(0, 9)) + gzip(three_images.substr(9)));
  folder.write("labels", three_labels);
  CHECK(sample(*open_idx(folder), 2)[0] == "ijkl");
}

TEST_CASE("idx holds colour images and rows of features too") {
  Folder folder;
  folder.write("labels", idx({1}, std::string(1, '\0')));
  folder.write("images", idx({1, 1, 2, 3}, "RGBrgb"));
  CHECK(open_idx(folder)->fields()[0].type == Type{DType::u8, {1, 2, 3}});
  folder.write("images", idx({1, 5}, "fives"));
  CHECK(open_idx(folder)->fields()[0].type == Type{DType::u8, {5}});
}

TEST_CASE("labels are read of every whole type, and images of floats") {
  Folder folder;
  folder.write("images", idx({3, 1, 2}, big_endian(0x3F800000) + big_endian(0xC0000000) + std::string(16, '\0'), 0x0D));
  for (const auto& [type, bytes] : {std::pair(0x08, 1), {0x09, 1}, {0x0B, 2}, {0x0C, 4}}) {
    CAPTURE(type);
    std::string values;
    for (const int value : {2, 0, 1})
      values += big_endian(static_cast<uint32_t>(value)).substr(static_cast<size_t>(4 - bytes));
    folder.write("labels", idx({3}, values, type));
    const DatasetPointer data = open_idx(folder);
    CHECK(data->fields()[0].type == Type{DType::f32, {1, 2, 1}});
    CHECK(floats(sample(*data, 0)[0]) == std::vector<float>{1, -2});
    CHECK(data->classes().size() == 3);
    CHECK(label(*data, 0) == 2);
  }
  folder.write("images", idx({3, 1, 1}, std::string("\x3F\xF8\0\0\0\0\0\0", 8) + std::string(16, '\0'), 0x0E));
  CHECK(floats(sample(*open_idx(folder), 0)[0]) == std::vector<float>{1.5f});
}

TEST_CASE("labels that are too large or no whole numbers are refused before a name is made for each") {
  Folder folder;
  folder.write("images", three_images);
  folder.write("labels", idx({3}, big_endian(0) + big_endian(2000000000) + big_endian(1), 0x0C));
  CHECK(error_text(folder, [&] { open_idx(folder); }) ==
        "error: DIR/labels: sample 1: expected a label from 0 to 1048575, found 2000000000");
  folder.write("labels", idx({3}, std::string("\0\xFF\1", 3), 0x09));
  CHECK(error_text(folder, [&] { open_idx(folder); }) ==
        "error: DIR/labels: sample 1: expected a label from 0 to 1048575, found -1");
  folder.write("labels", idx({3}, std::string(12, '\0'), 0x0D));
  CHECK(error_text(folder, [&] { open_idx(folder); }) ==
        "error: DIR/labels: expected labels of whole numbers, found f32\n  help: write them as u8 or i32");
}

TEST_CASE("colour images with their channels first are told, and read so where the layout says it") {
  Folder folder;
  folder.write("images", idx({1, 3, 1, 5}, "rstuvRSTUV01234"));
  folder.write("labels", idx({1}, std::string(1, '\0')));
  CHECK(warnings(folder, *open_idx(folder)) ==
        "DIR/images: samples [3, 1, 5] look like [channels, height, width], and are read as height 3, width 1 and 5 "
        "channels\n  help: write 'layout: channels_first', or 'layout: channels_last' if it is meant so\n");
  CHECK(warnings(folder, *open_idx(folder, ", layout: channels_last")) == "");
  const DatasetPointer data = open_idx(folder, ", layout: channels_first");
  CHECK(warnings(folder, *data) == "");
  CHECK(data->fields()[0].type == Type{DType::u8, {1, 5, 3}});
  CHECK(sample(*data, 0)[0] == "rR0sS1tT2uU3vV4");
  CHECK(error_text(folder, [&] { open_idx(folder, ", layout: grey"); }) ==
        "error: DIR/images: expected samples of 2 sizes with 'layout: grey', found [3, 1, 5]\n"
        "  help: leave 'layout' out");
}

TEST_CASE("a limit takes samples from the beginning and reads no further") {
  Folder folder;
  const std::string whole = gzip(idx({100000, 2, 2}, std::string(400000, 'x')));
  folder.write("images", whole.substr(0, whole.size() - 20));
  folder.write("labels", idx({100000}, std::string(100000, '\1')));
  const DatasetPointer data = open_idx(folder, ", limit: 10");
  CHECK(data->size() == 10);
  CHECK(sample(*data, 9)[0] == "xxxx");
}

TEST_CASE("the fingerprint follows every byte") {
  Folder folder;
  folder.write("images", three_images);
  folder.write("labels", three_labels);
  const uint64_t before = open_idx(folder)->fingerprint();
  std::string changed = three_images;
  changed.back() = 'L';
  folder.write("images", changed);
  CHECK(open_idx(folder)->fingerprint() != before);
  folder.write("images", three_images);
  folder.write("labels", idx({3}, std::string("\2\1\0", 3)));
  CHECK(open_idx(folder)->fingerprint() != before);
}

TEST_CASE("files of images that are not what they say are refused, each with its reason") {
  struct Case {
    std::string images, expected;
  };
  const auto with_size = [](const std::string& bytes) { return std::to_string(bytes.size()); };
  const std::string huge_gzip = gzip(idx({60000, 28, 28}, "few"));
  const std::string cut_gzip = gzip(three_images).substr(0, 25);
  std::string broken_gzip = gzip(three_images);
  broken_gzip[14] ^= 0x55;
  const std::vector<Case> cases{
      {"", "expected an idx header, the file ends after 0 bytes"},
      {std::string(2, '\0'), "expected an idx header, the file ends after 2 bytes"},
      {"\1\2\3\4 and so on", "expected an idx file, which begins with bytes 00 00, found 01 02"},
      {idx({1, 2, 2}, "abcd", 0x7F),
       "expected values of an idx type: 08 (u8), 09 (i8), 0b (i16), 0c (i32), 0d (f32) or 0e (f64), found type 7f"},
      {idx({3, 2, 2}, std::string(24, 'x'), 0x0B),
       "expected images of u8, f32 or f64, found i16\n  help: write them as u8 or as f32"},
      {idx({3, 2, 2}, "abcdefghijkl", 0x0D),
       "the header announces sizes [3, 2, 2], more than the file's 28 bytes hold\n  help: get the file again"},
      {idx({1}, "abcd", 8, 255), "expected 2 to 4 dimensions, found 255"},
      {idx({4}, "abcd"), "expected 2 to 4 dimensions, found 1"},
      {idx({3, 2}, "", 8, 3), "expected an idx header of 16 bytes, the file ends after 12"},
      {idx({0, 2, 2}, ""), "the header announces sizes [0, 2, 2], expected at least 1 of each"},
      {idx({3, 0, 2}, ""), "the header announces sizes [3, 0, 2], expected at least 1 of each"},
      {idx({60000, 28, 28}, "few"),
       "the header announces sizes [60000, 28, 28], more than the file's 19 bytes hold\n  help: get the file again"},
      {huge_gzip, "the header announces sizes [60000, 28, 28], more than the file's " + with_size(huge_gzip) +
                      " compressed bytes hold\n  help: get the file again"},
      {idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, "few"),
       "the header announces sizes [4294967295, 4294967295, 4294967295], more than the file's 19 bytes hold\n"
       "  help: get the file again"},
      {idx({65536, 65536, 65536, 65536}, "few"),
       "the header announces sizes [65536, 65536, 65536, 65536], more than the file's 23 bytes hold\n"
       "  help: get the file again"},
      {idx({3, 2, 2}, "abcdefghijk"),
       "the header announces sizes [3, 2, 2], 28 bytes with the header; the file ends after 27\n"
       "  help: get the file again: it is cut short"},
      {gzip(idx({3, 2, 2}, "abcdefghijk")),
       "the header announces sizes [3, 2, 2], 28 bytes with the header; the file ends after 27\n"
       "  help: get the file again: it is cut short"},
      {three_images + "m",
       "the header announces sizes [3, 2, 2], 28 bytes with the header; the file goes on after them\n"
       "  help: get the file again"},
      {cut_gzip,
       "expected the end of the gzip data, the file ends before it, after 25 bytes\n"
       "  help: get the file again: it is cut short"},
      {gzip(three_images) + "rest", "gzip data broken before byte " + with_size(gzip(three_images) + "re") +
                                        ": incorrect header check\n  help: get the file again"},
      {idx({2, 2, 2}, "abcdefgh"), "LABELS: expected a label for each of the 2 images in DIR/images, found 3"},
  };
  for (const Case& c : cases) {
    Folder folder;
    folder.write("images", c.images);
    folder.write("labels", three_labels);
    const std::string place = c.expected.starts_with("LABELS: ") ? "DIR/labels" : "DIR/images: ";
    const std::string text = c.expected.starts_with("LABELS") ? c.expected.substr(6) : c.expected;
    CHECK(error_text(folder, [&] { open_idx(folder)->load(); }) == "error: " + place + text);
  }
  Folder folder;
  folder.write("images", broken_gzip);
  folder.write("labels", three_labels);
  CHECK(error_text(folder, [&] { open_idx(folder)->load(); }).starts_with("error: DIR/images: "));
}

TEST_CASE("any single byte of the files may be wrong, or missing from the end on, and it is an error or other data") {
  for (const bool compressed : {false, true}) {
    const std::string good = compressed ? gzip(three_images) : three_images;
    Folder folder;
    folder.write("labels", three_labels);
    for (size_t i = 0; i < good.size(); ++i) {
      for (const int flip : {1, 0x80, 0xFF}) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ flip);
        folder.write("images", bad);
        error_text(folder, [&] { sample(*open_idx(folder), 0); });
      }
      folder.write("images", good.substr(0, i));
      CHECK(error_text(folder, [&] { open_idx(folder)->load(); }) != "");
    }
  }
}

TEST_CASE("labels that are not classes are named with their sample") {
  Folder folder;
  folder.write("images", three_images);
  folder.write("labels", three_labels);
  CHECK(error_text(folder, [&] {
          open_idx(folder, "", {"cat", "dog"});
        }) == "error: DIR/labels: sample 0: expected a label from 0 to 1, found 2");
  folder.write("labels", idx({3, 1}, "abc"));
  CHECK(error_text(folder, [&] { open_idx(folder); }) == "error: DIR/labels: expected 1 dimension, found 2");
}

TEST_CASE("files with other contents than described are named with both hashes") {
  Folder folder;
  folder.write("images", three_images);
  folder.write("labels", three_labels);
  CHECK(error_text(folder, [&] { open_idx(folder, ", images_xxh64: '0123456789abcdef'")->load(); }) ==
        "error: DIR/images: expected contents with XXH64 0123456789abcdef, found f1635d06f4d65697\n"
        "  help: get the file again, or correct the hash if the contents are meant");
  CHECK(error_text(folder, [&] { open_idx(folder, ", labels_xxh64: '0123456789abcdef'"); }) ==
        "error: DIR/labels: expected contents with XXH64 0123456789abcdef, found 5e413a5ba5d73a5f\n"
        "  help: get the file again, or correct the hash if the contents are meant");
}

TEST_CASE("pipes and folders are not opened as data") {
  Folder folder;
  folder.write("labels", three_labels);
  REQUIRE(std::filesystem::create_directory(folder / "images"));
  CHECK(error_text(folder, [&] { open_idx(folder); }) ==
        "error: DIR/images: expected a regular file, found a folder\n  help: name a regular file");
}
