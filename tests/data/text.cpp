// Texts and files of tokens: how they are cut, numbered and read.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "lib/base/hash.h"
#include "lib/data/text/tokenized.h"
#include "lib/data/token_line.h"
#include "tests/data/sets_for_test.h"
#include "tests/npy.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::vector<int32_t> token_numbers(const std::string& bytes) {
  std::vector<int32_t> out(bytes.size() / sizeof(int32_t));
  std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

// The text that a sample's field stands for.
std::string text_of(const Dataset& data, int64_t index, size_t field = 0) {
  return vocabulary(data)->decode(token_numbers(sample(data, index)[field]));
}

std::string little_endian(const std::vector<uint32_t>& values, size_t width) {
  std::string out;
  for (const uint32_t value : values)
    for (size_t i = 0; i < width; ++i) out += static_cast<char>(uint64_t{value} >> 8 * i);
  return out;
}

}  // namespace

TEST_CASE("characters are numbered in the order of their code points, and a target is one further on") {
  Folder folder;
  folder.write("a.txt", "h\u00e9llo w\u00f6rld");
  const auto opened = open("{train: {format: text, path: a.txt, length: 5}}", folder.path);
  CHECK(opened->problems == "");
  CHECK(opened->sets.classes == std::vector<std::string>{" ", "d", "h", "l", "o", "r", "w", "\u00e9", "\u00f6"});
  const Dataset& data = *opened->sets.train;
  CHECK(data.size() == 2);
  CHECK(token_numbers(sample(data, 0)[0]) == std::vector<int32_t>{2, 7, 3, 3, 4});
  CHECK(text_of(data, 0, 1) == "\u00e9llo ");
  CHECK(text_of(data, 1) == " w\u00f6rl");
  CHECK(text_of(data, 1, 1) == "w\u00f6rld");
  CHECK(data.fields()[0] == SampleField{"x", {DType::i32, {5}}, 9});
  CHECK(data.fields()[1] == SampleField{"y", {DType::i32, {5}}, 9});
}

TEST_CASE("words are what stands between white space, with a token for the end of a line") {
  Folder folder;
  folder.write("a.txt", " the cat \n sat  on\tthe mat \n");
  const auto opened =
      open("{train: {format: text, path: a.txt, level: words, line_end: <eos>, length: 7}}", folder.path);
  CHECK(opened->problems == "");
  CHECK(opened->sets.classes == std::vector<std::string>{"<eos>", "cat", "mat", "on", "sat", "the"});
  CHECK(text_of(*opened->sets.train, 0) == "the cat\nsat on the mat");
}

TEST_CASE("the vocabulary is the training part's: another part's unknown tokens are an error, or one token") {
  Folder folder;
  folder.write("a.txt", "abcabcabcabXab");
  const auto opened = [&](const std::string& more) {
    return open("{train: {format: text, path: a.txt, length: 2, end: 0.5" + more +
                    "}, validation: {format: text, path: a.txt, length: 2, begin: 0.5" + more + "}}",
                folder.path);
  };
  CHECK(opened("")->problems ==
        "error: DIR/a.txt:1:12: data.validation: 'X' is not one of the 3 tokens of the training text\n"
        "  help: write 'unknown: <unk>' to take all such tokens as one");
  const auto known = opened(", unknown: '?'");
  CHECK(known->problems == "");
  CHECK(known->sets.classes == std::vector<std::string>{"?", "a", "b", "c"});
  CHECK(text_of(*known->sets.train, 0) + text_of(*known->sets.train, 1) == "abca");
  CHECK(text_of(*known->sets.validation, 2, 0) == "?a");
}

