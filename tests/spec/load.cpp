// lib/spec/load: files, references, --set, and where values came from.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/load.h"

#include <doctest/doctest.h>

#include <map>

#include "lib/spec/yaml.h"
#include "tests/error_text.h"
#include "tests/folder.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::optional<std::string> test_environment(const std::string& name) {
  const std::map<std::string, std::string> variables{
      {"LR", "1e-3"}, {"EMPTY", ""}, {"TEXT", "abc"}, {"MODEL", "lenet.yaml"}, {"BAD", "\xFF"}};
  const auto found = variables.find(name);
  return found == variables.end() ? std::nullopt : std::optional(found->second);
}

LoadOptions with_sets(std::vector<std::string> sets) {
  return {.sets = std::move(sets), .environment = test_environment};
}

Node loaded(const std::string& text, std::vector<std::string> sets = {}, std::vector<std::string> later = {}) {
  LoadOptions options = with_sets(std::move(sets));
  options.later = std::move(later);
  return load_spec(parse_yaml(text, "a.yaml"), options);
}

// In one line, for comparisons.
std::string json_of(const Node& node) { return to_json(node, 0); }

std::string set(const std::string& text, const std::string& option) {
  return error_text([&] { return json_of(loaded(text, {option})); });
}

std::string refusal(const std::string& text, std::vector<std::string> sets = {}, std::vector<std::string> later = {}) {
  return error_text([&] { loaded(text, std::move(sets), std::move(later)); });
}

}  // namespace

TEST_CASE("a file's values lie over those of the files it extends") {
  const Folder files;
  files.write("base.yaml",
              "a: 1\ntrainer: {epochs: 3, clip: 1}\nlist: [1, 2]\noptimizer: {sgd: {lr: 1, momentum: 0.9}}\n");
  files.write("more.yaml", "a: 2\nb: 2\n");
  const std::string run = files.write(
      "sub/run.yaml",
      "extends: [../base.yaml, ../more.yaml]\ntrainer: {epochs: 5}\nlist: [3]\noptimizer: {sgd: {lr: 2}}\n");
  CHECK(
      json_of(load_spec(run)) ==
      R"({"a": 2, "trainer": {"epochs": 5, "clip": 1}, "list": [3], "optimizer": {"sgd": {"lr": 2, "momentum": 0.9}}, "b": 2})");
}

TEST_CASE("another of the same kind replaces the one extended, with its keys") {
  const Folder files;
  files.write("base.yaml", "optimizer: {sgd: {lr: 1}}\n");
  CHECK(json_of(load_spec(files.write("a.yaml", "extends: base.yaml\noptimizer: {adam: {lr: 2}}\n"))) ==
        R"({"optimizer": {"adam": {"lr": 2}}})");
  CHECK(json_of(load_spec(files.write("b.yaml", "extends: base.yaml\noptimizer: adam\n"))) ==
        R"({"optimizer": "adam"})");
  CHECK(json_of(load_spec(files.write("c.yaml", "extends: base.yaml\noptimizer: null\n"))) == R"({"optimizer": null})");
}

TEST_CASE("an unquoted name that ends in .yaml is that file's content") {
  const Folder files;
  files.write("models/lenet.yaml", "- linear: 3\n- parts/tail.yaml\n");
  files.write("models/parts/tail.yaml", "relu\n");
  files.write("data/d.yaml", "{classes: 10, size: 3}\n");
  files.write("base.yaml", "data: {classes: 2, other: 1}\n");
  const std::string run =
      files.write("run.yaml", "extends: base.yaml\nmodel: models/lenet.yaml\nname: 'x.yaml'\ndata: data/d.yaml\n");
  const Node spec = load_spec(run);
  CHECK(json_of(spec) == R"({"data": {"classes": 10, "size": 3}, "model": [{"linear": 3}, "relu"], "name": "x.yaml"})");
  CHECK(spec.find("model")->items[0].where.text() == (files / "models/lenet.yaml").string() + ":1:3");
}

