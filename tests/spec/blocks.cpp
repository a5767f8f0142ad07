// lib/spec/blocks: the model list with blocks, repeats and inputs written out.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/blocks.h"

#include <doctest/doctest.h>

#include "lib/spec/yaml.h"
#include "tests/error_text.h"

using namespace dl;
using namespace dl::testing;

namespace {

std::string outline(const std::vector<ModelItem>& items) {
  std::string out;
  for (const ModelItem& item : items) {
    out += item.path;
    for (const int from : item.from) out += " <" + std::to_string(from);
    if (item.is_layer()) out += " " + to_json(item.layer, 0);
    out += "\n" + outline(item.children);
  }
  return out;
}

struct Expanded {
  std::vector<ModelItem> items;
  std::string problems;
};

// `text` has keys model and blocks.
Expanded expanded(const std::string& text, const std::vector<std::string>& inputs = {"x"}) {
  const Node spec = parse_yaml(text, "a.yaml");
  const Node* blocks = spec.find("blocks");
  std::vector<Problem> problems;
  Expanded out;
  out.items = expand_model(*spec.find("model"), blocks ? *blocks : Node(), inputs, problems);
  out.problems = rendered(problems);
  return out;
}

std::string outlined(const std::string& text) {
  const Expanded e = expanded(text);
  CHECK(e.problems == "");
  return outline(e.items);
}

constexpr const char* basic = R"(
blocks:
  basic:
    params: {channels: , stride: 1, mid: "${channels // 2}"}
    layers:
      - conv2d: {out_channels: ${channels}, stride: ${stride}}
        name: conv1
      - linear: ${mid}
      - add
      - relu
)";

}  // namespace

TEST_CASE("a plain list has the index as path, each item fed by the one before") {
  CHECK(outlined("model: [conv2d: {kernel_size: 3}, relu, {linear: 10, name: head}, softmax: ]") ==
        "0 <-1 {\"conv2d\": {\"kernel_size\": 3}}\n"
        "1 <0 \"relu\"\n"
        "head <1 {\"linear\": 10}\n"
        "3 <2 {\"softmax\": null}\n");
}

TEST_CASE("the inputs that the data have are names for from") {
  const std::string text = "model: [{linear: 3, from: table, name: a}, relu, {add: , from: [a, words, x]}]";
  CHECK(outline(expanded(text, {"x", "table", "words"}).items) ==
        "a <-2 {\"linear\": 3}\n1 <0 \"relu\"\n2 <0 <-3 <-1 {\"add\": null}\n");
  CHECK(expanded("model: [{relu: , from: words}, {relu: , from: x}]", {"words"}).problems == "");
  CHECK(
      expanded("model: [relu]", {"X", "labels"}).problems ==
      "error: a.yaml:1:9: model[0]: expected 'from': the data have 2 inputs, none named x\n"
      "  help: write 'from: X', or another of: X, labels; or call them x and y in the data, as layers and losses read "
      "them without being told");
  CHECK(expanded("model: [relu, {relu: , from: word, name: table}]", {"table", "words"}).problems ==
        "error: a.yaml:1:9: model[0]: expected 'from': the data have 2 inputs, none named x\n"
        "  help: write 'from: table', or another of: table, words\n"
        "error: a.yaml:1:30: model[1].from: unknown input 'word'\n  names before this item: table, words\n"
        "  help: write 'words'\n"
        "error: a.yaml:1:42: model[1].name: 'table' names an input already\n  help: write another name");
}

TEST_CASE("where the data's inputs are not known, any name may be one, but not in a block") {
  CHECK(expanded("model: [{relu: , from: words}]", {}).problems == "");
  CHECK(expanded("blocks: {b: {layers: [{relu: , from: y}]}}\nmodel: [b]", {"y"}).problems ==
        "error: a.yaml:1:38: blocks.b.layers[0].from: unknown input 'y'\n  names before this item: x\n"
        "  used by model[0] at a.yaml:2:9\n  help: give an earlier item 'name: y'");
}

TEST_CASE("from names earlier items or x") {
  CHECK(outlined("model: [{linear: 3, name: stem}, relu, {add: , from: [stem, x]}, {add: , from: stem}]") ==
        "stem <-1 {\"linear\": 3}\n1 <0 \"relu\"\n2 <0 <-1 {\"add\": null}\n3 <0 {\"add\": null}\n");
}