TEST_CASE("how many tokens training lacks is told, and which") {
  Folder folder;
  folder.write("a.txt", "abcabcabcabc\nX$X\nY,Zabc");
  const auto problems = [&](const std::string& more) {
    const auto opened = open("{train: {format: text, path: a.txt, length: 1, end: 0.5" + more +
                                 "}, validation: {format: text, path: a.txt, length: 1, begin: 0.5" + more + "}}",
                             folder.path);
    std::string text = opened->problems;
    for (const Problem& warning : opened->sets.warnings) text += warning.what + "\n" + warning.help;
    return text;
  };
  CHECK(problems("") ==
        "error: DIR/a.txt:1:13: data.validation: byte 10 is not one of the 3 tokens of the training text, nor are 7 "
        "more, among them 'X', '$', 'Y'\n"
        "  help: write 'unknown: <unk>' to take all such tokens as one");
  CHECK(problems(", unknown: '?'") ==
        "8 of 12 tokens are none of the training text's and are taken as '?'\n"
        "validate on a text of the same kind, or train on more of it");
}

TEST_CASE("a character that only windows held out of a text have is in its vocabulary") {
  Folder folder;
  folder.write("a.txt", "ababababab$$");
  const auto opened = open("{train: {format: text, path: a.txt, length: 2}, validation: {last: 1}}", folder.path);
  CHECK(opened->problems == "");
  CHECK(opened->sets.classes == std::vector<std::string>{"$", "a", "b"});
}

TEST_CASE("parts of a text in one line begin at a word, and are not the whole") {
  Folder folder;
  folder.write("a.txt", "a b c d e f g h i j");
  const auto opened = open(
      "{train: {format: text, level: words, path: a.txt, length: 2, end: 0.5}, "
      "validation: {format: text, level: words, path: a.txt, length: 2, begin: 0.5, unknown: '?'}}",
      folder.path);
  CHECK(opened->sets.classes == std::vector<std::string>{"a", "b", "c", "d", "e"});
  CHECK(opened->sets.train->size() == 2);
}

TEST_CASE("line ends are one character, and a byte order mark is none") {
  Folder folder;
  folder.write("a.txt",
               "\xEF\xBB\xBF"
               "ab\r\ncd\r\n\r");
  const auto characters = open("{train: {format: text, path: a.txt, length: 6}}", folder.path);
  CHECK(text_of(*characters->sets.train, 0) == "ab\ncd\n");
  const auto bytes = open("{train: {format: text, level: bytes, path: a.txt, length: 4}}", folder.path);
  CHECK(text_of(*bytes->sets.train, 0) ==
        "\xEF\xBB\xBF"
        "a");
}

TEST_CASE("the rest of a text that fills no window is told where it is much") {
  Folder folder;
  folder.write("a.txt", std::string(100, 'a'));
  const auto warned = [&](const std::string& keys, const std::string& more = "") {
    std::string text;
    const auto opened = open("{train: {format: text, path: a.txt, " + keys + "}" + more + "}", folder.path);
    for (const Problem& warning : opened->sets.warnings) text += warning.what + " | " + warning.help;
    return text;
  };
  CHECK(warned("length: 64") == "the last 35 of 100 tokens fill no window of 64 and are left out | lower 'length'");
  CHECK(warned("length: 33") == "");
  CHECK(warned("length: 64, windows: random") == "");
  CHECK(warned("length: 9, windows: carried", ", batch_size: 6") ==
        "the last 5 windows of 11 do not fill the 6 rows of a batch and are left out | lower 'batch_size'");
}

TEST_CASE("the vocabulary is kept with what was fitted, and taken instead of fitting anew") {
  Folder folder;
  folder.write("a.txt", "abcabcabcab");
  const std::string set = "{format: text, path: a.txt, length: 2}";
  const auto first = open("{train: " + set + "}", folder.path);
  CHECK(to_yaml(first->sets.fitted) == "tokens: a b c\n");
  folder.write("a.txt", "cbcbcb");
  const auto kept = open("{train: " + set + ", fitted: {tokens: a b c}}", folder.path);
  CHECK(kept->problems == "");
  CHECK(kept->sets.classes == std::vector<std::string>{"a", "b", "c"});
  CHECK(token_numbers(sample(*kept->sets.train, 0)[0]) == std::vector<int32_t>{2, 1});
  folder.write("a.txt", "cbdbcb");
  CHECK(open("{train: " + set + ", fitted: {tokens: a b c}}", folder.path)->problems ==
        "error: DIR/a.txt:1:3: data.train: 'd' is not one of the 3 tokens of the training text\n"
        "  help: write 'unknown: <unk>' to take all such tokens as one");
  CHECK(open("{train: " + set + ", fitted: {columns: [], target: {name: y, kind: class}}}", folder.path)->problems !=
        "");
}