TEST_CASE("files are looked for beside the file that names them, then in the search folders") {
  const Folder files;
  files.write("installed/models/a.yaml", "[far]\n");
  files.write("installed/models/b.yaml", "[far]\n");
  files.write("models/a.yaml", "[near]\n");
  const std::string run = files.write("run.yaml", "a: models/a.yaml\nb: models/b.yaml\n");
  LoadOptions options;
  options.search = {files / "installed"};
  CHECK(json_of(load_spec(run, options)) == R"({"a": ["near"], "b": ["far"]})");
  CHECK(json_of(load_spec("models/b.yaml", options)) == R"(["far"])");
}

TEST_CASE("a file that is not there is named, with where it was looked for") {
  const Folder files;
  files.write("models/lenet5.yaml", "[]\n");
  files.write("share/models/alexnet.yaml", "[]\n");
  const std::string run = files.write("run.yaml", "model: models/lenet.yaml\nextends: gone.yaml\nb: bad.yaml\n");
  files.write("bad.yaml", "a: [\n");
  LoadOptions options;
  options.search = {files / "share", files / "elsewhere", files.path};
  CHECK(error_text(files, [&] { load_spec(run, options); }) ==
        "error: DIR/run.yaml:1:8: model: no file 'models/lenet.yaml'\n"
        "  looked in DIR/models, DIR/share/models\n"
        "  help: write 'models/lenet5.yaml'\n"
        "error: DIR/bad.yaml:1:4: '[' is not closed\n"
        "  help: write ']' after the last value, and ',' between values\n"
        "error: DIR/run.yaml:2:10: extends: no file 'gone.yaml'\n"
        "  looked in DIR, DIR/share");
  CHECK(error_text(files, [&] {
          load_spec(files / "rnu.yaml");
        }).starts_with("error: no file 'DIR/rnu.yaml'\n  looked in "));
}

TEST_CASE("files in a circle are shown") {
  const Folder files;
  files.write("a.yaml", "extends: b.yaml\n");
  files.write("b.yaml", "model: c.yaml\n");
  files.write("c.yaml", "- ./b.yaml\n");
  CHECK(error_text(files, [&] { load_spec(files / "a.yaml"); }) ==
        "error: DIR/c.yaml:1:3: extends.model[0]: files in a circle: DIR/b.yaml -> DIR/c.yaml -> DIR/b.yaml\n"
        "  help: remove one of these references");
}

TEST_CASE("files in one another, and all together, are bounded") {
  const Folder files;
  for (int i = 0; i < 20; ++i)
    files.write("f" + std::to_string(i) + ".yaml", "extends: f" + std::to_string(i + 1) + ".yaml\n");
  files.write("f20.yaml", "a: 1\n");
  CHECK(error_text(files, [&] {
          load_spec(files / "f0.yaml");
        }).ends_with("more than 16 files in one another\n  help: join some of them"));
  for (int i = 0; i < 12; ++i) {
    const std::string next = "g" + std::to_string(i + 1) + ".yaml";
    files.write("g" + std::to_string(i) + ".yaml", "a: " + next + "\nb: " + next + "\n");
  }
  files.write("g12.yaml", "a: 1\n");
  CHECK(error_text(files, [&] {
          load_spec(files / "g0.yaml");
        }).find("more than 256 files in one spec\n  help: join some of them") != std::string::npos);
}

TEST_CASE("what is extended must be a map") {
  const Folder files;
  files.write("list.yaml", "[1]\n");
  CHECK(error_text(files, [&] { load_spec(files.write("a.yaml", "extends: [list.yaml, 3]\n")); }) ==
        "error: DIR/a.yaml:1:11: extends: 'list.yaml' is no config: it holds a list\n  help: name a YAML file of keys\n"
        "error: DIR/a.yaml:1:22: extends: expected a file's name or a list of them, got 3");
}

