// An ONNX file as it is read: nodes in their order and tensors, checked before memory is taken. Format:
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace dl::onnx {

constexpr size_t most_axes = 64;  // of a tensor

// Values of a tensor: floats of any width as f32, whole numbers and booleans as i64.
struct ReadTensor {
  std::vector<int64_t> sizes;
  bool is_float = true;
  std::vector<float> floats;
  std::vector<int64_t> integers;

  int64_t count() const { return static_cast<int64_t>(floats.size() + integers.size()); }
};
using TensorPointer = std::shared_ptr<const ReadTensor>;

using ReadAttribute = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                                   std::vector<std::string>, TensorPointer>;

struct ReadNode {
  std::string op, domain, name;
  std::vector<std::string> inputs, outputs;  // an empty name: one that is left out
  std::map<std::string, ReadAttribute> attributes;
};

// What a model is given, as it says of itself.
struct ReadInput {
  std::string name;
  bool whole = false;          // whole numbers
  bool has_sizes = false;      // of any number of axes; else nothing is said of them
  std::vector<int64_t> sizes;  // -1: open
};

struct ReadModel {
  int64_t opset = 0;
  std::vector<ReadNode> nodes;
  std::map<std::string, TensorPointer> initializers;
  std::vector<ReadInput> inputs;  // without initializers
  std::vector<std::string> outputs;
  uint64_t xxh64 = 0;  // of the file

  std::vector<std::string> input_names() const;
};

// Tensors in files beside it are read too, where these lie in its folder. What is no ONNX, is cut short, or has tensors
// larger than the file is an Error(Exit::data); control flow, functions and quantized tensors are one that names them.
ReadModel read_model(const std::filesystem::path& path);

}  // namespace dl::onnx