TEST_CASE("nothing of windows held out is in the vocabulary but the target of a window before them") {
  Folder folder;
  folder.write("a.txt", "ababcdxyz");
  const auto fitted = [&](const std::string& validation) {
    return to_yaml(open("{train: {format: text, path: a.txt, length: 2, unknown: '?'}, validation: " + validation + "}",
                        folder.path)
                       ->sets.fitted);
  };
  CHECK(fitted("{last: 2}") == "tokens: \"? a b c\"\n");
  CHECK(fitted("{first: 2}") == "tokens: \"? c d x y z\"\n");
  const auto held =
      open("{train: {format: text, path: a.txt, length: 2, unknown: '?'}, validation: {last: 2}}", folder.path);
  CHECK(held->sets.train->size() == 2);
  CHECK(text_of(*held->sets.train, 1) == "ab");
  CHECK(text_of(*held->sets.train, 1, 1) == "bc");
  CHECK(text_of(*held->sets.validation, 0) == "c?");
  CHECK(open("{train: {format: text, path: a.txt, length: 2}, validation: {fraction: 0.5, stratified: true}}",
             folder.path)
            ->problems ==
        "error: DIR/run.yaml:1:61: data.validation: expected samples with a class each to take a part of each class, "
        "found targets of type i32 and shape [2]\n  help: leave 'stratified' out");
}

TEST_CASE("what the training part is like follows from the vocabulary alone where none of it is read") {
  Folder folder;
  folder.write("b.txt", "cab");
  const auto opened = open(
      "{train: {format: text, path: gone.txt, length: 2, windows: carried}, "
      "test: {format: text, path: b.txt, length: 2, windows: carried}, batch_size: 1, "
      "drop_last: true}",
      folder.path);
  CHECK(opened->problems.starts_with("error: DIR/run.yaml:1:9: data.train: 'gone.txt' is not there"));
  opened->spec.fitted = parse_yaml("tokens: a b c", "resolved.yaml");
  std::vector<Problem> problems;
  const DataSets sets = open_data(opened->spec, folder.path, 1, problems, SetsToRead::only("test"));
  CHECK(problems.empty());
  CHECK(sets.train->size() == 0);
  CHECK(sets.inputs == std::vector<SampleField>{{"x", {DType::i32, {2}}, 3}});
  CHECK(sets.classes == std::vector<std::string>{"a", "b", "c"});
  CHECK(sets.names == std::vector<std::string>{"train", "test"});
  CHECK(token_numbers(sample(*sets.part("test"), 0)[0]) == std::vector<int32_t>{2, 0});
  CHECK(error_text([&] { sets.part("val"); }) ==
        "error: there is no split 'val'; there are: train, test\n  help: name one of them");
}

TEST_CASE("tokens are written as a line that reads back, whatever they are made of") {
  const std::vector<std::string> tokens{"\n",
                                        " ",
                                        "%",
                                        "${x}",
                                        "$",
                                        "<unk>",
                                        "\x7f",
                                        "\xc3",
                                        "\xc2\x85",
                                        "\xe2\x80\xa8",
                                        "\xef\xbb\xbf",
                                        "\xed\xa0\x80",
                                        "\u00e9",
                                        "null",
                                        "a.yaml"};
  const std::string line = tokens_text(tokens);
  CHECK(line.starts_with("%0A %20 %25 ${x} $ <unk> %7F %C3 "));
  CHECK(tokens_in(line) == tokens);
  Node node = Node::map();
  node.set("tokens", Node::string(line));
  CHECK(parse_yaml(to_yaml(node), "a.yaml").find("tokens")->as_string() == line);
  CHECK(tokens_in("  a   b ") == std::vector<std::string>{"a", "b"});
  CHECK(error_text([] { tokens_in("a %2"); }) ==
        "error: data.fitted.tokens: expected two hexadecimal digits after '%', found '2'\n  help: write %25 for '%'");
}

