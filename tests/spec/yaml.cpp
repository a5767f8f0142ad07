// lib/spec/yaml: what is read, what is refused, and in which words.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/yaml.h"

#include <doctest/doctest.h>

#include "tests/folder.h"

using namespace dl;
using namespace dl::testing;

namespace {

Node yaml(const std::string& text) { return parse_yaml(text, "a.yaml"); }

std::string yaml_refusal(const std::string& text) {
  return error_text([&] { yaml(text); });
}

}  // namespace

TEST_CASE("every value and key keeps its place") {
  const Node spec = yaml("model:\n  - conv2d: {kernel_size: 3}\n  - größe: [x, y]\n");
  CHECK(spec.entries[0].key_where.text() == "a.yaml:1:1");
  const Node& conv = spec.find("model")->items[0];
  CHECK(conv.entries[0].key_where.text() == "a.yaml:2:5");
  CHECK(conv.find("conv2d")->find("kernel_size")->where.text() == "a.yaml:2:27");
  CHECK(spec.find("model")->items[1].find("größe")->items[1].where.text() == "a.yaml:3:16");
}

TEST_CASE("an empty file is a null value") {
  CHECK(yaml("").is_null());
  CHECK(yaml("# only a comment\n").is_null());
  CHECK(yaml("---\n").is_null());
}

