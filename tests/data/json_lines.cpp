// Tables of JSON lines and of SQLite.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "tests/data/sets_for_test.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string problems_of(const Folder& folder, const std::string& text) {
  folder.write("t.jsonl", text);
  return open("{train: {format: json_lines, path: t.jsonl, target: y}}", folder.path)->problems;
}

}  // namespace

TEST_CASE("JSON lines are a table whose columns are the objects' members") {
  const Folder folder;
  folder.write("t.jsonl", R"({"x": 1, "town": {"name": "Ulm"}, "y": true, "at": [4, 5]})"
                          "\n\n"
                          R"({"y": false, "x": 3.5, "at": [6, 7], "town": {"name": "Köln"}})"
                          "\r\n"
                          R"({"x": null, "y": true, "at": [1, 2], "town": {}})");
  const auto opened = open(
      "{train: {format: json_lines, path: t.jsonl, target: y, normalize: none, columns: {at.1: ignore}}}", folder.path);
  CHECK(opened->problems == "");
  CHECK(opened->sets.classes == std::vector<std::string>{"false", "true"});
  const DatasetPointer& data = opened->sets.train;
  CHECK(floats(sample(*data, 0)[0]) == std::vector<float>{1, 0, 1, 0, 4});  // x, town.name, at.0
  CHECK(floats(sample(*data, 1)[0]) == std::vector<float>{3.5f, 1, 0, 0, 6});
  CHECK(floats(sample(*data, 2)[0]) == std::vector<float>{2.25f, 0, 0, 1, 1});
  const auto without = open(
      "{train: {format: json_lines, path: t.jsonl, target: y, normalize: none, columns: {at: ignore, town: ignore}}}",
      folder.path);
  CHECK(without->problems == "");
  CHECK(without->sets.warnings.empty());
  CHECK(floats(sample(*without->sets.train, 1)[0]) == std::vector<float>{3.5f});
  CHECK(data->place(1).text() == (folder.path / "t.jsonl").string() + ":3");
}

TEST_CASE("JSON lines that are none say where") {
  const Folder folder;
  CHECK(problems_of(folder, "{\"y\": 1}\n{\"y\": 2\n") ==
        "error: DIR/t.jsonl:2: data.train: expected a JSON object, found '{\"y\": 2'\n  named in DIR/run.yaml:1:9");
  CHECK(problems_of(folder, "[{\"y\": 1}]\n") ==
        "error: DIR/t.jsonl:1: data.train: expected a JSON object, found array\n  named in DIR/run.yaml:1:9\n"
        "  help: write the list's objects one a line: jq -c '.[]' FILE");
  CHECK(problems_of(folder, "{\"x\": NaN, \"y\": 1}\n")
            .ends_with("help: JSON has no NaN and no Infinity: write null, as pandas' to_json(orient='records', "
                       "lines=True) does"));
  CHECK(problems_of(folder, "{\"y\": 1}{\"y\": 2}\n")
            .ends_with("help: write each object on a line of its own: jq -c . FILE"));
  CHECK(problems_of(folder, "{\"a.b\": 1, \"a\": {\"b\": 2}, \"y\": 1}\n") ==
        "error: DIR/t.jsonl:1: data.train: the column 'a.b' is there twice, as a member of that name and within "
        "another\n  named in DIR/run.yaml:1:9\n  help: rename one of them");
  CHECK(problems_of(folder, "{\"y\": \"\xFC\"}\n") ==
        "error: DIR/t.jsonl:1:8: data.train: expected UTF-8, found other bytes\n  named in DIR/run.yaml:1:9\n"
        "  help: save as t.utf8.jsonl what this prints: iconv -f WINDOWS-1252 -t UTF-8 t.jsonl");
  CHECK(problems_of(folder, "{\n  \"y\": 1\n}\n").ends_with("help: write each object on one line: jq -c . FILE"));
  CHECK(problems_of(folder, "\n") ==
        "error: DIR/t.jsonl: data.train: expected an object a line, found none\n  named in DIR/run.yaml:1:9");
  CHECK(problems_of(folder, "{\"x\": 1}\n").find("'y'") != std::string::npos);
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "{\"a\":";
  CHECK(problems_of(folder, deep + "1" + std::string(40, '}')).find("lies deeper than 16 objects") !=
        std::string::npos);
  std::string lists(100000, '[');
  CHECK(problems_of(folder, lists).find("expected a JSON object") != std::string::npos);
}