TEST_CASE("a vocabulary of limited size has the most frequent tokens, and one for all others") {
  Folder folder;
  folder.write("a.txt", "b b b c a c a d\n");
  const auto opened =
      open("{train: {format: text, path: a.txt, level: words, length: 3, max_tokens: 3, unknown: <unk>}}", folder.path);
  CHECK(opened->problems == "");
  CHECK(opened->sets.classes == std::vector<std::string>{"<unk>", "a", "b"});
  CHECK(text_of(*opened->sets.train, 1) == "<unk> a <unk>");
  CHECK(open("{train: {format: text, path: a.txt, length: 3, max_tokens: 3}}", folder.path)->problems ==
        "error: DIR/run.yaml:1:60: data.train.max_tokens: the other tokens have nothing that stands for them\n"
        "  help: write 'unknown: <unk>'");
}

TEST_CASE("a text that is not UTF-8, too short, or of another hash is told with what to do") {
  Folder folder;
  folder.write("a.txt", "ab\xff");
  const auto said = [&](const std::string& keys) {
    return open("{train: {format: text, path: a.txt, " + keys + "}}", folder.path)->problems;
  };
  CHECK(said("length: 2") ==
        "error: DIR/a.txt:1:3: data.train: expected UTF-8, found other bytes\n  named in DIR/run.yaml:1:9\n"
        "  help: write 'level: bytes', or save as a.utf8.txt what this prints: iconv -f WINDOWS-1252 -t UTF-8 a.txt");
  CHECK(said("length: 2, level: words") ==
        "error: DIR/a.txt:1:3: data.train: expected UTF-8, found other bytes\n  named in DIR/run.yaml:1:9\n"
        "  help: save as a.utf8.txt what this prints: iconv -f WINDOWS-1252 -t UTF-8 a.txt");
  using namespace std::string_literals;
  folder.write("a.txt", "\xFF\xFE" + "a\0b\0"s);
  CHECK(said("length: 2") ==
        "error: DIR/a.txt:1:1: data.train: expected UTF-8, found other bytes\n  named in DIR/run.yaml:1:9\n"
        "  help: write 'level: bytes', or save as a.utf8.txt what this prints: iconv -f UTF-16 -t UTF-8 a.txt");
  folder.write("a.txt", "");
  CHECK(said("length: 2") ==
        "error: DIR/a.txt: data.train: expected a text, the file is empty\n  named in DIR/run.yaml:1:9");
  folder.write("a.txt", "ab\xff");
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
  Folder folder;
  folder.write("a.bin", little_endian({1, 300, 2, 40000, 5}, 2));
  folder.write("b.bin", little_endian({1, 70000, 2}, 4));
  const auto a = open("{train: {format: tokens, path: a.bin, vocabulary: 50257, length: 2}}", folder.path);
  CHECK(a->problems == "");
  CHECK(a->sets.train->size() == 2);
  CHECK(token_numbers(sample(*a->sets.train, 1)[0]) == std::vector<int32_t>{2, 40000});
  CHECK(token_numbers(sample(*a->sets.train, 1)[1]) == std::vector<int32_t>{40000, 5});
  const auto b = open("{train: {format: tokens, path: b.bin, dtype: u32, vocabulary: 70001, length: 2}}", folder.path);
  CHECK(token_numbers(sample(*b->sets.train, 0)[1]) == std::vector<int32_t>{70000, 2});
  CHECK(a->sets.train->fingerprint() != b->sets.train->fingerprint());
}

TEST_CASE("a file of numbers of four bytes that is read as of two is told") {
  Folder folder;
  std::vector<uint32_t> numbers;
  for (uint32_t i = 0; i < 40; ++i) numbers.push_back(i * 7 % 30);
  const auto warned = [&](size_t bytes, const std::string& keys) {
    folder.write("a.bin", little_endian(numbers, bytes));
    const auto opened =
        open("{train: {format: tokens, path: a.bin, vocabulary: 30, length: 2" + keys + "}}", folder.path);
    CHECK(opened->problems == "");
    return warnings(folder, *opened->sets.train);
  };
  const std::string zeros =
      "DIR/a.bin: every other one of the first 80 tokens is 0, as where numbers of 4 bytes are read as of 2\n"
      "  help: write 'dtype: u32' if the file has these, else 'dtype: u16'\n";
  CHECK(warned(4, "") == zeros);
  CHECK(warned(4, ", dtype: u16") == "");
  CHECK(warned(4, ", dtype: u32") == "");
  numbers.resize(64, 1);
  CHECK(warned(2, "") == "");
}