TEST_CASE("a reference alone keeps the type of its value, within text it is written out") {
  const Node spec = loaded(
      "a: {b: 3, list: [1, {c: x}]}\nint: ${a.b}\ntext: run-${a.b}-${a.list[1].c}\nlist: ${a.list}\nsum: ${a.b * 2 + "
      "1}\n"
      "chain: ${sum}\nquoted: \"${a.b}\"\n");
  CHECK(spec.find("int")->as_integer() == 3);
  CHECK(spec.find("int")->where.text() == "a.yaml:2:6");
  CHECK(spec.find("text")->as_string() == "run-3-x");
  CHECK(json_of(*spec.find("list")) == R"([1, {"c": "x"}])");
  CHECK(spec.find("sum")->as_integer() == 7);
  CHECK(spec.find("chain")->as_integer() == 7);
  CHECK(spec.find("quoted")->as_integer() == 3);
}

TEST_CASE("$${ is the text ${, which nothing is put in for, and is written so again") {
  const std::string text = "a: 3\nb: \"$${a} ${a}\"\nc: [\"$${\", \"}\"]\nd: ${b}\ne: $${a}\nf: \"$${data.classes}\"\n";
  const Node spec = provide(loaded(text, {}, {"data.classes"}), {{"data.classes", Node::integer(10)}});
  CHECK(spec.find("b")->as_string() == "${a} 3");
  CHECK(json_of(*spec.find("c")) == R"(["${", "}"])");
  CHECK(spec.find("d")->as_string() == "${a} 3");
  CHECK(spec.find("e")->as_string() == "${a}");
  CHECK(spec.find("f")->as_string() == "${data.classes}");
  CHECK(same_value(loaded(to_yaml(spec)), spec));
}

TEST_CASE("names that the program will know stay, and are put in by provide") {
  const Node spec =
      loaded("data: {size: 2}\nmodel: [{linear: ${data.classes}}, {linear: ${data.classes * data.size}}]\n", {},
             {"data.classes"});
  CHECK(json_of(*spec.find("model")) == R"([{"linear": "${data.classes}"}, {"linear": "${data.classes * (2)}"}])");
  const Node provided = provide(spec, {{"data.classes", Node::integer(10)}});
  CHECK(json_of(*provided.find("model")) == R"([{"linear": 10}, {"linear": 20}])");
  CHECK(explain(provided, provided, "model[0].linear").text() ==
        "model[0].linear: 10, from ${data.classes} at a.yaml:2:18");
  CHECK(error_text([&] {
          provide(spec, {{"data.clases", Node::integer(10)}});
        }) ==
        "error: a.yaml:2:18: model[0].linear: unknown name 'data.classes' in ${}\n"
        "  known names: data.clases\n  help: write 'data.clases'\n"
        "error: a.yaml:2:45: model[1].linear: unknown name 'data.classes' in ${}\n"
        "  known names: data.clases\n  help: write 'data.clases'");
}

TEST_CASE("what lies under a name that is known later is known later too") {
  const Node spec = loaded("a: ${data.categories.town}\nb: ${data.categories}\n", {}, {"data.categories"});
  const auto provided = [&](const std::map<std::string, Node>& values) { return json_of(provide(spec, values)); };
  const Node list = Node::list({Node::integer(4), Node::integer(3)});
  CHECK(provided({{"data.categories", list}, {"data.categories.town", Node::integer(4)}}) ==
        R"({"a": 4, "b": [4, 3]})");
  CHECK(provided({{"data.categories", list}, {"data.categories.*", Node::integer(1)}}) == R"({"a": 1, "b": [4, 3]})");
  CHECK(error_text([&] {
          provided({{"data.categories", list}, {"data.categories.twon", Node::integer(4)}});
        }).ends_with("help: write 'data.categories.twon'"));
}