TEST_CASE("a block is written out with its parameters, computed ones too") {
  CHECK(outlined(std::string(basic) +
                 "model: [relu, basic: {channels: 16}, {basic: {channels: 8, stride: 2, mid: 3}, name: b}]") ==
        "0 <-1 \"relu\"\n"
        "1 <0\n"
        "1.conv1 <-1 {\"conv2d\": {\"out_channels\": 16, \"stride\": 1}}\n"
        "1.1 <0 {\"linear\": 8}\n1.2 <1 \"add\"\n1.3 <2 \"relu\"\n"
        "b <1\n"
        "b.conv1 <-1 {\"conv2d\": {\"out_channels\": 8, \"stride\": 2}}\n"
        "b.1 <0 {\"linear\": 3}\nb.2 <1 \"add\"\nb.3 <2 \"relu\"\n");
}

TEST_CASE("repeat makes copies, each fed by the one before; none is the input itself") {
  CHECK(
      outlined("model: [linear: 3, {relu: , repeat: 2}, {relu: , repeat: 0, name: r}, {relu: , from: r}]") ==
      "0 <-1 {\"linear\": 3}\n1 <0\n1.0 <-1 {\"relu\": null}\n1.1 <0 {\"relu\": null}\nr <1\n3 <2 {\"relu\": null}\n");
  CHECK(outlined("blocks: {b: {layers: [relu]}}\nmodel: [{b: , repeat: 2, name: layer1}]") ==
        "layer1 <-1\nlayer1.0 <-1\nlayer1.0.0 <-1 \"relu\"\nlayer1.1 <0\nlayer1.1.0 <-1 \"relu\"\n");
}

TEST_CASE("copies with a number in their name are items of the list") {
  CHECK(outlined("model: [linear: 3, {relu: , repeat: 2, name: \"{}\", from: x}, tanh, {linear: 1, from: x}]") ==
        outlined("model: [linear: 3, {relu: , from: x}, {relu: }, tanh, {linear: 1, from: x}]"));
  CHECK(outlined("model: [linear: 3, {relu: , repeat: 2, name: \"r{1}\"}, tanh, {linear: 1, from: r2}]") ==
        outlined("model: [linear: 3, {relu: , name: r1}, {relu: , name: r2}, tanh, {linear: 1, from: r2}]"));
  CHECK(outlined("model: [linear: 3, {relu: , repeat: 0, name: \"{}\"}, tanh]") ==
        outlined("model: [linear: 3, tanh]"));
  CHECK(outlined("blocks: {b: {inputs: [m], layers: [relu]}}\n"
                 "model: [{linear: 3, name: a}, tanh, {b: , from: {x: a, m: a}, repeat: 2, name: \"b{0}\"}]") ==
        outlined(
            "blocks: {b: {inputs: [m], layers: [relu]}}\n"
            "model: [{linear: 3, name: a}, tanh, {b: , from: {x: a, m: a}, name: b0}, {b: , from: {m: a}, name: b1}]"));
  CHECK(expanded("model: [{relu: , repeat: 2, name: \"r{\"}, {relu: , repeat: 2, name: \"{1}\"},\n"
                 "{relu: , repeat: 2, name: \"r{}\"}, {relu: , name: \"r{1}\"}]")
            .problems ==
        "error: a.yaml:1:35: model[0].name: expected a name, or one that ends with the number of the first copy in "
        "braces, "
        "got 'r{'\n  help: write 'layer{1}' for layer1, layer2, …, or \"{}\" for copies without names\n"
        "error: a.yaml:1:68: model[1].name: expected a name, or one that ends with the number of the first copy in "
        "braces, "
        "got '{1}'\n  help: write 'layer{1}' for layer1, layer2, …, or \"{}\" for copies without names\n"
        "error: a.yaml:2:27: model[2].name: expected a name, or one that ends with the number of the first copy in "
        "braces, "
        "got 'r{}'\n  help: write 'layer{1}' for layer1, layer2, …, or \"{}\" for copies without names\n"
        "error: a.yaml:2:50: model[3].name: only what is repeated has a number in its name\n"
        "  help: write 'repeat: N' beside it, or 'r1'");
  CHECK(expanded("model: [{relu: , name: \"{}\"}]").problems.ends_with("beside it, or leave the name out"));
  CHECK(expanded("model: [{name: r2, relu: }, {relu: , repeat: 2, name: \"r{1}\"}, {add: , from: [r2, x], repeat: 2, "
                 "name: \"a{1}\"}]")
            .problems ==
        "error: a.yaml:1:55: model[1].name: another item of this list is named 'r2'\n  help: write another name\n"
        "error: a.yaml:1:78: model[2].from: 'repeat' takes one input, got 2\n"
        "  help: repeat a block that is given one input");
  CHECK(expanded("model: [relu, {relu: , repeat: 10000, name: \"{}\"}]").problems ==
        "error: a.yaml:1:16: model[1]: the model has more than 10000 layers\n  help: repeat less");
}