TEST_CASE("Windows line ends and a byte order mark are taken") {
  const Node spec = yaml(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: |\r\n  x\r\n");
  CHECK(spec.find("a")->where.text() == "a.yaml:1:4");
  CHECK(spec.find("b")->text == "x\n");
}

TEST_CASE("references stand unquoted anywhere, inside brackets too") {
  const Node spec =
      yaml("a: {linear: ${data.classes}, b: ${model[3].p}, c: [${x * 2}, \"${y}\"]}\nd: ${env:A,B:-c # d}\n");
  CHECK(spec.find("a")->find("linear")->text == "${data.classes}");
  CHECK(spec.find("a")->find("b")->text == "${model[3].p}");
  CHECK(spec.find("a")->find("c")->items[0].text == "${x * 2}");
  CHECK(spec.find("a")->find("c")->items[1].text == "${y}");
  CHECK(spec.find("d")->text == "${env:A,B:-c # d}");
  CHECK(spec.find("a")->find("c")->items[1].where.text() == "a.yaml:1:62");
}

TEST_CASE("what YAML has and a spec does not take is named with its place") {
  CHECK(yaml_refusal("a: &x 1\nb: *x\n") ==
        "error: a.yaml:1:4: an anchor '&x' is not taken here\n"
        "  help: write the value out, or refer to it as ${path.of.value}\n"
        "error: a.yaml:2:4: an alias is not taken here\n"
        "  help: write the value out, or refer to it as ${path.of.value}");
  CHECK(yaml_refusal("a: &a [*a]\n") ==
        "error: a.yaml:1:4: an anchor '&a' is not taken here\n"
        "  help: write the value out, or refer to it as ${path.of.value}\n"
        "error: a.yaml:1:8: an alias is not taken here\n"
        "  help: write the value out, or refer to it as ${path.of.value}");
  CHECK(yaml_refusal("b: *x\n") ==
        "error: a.yaml:1:4: an alias is not taken here\n"
        "  help: write the value out, or refer to it as ${path.of.value}");
  CHECK(yaml_refusal("<<: {a: 1}\n") ==
        "error: a.yaml:1:1: the merge key '<<' is not taken here\n  help: name the other file in 'extends:'");
  CHECK(yaml_refusal("a: !foo 1\nb: !!binary x\n") ==
        "error: a.yaml:1:4: a tag '!foo' is not taken here\n  help: remove it\n"
        "error: a.yaml:2:4: a tag '!!binary' is not taken here\n  help: remove it");
  CHECK(yaml_refusal("a: !include b.yaml\nseed: !env SEED\n") ==
        "error: a.yaml:1:4: a tag '!include' is not taken here\n  help: write the file's name alone: b.yaml\n"
        "error: a.yaml:2:7: a tag '!env' is not taken here\n  help: write ${env:SEED}");
  CHECK(yaml_refusal("lr: 1\nlr: 2\n") ==
        "error: a.yaml:2:1: key 'lr' stands twice in one map\n  first at a.yaml:1:1\n  help: remove one of them");
  CHECK(yaml_refusal("a: 1\n---\nb: 2\n") ==
        "error: a.yaml:2:1: a second document begins here\n  help: write one document in a file: remove '---'");
  CHECK(yaml_refusal("[a, b]: 1\n") ==
        "error: a.yaml:1:1: a key must be a word, got a list of 2\n  help: write 'key: value'");
  CHECK(yaml_refusal("a: \"\\0\"\n") == "error: a.yaml:1:4: a string with a NUL character\n  help: remove \\0");
}

TEST_CASE("the core schema's tags are taken") {
  CHECK(yaml("!!str 12").as_string() == "12");
  CHECK(yaml("!!int 12").as_integer() == 12);
  CHECK(yaml("!!map {a: !!seq [1]}").find("a")->items.size() == 1);
}

TEST_CASE("bytes that are no text are refused at their place") {
  CHECK(yaml_refusal("a: 1\nb: \xFF\n") ==
        "error: a.yaml:2:4: bytes that are not UTF-8\n  help: save the file as UTF-8");
  CHECK(yaml_refusal(std::string("a: x\0y\n", 7)) ==
        "error: a.yaml:1:5: a control character (0x00)\n  help: remove it; a spec is UTF-8 text");
  CHECK(yaml_refusal("a: 1\rb: 2\n") ==
        "error: a.yaml:1:5: a control character (0x0d)\n  help: remove it; a spec is UTF-8 text");
}

TEST_CASE("a syntax error says what is wrong and what to write") {
  const std::pair<const char*, const char*> cases[] = {
      {"a:\n\tb: 1\n", "error: a.yaml:2:1: a tab in the indentation\n  help: indent with spaces"},
      {"a:\n  b: 1\n\tc: 2\n", "error: a.yaml:3:1: a tab in the indentation\n  help: indent with spaces"},
      {"a: 1\nlr:0.1\nc: 3\n", "error: a.yaml:2:3: a space is missing after ':'\n  help: write 'lr: 0.1'"},
      {"a: {lr:0.1}\n", "error: a.yaml:1:5: a space is missing after ':' in 'lr:0.1'\n  help: write 'lr: 0.1'"},
      {"a: 1\nbatch_size 128\nc: 3\n",
       "error: a.yaml:2:1: expected 'key: value', got 'batch_size 128'\n  help: write 'batch_size: 128'"},
      {"a: 1\nbatch_size 128\n", ""},
      {"a: [1, 2\nb: 3\n",
       "error: a.yaml:1:4: '[' is not closed\n  help: write ']' after the last value, and ',' between values"},
      {"a: {x: 1\nb: 3\n",
       "error: a.yaml:1:4: '{' is not closed\n  help: write '}' after the last value, and ',' between values"},
      {"a: [[1, 2]\n",
       "error: a.yaml:1:4: '[' is not closed\n  help: write ']' after the last value, and ',' between values"},
      {"a: {x: 1 y: 2}\n", "error: a.yaml:1:11: expected ',' or '}' before this\n  help: write ',' between the values"},
      {"a: [1, 2]]\n", "error: a.yaml:1:10: ']' closes nothing\n  help: remove it"},
      {"a: }\n", "error: a.yaml:1:4: '}' closes nothing\n  help: remove it"},
      {"a: b: c\n", "error: a.yaml:1:5: a second ':' on one line\n  help: put the value in quotes"},
      {"a: \"abc\nb: 3\n",
       "error: a.yaml:1:4: the quote that begins here is not closed\n  help: write the second quote"},
      {"a: 'abc\nb: 3\n",
       "error: a.yaml:1:4: the quote that begins here is not closed\n  help: write the second quote"},
      {"a: 'it's'\n",
       "error: a.yaml:1:8: text after the end of a value\n  help: put the whole value in one pair of quotes"},
      {"a: @foo\n", "error: a.yaml:1:4: a value cannot begin with '@'\n  help: put the value in quotes"},
      {"a: \"\\q\"\n",
       "error: a.yaml:1:7: unknown escape '\\q' in double quotes\n"
       "  help: write '\\\\' for a backslash, or use single quotes"},
      {"a: \"\\é\"\n",
       "error: a.yaml:1:7: unknown escape in double quotes\n  help: write '\\\\' for a backslash, or use single "
       "quotes"},
      {"a: - b\n",
       "error: a.yaml:1:4: a list cannot begin on the line of its key\n"
       "  help: put '- …' on the next line, or write [a, b]"},
      {"a:\n  b: 1\n c: 2\n",
       "error: a.yaml:3:2: the indentation fits no line above\n  help: align it with the lines it belongs to"},
      {"a: 1\n  b: 2\n",
       "error: a.yaml:2:3: indented further than the line above, which has a value already\n"
       "  help: align it with the line above"},
      {"model:\n  - flatten\n    name: x\n  - relu\n",
       "error: a.yaml:2:5: keys stand below 'flatten', which has no ':' behind it\n  help: write 'flatten:'"},
      {"model:\n  - relu\n      name: x\n",
       "error: a.yaml:2:5: keys stand below 'relu', which has no ':' behind it\n  help: write 'relu:'"},
      {"model:\n  - flatten\n    - linear: 10\n",
       "error: a.yaml:3:5: an item that is indented further than the one above it\n"
       "  help: align its '-' with the one above"},
      {"model:\n  - conv2d: {a: 1}\n    name: x\n   - relu\n",
       "error: a.yaml:4:4: the indentation fits no line above\n  help: align it with the lines it belongs to"},
      {"- a\nb: 1\n",
       "error: a.yaml:2:1: this line belongs to nothing above it\n"
       "  help: align it with the lines it belongs to; a list has only '- …', a map only 'key: …'"},
  };
  for (const auto& [text, message] : cases) {
    CAPTURE(text);
    CHECK(yaml_refusal(text) == message);
  }
}

TEST_CASE("hostile files are ordinary errors") {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(yaml_refusal(nested(64)) == "");
  CHECK(yaml_refusal(nested(65)) == "error: a.yaml:1:65: nested deeper than 64 levels");
  CHECK(yaml_refusal(nested(10'000)).ends_with(": nested deeper than 64 levels"));
  CHECK(yaml_refusal(std::string(10'000, '[')).ends_with(": nested deeper than 64 levels"));
  std::string braces;
  for (int i = 0; i < 10'000; ++i) braces += "{a: ";
  CHECK(yaml_refusal(braces).ends_with(": nested deeper than 64 levels"));
  std::string indented;
  for (int i = 0; i < 100; ++i) indented += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  CHECK(yaml_refusal(indented) == "error: a.yaml:65:65: nested deeper than 64 levels");
  std::string dashes;
  for (int i = 0; i < 10'000; ++i) dashes += "- ";
  CHECK(yaml_refusal(dashes + "a") == "error: a.yaml:1:129: nested deeper than 64 levels");
  std::string laughs = "a: &a [lol, lol]\n";
  for (char c = 'b'; c < 'z'; ++c)
    laughs += std::string(1, c) + ": &" + c + " [*" + char(c - 1) + ", *" + char(c - 1) + "]\n";
  CHECK(yaml_refusal(laughs).starts_with("error: a.yaml:1:4: an anchor '&a' is not taken here\n"));
  std::string values = "[";
  for (int i = 0; i < 200'000; ++i) values += "1,";
  CHECK(yaml_refusal(values).ends_with(": more than 100000 values in one file"));
  CHECK(yaml_refusal("a: " + std::string(2 << 20, 'x')) ==
        "error: a.yaml: larger than 1 MiB\n  help: keep data in files of its own; a spec is written by hand");
}

TEST_CASE("a file that cannot be read is named") {
  const Folder folder;
  CHECK(error_text(folder, [&] { read_yaml(folder / "missing.yaml"); }) ==
        "error: DIR/missing.yaml: cannot be read: No such file or directory");
  CHECK(error_text(folder, [&] { read_yaml(folder.path); }) == "error: DIR: expected a YAML file, got a folder");
  CHECK(read_yaml(folder.write("good.yaml", "a: [1]\n")).find("a")->items[0].as_integer() == 1);
}

TEST_CASE("a number or a tuple that braces cut in two is told as one") {
  CHECK(error_text([] { parse_yaml("{lr: 0,001, a: 1}", "a.yaml"); }) ==
        "error: a.yaml:1:6: '0,001' is two values in braces\n  help: write 0.001");
  CHECK(error_text([] { parse_yaml("{n: 60,000}", "a.yaml"); }) ==
        "error: a.yaml:1:5: '60,000' is two values in braces\n  help: write 60000");
  CHECK(error_text([] { parse_yaml("{size: (3, 5)}", "a.yaml"); }) ==
        "error: a.yaml:1:8: '(3, 5)' is two values in braces\n  help: write [3, 5]");
}

TEST_CASE("among the items of a list, a line without its dash or a dash without its space is named") {
  CHECK(error_text([] { parse_yaml("a:\n  - b\n  c\n  - d\n", "a.yaml"); }) ==
        "error: a.yaml:3:3: a '-' is missing: the lines beside it are items of a list\n  help: write '- c'");
  CHECK(error_text([] { parse_yaml("a:\n  - b\n  -c\n  - d\n", "a.yaml"); }) ==
        "error: a.yaml:3:3: a space is missing after '-'\n  help: write '- c'");
}