TEST_CASE("files of tokens may be arrays that numpy saved, whose header says what they are") {
  Folder folder;
  const auto write = [&](const std::string& descr, const std::string& shape, const std::string& values) {
    folder.write("a.npy", testing::npy(descr, shape, values));
  };
  const auto opened = [&](const std::string& more = "") {
    return open("{train: {format: tokens, path: a.npy, vocabulary: 70001, length: 2" + more + "}}", folder.path);
  };
  for (const auto& [descr, width] : {std::pair("<u2", 2), {"<u4", 4}, {"<i4", 4}, {"<i8", 8}}) {
    CAPTURE(descr);
    write(descr, "(5,)", little_endian({1, 300, 2, 40000, 5}, static_cast<size_t>(width)));
    const auto set = opened();
    CHECK(set->problems == "");
    CHECK(set->sets.train->size() == 2);
    CHECK(token_numbers(sample(*set->sets.train, 1)[0]) == std::vector<int32_t>{2, 40000});
    CHECK(token_numbers(sample(*set->sets.train, 1)[1]) == std::vector<int32_t>{40000, 5});
  }
  for (const auto& [descr, width] : {std::pair("<i4", 4), {"<i8", 8}}) {
    CAPTURE(descr);
    write(descr, "(3,)",
          little_endian({1, 2}, static_cast<size_t>(width)) + std::string(static_cast<size_t>(width), '\xff'));
    const auto negative = opened();
    CHECK(error_text(folder, [&] { sample(*negative->sets.train, 0); }) ==
          "error: DIR/a.npy: expected tokens from 0 to 70000, found -1 among tokens 2 to 2\n"
          "  help: write the 'vocabulary' and the 'dtype' that the file has");
  }
  const std::string note = "\n  named in DIR/run.yaml:1:9\n  help: ";
  write("<i8", "(2, 2)", little_endian({1, 2, 3, 4}, 8));
  CHECK(opened()->problems ==
        "error: DIR/a.npy: data.train: expected an array [tokens], found [2, 2]" + note + "save numpy.ravel(it)");
  write("<f4", "(4,)", little_endian({1, 2, 3, 4}, 4));
  CHECK(opened()->problems == "error: DIR/a.npy: data.train: expected tokens of type u2, u4, i4 or i8, found f4" +
                                  note + "save it with .astype(numpy.uint16)");
  write("<u4", "(4,)", little_endian({1, 2, 3, 4}, 4));
  CHECK(opened(", dtype: u32")->problems ==
        "error: DIR/a.npy: data.train: its header says the type, u4; the config says 'dtype'" + note +
            "leave 'dtype' out");
}

TEST_CASE("a file of tokens that is cut short while it is read, or holds other numbers, is an error") {
  Folder folder;
  folder.write("a.bin", little_endian({1, 2, 3, 9, 5, 6, 7}, 2));
  const auto opened = open("{train: {format: tokens, path: a.bin, vocabulary: 9, length: 2}}", folder.path);
  CHECK(error_text(folder, [&] { sample(*opened->sets.train, 1); }) ==
        "error: DIR/a.bin: expected tokens from 0 to 8, found 9 among tokens 2 to 3\n"
        "  help: write the 'vocabulary' and the 'dtype' that the file has");
  std::filesystem::resize_file(folder.path / "a.bin", 9);
  CHECK(error_text(folder, [&] { sample(*opened->sets.train, 2); }).starts_with("error: DIR/a.bin: expected "));
  CHECK(open("{train: {format: tokens, path: a.bin, vocabulary: 9, length: 2}}", folder.path)->problems ==
        "error: DIR/a.bin: data.train: expected numbers of 2 bytes, found 9 bytes\n  named in DIR/run.yaml:1:9\n"
        "  help: write the 'dtype' that the file has, or get it again");
}