TEST_CASE("blocks use blocks, with repeats that are parameters") {
  CHECK(outlined(R"(
blocks:
  outer: {params: {n: 1, w: 2}, layers: [{inner: {w: "${w * 10}"}, repeat: "${n}"}]}
  inner: {params: {w: }, layers: [linear: "${w}"]}
model: [outer: {n: 2}]
)") == "0 <-1\n0.0 <-1\n0.0.0 <-1\n0.0.0.0 <-1 {\"linear\": 20}\n0.0.1 <0\n0.0.1.0 <-1 {\"linear\": 20}\n");
}

TEST_CASE("a model in a map brings its own blocks, which go before those of the run") {
  CHECK(outlined("blocks: {b: {layers: [run]}, c: {layers: [run]}}\n"
                 "model: {blocks: {b: {layers: [own]}}, layers: [b, c]}") ==
        "0 <-1\n0.0 <-1 \"own\"\n1 <0\n1.0 <-1 \"run\"\n");
}

TEST_CASE("items of a block know their place, their label and who uses them") {
  const Expanded e = expanded(std::string(basic) + "model: [relu, basic: {channels: 16}]");
  const ModelItem& conv = e.items[1].children[0];
  CHECK(conv.label == "blocks.basic.layers[0]");
  CHECK(conv.where.text() == "a.yaml:6:9");
  CHECK(conv.notes == std::vector<std::string>{"used by model[1] at a.yaml:11:15"});
  CHECK(conv.layer.find("conv2d")->find("out_channels")->via == "${channels}");
  CHECK(e.items[0].label == "model[0]");
  CHECK(e.items[0].notes.empty());
}

TEST_CASE("an item that is no layer says what to write") {
  CHECK(expanded("model: [3, [relu], {name: a}, {relu: , linear: 3}, ~]").problems ==
        "error: a.yaml:1:9: model[0]: expected a layer or a block, got 3\n"
        "  help: write 'NAME' or 'NAME: {…}', and beside it name, from, repeat, tie or share\n"
        "error: a.yaml:1:12: model[1]: expected a layer or a block, got a list of 1\n"
        "  help: write each of the list as an item of its own; what belongs together is a block\n"
        "error: a.yaml:1:20: model[2]: expected a layer or a block, got a map with key name\n"
        "  help: write 'NAME' or 'NAME: {…}', and beside it name, from, repeat, tie or share\n"
        "error: a.yaml:1:31: model[3]: expected one layer or block, got relu, linear\n"
        "  help: write each as an item of its own: '- relu', '- linear: 3'\n"
        "error: a.yaml:1:52: model[4]: expected a layer or a block, got nothing\n"
        "  help: write 'NAME' or 'NAME: {…}', and beside it name, from, repeat, tie or share");
}

TEST_CASE("names and inputs that cannot be are refused") {
  CHECK(expanded(
            "model: [{relu: , name: x}, {relu: , name: a}, {relu: , name: a}, {relu: , name: 3}, {relu: , name: a.b}]")
            .problems ==
        "error: a.yaml:1:24: model[0].name: 'x' names the input already\n  help: write another name\n"
        "error: a.yaml:1:62: model[2].name: another item of this list is named 'a'\n  help: write another name\n"
        "error: a.yaml:1:81: model[3].name: expected a name, got 3\n"
        "  help: begin with a letter; use letters, digits, _ and -\n"
        "error: a.yaml:1:100: model[4].name: expected a name, got 'a.b'\n"
        "  help: begin with a letter; use letters, digits, _ and -");
  CHECK(expanded("model: [{relu: , name: stem}, {add: , from: [stme, later]}, {relu: , from: []}, {relu: , from: 3}, "
                 "{relu: , name: later}]")
            .problems ==
        "error: a.yaml:1:46: model[1].from: unknown input 'stme'\n"
        "  names before this item: x, stem\n  help: write 'stem'\n"
        "error: a.yaml:1:52: model[1].from: unknown input 'later'\n"
        "  names before this item: x, stem\n  help: give an earlier item 'name: later'\n"
        "error: a.yaml:1:76: model[2].from: expected the names of one input or more, got a list of 0\n"
        "error: a.yaml:1:96: model[3].from: expected the name of an item before this one, or x, got 3\n"
        "  help: give that item a name, as 'name: stem' beside its layer, and write the name here");
  CHECK(expanded("blocks: {b: {layers: [relu]}}\nmodel: [{b: , name: stem}, {relu: , from: stem.inner}]").problems ==
        "error: a.yaml:2:43: model[1].from: unknown input 'stem.inner'\n"
        "  names before this item: x, stem\n"
        "  help: write 'stem': of a block only what it ends with is read from outside");
}

TEST_CASE("repeat and blocks take one input") {
  CHECK(expanded(
            "blocks: {b: {layers: [relu]}}\n"
            "model: [{relu: , name: a}, {add: , from: [a, x], repeat: 2}, {b: , from: [a, x]}, {relu: , repeat: -1}]")
            .problems ==
        "error: a.yaml:2:42: model[1].from: 'repeat' takes one input, got 2\n"
        "  help: repeat a block that is given one input\n"
        "error: a.yaml:2:63: model[2].from: block 'b' has 1 input, got 2\n  it is defined at a.yaml:1:10\n"
        "  help: write 'inputs: [NAME]' in the block for what it reads besides x\n"
        "error: a.yaml:2:100: model[3].repeat: expected an integer at least 0 and at most 10000, got -1");
}

TEST_CASE("a block is used with the parameters it has") {
  CHECK(expanded(std::string(basic) + "model: [basic: {chanels: 3}, basic: 16, basic]").problems ==
        "error: a.yaml:11:17: model[0] (basic): unknown key 'chanels'\n"
        "  known keys: channels, stride, mid\n  help: write 'channels'\n"
        "error: a.yaml:11:37: model[1] (basic): expected a map of params, got 16\n"
        "  known keys: channels, stride, mid\n"
        "  help: write 'basic: {channels: …}'\n"
        "error: a.yaml:11:41: model[2] (basic): key 'channels' is missing\n"
        "  block 'basic' is defined at a.yaml:3:3\n  help: add 'channels: …'");
}

TEST_CASE("an error inside a block names its place there and the use, once for all uses") {
  CHECK(expanded("blocks:\n  b:\n    params: {c: 1}\n    layers: [linear: ${d + 1}, {relu: , from: y}]\nmodel: [b, b]")
            .problems ==
        "error: a.yaml:4:22: blocks.b.layers[0].linear: unknown name 'd' in ${}\n"
        "  params of the block: c\n  used by model[0] at a.yaml:5:9\n"
        "error: a.yaml:4:47: blocks.b.layers[1].from: unknown input 'y'\n"
        "  names before this item: x\n  used by model[0] at a.yaml:5:9\n  help: give an earlier item 'name: y'");
}

TEST_CASE("a block that is not defined well is named before anything is expanded") {
  CHECK(
      expanded("blocks: {a: 3, b: {parms: {}, layers: []}, c: {}, d: {layers: 3}, name: {layers: []}, e: {params: 3, "
               "layers: []}}\n"
               "model: [a]")
          .problems ==
      "error: a.yaml:1:13: blocks.a: expected a block, got 3\n  help: write 'a: {params: {…}, layers: […]}'\n"
      "error: a.yaml:1:20: blocks.b: unknown key 'parms'\n  known keys: inputs, layers, params\n  help: write "
      "'params'\n"
      "error: a.yaml:1:44: blocks.c: key 'layers' is missing\n  help: add 'layers: […]', a list of layers and blocks\n"
      "error: a.yaml:1:63: blocks.d.layers: expected a list of layers and blocks, got 3\n"
      "error: a.yaml:1:67: blocks.name: a block cannot be called 'name', which has a meaning beside a layer\n"
      "  help: write another name\n"
      "error: a.yaml:1:99: blocks.e.params: expected a map of parameters, got 3\n"
      "  help: write '{NAME: DEFAULT}', without a value where it must be given");
  CHECK(expanded("blocks: [a]\nmodel: [a]").problems ==
        "error: a.yaml:1:9: blocks: expected a map of blocks, got a list of 1\n"
        "  help: write 'blocks: {NAME: {params: {…}, layers: […]}}'");
}

TEST_CASE("a model that is no list is refused") {
  CHECK(expanded("model: relu").problems ==
        "error: a.yaml:1:8: model: expected a list of layers and blocks, got 'relu'\n"
        "  help: write [relu], or the name of a file: 'models/relu.yaml'");
  CHECK(expanded("model: []").problems == "error: a.yaml:1:8: model: expected at least one layer, got a list of 0");
  CHECK(expanded("model: {layer: [relu]}").problems ==
        "error: a.yaml:1:9: model: unknown key 'layer'\n  known keys: blocks, layers\n  help: write 'layers'");
}

TEST_CASE("blocks that use themselves are shown as a circle") {
  CHECK(expanded("blocks: {a: {layers: [b]}, b: {layers: [relu, a]}}\nmodel: [a]").problems ==
        "error: a.yaml:1:47: blocks.b.layers[1]: blocks in a circle: a -> b -> a\n"
        "  used by blocks.a.layers[0] at a.yaml:1:23\n  used by model[0] at a.yaml:2:9\n"
        "  help: remove one of these uses");
}

TEST_CASE("an expanded model is bounded") {
  CHECK(expanded("model: [{relu: , repeat: 10000}]").items[0].children.size() == 10'000);
  CHECK(expanded("model: [relu, {relu: , repeat: 10000}]").problems ==
        "error: a.yaml:1:16: model[1]: the model has more than 10000 layers\n  help: repeat less");
  std::string doubling = "blocks:\n  b0: {layers: [relu]}\n", empty = "blocks:\n  b0: {layers: []}\n",
              chain = "blocks:\n  b0: {layers: []}\n", wide = "blocks:\n  w: {layers: [relu: [";
  for (int i = 1; i < 60; ++i) {
    const std::string last = "b" + std::to_string(i - 1), head = "  b" + std::to_string(i) + ": {layers: [";
    doubling += head + last + ", " + last + "]}\n";
    empty += head + last + ", " + last + "]}\n";
  }
  for (int i = 1; i < 1000; ++i) chain += "  b" + std::to_string(i) + ": {layers: [b" + std::to_string(i - 1) + "]}\n";
  for (int i = 0; i < 10'000; ++i) wide += "1,";
  CHECK(expanded(doubling + "model: [b59]").problems.find("more than 10000 blocks") != std::string::npos);
  CHECK(expanded(empty + "model: [b59]").problems.find("more than 10000 blocks") != std::string::npos);
  CHECK(expanded(chain + "model: [b999]").problems.find("more than 64 blocks in one another") != std::string::npos);
  CHECK(expanded(wide + "]]}\nmodel: [{w: , repeat: 5000}]").problems.find("more than 1000000 values") !=
        std::string::npos);
}

namespace {

constexpr const char* decoder = R"(
blocks:
  decoder:
    inputs: [memory, mask]
    layers:
      - add:
        from: [x, memory]
        name: joined
      - add:
        from: [joined, mask, x]
)";

}  // namespace

TEST_CASE("a block may read more than x: what its inputs name, given by from") {
  CHECK(outlined(std::string(decoder) +
                 "model: [{linear: 1, name: a}, {linear: 2, name: m}, relu, {decoder: , from: {memory: a, mask: m}}, "
                 "{decoder: , from: {mask: x, memory: m, x: a}, repeat: 2}]") ==
        "a <-1 {\"linear\": 1}\nm <0 {\"linear\": 2}\n2 <1 \"relu\"\n"
        "3 <2 <0 <1\n3.joined <-1 <-2 {\"add\": null}\n3.1 <0 <-3 <-1 {\"add\": null}\n"
        "4 <0 <1 <-1\n"
        "4.0 <-1 <-2 <-3\n4.0.joined <-1 <-2 {\"add\": null}\n4.0.1 <0 <-3 <-1 {\"add\": null}\n"
        "4.1 <0 <-2 <-3\n4.1.joined <-1 <-2 {\"add\": null}\n4.1.1 <0 <-3 <-1 {\"add\": null}\n");
}

TEST_CASE("what a block reads besides x must be given, and nothing else") {
  CHECK(expanded(std::string(decoder) +
                 "model: [{linear: 1, name: a}, decoder, {decoder: , from: {memory: a, maks: a}}, "
                 "{relu: , from: {memory: a}}]")
            .problems ==
        "error: a.yaml:11:31: model[1].from: block 'decoder' has 3 inputs, got 1\n"
        "  it is defined at a.yaml:3:3\n  help: write 'from: {memory: NAME, mask: NAME}'\n"
        "error: a.yaml:11:70: model[2].from: unknown key 'maks'\n"
        "  known keys: x, memory, mask\n  help: write 'mask'\n"
        "error: a.yaml:11:96: model[3].from: expected the name of an item before this one, or a list of them, got a "
        "map with key memory\n  help: inputs by name are for blocks that have 'inputs: […]'");
}