TEST_CASE("parameters of a block stay until the block is used") {
  const Node spec = loaded(
      "w: 2\nblocks:\n  basic:\n    params: {channels: , mid: \"${channels * w}\"}\n"
      "    layers: [{linear: ${channels}}, {linear: ${channels * w + mid}}]\n");
  CHECK(
      json_of(*spec.find("blocks")->find("basic")) ==
      R"j({"params": {"channels": null, "mid": "${channels * (2)}"}, "layers": [{"linear": "${channels}"}, {"linear": "${channels * (2) + mid}"}]})j");
  CHECK(refusal("blocks: {basic: {params: {channels: 1}, layers: [{linear: ${chanels}}]}}\n") ==
        "error: a.yaml:1:59: blocks.basic.layers[0].linear: unknown name 'chanels' in ${}\n"
        "  known names: blocks, channels\n  help: write 'channels'");
}

TEST_CASE("a name that is not there lists those beside it") {
  CHECK(refusal("data: {classes: 10, size: 3}\na: ${data.clases}\nb: ${x}\n", {}, {"data.mean"}) ==
        "error: a.yaml:2:4: a: unknown name 'data.clases' in ${}\n"
        "  known names: data.classes, data.mean, data.size\n  help: write 'data.classes'\n"
        "error: a.yaml:3:4: b: unknown name 'x' in ${}\n"
        "  known names: a, b, data, data.mean");
}

TEST_CASE("references in a circle are shown, once") {
  CHECK(refusal("a: ${b}\nb: {c: ${d}}\nd: [\"x${a}\"]\n") ==
        "error: a.yaml:1:4: a: references in a circle: b -> d -> a -> b\n"
        "  help: write one of the values out");
  CHECK(refusal("a: ${a}\n") ==
        "error: a.yaml:1:4: a: references in a circle: a -> a\n  help: write one of the values out");
}

TEST_CASE("what references put in is bounded") {
  std::string lists = "a0: [1, 1]\n", texts = "a0: xx\n", empty = "a0: ''\n", chain = "a0: 1\n";
  for (int i = 1; i < 60; ++i) {
    const std::string key = "a" + std::to_string(i) + ": ", last = "${a" + std::to_string(i - 1) + "}";
    lists += key + "[" + last + ", " + last + "]\n";
    texts += key + last + last + "\n";
    empty += key + last + last + "\n";
  }
  for (int i = 1; i < 1000; ++i) chain += "a" + std::to_string(i) + ": ${a" + std::to_string(i - 1) + "}\n";
  for (const std::string& text : {lists, texts, empty})
    CHECK(refusal(text).find("references put in more than 100000 values or 4 MiB\n  help: use fewer") !=
          std::string::npos);
  CHECK(refusal(chain).find("a chain of more than 64 references\n  help: use fewer") != std::string::npos);
}

TEST_CASE("a reference that is malformed says so") {
  CHECK(refusal("a: x${b\n") == "error: a.yaml:1:4: a: '${' without '}'\n  help: write '}' after the name");
  CHECK(refusal("a: ${}\n") == "error: a.yaml:1:4: a: nothing stands in ${}\n  help: write a name in it");
  CHECK(refusal("a: ${b +}\nb: 1\n") ==
        "error: a.yaml:1:4: a: expected a name or a number in ${b +}, got the end\n"
        "  help: write names, numbers, + - * / // % and parentheses");
  CHECK(refusal("a: x${b}\nb: [1]\n") ==
        "error: a.yaml:1:4: a: expected text for ${b}, got a list of 1\n  help: let it stand alone");
}

