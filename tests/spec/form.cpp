// lib/spec/form, merge: what the schemas say of places: short forms, kinds, text.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/form.h"

#include <doctest/doctest.h>

#include "lib/spec/load.h"
#include "lib/spec/yaml.h"
#include "tests/error_text.h"
#include "tests/folder.h"
#include "tests/spec/toys.h"

using namespace dl;
using namespace dl::testing;

namespace {

struct Average {
  double decay = 0.99;
  bool warm = false;
  void describe(Schema& s) {
    s.optional("decay", decay, "share kept").positional();
    s.optional("warm", warm, "begins late");
  }
};

struct Part {
  std::optional<int64_t> first;
  std::optional<double> fraction;
  std::string set;
  void describe(Schema& s) {
    s.optional("first", first, "so many");
    s.optional("fraction", fraction, "such a part");
    s.optional("set", set, "of its own").positional();
    s.decided_by({"first", "fraction", "set", "format"});
  }
};

struct Whole {
  std::optional<Average> ema;
  std::map<std::string, Average> columns;
  Part part;
  std::unique_ptr<ToyOptimizer> optimizer;
  std::string path;
  std::vector<std::string> paths;
  Node model;
  std::optional<int64_t> whole;
  std::optional<double> fraction;
  void describe(Schema& s) {
    s.alternatives({"whole", "fraction"});
    s.optional("whole", whole, "so many");
    s.optional("fraction", fraction, "or such a part");
    s.optional("ema", ema, "an average");
    s.optional("columns", columns, "averages by name");
    s.optional("part", part, "of the samples");
    s.optional("optimizer", optimizer, "how to update");
    s.optional("path", path, "a file");
    s.optional("paths", paths, "several");
    s.optional("model", model, "layers");
  }
};

std::string json(const Node& node) { return to_json(node, 0); }

std::string set(const std::string& text, const std::vector<std::string>& sets) {
  return error_text(
      [&] { return json(load_spec(parse_yaml(text, "a.yaml"), {.sets = sets, .schema = owned_schema<Whole>()})); });
}

std::string extended(const std::string& base, const std::string& child) {
  const Folder files;
  files.write("base.yaml", base);
  return json(load_spec(files.write("child.yaml", "extends: base.yaml\n" + child), {.schema = owned_schema<Whole>()}));
}

}  // namespace

TEST_CASE("--set reaches into every short form") {
  CHECK(set("ema: 0.9", {"ema.warm=true"}) == R"({"ema": {"decay": 0.9, "warm": true}})");
  CHECK(set("ema: 0.9", {"ema.decay=0.5"}) == R"({"ema": {"decay": 0.5}})");
  CHECK(set("columns: {a: 0.9}", {"columns.a.warm=true", "columns.b.decay=0"}) ==
        R"({"columns": {"a": {"decay": 0.9, "warm": true}, "b": {"decay": 0}}})");
  CHECK(set("part: digits", {"part.set=letters"}) == R"({"part": {"set": "letters"}})");
  CHECK(set("optimizer: adam", {"optimizer.adam.lr=1"}) == R"({"optimizer": {"adam": {"lr": 1}}})");
  CHECK(set("optimizer: adam", {"optimizer.sgd.lr=1"}) == R"({"optimizer": {"sgd": {"lr": 1}}})");
  CHECK(set("model: [{dropout: 0.1, name: d}]", {"model[0].dropout.p=0.2"}) ==
        R"({"model": [{"dropout": {"p": 0.2}, "name": "d"}]})");
  CHECK(set("model: [{dropout: 0.1, name: d}]", {"model[0].linear.out_features=3"}) ==
        R"({"model": [{"name": "d", "linear": {"out_features": 3}}]})");
}

TEST_CASE("a short form under keys is written out, so that nothing of it is lost") {
  CHECK(extended("ema: 0.9\n", "ema: {warm: true}\n") == R"({"ema": {"decay": 0.9, "warm": true}})");
  CHECK(extended("ema: {warm: true}\n", "ema: 0.9\n") == R"({"ema": 0.9})");
  CHECK(extended("optimizer: {sgd: {lr: 1}}\n", "optimizer: sgd\n") == R"({"optimizer": "sgd"})");
}

