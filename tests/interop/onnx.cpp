// Networks written as ONNX, read back by protobuf's rules.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <protozero/pbf_reader.hpp>

#include "lib/base/text.h"
#include "lib/interop/onnx/rows.h"
#include "lib/interop/onnx/write.h"
#include "tests/interop/operations.h"
#include "tests/interop/small_network.h"

namespace dl::testing {
namespace {

// A model's nodes, a line each: its outputs, operation, inputs.
std::string nodes_of(const onnx::Model& model) {
  std::string text;
  for (const onnx::OnnxNode& node : model.nodes)
    text += join(node.outputs) + " = " + node.op + "(" + join(node.inputs) + ")\n";
  return text;
}

const char* small_convnet = R"(
model:
  - conv2d: {out_channels: 4, kernel_size: 3, padding: same}
  - batch_norm
  - relu
  - max_pool2d: 2
  - flatten
  - linear: 5
  - softmax
)";

}  // namespace

TEST_CASE("every operation that an evaluation has, and every whole, has its row in ONNX's table") {
  for (const std::string& name : operations_of_evaluation()) CHECK_MESSAGE(onnx::rows().contains(name), name);
  for (const std::string_view name : names_of_wholes()) CHECK_MESSAGE(onnx::rows().contains(name), name);
}

TEST_CASE("an image network becomes the nodes that ONNX has for its layers, and nothing is transposed") {
  const SmallNetwork small(small_convnet, {DType::f32, {6, 4, 3}});
  const onnx::Export made = onnx::write(small.trained(), true);
  CHECK(nodes_of(made.model) ==
        "0/Conv:0 = Conv(x, 0.weight, 0.bias)\n"
        "1/BatchNormalization:0 = BatchNormalization(0/Conv:0, 1.weight, 1.bias, 1.running_mean, 1.running_var)\n"
        "2/Relu:0 = Relu(1/BatchNormalization:0)\n"
        "3/MaxPool:0 = MaxPool(2/Relu:0)\n"
        "4/Reshape:0 = Reshape(3/MaxPool:0, sizes_-1_24)\n"
        "5/Gemm:0 = Gemm(4/Reshape:0, 5.weight, 5.bias)\n"
        "6/Softmax:0 = Softmax(5/Gemm:0)\n"
        "output = Identity(6/Softmax:0)\n");
  CHECK(made.batch_is_open);
  REQUIRE(made.model.inputs.size() == 1);
  CHECK(made.model.inputs[0].sizes == std::vector<int64_t>{-1, 3, 6, 4});
  CHECK(made.model.outputs[0].sizes == std::vector<int64_t>{-1, 5});
  REQUIRE(made.tensors.size() == 8);
  CHECK(made.tensors[0].path == "0.weight");
  CHECK(made.tensors[0].shape == Shape{4, 3, 3, 3});
  CHECK(made.tensors[0].change == "as it is");
}

TEST_CASE("with channels last an image is transposed once, and once back") {
  const SmallNetwork small("model: [{conv2d: {out_channels: 4, kernel_size: 3}}, batch_norm, relu]",
                           {DType::f32, {6, 4, 3}});
  const onnx::Model model = onnx::write(small.trained(), false).model;
  CHECK(std::ranges::count(model.nodes, "Transpose", &onnx::OnnxNode::op) == 2);
  CHECK(model.inputs[0].sizes == std::vector<int64_t>{-1, 6, 4, 3});
  CHECK(model.outputs[0].sizes == std::vector<int64_t>{-1, 4, 2, 4});
  CHECK(model.metadata.at("dlcli.layout") == "channels_last");
}

TEST_CASE("sequences become ONNX's own lstm, gru, attention and layer normalization") {
  const SmallNetwork small("model: [{embedding: {num_embeddings: 9, embedding_dim: 4}}, lstm: 3, gru: 4, layer_norm]",
                           {DType::i32, {5}});
  const onnx::Export made = onnx::write(small.trained(), true);
  for (const std::string op : {"Gather", "LSTM", "GRU", "LayerNormalization"})
    CHECK_MESSAGE(std::ranges::count(made.model.nodes, op, &onnx::OnnxNode::op) == 1, op);
  CHECK(std::ranges::count(made.model.nodes, "MatMul", &onnx::OnnxNode::op) == 0);
  CHECK(made.model.inputs[0].type == onnx::Element::i64);
  // Gates i f g o, each of one row of 3 x 4 / 4 … in ONNX's order i o f c.
  const auto recurrent = std::ranges::find(made.model.initializers, "1.weight_hh_l0", &onnx::Initializer::name);
  REQUIRE(recurrent != made.model.initializers.end());
  CHECK(recurrent->sizes == std::vector<int64_t>{1, 12, 3});
  const float* values = reinterpret_cast<const float*>(recurrent->bytes.data());
  CHECK(values[9] == 27.0f / 8);
  CHECK(values[18] == 9.0f / 8);
}

TEST_CASE("a model's bytes are onnx.proto's, field by field") {
  const SmallNetwork small("model: [{linear: 2}]", {DType::f32, {3}});
  const std::string bytes = onnx::bytes_of(onnx::write(small.trained(), true).model);
  std::map<uint32_t, std::string> fields;
  int64_t ir = 0;
  protozero::pbf_reader model(bytes);
  while (model.next()) {
    const uint32_t tag = model.tag();
    if (tag == 1)
      ir = model.get_int64();
    else
      fields[tag] = model.get_string();
  }
  CHECK(ir == 8);
  CHECK(fields.at(2) == "dlcli");
  protozero::pbf_reader opset(fields.at(8));
  REQUIRE(opset.next(2));
  CHECK(opset.get_int64() == 17);
  std::vector<std::string> operations;
  std::string weight;
  protozero::pbf_reader graph(fields.at(7));
  while (graph.next()) {
    if (graph.tag() == 1) {
      protozero::pbf_reader node(graph.get_message());
      REQUIRE(node.next(4));
      operations.push_back(node.get_string());
    } else if (graph.tag() == 5) {
      protozero::pbf_reader tensor(graph.get_message());
      std::string name, raw;
      while (tensor.next()) {
        if (tensor.tag() == 8)
          name = tensor.get_string();
        else if (tensor.tag() == 9)
          raw = tensor.get_string();
        else
          tensor.skip();
      }
      if (name == "0.weight") weight = raw;
    } else {
      graph.skip();
    }
  }
  CHECK(operations == std::vector<std::string>{"Gemm", "Identity"});
  REQUIRE(weight.size() == 6 * sizeof(float));
  CHECK(reinterpret_cast<const float*>(weight.data())[5] == 5.0f / 8);
}

TEST_CASE("what does not fit into protobuf stands in a file beside, each tensor at a page of its own") {
  onnx::Model model;
  model.initializers = {{"a", onnx::Element::f32, {1}, "1234"}, {"b", onnx::Element::f32, {2}, "12345678"}};
  const std::vector<onnx::Place> places = onnx::places_beside(model);
  REQUIRE(places.size() == 2);
  CHECK(places[0].offset == 0);
  CHECK(places[1].offset == 65536);
  CHECK(places[1].bytes == 8);
  const std::string bytes = onnx::bytes_of(model, "m.data");
  CHECK(bytes.find("m.data") != std::string::npos);
  CHECK(bytes.find("12345678") == std::string::npos);
}

}  // namespace dl::testing
