// ONNX files by hand whose nodes ask for what cannot be: each is refused by the node's name, before memory is taken.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "lib/interop/onnx/model.h"
#include "lib/interop/onnx_layer/onnx_file.h"
#include "lib/interop/onnx_layer/onnx_import.h"
#include "tests/check_layer.h"
#include "tests/folder.h"

namespace dl::testing {
namespace {

using Numbers64 = std::vector<int64_t>;
constexpr int64_t most_whole = std::numeric_limits<int64_t>::max(), least_whole = std::numeric_limits<int64_t>::min();

template <class T>
onnx::Initializer constant_of(const std::string& name, onnx::Element type, Numbers64 sizes,
                              const std::vector<T>& values) {
  return {name, type, std::move(sizes), {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)}};
}
onnx::Initializer whole_constant(const std::string& name, const Numbers64& values) {
  return constant_of(name, onnx::Element::i64, {std::ssize(values)}, values);
}
onnx::Initializer float_constant(const std::string& name, const std::vector<float>& values) {
  return constant_of(name, onnx::Element::f32, {std::ssize(values)}, values);
}

// A node whose inputs are x, where it reads that, and constants.
struct OneNode {
  std::string op;
  std::vector<onnx::Initializer> constants;
  std::map<std::string, onnx::Attribute> attributes;
  bool reads_x = true;
  std::vector<std::string> outputs{"y"};
};

struct BuiltModel {
  explicit BuiltModel(const std::string& bytes, const Shape& shape = {2, 3}, bool training = false) {
    folder.write("m.onnx", bytes);
    layer = read_registered_as<Layer>("onnx: {path: " + (folder.path / "m.onnx").string() + "}");
    built.emplace(*layer, std::vector<Type>{Type{DType::f32, shape}}, training);
  }
  Folder folder;
  std::unique_ptr<Layer> layer;
  std::optional<BuiltLayer> built;
};

onnx::Model model_of(std::vector<onnx::OnnxNode> nodes, std::vector<onnx::Initializer> constants = {}) {
  return {.graph = "g",
          .nodes = std::move(nodes),
          .constants = std::move(constants),
          .inputs = {{"x", onnx::Element::f32, {-1, 3}}},
          .outputs = {{"y", onnx::Element::f32, {-1, 3}}}};
}

onnx::Model model_of_node(const OneNode& one) {
  onnx::OnnxNode node{.op = one.op, .outputs = one.outputs, .attributes = one.attributes, .name = "n"};
  if (one.reads_x) node.inputs.push_back("x");
  for (const onnx::Initializer& constant : one.constants) node.inputs.push_back(constant.name);
  return model_of({node}, one.constants);
}

// What building its layer says, but for "ONNX node OP 'n': ".
std::string refusal_of_node(const OneNode& one, const Shape& shape = {2, 3}) {
  const std::string text = error_text<ShapeError>([&] { BuiltModel(onnx::bytes_of(model_of_node(one)), shape); });
  const std::string begin = "ONNX node " + one.op + " 'n': ";
  return text.starts_with(begin) ? text.substr(begin.size()) : text;
}

// Messages of protobuf, for attributes that onnx::Model does not write.
std::string protobuf_field(int tag, const std::string& bytes) {
  REQUIRE(bytes.size() < 128);
  return std::string{static_cast<char>(tag << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}
std::string protobuf_number(int tag, int value) { return {static_cast<char>(tag << 3), static_cast<char>(value)}; }

}  // namespace

TEST_CASE("blocks of images in an ONNX file are of one place or more") {
  const Shape image{2, 4, 4, 8};
  CHECK(refusal_of_node({.op = "DepthToSpace", .attributes = {{"blocksize", int64_t{0}}}}, image) ==
        "expected a 'blocksize' of 1 to 32768, got 0");
  CHECK(refusal_of_node({.op = "SpaceToDepth", .attributes = {{"blocksize", int64_t{-2}}}}, image) ==
        "expected a 'blocksize' of 1 to 32768, got -2");
  CHECK(refusal_of_node({.op = "SpaceToDepth", .attributes = {{"blocksize", int64_t{1} << 40}}}, image) ==
        "expected a 'blocksize' of 1 to 32768, got 1099511627776");
  CHECK(refusal_of_node({.op = "DepthToSpace", .attributes = {{"blocksize", int64_t{2}}}}) ==
        "expected [batch, channels, height, width], got 2 axes");
  CHECK(refusal_of_node({.op = "DepthToSpace", .attributes = {{"blocksize", int64_t{2}}}}, image) == "");
}

TEST_CASE("numbers that a node of ONNX is given are as many as it takes, finite and of their type") {
  CHECK(refusal_of_node({.op = "GatherElements",
                         .constants = {whole_constant("data", {1, 2}), float_constant("at", {0})},
                         .reads_x = false}) == "has indices that are not whole numbers");
  const onnx::Initializer none = whole_constant("none", {});
  const auto range = [](const std::vector<float>& values) {
    OneNode one{.op = "Range", .reads_x = false};
    for (const float value : values)
      one.constants.push_back(
          constant_of(concat("n", one.constants.size()), onnx::Element::f32, {}, std::vector{value}));
    return refusal_of_node(one);
  };
  CHECK(refusal_of_node({.op = "Range",
                         .constants = {none, whole_constant("end", {3}), whole_constant("step", {1})},
                         .reads_x = false}) == "input 0 holds 0 numbers, expected one");
  CHECK(range({NAN, 3, 1}) == "input 0 is nan, expected a number");
  CHECK(range({0, INFINITY, 1}) == "input 1 is inf, expected a number");
  CHECK(range({0, 1e30f, 1}) == "makes 1e+30 numbers when the network is built, more than 16777216");
  CHECK(range({0, 3, 0}) == "has a step of 0");
  CHECK(refusal_of_node({.op = "Range",
                         .constants = {whole_constant("begin", {0}), whole_constant("end", {int64_t{1} << 60}),
                                       whole_constant("step", {1 << 30})},
                         .reads_x = false}) == "goes from 0 to 1.15292e+18, beyond what is counted here");
  const onnx::Initializer matrix = constant_of("matrix", onnx::Element::i64, {2, 2}, Numbers64{1, 2, 3, 4});
  CHECK(refusal_of_node({.op = "Trilu", .constants = {matrix, none}, .reads_x = false}) ==
        "input 1 holds 0 numbers, expected one");
  CHECK(refusal_of_node({.op = "Trilu", .constants = {matrix, whole_constant("k", {most_whole})}, .reads_x = false}) ==
        "");
  CHECK(refusal_of_node({.op = "CumSum", .constants = {matrix, none}, .reads_x = false}) ==
        "input 1 holds 0 numbers, expected one");
  CHECK(refusal_of_node({.op = "CumSum",
                         .constants = {whole_constant("sums", {most_whole, 1}), whole_constant("axis", {0})},
                         .reads_x = false}) ==
        "1 and 9223372036854775807: larger than 64 bits count; lower the sizes that it is made of");
  CHECK(refusal_of_node({.op = "Dropout", .constants = {float_constant("ratio", {})}}) ==
        "input 1 holds 0 numbers, expected one");
  CHECK(refusal_of_node({.op = "Dropout", .constants = {float_constant("ratio", {1})}}) ==
        "leaves out a share of 1, expected one below 1");
  CHECK(refusal_of_node({.op = "Reshape", .constants = {float_constant("sizes", {NAN, 1})}}) ==
        "input 1 holds nan, expected whole numbers");
  CHECK(refusal_of_node({.op = "PRelu"}) == "input 1 is missing");
  // A value of ConstantOfShape that holds nothing.
  const std::string tensor = protobuf_number(1, 0) + protobuf_number(2, 1),
                    attribute = protobuf_field(1, "value") + protobuf_field(5, tensor);
  const std::string node = protobuf_field(1, "sizes") + protobuf_field(2, "y") + protobuf_field(3, "n") +
                           protobuf_field(4, "ConstantOfShape") + protobuf_field(5, attribute);
  std::string bytes = onnx::bytes_of(model_of({}, {whole_constant("sizes", {2})}));
  bytes += protobuf_field(7, protobuf_field(1, node));  // a second part of the graph
  CHECK(error_text<ShapeError>([&] { BuiltModel{bytes}; }) ==
        "ONNX node ConstantOfShape 'n': its 'value' holds 0 numbers, expected one");
}

TEST_CASE("slices of an ONNX file reach as far as there is something, however far they are said to") {
  const auto slice = [](const Numbers64& begin, const Numbers64& end, const Numbers64& axes, const Numbers64& steps) {
    return OneNode{.op = "Slice",
                   .constants = {whole_constant("begin", begin), whole_constant("end", end),
                                 whole_constant("axes", axes), whole_constant("steps", steps)}};
  };
  const auto shape_of = [](const OneNode& one) {
    return BuiltModel(onnx::bytes_of(model_of_node(one))).built->y.shape();
  };
  CHECK(shape_of(slice({0}, {most_whole}, {1}, {most_whole - 1})) == Shape{2, 1});
  CHECK(shape_of(slice({most_whole}, {least_whole}, {1}, {least_whole})) == Shape{2, 1});
  CHECK(shape_of(slice({-1}, {least_whole}, {1}, {-2})) == Shape{2, 2});
  CHECK(shape_of(slice({0}, {most_whole}, {1}, {2})) == Shape{2, 2});
  CHECK(refusal_of_node(slice({5}, {1}, {1}, {1})) == "leaves nothing of axis 1");
  CHECK(refusal_of_node(slice({0, 0}, {1, 1}, {1, -1}, {1, 1})) == "names axis 1 twice");
  CHECK(refusal_of_node(slice({0}, {1}, {1}, {0})) == "has a step of 0");
  // Backwards over nothing: nothing.
  const BuiltModel built(onnx::bytes_of(
      model_of({{.op = "Slice", .inputs = {"none", "begin", "end", "axes", "step"}, .outputs = {"s"}},
                {.op = "Concat", .inputs = {"s", "two"}, .outputs = {"y"}}},
               {whole_constant("none", {}), whole_constant("begin", {0}), whole_constant("end", {most_whole}),
                whole_constant("axes", {0}), whole_constant("step", {-1}), whole_constant("two", {3, 4})})));
  CHECK(built.built->y.shape() == Shape{2});
}

TEST_CASE("an ONNX file makes no more numbers when a network is built than there is room for") {
  const std::string more = " numbers when the network is built, more than 16777216";
  CHECK(refusal_of_node({.op = "Tile",
                         .constants = {whole_constant("two", {3, 4}), whole_constant("repeats", {int64_t{1} << 40})},
                         .reads_x = false}) == "makes 2199023255552" + more);
  // One float that is repeated is not written down, whatever for.
  CHECK(refusal_of_node(
            {.op = "ConstantOfShape", .constants = {whole_constant("sizes", {1 << 20, 1 << 20})}, .reads_x = false}) ==
        "");
  const onnx::Model wide = model_of({{.op = "Expand", .inputs = {"first", "count"}, .outputs = {"rows"}},
                                     {.op = "Gather", .inputs = {"matrix", "rows"}, .outputs = {"y"}}},
                                    {whole_constant("first", {0}), whole_constant("count", {1 << 20}),
                                     constant_of("matrix", onnx::Element::i64, {1, 32}, Numbers64(32, 7))});
  CHECK(error_text<ShapeError>([&] { BuiltModel{onnx::bytes_of(wide)}; }) == "ONNX node Gather: makes 33554432" + more);
  const onnx::Model product = model_of({{.op = "Unsqueeze", .inputs = {"row", "axis"}, .outputs = {"column"}},
                                        {.op = "Add", .inputs = {"row", "column"}, .outputs = {"y"}}},
                                       {whole_constant("row", Numbers64(1 << 13, 1)), whole_constant("axis", {1})});
  CHECK(error_text<ShapeError>([&] { BuiltModel{onnx::bytes_of(product)}; }) == "ONNX node Add: makes 67108864" + more);
  CHECK(refusal_of_node({.op = "Pad",
                         .constants = {whole_constant("pads", {0, int64_t{1} << 40, 0, 0})},
                         .attributes = {{"mode", std::string("edge")}}}) == "makes 1099511627779" + more);
  // Of a product that is squared again and again the factors are not written down one by one.
  std::vector<onnx::OnnxNode> squares{{.op = "Mul", .inputs = {"x", "x"}, .outputs = {"s0"}}};
  for (int i = 1; i < 100; ++i)
    squares.push_back({.op = "Mul", .inputs = {concat("s", i - 1), concat("s", i - 1)}, .outputs = {concat("s", i)}});
  squares.push_back({.op = "ReduceSum", .inputs = {"s99"}, .outputs = {"y"}});
  CHECK(BuiltModel(onnx::bytes_of(model_of(squares))).built->y.shape() == Shape{1, 1});
}

TEST_CASE("sizes and parts in an ONNX file that no tensor has are refused") {
  CHECK(refusal_of_node({.op = "Tile", .constants = {whole_constant("repeats", {1, 0})}}) ==
        "repeats axis 1 0 times, which leaves nothing");
  CHECK(refusal_of_node({.op = "Tile", .constants = {whole_constant("repeats", {1, -1})}}) ==
        "repeats an axis -1 times");
  CHECK(
      refusal_of_node({.op = "ConstantOfShape", .constants = {whole_constant("sizes", {-2, -3})}, .reads_x = false}) ==
      "gives a tensor [-2, -3], with a size below 0");
  CHECK(refusal_of_node({.op = "Reshape", .constants = {whole_constant("sizes", {-2, -3})}}) ==
        "gives a tensor [-2, -3], with a size below 0");
  CHECK(refusal_of_node({.op = "Expand", .constants = {whole_constant("sizes", {-3})}}) ==
        "gives a tensor [-3], with a size below 0");
  CHECK(refusal_of_node({.op = "Reshape", .constants = {whole_constant("sizes", [] {
                                            Numbers64 sizes(65, 1);
                                            sizes[0] = 2, sizes[1] = 3;
                                            return sizes;
                                          }())}}) == "gives a tensor of 65 axes, more than 64");
  CHECK(refusal_of_node({.op = "Split",
                         .constants = {whole_constant("parts", {5, -2})},
                         .attributes = {{"axis", int64_t{1}}},
                         .outputs = {"y", "z"}}) == "its parts are not the whole");
  CHECK(refusal_of_node({.op = "Split",
                         .constants = {whole_constant("parts", {most_whole, most_whole})},
                         .attributes = {{"axis", int64_t{1}}},
                         .outputs = {"y", "z"}}) == "its parts are not the whole");
  const onnx::Initializer empty = constant_of("empty", onnx::Element::i64, {0, 4}, Numbers64{}),
                          nothing = constant_of("nothing", onnx::Element::i64, {0, 4}, Numbers64{});
  CHECK(refusal_of_node(
            {.op = "Concat", .constants = {empty, nothing}, .attributes = {{"axis", int64_t{1}}}, .reads_x = false}) ==
        "joins nothing: all its parts are empty");
  CHECK(refusal_of_node({.op = "Concat",
                         .constants = {whole_constant("whole", {1}), float_constant("floats", {0.5f})},
                         .attributes = {{"axis", int64_t{0}}},
                         .reads_x = false}) == "joins floats and whole numbers");
  CHECK(refusal_of_node(
            {.op = "Gather", .constants = {whole_constant("places", {})}, .attributes = {{"axis", int64_t{1}}}}) ==
        "takes nothing");
  CHECK(refusal_of_node({.op = "Pad",
                         .constants = {whole_constant("pads", {0, 0, 0, 1})},
                         .attributes = {{"mode", std::string("none")}}}) ==
        "expected 'mode' to be constant, edge, reflect or wrap, got 'none'");
  CHECK(refusal_of_node({.op = "Pad", .constants = {whole_constant("pads", {0, most_whole, 0, most_whole})}}) ==
        "pads with 9223372036854775807 and 9223372036854775807 places");
  CHECK(refusal_of_node({.op = "Pad", .constants = {whole_constant("pads", {0, -2, 0, -1})}}) ==
        "leaves nothing of axis 1");
}

TEST_CASE("weights and windows of an ONNX file fit what they go over") {
  const Shape image{2, 4, 4, 3};
  const auto conv = [&](const std::string& op, Numbers64 sizes,
                        std::map<std::string, onnx::Attribute> attributes = {}) {
    const auto count = static_cast<size_t>(Shape(sizes).elements());
    return refusal_of_node({.op = op,
                            .constants = {constant_of("weight", onnx::Element::f32, sizes, std::vector<float>(count))},
                            .attributes = std::move(attributes)},
                           image);
  };
  CHECK(conv("Conv", {5, 3, 1, 1}) == "");
  CHECK(conv("Conv", {5, 2, 1, 1}) == "its weight is [5, 2, 1, 1], which does not fit 3 channels in 1 group");
  CHECK(conv("Conv", {5, 1, 1, 1}, {{"group", int64_t{3}}}) ==
        "its weight is [5, 1, 1, 1], which does not fit 3 channels in 3 groups");
  CHECK(conv("ConvTranspose", {5, 3, 1, 1}) == "its weight is [5, 3, 1, 1], which does not fit 3 channels in 1 group");
  CHECK(conv("Conv", {5, 3, 1, 1}, {{"strides", Numbers64{int64_t{1} << 40, 1}}}) ==
        "its window has a number above 1073741824");
  CHECK(refusal_of_node({.op = "BatchNormalization",
                         .constants = {float_constant("a", {1, 1}), float_constant("b", {1, 1, 1}),
                                       float_constant("c", {1, 1, 1}), float_constant("d", {1, 1, 1})}}) ==
        "input 1 is [2] where there are 3 channels");
  CHECK(refusal_of_node({.op = "LSTM",
                         .constants = {float_constant("w", {1}), float_constant("r", {1})},
                         .attributes = {{"hidden_size", int64_t{1}}}}) ==
        "expected [steps, batch, features], got 2 axes");
  CHECK(refusal_of_node({.op = "LSTM",
                         .constants = {float_constant("w", {1}), float_constant("r", {1})},
                         .attributes = {{"hidden_size", most_whole / 2}}},
                        {2, 2, 3})
            .find(": larger than 64 bits count") != std::string::npos);
  const auto resize = [&](const std::string& mode, int64_t size) {
    return refusal_of_node({.op = "Resize",
                            .constants = {float_constant("roi", {}), float_constant("scales", {}),
                                          whole_constant("sizes", {2, 3, size, 4})},
                            .attributes = {{"mode", mode}}},
                           image);
  };
  CHECK(resize("linear", 8) == "");
  CHECK(resize("none", 8) == "expected 'mode' to be nearest, linear or cubic, got 'none'");
  CHECK(resize("linear", int64_t{1} << 30) == "makes 1073741824 places of 4, too many");
  CHECK(resize("linear", -1) == "makes -1 places of 4");
  // What an operation says of shapes is said of the node that it is of.
  CHECK(refusal_of_node({.op = "MatMul",
                         .constants = {constant_of("weight", onnx::Element::f32, {2, 2}, std::vector<float>(4))}}) ==
        "cannot multiply [2, 3] by [2, 2]");
}

TEST_CASE("weights of an ONNX file have names of their own, and no tensor is made twice") {
  onnx::Model model =
      model_of({{.op = "Add", .inputs = {"x", "a/b"}, .outputs = {"p"}},
                {.op = "Add", .inputs = {"p", "a:b"}, .outputs = {"q"}},
                {.op = "Add", .inputs = {"q", "a_b_1"}, .outputs = {"r"}},
                {.op = "Cast", .inputs = {"a/b"}, .outputs = {"whole"}, .attributes = {{"to", int64_t{7}}}},
                {.op = "Add", .inputs = {"r", "whole"}, .outputs = {"y"}}});
  for (const std::string name : {"a/b", "a:b", "a_b_1"}) model.initializers.push_back(float_constant(name, {1, 2, 3}));
  const BuiltModel built(onnx::bytes_of(model));
  for (const std::string name : {"a_b", "a_b_1", "a_b_1_1"}) {
    CAPTURE(name);
    CHECK(built.built->sources.contains(name));
  }
  model.nodes[1].outputs = {"p"};
  CHECK(error_text<ShapeError>([&] { BuiltModel{onnx::bytes_of(model)}; }) == "the ONNX model makes 'p' twice");
  CHECK(error_text<ShapeError>([] {
          BuiltModel{onnx::bytes_of(model_of(
              {{.op = "ReduceSum", .inputs = {"x"}, .outputs = {"y"}, .attributes = {{"keepdims", int64_t{0}}}}}))};
        }) == "the ONNX model gives one number for all samples; name a tensor before it as 'output'");
}

TEST_CASE("running averages of an ONNX file are one node's, and no weights") {
  onnx::Model model = model_of({{.op = "BatchNormalization", .inputs = {"x", "s", "b", "m", "v"}, .outputs = {"p"}},
                                {.op = "BatchNormalization", .inputs = {"p", "s", "b", "m", "v"}, .outputs = {"y"}}});
  for (const std::string name : {"s", "b", "m", "v"}) model.initializers.push_back(float_constant(name, {1, 2, 3}));
  const auto said = [&](bool training) {
    return error_text<ShapeError>([&] { BuiltModel(onnx::bytes_of(model), {2, 3}, training); });
  };
  CHECK(said(false) == "");
  CHECK(said(true) == "ONNX node BatchNormalization: its running averages 'm' are those of another node too");
  model.nodes[0] = {.op = "Add", .inputs = {"x", "m"}, .outputs = {"p"}};
  CHECK(said(false) == "ONNX node BatchNormalization: 'm' is a running average and a weight");
}

TEST_CASE("tensors of an ONNX file have few axes, and do not take the same bytes beside it again and again") {
  const Folder folder;
  folder.write("w.bin", std::string(16, '\0'));
  const auto said = [&](int tensors) {
    std::string bytes = onnx::bytes_of(model_of({{.op = "Relu", .inputs = {"x"}, .outputs = {"y"}}}));
    for (int i = 0; i < tensors; ++i) {
      const std::string place = protobuf_field(1, "location") + protobuf_field(2, "w.bin");
      const std::string tensor = protobuf_number(1, 4) + protobuf_number(2, 1) +
                                 protobuf_field(8, "t" + std::to_string(i)) + protobuf_field(13, place);
      bytes += protobuf_field(7, protobuf_field(5, tensor));  // a further part of the graph
    }
    folder.write("m.onnx", bytes);
    return error_text([&] { onnx::read_model(folder.path / "m.onnx"); }, {{folder.path.string(), "DIR"}});
  };
  CHECK(said(4) == "");
  onnx::Model axes = model_of({{.op = "Relu", .inputs = {"x"}, .outputs = {"y"}}});
  axes.initializers.push_back(constant_of("w", onnx::Element::f32, Numbers64(65, 1), std::vector<float>{1}));
  folder.write("axes.onnx", onnx::bytes_of(axes));
  CHECK(error_text([&] { onnx::read_model(folder.path / "axes.onnx"); }, {{folder.path.string(), "DIR"}}) ==
        "error: DIR/axes.onnx: tensor 'w': has 65 axes, more than 64");
  CHECK(said(5) == "error: DIR/m.onnx: tensor 't4': the tensors take the bytes of 'w.bin' more than 4 times");
}

TEST_CASE("a softmax of an ONNX file over one number a sample is no part of the loss") {
  const Folder folder;
  const onnx::Model model = model_of({{.op = "ReduceMean",
                                       .inputs = {"x"},
                                       .outputs = {"r"},
                                       .attributes = {{"axes", Numbers64{1}}, {"keepdims", int64_t{0}}}},
                                      {.op = "Softmax", .inputs = {"r"}, .outputs = {"y"}}});
  folder.write("m.onnx", onnx::bytes_of(model));
  CHECK(onnx::read_import(folder.path / "m.onnx", {}).config.find("loss")->text == "mse");
}

}  // namespace dl::testing