TEST_CASE("an object of another kind replaces the one there was, one of the same kind is merged with it") {
  CHECK(extended("part: {fraction: 0.1}\n", "part: {first: 5}\n") == R"({"part": {"first": 5}})");
  CHECK(extended("part: {fraction: 0.1}\n", "part: {fraction: 0.2}\n") == R"({"part": {"fraction": 0.2}})");
  CHECK(extended("part: {format: csv, path: a}\n", "part: {format: npy}\n") == R"({"part": {"format": "npy"}})");
  CHECK(extended("part: {format: csv, path: a}\n", "part: {path: b}\n") ==
        R"({"part": {"format": "csv", "path": "b"}})");
  CHECK(extended("part: {format: csv, path: a}\n", "part: {format: csv, path: b}\n") ==
        R"({"part": {"format": "csv", "path": "b"}})");
  CHECK(set("part: {fraction: 0.1}", {"part.first=5"}) == R"({"part": {"first": 5}})");
  CHECK(set("part: {format: csv, path: a}", {"part.path=b", "part.format=npy"}) ==
        R"({"part": {"path": "b", "format": "npy"}})");
}

TEST_CASE("one of several alternatives replaces the one there was, unless it is nothing") {
  CHECK(extended("fraction: 0.1\n", "whole: 3\n") == R"({"whole": 3})");
  CHECK(extended("fraction: 0.1\n", "whole: null\n") == R"({"fraction": 0.1, "whole": null})");
  CHECK(extended("whole: 3\n", "fraction: 0.1\nwhole: 4\n") ==
        R"({"fraction": 0.1, "whole": 4})");  // a mistake of its own
  CHECK(set("fraction: 0.1", {"whole=3"}) == R"({"whole": 3})");
}

TEST_CASE("a type that does not exist replaces what there was, so that it is the one named in the error") {
  CHECK(extended("optimizer: {sgd: {lr: 1}}\n", "optimizer: {lion: {lr: 2}}\n") ==
        R"({"optimizer": {"lion": {"lr": 2}}})");
  CHECK(set("optimizer: {sgd: {lr: 1}}", {"optimizer.lion.lr=2"}) == R"({"optimizer": {"lion": {"lr": 2}}})");
}

TEST_CASE("a path that leaves out the type's name is refused at the option, with the whole path") {
  CHECK(set("optimizer: {sgd: {lr: 1}}", {"optimizer.lr=2"}) ==
        "error: --set optimizer.lr=2: optimizer is sgd, whose keys stand below that name; there is no 'optimizer.lr'\n"
        "  it stands at a.yaml:1:12\n"
        "  help: write --set optimizer.sgd.lr=…");
  CHECK(set("optimizer: sgd", {"optimizer.learning_rate=2"}) ==
        "error: --set optimizer.learning_rate=2: optimizer is sgd, whose keys stand below that name; there is no "
        "'optimizer.learning_rate'\n"
        "  it stands at a.yaml:1:12\n"
        "  help: write --set optimizer.sgd.lr=…");
  CHECK(set("model: [relu, dropout: 0.5]", {"model[1].p=0.2"}) ==
        "error: --set model[1].p=0.2: model[1] is dropout, whose keys stand below that name; there is no 'model[1].p'\n"
        "  it stands at a.yaml:1:15\n"
        "  help: write --set model[1].dropout.p=…");
}

TEST_CASE("a name that ends in .yaml is text where the schema takes text alone") {
  CHECK(set("path: list.yaml\npaths: [a.yaml, b.yml]\n", {"path=other.yaml"}) ==
        R"({"path": "other.yaml", "paths": ["a.yaml", "b.yml"]})");
  CHECK(set("ema: gone.yaml", {}) == "error: a.yaml:1:6: ema: no file 'gone.yaml'\n  looked in .");
}
