// ONNX's messages by the numbers of their fields.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx_layer/onnx_file.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "lib/base/error.h"
#include "lib/base/f16.h"
#include "lib/base/file.h"
#include "lib/base/hash.h"
#include "lib/base/text.h"
#include "lib/data/file/protobuf.h"

namespace dl::onnx {
namespace {

namespace fs = std::filesystem;
using Message = ProtobufMessage;

constexpr uint64_t most_file_bytes = uint64_t{4} << 30;

enum DataType : int32_t {
  f32 = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  text = 8,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  u32 = 12,
  u64 = 13,
  bf16 = 16
};

int64_t width_of(int32_t type) {
  switch (type) {
    case u8:
    case i8:
    case boolean: return 1;
    case u16:
    case i16:
    case f16:
    case bf16: return 2;
    case f32:
    case i32:
    case u32: return 4;
    case i64:
    case f64:
    case u64: return 8;
    default: return 0;
  }
}

std::string text_of(const protozero::data_view& view) { return {view.data(), view.size()}; }

class File {
 public:
  explicit File(const fs::path& path) : path_(path) {}

  [[noreturn]] void fail(std::string what, std::string help = {}) const {
    throw Error(Exit::data,
                Problem{.where = {.file = path_.string()}, .what = std::move(what), .help = std::move(help)});
  }

