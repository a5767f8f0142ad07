// ONNX's messages by the numbers of their fields.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx_layer/onnx_file.h"

#include <optional>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/interop/onnx_layer/onnx_tensor.h"

namespace dl::onnx {
namespace {

namespace fs = std::filesystem;

class File {
 public:
  explicit File(const fs::path& path) : path_(path) {}

  [[noreturn]] void fail(std::string what, std::string help = {}) const {
    fail_file(path_, std::move(what), std::move(help));
  }

  ReadModel read() {
    bytes_ = read_file(path_, most_file_bytes);
    ReadModel model;
    model.xxh64 = dl::xxh64(bytes_);
    bool has_graph = false;
    try {
      ProtobufMessage message(bytes_);
      while (message.next()) {
        if (message.tag() == 7) {
          has_graph = true;
          read_graph(message.get_message(), model);
        } else if (message.tag() == 8) {
          read_opset(message.get_message(), model);
        } else if (message.tag() == 25) {
          fail("the model has functions of its own, which are not read",
               "write it with them inlined: onnx.inliner.inline_local_functions");
        } else {
          message.skip();
        }
      }
    } catch (const protozero::exception& error) {
      fail(concat("expected an ONNX model, found what is none: ", error.what()), "get the file again");
    }
    if (!has_graph || model.opset == 0) fail("expected an ONNX model, found what is none", "get the file again");
    if (model.opset < 7)
      fail(concat("is of opset ", model.opset, "; operators of before 7 broadcast in another way and are not read"),
           "convert it: onnx.version_converter.convert_version(model, 13)");
    std::erase_if(model.inputs, [&](const ReadInput& input) { return model.initializers.contains(input.name); });
    return model;
  }

 private:
  void read_opset(ProtobufMessage message, ReadModel& model) const {
    std::string domain;
    int64_t version = 0;
    while (message.next()) {
      if (message.tag() == 1)
        domain = message.get_string();
      else if (message.tag() == 2)
        version = message.get_int64();
      else
        message.skip();
    }
    if (domain.empty() || domain == "ai.onnx") model.opset = version;
  }

  void read_graph(ProtobufMessage graph, ReadModel& model) {
    while (graph.next()) {
      switch (graph.tag()) {
        case 1: model.nodes.push_back(read_node(graph.get_message())); break;
        case 5: {
          std::string name;
          TensorPointer tensor = read_tensor(graph.get_message(), path_, name, beside_);
          model.initializers[name] = std::move(tensor);
          break;
        }
        case 11: model.inputs.push_back(read_input(graph.get_message())); break;
        case 12: model.outputs.push_back(read_input(graph.get_message()).name); break;
        case 15: fail("the model has sparse tensors, which are not read");
        default: graph.skip();
      }
    }
  }

  // A ValueInfoProto: a name, and in its type's field 1, a tensor's, the type of the elements and the axes.
  ReadInput read_input(ProtobufMessage value) const {
    ReadInput input;
    while (value.next()) {
      if (value.tag() == 1)
        input.name = value.get_string();
      else if (value.tag() == 2)
        read_type(value.get_message(), input);
      else
        value.skip();
    }
    return input;
  }

  void read_type(ProtobufMessage type, ReadInput& input) const {
    if (!type.next(1)) return;
    ProtobufMessage tensor = type.get_message();
    while (tensor.next()) {
      if (tensor.tag() == 1) {
        input.whole = !is_float_type(tensor.get_int32());
      } else if (tensor.tag() == 2) {
        read_axes(tensor.get_message(), input);
      } else {
        tensor.skip();
      }
    }
  }

  void read_axes(ProtobufMessage shape, ReadInput& input) const {
    input.has_sizes = true;
    while (shape.next(1)) {
      ProtobufMessage axis = shape.get_message();
      const int64_t size = axis.next(1) ? axis.get_int64() : -1;
      input.sizes.push_back(size > 0 ? size : -1);
      if (input.sizes.size() > most_axes)
        fail(concat("its input '", shortened(input.name), "' has more axes than ", most_axes));
    }
  }

  ReadNode read_node(ProtobufMessage message) {
    ReadNode node;
    while (message.next()) {
      switch (message.tag()) {
        case 1: node.inputs.push_back(message.get_string()); break;
        case 2: node.outputs.push_back(message.get_string()); break;
        case 3: node.name = message.get_string(); break;
        case 4: node.op = message.get_string(); break;
        case 5: read_attribute(message.get_message(), node); break;
        case 7: node.domain = message.get_string(); break;
        default: message.skip();
      }
    }
    return node;
  }

  void read_attribute(ProtobufMessage message, ReadNode& node) {
    std::string name;
    std::optional<ReadAttribute> value;
    std::vector<int64_t> integers;
    std::vector<float> floats;
    std::vector<std::string> strings;
    while (message.next()) {
      switch (message.tag()) {
        case 1: name = message.get_string(); break;
        case 2: value = message.get_float(); break;
        case 3: value = message.get_int64(); break;
        case 4: value = message.get_string(); break;
        case 5: {
          std::string ignored;
          value = read_tensor(message.get_message(), path_, ignored, beside_);
          break;
        }
        case 7: message.add_floats(floats); break;
        case 8: message.add_int64s(integers); break;
        case 9: strings.push_back(message.get_string()); break;
        case 6:
        case 11:
          fail(concat("the node '", shortened(node.op), "' has a graph of its own (If, Loop, Scan), which is not read"),
               "write the model without control flow: trace it with an example");
        default: message.skip();
      }
    }
    if (!integers.empty())
      value = std::move(integers);
    else if (!floats.empty())
      value = std::move(floats);
    else if (!strings.empty())
      value = std::move(strings);
    // A list without items is written as nothing.
    node.attributes[name] = value ? std::move(*value) : ReadAttribute(std::vector<int64_t>());
  }

  const fs::path path_;
  std::string bytes_;
  BytesBeside beside_;
};

}  // namespace

std::vector<std::string> ReadModel::input_names() const {
  std::vector<std::string> names;
  for (const ReadInput& input : inputs) names.push_back(input.name);
  return names;
}

ReadModel read_model(const fs::path& path) { return File(path).read(); }

}  // namespace dl::onnx