TEST_CASE("environment variables are values like those in the file") {
  const Node spec = loaded(
      "a: ${env:LR}\nb: ${env:GONE:-0.5}\nc: run-${env:TEXT}\nd: '${env:LR}'\ne: ${env:EMPTY}\nf: ${env:GONE:-}\n"
      "g: {h: ${env:GONE:-a, b}}\ni: ${env:GONE:-null}\n");
  CHECK(spec.find("a")->as_number() == 0.001);
  CHECK(spec.find("b")->as_number() == 0.5);
  CHECK(spec.find("c")->as_string() == "run-abc");
  CHECK(spec.find("d")->as_string() == "1e-3");
  CHECK(spec.find("e")->as_string() == "");
  CHECK(spec.find("f")->as_string() == "");
  CHECK(spec.find("g")->find("h")->as_string() == "a, b");
  CHECK(spec.find("i")->is_null());
  CHECK(refusal("a: ${env:GONE}\nb: ${env:}\nc: ${env:BAD}\n") ==
        "error: a.yaml:1:4: a: environment variable 'GONE' is not set\n"
        "  help: set it, or write ${env:GONE:-default}\n"
        "error: a.yaml:2:4: b: expected a variable's name after 'env:'\n  help: write ${env:NAME}\n"
        "error: a.yaml:3:4: c: environment variable 'BAD' is not UTF-8");
}

TEST_CASE("a file can be named by an environment variable") {
  const Folder files;
  files.write("lenet.yaml", "[relu]\n");
  CHECK(json_of(load_spec(files.write("run.yaml", "model: ${env:MODEL}\n"), with_sets({}))) ==
        R"({"model": ["relu"]})");
}

TEST_CASE("--set replaces, adds and reaches into lists") {
  const std::string spec = "{a: {b: 1}, list: [1, [2, 3]], none: }";
  CHECK(set(spec, "a.b=2") == R"({"a": {"b": 2}, "list": [1, [2, 3]], "none": null})");
  CHECK(set(spec, "a.c.d=[x, 1e-3]") ==
        R"({"a": {"b": 1, "c": {"d": ["x", 0.001]}}, "list": [1, [2, 3]], "none": null})");
  CHECK(set(spec, "list.0=true") == R"({"a": {"b": 1}, "list": [true, [2, 3]], "none": null})");
  CHECK(set(spec, "list[1][0]=x") == R"({"a": {"b": 1}, "list": [1, ["x", 3]], "none": null})");
  CHECK(set(spec, "none.deep=1") == R"({"a": {"b": 1}, "list": [1, [2, 3]], "none": {"deep": 1}})");
  CHECK(set(spec, "a={c: 1}") == R"({"a": {"c": 1}, "list": [1, [2, 3]], "none": null})");
  CHECK(set(spec, "a=") == R"({"a": null, "list": [1, [2, 3]], "none": null})");
  CHECK(set("", "a.b=1") == R"({"a": {"b": 1}})");
  CHECK(set("{a: 1, b: 2}", "b=${a + 1}") == R"({"a": 1, "b": 2})");
  CHECK(json_of(loaded("{a: 1}", {"a=2", "a=3"})) == R"({"a": 3})");
}

TEST_CASE("--set writes short forms out where it reaches into them") {
  CHECK(set("optimizer: sgd", "optimizer.sgd.lr=1") == R"({"optimizer": {"sgd": {"lr": 1}}})");
  CHECK(set("optimizer: {sgd: }", "optimizer.sgd.lr=1") == R"({"optimizer": {"sgd": {"lr": 1}}})");
  CHECK(set("optimizer: adam", "optimizer.sgd.lr=1") == R"({"optimizer": {"sgd": {"lr": 1}}})");
  CHECK(set("optimizer: {adam: {lr: 2}}", "optimizer.sgd.lr=1") == R"({"optimizer": {"sgd": {"lr": 1}}})");
  CHECK(set("model: [relu, dropout: 0.5]", "model.1.dropout=0.2") == R"({"model": ["relu", {"dropout": 0.2}]})");
  CHECK(set("model: [relu, dropout: 0.5]", "model[1].dropout.p=0.2") ==
        R"({"model": ["relu", {"dropout": {"p": 0.2}}]})");
  CHECK(set("model: [linear: 3]", "model[0].linear.bias=false") ==
        R"({"model": [{"linear": {"out_features": 3, "bias": false}}]})");
  CHECK(set("model: [dropout]", "model[0].dropout.p=0.2") == R"({"model": [{"dropout": {"p": 0.2}}]})");
}

