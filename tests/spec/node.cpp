// lib/spec/node: scalars typed by YAML 1.2, and nodes written as YAML and JSON.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/node.h"

#include <doctest/doctest.h>

#include <cmath>

#include "lib/spec/yaml.h"

using namespace dl;

TEST_CASE("scalars have the types of YAML 1.2, not of 1.1") {
  for (const char* text : {"no", "yes", "on", "off", "No", "y",  "1_000", "12:30:45",   "0b11",  "nan", "inf",
                           "1e", "e3",  "-",  ".",   "+",  "0x", "1.2.3", "2020-01-01", "1 000", "tRue"}) {
    CAPTURE(text);
    CHECK(Node::scalar(text).as_string() == text);
    CHECK_FALSE(Node::scalar(text).as_number());
    CHECK_FALSE(Node::scalar(text).as_bool());
  }
  CHECK(Node::scalar("1e-3").as_number() == 0.001);
  CHECK(Node::scalar("1E3").as_number() == 1000);
  CHECK(Node::scalar(".5").as_number() == 0.5);
  CHECK(Node::scalar("5.").as_number() == 5);
  CHECK(Node::scalar("+1.5").as_number() == 1.5);
  CHECK(Node::scalar("-.inf").as_number() == -INFINITY);
  CHECK(std::isnan(*Node::scalar(".nan").as_number()));
  CHECK(Node::scalar("1e999").as_number() == INFINITY);
  CHECK(Node::scalar("1e-999").as_number() == 0);
  CHECK(Node::scalar("12").as_integer() == 12);
  CHECK(Node::scalar("+12").as_integer() == 12);
  CHECK(Node::scalar("-0").as_integer() == 0);
  CHECK(Node::scalar("0x1F").as_integer() == 31);
  CHECK(Node::scalar("0o17").as_integer() == 15);
  CHECK(Node::scalar("017").as_integer() == 17);
  CHECK_FALSE(Node::scalar("0x-1").as_integer());
  CHECK_FALSE(Node::scalar("9223372036854775808").as_integer());
  CHECK(Node::scalar("9223372036854775808").as_number() == 0x1p63);
  CHECK_FALSE(Node::scalar("1.0").as_integer());
  CHECK(Node::scalar("TRUE").as_bool() == true);
  CHECK(Node::scalar("false").as_bool() == false);
}

TEST_CASE("a quoted scalar is a string") {
  const Node quoted = Node::scalar("1", true);
  CHECK(quoted.as_string() == "1");
  CHECK_FALSE(quoted.as_integer());
  CHECK_FALSE(quoted.as_number());
}

TEST_CASE("null has several spellings, none of them a string") {
  const Node spec = parse_yaml("[~, null, Null, NULL, , 'null']", "a.yaml");
  for (size_t i = 0; i + 1 < spec.items.size(); ++i) CHECK(spec.items[i].is_null());
  CHECK(spec.items.back().as_string() == "null");
}

TEST_CASE("a value is described in a few words") {
  CHECK(Node::string("abc").described() == "'abc'");
  CHECK(Node::scalar("12").described() == "12");
  CHECK(Node::scalar("12", true).described() == "'12'");
  CHECK(Node::scalar("true").described() == "true");
  CHECK(Node::null().described() == "nothing");
  CHECK(Node::list({Node::null()}).described() == "a list of 1");
  CHECK(parse_yaml("{a: 1, b: 2}", "").described() == "a map with keys a, b");
  CHECK(Node::map().described() == "an empty map");
  CHECK(Node::string(std::string(59, 'a') + "éé").described() == "'" + std::string(59, 'a') + "…'");
}

