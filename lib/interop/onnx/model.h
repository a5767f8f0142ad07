// An ONNX model in memory, and its bytes: as many of the messages of onnx.proto (IR version 8) as are written here.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace dl::onnx {

enum class Element : int32_t { f32 = 1, u8 = 2, i32 = 6, i64 = 7, boolean = 9, bf16 = 16 };  // TensorProto.DataType

using Attribute =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>, std::vector<std::string>>;

struct OnnxNode {
  std::string op;
  std::vector<std::string> inputs, outputs;  // an empty name: an input that is left out
  std::map<std::string, Attribute> attributes;
  std::string name;
};

struct Initializer {
  std::string name;
  Element type = Element::f32;
  std::vector<int64_t> sizes;
  std::string bytes;  // little-endian, row-major
};

struct OpenValue {  // an input or output of the graph
  std::string name;
  Element type = Element::f32;
  std::vector<int64_t> sizes;  // -1: the number of samples, "batch"
};

struct Model {
  std::string graph;  // its name
  std::vector<OnnxNode> nodes;
  std::vector<Initializer> initializers;  // the network's tensors
  std::vector<Initializer> constants;     // nodes, so that no reader takes them for weights
  std::vector<OpenValue> inputs, outputs;
  std::map<std::string, std::string> metadata;
};

constexpr int64_t ir_version = 8, opset = 17;

// Protobuf holds 2 GiB: the bytes of a model's initializers stand in a file of their own where they are more than this.
constexpr uint64_t most_inside = uint64_t{3} << 29;

// The model's file, and the file beside it that has what did not go into it, in the order of the initializers, each at
// a multiple of 64 KiB: `beside` is its name, empty where everything is inside.
std::string bytes_of(const Model& model, const std::string& beside = {});
uint64_t bytes_of_initializers(const Model& model);
// Where each initializer stands in the file beside, and its length.
struct Place {
  uint64_t offset = 0, bytes = 0;
};
std::vector<Place> places_beside(const Model& model);

}  // namespace dl::onnx
