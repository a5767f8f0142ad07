// Texts and files of tokens: how they are cut, numbered and read.
#include <doctest/doctest.h>

#include "lib/base/hash.h"
#include "lib/data/vocabulary.h"
#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::vector<int32_t> numbers(const std::string& bytes) {
  std::vector<int32_t> out(bytes.size() / sizeof(int32_t));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

// The text that a sample's field stands for.
std::string text_of(const Dataset& data, int64_t index, size_t field = 0) {
  return data.vocabulary()->decode(numbers(sample(data, index)[field]));
}

std::string little_endian(const std::vector<uint32_t>& values, size_t width) {
  std::string out;
  for (const uint32_t value : values)
    for (size_t i = 0; i < width; ++i) out += static_cast<char>(value >> 8 * i);
  return out;
}

}  // namespace

TEST_CASE("characters are numbered in the order of their code points, and a target is one further on") {
  FolderForTest folder;
  folder.write("a.txt", "h\u00e9llo w\u00f6rld");
  const auto opened = open("{train: {format: text, path: a.txt, length: 5}}", folder.path);
  CHECK(opened->problems == "");
  CHECK(opened->sets.classes == std::vector<std::string>{" ", "d", "h", "l", "o", "r", "w", "\u00e9", "\u00f6"});
  const Dataset& data = *opened->sets.train;
  CHECK(data.size() == 2);
  CHECK(numbers(sample(data, 0)[0]) == std::vector<int32_t>{2, 7, 3, 3, 4});
  CHECK(text_of(data, 0, 1) == "\u00e9llo ");
  CHECK(text_of(data, 1) == " w\u00f6rl");
  CHECK(text_of(data, 1, 1) == "w\u00f6rld");
  CHECK(data.fields()[0] == SampleField{"x", {DType::i32, {5}}, 9});
  CHECK(data.fields()[1] == SampleField{"y", {DType::i32, {5}}, 9});
}

TEST_CASE("words are what stands between white space, with a token for the end of a line") {
  FolderForTest folder;
  folder.write("a.txt", " the cat \n sat  on\tthe mat \n");
  const auto opened =
      open("{train: {format: text, path: a.txt, level: words, line_end: <eos>, length: 7}}", folder.path);
  CHECK(opened->problems == "");
  CHECK(opened->sets.classes == std::vector<std::string>{"<eos>", "cat", "mat", "on", "sat", "the"});
  CHECK(text_of(*opened->sets.train, 0) == "the cat\nsat on the mat");
}

TEST_CASE("the vocabulary is the training part's: another part's unknown tokens are an error, or one token") {
  FolderForTest folder;
  folder.write("a.txt", "abcabcabcabXab");
  const auto opened = [&](const std::string& more) {
    return open("{train: {format: text, path: a.txt, length: 2, end: 0.5" + more +
                    "}, validation: {format: text, path: a.txt, length: 2, begin: 0.5" + more + "}}",
                folder.path);
  };
  CHECK(opened("")->problems ==
        "error: DIR/a.txt: data.validation: 'X' at byte 11 is not one of the 3 tokens of the training text\n"
        "  named in DIR/run.yaml:1:71\n"
        "  help: write 'unknown: <unk>' to take all such tokens as one");
  const auto known = opened(", unknown: '?'");
  CHECK(known->problems == "");
  CHECK(known->sets.classes == std::vector<std::string>{"?", "a", "b", "c"});
  CHECK(text_of(*known->sets.train, 0) + text_of(*known->sets.train, 1) == "abca");
  CHECK(text_of(*known->sets.validation, 2, 0) == "?a");
}

TEST_CASE("a text that is not UTF-8, too short, or of another hash is told with what to do") {
  FolderForTest folder;
  folder.write("a.txt", "ab\xff");
  const auto said = [&](const std::string& keys) {
    return open("{train: {format: text, path: a.txt, " + keys + "}}", folder.path)->problems;
  };
  CHECK(said("length: 2") ==
        "error: DIR/a.txt: data.train: expected UTF-8, byte 2 begins no character\n  named in DIR/run.yaml:1:9\n"
        "  help: write 'level: bytes', or convert the file: iconv -t UTF-8");
  CHECK(said("length: 2, level: bytes") == "");
  CHECK(said("length: 3, level: bytes") ==
        "error: DIR/a.txt: data.train: expected more than the 3 tokens of a window, found 3\n"
        "  named in DIR/run.yaml:1:9\n  help: lower 'length'");
  CHECK(said("length: 2, level: bytes, xxh64: '0123456789abcdef'") ==
        "error: DIR/a.txt: data.train: expected xxh64 0123456789abcdef, found " + hash_text(xxh64("ab\xff")) +
            "\n"
            "  named in DIR/run.yaml:1:9\n  help: get the file again");
  CHECK(said("length: 2, begin: 0.5, end: 0.5, level: bytes") ==
        "error: DIR/run.yaml:1:65: data.train.end: expected more than 'begin', 0.5, got 0.5");
}

TEST_CASE("files of tokens have numbers of two or four bytes") {
  FolderForTest folder;
  folder.write("a.bin", little_endian({1, 300, 2, 40000, 5}, 2));
  folder.write("b.bin", little_endian({1, 70000, 2}, 4));
  const auto a = open("{train: {format: tokens, path: a.bin, vocabulary: 50257, length: 2}}", folder.path);
  CHECK(a->problems == "");
  CHECK(a->sets.train->size() == 2);
  CHECK(numbers(sample(*a->sets.train, 1)[0]) == std::vector<int32_t>{2, 40000});
  CHECK(numbers(sample(*a->sets.train, 1)[1]) == std::vector<int32_t>{40000, 5});
  const auto b = open("{train: {format: tokens, path: b.bin, dtype: u32, vocabulary: 70001, length: 2}}", folder.path);
  CHECK(numbers(sample(*b->sets.train, 0)[1]) == std::vector<int32_t>{70000, 2});
  CHECK(a->sets.train->fingerprint() != b->sets.train->fingerprint());
}

TEST_CASE("a file of tokens that is cut short while it is read, or holds other numbers, is an error") {
  FolderForTest folder;
  folder.write("a.bin", little_endian({1, 2, 3, 9, 5, 6, 7}, 2));
  const auto opened = open("{train: {format: tokens, path: a.bin, vocabulary: 9, length: 2}}", folder.path);
  CHECK(told(folder, [&] { sample(*opened->sets.train, 1); }) ==
        "error: DIR/a.bin: expected tokens below 9, found 9 among tokens 2 to 3\n"
        "  help: write the 'vocabulary' and the 'dtype' that the file has");
  std::filesystem::resize_file(folder.path / "a.bin", 9);
  CHECK(told(folder, [&] { sample(*opened->sets.train, 2); }).starts_with("error: DIR/a.bin: expected "));
  CHECK(open("{train: {format: tokens, path: a.bin, vocabulary: 9, length: 2}}", folder.path)->problems ==
        "error: DIR/a.bin: data.train: expected numbers of 2 bytes, found 9 bytes\n  named in DIR/run.yaml:1:9\n"
        "  help: write the 'dtype' that the file has, or get it again");
}