TEST_CASE("a spec is written as people write it") {
  const std::string text =
      "data: {train: fashion_mnist, batch_size: 128}\n"
      "model:\n"
      "  - conv2d: {out_channels: 32, kernel_size: [3, 5]}\n"
      "  - relu\n"
      "  - conv2d: {out_channels: 32}\n"
      "    name: stem\n"
      "    from: [a, x]\n"
      "  - basic:\n"
      "      deep: {a: {b: 1}}\n"
      "  - [1, 2]\n"
      "  - - a: {b: c}\n"
      "empty: {}\n"
      "none: null\n"
      "list: []\n";
  const Node spec = parse_yaml(text, "a.yaml");
  const std::string written = to_yaml(spec);
  CHECK(same_value(parse_yaml(written, "b.yaml"), spec));
  CHECK(to_yaml(parse_yaml(written, "b.yaml")) == written);
  CHECK(written ==
        "data: {train: fashion_mnist, batch_size: 128}\n"
        "model:\n"
        "  - conv2d: {out_channels: 32, kernel_size: [3, 5]}\n"
        "  - relu\n"
        "  - conv2d: {out_channels: 32}\n"
        "    name: stem\n"
        "    from: [a, x]\n"
        "  - basic:\n"
        "      deep:\n"
        "        a: {b: 1}\n"
        "  - [1, 2]\n"
        "  -\n"
        "    - a: {b: c}\n"
        "empty: {}\n"
        "none: null\n"
        "list: []\n");
}

TEST_CASE("every string reads back as itself") {
  for (const char* text :
       {"",     " ",    "a",         "no",   "12",    "1e3", "true", "~",   "null",   "a: b",   "a:b",
        "a #b", "#",    "- a",       "-",    "--- a", "...", "[a",   "{a}", "a, b",   "'",      "\"",
        "\\",   "a\nb", "tab\there", "\x7f", "größe", "*a",  "&a",   "!a",  "|",      ">",      "%a",
        "@a",   "`a`",  "?",         "? a",  ":",     "a:",  "=",    "<<",  "${a.b}", "x.yaml", "http://a/b",
        "50%",  "(a)",  " a",        "a ",   "0x1",   ".5",  "-x",   "-1",  "+",      "{",      "a]",
        "a${",  "${b",  "$${a.b}",   "$$${", "$",     "}"}) {
    CAPTURE(text);
    const Node value = Node::string(text);
    CHECK(parse_yaml(to_yaml(value), "a.yaml").as_string() == text);
    Node map = Node::map();
    map.set("key", value);
    map.set("list", Node::list({value, Node::string("next")}));
    map.set(text, Node::integer(1));
    CHECK(same_value(parse_yaml(to_yaml(map), "a.yaml"), map));
  }
}

TEST_CASE("the quotes of a string that looks like a file to include are kept") {
  CHECK(to_yaml(parse_yaml("a: 'x.yaml'", "a.yaml")) == "a: \"x.yaml\"\n");
}

TEST_CASE("JSON has the types of the values") {
  const Node spec = parse_yaml("{a: 1, b: 1e-3, c: 'x\"', d: [true, null, .inf, '1', 0x10], e: {}, f: []}", "a.yaml");
  CHECK(to_json(spec, 0) ==
        R"({"a": 1, "b": 0.001, "c": "x\"", "d": [true, null, ".inf", "1", 16], "e": {}, "f": []})");
  CHECK(to_json(parse_yaml("{a: [1, 2]}", ""), 2) == "{\n  \"a\": [\n    1,\n    2\n  ]\n}");
}

TEST_CASE("a map's keys are set, found and erased") {
  Node map = Node::map();
  map.set("a", Node::integer(1));
  map.set("b", Node::integer(2));
  map.set("a", Node::integer(3));
  CHECK(map.find("a")->as_integer() == 3);
  CHECK(map.keys() == std::vector<std::string>{"a", "b"});
  CHECK(map.erase("a"));
  CHECK_FALSE(map.erase("a"));
  CHECK(map.find("a") == nullptr);
  CHECK(Node::list().find("a") == nullptr);
  CHECK(node_count(map) == 2);
}

TEST_CASE("JSON and YAML hold what steers a terminal escaped, and JSON is UTF-8 whatever it is given") {
  const Node text = Node::string("a\xff\x1b[31m\xe2\x80\xae\n");
  CHECK(to_json(text, 0) == R"("a\ufffd\u001b[31m\u202e\n")");
  Node map = Node::map();
  map.set("\xc2\x9b\xff", Node::integer(1));
  CHECK(to_json(map, 0) == R"({"\u009b\ufffd": 1})");
  const Node read = parse_yaml(to_yaml(Node::string("\x1b\xc2\x9b\xe2\x80\xaeé")), "");
  CHECK(read.as_string() == "\x1b\xc2\x9b\xe2\x80\xaeé");
}