TEST_CASE("--set that leads nowhere says where it stops") {
  CHECK(set("a: {b: 1}", "a.b.c=1") ==
        "error: --set a.b.c=1: the path goes through a.b, which is 1\n"
        "  it stands at a.yaml:1:8\n  help: set a.b as a whole");
  CHECK(set("list: [1, 2]", "list.2=1") ==
        "error: --set list.2=1: no element '2' in list, a list of 2\n"
        "  it stands at a.yaml:1:7\n  help: write an index from 0 to 1");
  CHECK(set("list: []", "list.x=1") ==
        "error: --set list.x=1: no element 'x' in list, a list of 0\n  it stands at a.yaml:1:7\n  help: it is empty");
  for (const char* option : {"a", "=1", "a..b=1", "a[x]=1", ".=1"})
    CHECK(set("a: 1", option) == std::string("error: --set ") + option +
                                     ": expected 'path=value'\n"
                                     "  help: write --set optimizer.adamw.lr=0.001 or --set model[3].dropout.p=0.2");
  CHECK(set("a: 1", "a=[1") ==
        "error: --set a=[1: '[' is not closed\n  help: write ']' after the last value, and ',' between values");
}

TEST_CASE("an included file can be given by --set") {
  const Folder files;
  const std::string model = files.write("m.yaml", "[relu]\n");
  CHECK(set("model: [dropout]", "model=" + model) == R"({"model": ["relu"]})");
}

TEST_CASE("every value tells where it came from and what it replaced") {
  const Folder files;
  files.write("base.yaml", "optimizer: {sgd: {lr: 1, momentum: 0.5}}\nmodel: [dropout: 0.1]\nname: x\n");
  const std::string run = files.write("run.yaml", "extends: base.yaml\noptimizer:\n  sgd: {lr: 2}\nname: ${env:LR}\n");
  const Node spec = load_spec(run, with_sets({"optimizer.sgd.lr=3"}));
  const Node resolved = parse_yaml(
      "{optimizer: {sgd: {lr: 3, momentum: 0.5, nesterov: false}}, model: [dropout: {p: 0.1, seed: 0}], name: 1e-3}",
      "");
  const auto text = [&](const std::string& path) { return files.placeless(explain(spec, resolved, path).text()); };
  CHECK(text("optimizer.sgd.lr") ==
        "optimizer.sgd.lr: 3, from --set optimizer.sgd.lr=3\n"
        "  instead of 2, from DIR/run.yaml:3:13\n"
        "  instead of 1, from DIR/base.yaml:1:23");
  CHECK(text("optimizer.sgd.momentum") == "optimizer.sgd.momentum: 0.5, from DIR/base.yaml:1:36");
  CHECK(text("optimizer.sgd.nesterov") == "optimizer.sgd.nesterov: false, from default");
  CHECK(text("model.0.dropout.p") == "model[0].dropout.p: 0.1, from DIR/base.yaml:2:18");
  CHECK(text("model[0].dropout.seed") == "model[0].dropout.seed: 0, from default");
  CHECK(text("name") == "name: 1e-3, from ${env:LR} at DIR/run.yaml:4:7\n  instead of x, from DIR/base.yaml:3:7");
  CHECK(error_text([&] { text("optimizer.sgd.momentun"); }) ==
        "error: no value at 'optimizer.sgd.momentun'\n"
        "  keys of optimizer.sgd: lr, momentum, nesterov\n  help: write 'momentum'");
  CHECK(error_text([&] { text("optimzer"); }) ==
        "error: no value at 'optimzer'\n  keys of the spec: optimizer, model, name\n  help: write 'optimizer'");
  CHECK(error_text([&] { text("model[3]"); }) == "error: no value at 'model[3]'\n  model has 1 element");
  CHECK(error_text([&] { text("a..b"); }) ==
        "error: no value at 'a..b'\n  help: write a path such as optimizer.adamw.lr or model[3].dropout.p");
}