  ReadModel read() {
    bytes_ = read_file(path_, most_file_bytes);
    ReadModel model;
    model.xxh64 = dl::xxh64(bytes_);
    bool has_graph = false;
    try {
      Message message(bytes_);
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
  void read_opset(Message message, ReadModel& model) const {
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

  void read_graph(Message graph, ReadModel& model) const {
    while (graph.next()) {
      switch (graph.tag()) {
        case 1: model.nodes.push_back(read_node(graph.get_message())); break;
        case 5: {
          std::string name;
          TensorPointer tensor = read_tensor(graph.get_message(), name);
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
  static ReadInput read_input(Message value) {
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

  static void read_type(Message type, ReadInput& input) {
    if (!type.next(1)) return;
    Message tensor = type.get_message();
    while (tensor.next()) {
      if (tensor.tag() == 1) {
        const int32_t of = tensor.get_int32();
        input.whole = of != f32 && of != f16 && of != f64 && of != bf16;
      } else if (tensor.tag() == 2) {
        read_axes(tensor.get_message(), input);
      } else {
        tensor.skip();
      }
    }
  }

  static void read_axes(Message shape, ReadInput& input) {
    input.has_sizes = true;
    while (shape.next(1)) {
      Message axis = shape.get_message();
      const int64_t size = axis.next(1) ? axis.get_int64() : -1;
      input.sizes.push_back(size > 0 ? size : -1);
    }
  }

  ReadNode read_node(Message message) const {
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

  void read_attribute(Message message, ReadNode& node) const {
    std::string name;
    std::optional<ReadAttribute> value;
    std::vector<int64_t> integers;
    std::vector<float> floats;
    std::vector<std::string> strings;
    while (message.next()) {
      const bool packed = message.wire_type() == protozero::pbf_wire_type::length_delimited;
      switch (message.tag()) {
        case 1: name = message.get_string(); break;
        case 2: value = message.get_float(); break;
        case 3: value = message.get_int64(); break;
        case 4: value = text_of(message.get_view()); break;
        case 5: {
          std::string ignored;
          value = read_tensor(message.get_message(), ignored);
          break;
        }
        case 7:
          if (packed)
            for (const float x : message.get_packed_float()) floats.push_back(x);
          else
            floats.push_back(message.get_float());
          break;
        case 8:
          if (packed)
            for (const int64_t x : message.get_packed_int64()) integers.push_back(x);
          else
            integers.push_back(message.get_int64());
          break;
        case 9: strings.push_back(text_of(message.get_view())); break;
        case 6:
        case 11:
          fail(concat("the node '", node.op, "' has a graph of its own (If, Loop, Scan), which is not read"),
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

  struct RawTensor {
    std::vector<int64_t> sizes;
    int32_t type = 0;
    std::string name, raw, location;
    uint64_t offset = 0, length = 0;
    bool has_raw = false, has_length = false;
    std::vector<float> floats;
    std::vector<int64_t> integers;
  };

  TensorPointer read_tensor(Message message, std::string& name) const {
    RawTensor raw;
    while (message.next()) {
      const bool packed = message.wire_type() == protozero::pbf_wire_type::length_delimited;
      switch (message.tag()) {
        case 1:
          if (packed)
            for (const int64_t n : message.get_packed_int64()) raw.sizes.push_back(n);
          else
            raw.sizes.push_back(message.get_int64());
          break;
        case 2: raw.type = message.get_int32(); break;
        case 4:
          if (packed)
            for (const float x : message.get_packed_float()) raw.floats.push_back(x);
          else
            raw.floats.push_back(message.get_float());
          break;
        case 5:
          if (packed)
            for (const int32_t x : message.get_packed_int32()) raw.integers.push_back(x);
          else
            raw.integers.push_back(message.get_int32());
          break;
        case 7:
          if (packed)
            for (const int64_t x : message.get_packed_int64()) raw.integers.push_back(x);
          else
            raw.integers.push_back(message.get_int64());
          break;
        case 10:
          if (packed)
            for (const double x : message.get_packed_double()) raw.floats.push_back(static_cast<float>(x));
          else
            raw.floats.push_back(static_cast<float>(message.get_double()));
          break;
        case 8: raw.name = message.get_string(); break;
        case 9:
          raw.raw = text_of(message.get_view());
          raw.has_raw = true;
          break;
        case 13: read_external(message.get_message(), raw); break;
        default: message.skip();
      }
    }
    name = raw.name;
    return decoded(raw);
  }

  void read_external(Message entry, RawTensor& raw) const {
    std::string key, value;
    while (entry.next()) {
      if (entry.tag() == 1)
        key = entry.get_string();
      else if (entry.tag() == 2)
        value = entry.get_string();
      else
        entry.skip();
    }
    const auto number = [&] {
      uint64_t n = 0;
      for (const char c : value) {
        if (c < '0' || c > '9' || n > most_file_bytes) fail(concat("the tensor's place beside is '", value, "'"));
        n = 10 * n + static_cast<uint64_t>(c - '0');
      }
      return n;
    };
    if (key == "location") raw.location = value;
    if (key == "offset") raw.offset = number();
    if (key == "length") raw.length = number(), raw.has_length = true;
  }

  TensorPointer decoded(RawTensor& raw) const {
    const auto refuse = [&](const std::string& what) { fail(concat("tensor '", shortened(raw.name), "': ", what)); };
    const int64_t width = width_of(raw.type);
    if (width == 0)
      refuse(concat("expected numbers, found the type ", raw.type,
                    raw.type == text  ? " (text)"
                    : raw.type > bf16 ? " (quantized or of fewer bits)"
                                      : ""));
    int64_t count = 1;
    for (const int64_t n : raw.sizes)
      if (n < 0 || __builtin_mul_overflow(count, n, &count) || count > int64_t{1} << 33)
        refuse("its sizes are too large");
    auto tensor = std::make_shared<ReadTensor>();
    tensor->sizes = raw.sizes;
    tensor->is_float = raw.type == f32 || raw.type == f16 || raw.type == f64 || raw.type == bf16;
    if (!raw.location.empty()) {
      const fs::path location(raw.location);
      if (location.is_absolute() || std::ranges::count(location, fs::path("..")) > 0)
        refuse(concat("its bytes are to lie in '", raw.location, "', outside of the model's folder"));
      const InputFile file(path_.parent_path() / location);
      const uint64_t bytes = raw.has_length ? raw.length : static_cast<uint64_t>(count * width);
      if (raw.offset > file.size_bytes() || bytes > file.size_bytes() - raw.offset)
        refuse(concat("its bytes end behind the end of '", raw.location, "'"));
      raw.raw.resize(bytes);
      file.read(raw.offset, raw.raw.data(), bytes);
      raw.has_raw = true;
    }
    if (raw.has_raw) {
      if (static_cast<int64_t>(raw.raw.size()) != count * width)
        refuse(concat("expected ", count * width, " bytes, found ", raw.raw.size()));
      fill(*tensor, raw, count);
    } else if (tensor->is_float && raw.floats.empty() && !raw.integers.empty()) {  // f16 and bf16 as their bits
      for (const int64_t bits : raw.integers)
        tensor->floats.push_back(raw.type == f16 ? f16_value(static_cast<uint16_t>(bits))
                                                 : bf16_value(static_cast<uint16_t>(bits)));
    } else if (tensor->is_float) {
      tensor->floats = std::move(raw.floats);
    } else {
      tensor->integers = std::move(raw.integers);
    }
    if (tensor->count() != count) refuse(concat("expected ", count_of(count, "value"), ", found ", tensor->count()));
    return tensor;
  }

  static float bf16_value(uint16_t bits) {
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
  }

  template <class T>
  static std::vector<T> values_in(const std::string& bytes) {
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  template <class T>
  static void take_integers(ReadTensor& tensor, const std::string& bytes) {
    for (const T x : values_in<T>(bytes)) tensor.integers.push_back(static_cast<int64_t>(x));
  }

  static void fill(ReadTensor& tensor, const RawTensor& raw, int64_t count) {
    tensor.floats.reserve(static_cast<size_t>(tensor.is_float ? count : 0));
    switch (raw.type) {
      case f32: tensor.floats = values_in<float>(raw.raw); break;
      case f64:
        for (const double x : values_in<double>(raw.raw)) tensor.floats.push_back(static_cast<float>(x));
        break;
      case f16:
        for (const uint16_t x : values_in<uint16_t>(raw.raw)) tensor.floats.push_back(f16_value(x));
        break;
      case bf16:
        for (const uint16_t x : values_in<uint16_t>(raw.raw)) tensor.floats.push_back(bf16_value(x));
        break;
      case u8:
      case boolean: take_integers<uint8_t>(tensor, raw.raw); break;
      case i8: take_integers<int8_t>(tensor, raw.raw); break;
      case u16: take_integers<uint16_t>(tensor, raw.raw); break;
      case i16: take_integers<int16_t>(tensor, raw.raw); break;
      case i32: take_integers<int32_t>(tensor, raw.raw); break;
      case u32: take_integers<uint32_t>(tensor, raw.raw); break;
      default: take_integers<int64_t>(tensor, raw.raw);
    }
  }

  const fs::path path_;
  std::string bytes_;
};

}  // namespace

std::vector<std::string> ReadModel::input_names() const {
  std::vector<std::string> names;
  for (const ReadInput& input : inputs) names.push_back(input.name);
  return names;
}

ReadModel read_model(const fs::path& path) { return File(path).read(); }

}  // namespace dl::onnx
