// The initializers of ONNX models (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), and where they stand in a
// file of their own the bytes there. The graph is not looked at.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <protozero/pbf_reader.hpp>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/weights/weights_format.h"

namespace dl {
namespace {

constexpr uint64_t most_model_bytes = uint64_t{2} << 30;  // protobuf's own limit
constexpr int external = 1;

// Fields by their numbers in onnx.proto.
enum ModelField : protozero::pbf_tag_type { model_ir_version = 1, model_producer = 2, model_graph = 7 };
enum GraphField : protozero::pbf_tag_type { graph_name = 2, graph_initializer = 5 };
enum TensorField : protozero::pbf_tag_type {
  tensor_dims = 1,
  tensor_type = 2,
  tensor_floats = 4,
  tensor_int32s = 5,
  tensor_int64s = 7,
  tensor_name = 8,
  tensor_raw = 9,
  tensor_doubles = 10,
  tensor_uint64s = 11,
  tensor_external = 13,
  tensor_location = 14
};

std::optional<ElementType> onnx_type(int32_t type) {
  switch (type) {
    case 1: return ElementType::f32;
    case 2: return ElementType::u8;
    case 3: return ElementType::i8;
    case 4: return ElementType::u16;
    case 5: return ElementType::i16;
    case 6: return ElementType::i32;
    case 7: return ElementType::i64;
    case 9: return ElementType::boolean;
    case 10: return ElementType::f16;
    case 11: return ElementType::f64;
    case 12: return ElementType::u32;
    case 13: return ElementType::u64;
    case 14: return ElementType::c64;
    case 15: return ElementType::c128;
    case 16: return ElementType::bf16;
    case 17: return ElementType::f8_e4m3;
    case 19: return ElementType::f8_e5m2;
    default: return {};
  }
}

// Numbers of a list, packed or one by one, as little-endian elements of so many bytes.
template <class Numbers>
void put_numbers(const Numbers& numbers, uint64_t bytes, std::string& into) {
  for (const auto number : numbers) into.append(reinterpret_cast<const char*>(&number), bytes);
}

class OnnxTensors {
 public:
  OnnxTensors(const WeightsSource& source, WeightsTable& table) : source_(source), table_(table) {
    if (source.file->size_bytes() > most_model_bytes)
      refuse_weights(source.path(), "", "is larger than 2 GiB, which no ONNX model without external data can be");
    content_.resize(static_cast<size_t>(source.file->size_bytes()));
    source.file->read(0, content_.data(), content_.size());
    bytes_ = StoredBytes::in_file(source.file, 0, content_.size());
  }

  void add_all() {
    protozero::pbf_reader model(content_);
    while (model.next()) {
      if (model.tag() == model_graph && model.wire_type() == protozero::pbf_wire_type::length_delimited) {
        add_graph(model.get_message());
      } else if (model.tag() == model_producer && model.wire_type() == protozero::pbf_wire_type::length_delimited) {
        table_.add_other("producer", "'" + shortened(model.get_string()) + "'");
      } else {
        model.skip();
      }
    }
  }

 private:
  void add_graph(protozero::pbf_reader graph) {
    while (graph.next(graph_initializer, protozero::pbf_wire_type::length_delimited)) add(graph.get_message());
  }

  void add(protozero::pbf_reader message) {
    std::vector<int64_t> sizes;
    int32_t type = 0, location = 0;
    std::string name;
    protozero::data_view raw;
    std::vector<std::pair<std::string, std::string>> external_data;
    std::string numbers;  // of lists instead of raw bytes
    const protozero::pbf_reader again = message;
    while (message.next()) switch (message.tag_and_type()) {
        case protozero::tag_and_type(tensor_dims, protozero::pbf_wire_type::varint):
          sizes.push_back(message.get_int64());
          break;
        case protozero::tag_and_type(tensor_dims, protozero::pbf_wire_type::length_delimited):
          for (const int64_t size : message.get_packed_int64()) sizes.push_back(size);
          break;
        case protozero::tag_and_type(tensor_type, protozero::pbf_wire_type::varint): type = message.get_int32(); break;
        case protozero::tag_and_type(tensor_location, protozero::pbf_wire_type::varint):
          location = message.get_int32();
          break;
        case protozero::tag_and_type(tensor_name, protozero::pbf_wire_type::length_delimited):
          name = message.get_string();
          break;
        case protozero::tag_and_type(tensor_raw, protozero::pbf_wire_type::length_delimited):
          raw = message.get_view();
          break;
        case protozero::tag_and_type(tensor_external, protozero::pbf_wire_type::length_delimited):
          external_data.push_back(entry(message.get_message()));
          break;
        default: message.skip();
      }
    const std::optional<ElementType> element = onnx_type(type);
    if (!element) return table_.add_unread(name, concat("elements of ONNX's type ", type));
    if (const std::string why = why_no_shape(sizes, *element); !why.empty())
      refuse_weights(source_.path(), name, concat("has ", why));
    StoredTensor tensor;
    tensor.type = *element;
    tensor.shape = Shape(sizes);
    if (location == external) {
      place_outside(external_data, name, tensor);
    } else if (raw.data() != nullptr) {
      tensor.bytes = bytes_;
      tensor.offset = static_cast<uint64_t>(raw.data() - content_.data());
      expect_bytes(raw.size(), name, tensor);
    } else {
      tensor.bytes = StoredBytes::in_memory(listed(again, *element));
      expect_bytes(tensor.bytes->size(), name, tensor);
    }
    table_.add_holder("");
    table_.add(name, std::move(tensor));
  }

  void expect_bytes(uint64_t found, const std::string& name, const StoredTensor& tensor) const {
    if (found < tensor.byte_count())
      refuse_weights(source_.path(), name,
                     concat("has ", found, " bytes, shape ", tensor.shape.text(), " of ", name_of(tensor.type),
                            " needs ", tensor.byte_count()));
  }

  // Values as lists of the message: f32, f64, i64 and u64 as they are, all smaller ones as varints of 32 bits.
  static std::string listed(protozero::pbf_reader message, ElementType type) {
    std::string out;
    const uint64_t bytes = bytes_of(type);
    while (message.next()) switch (message.tag_and_type()) {
        case protozero::tag_and_type(tensor_floats, protozero::pbf_wire_type::length_delimited):
          put_numbers(message.get_packed_float(), 4, out);
          break;
        case protozero::tag_and_type(tensor_doubles, protozero::pbf_wire_type::length_delimited):
          put_numbers(message.get_packed_double(), 8, out);
          break;
        case protozero::tag_and_type(tensor_int64s, protozero::pbf_wire_type::length_delimited):
          put_numbers(message.get_packed_int64(), 8, out);
          break;
        case protozero::tag_and_type(tensor_uint64s, protozero::pbf_wire_type::length_delimited):
          put_numbers(message.get_packed_uint64(), std::min<uint64_t>(bytes, 8), out);
          break;
        case protozero::tag_and_type(tensor_int32s, protozero::pbf_wire_type::length_delimited):
          put_numbers(message.get_packed_int32(), std::min<uint64_t>(bytes, 4), out);
          break;
        case protozero::tag_and_type(tensor_floats, protozero::pbf_wire_type::fixed32):
          put_numbers(std::array{message.get_float()}, 4, out);
          break;
        case protozero::tag_and_type(tensor_int64s, protozero::pbf_wire_type::varint):
          put_numbers(std::array{message.get_int64()}, 8, out);
          break;
        case protozero::tag_and_type(tensor_int32s, protozero::pbf_wire_type::varint):
          put_numbers(std::array{message.get_int32()}, std::min<uint64_t>(bytes, 4), out);
          break;
        default: message.skip();
      }
    return out;
  }

  static std::pair<std::string, std::string> entry(protozero::pbf_reader message) {
    std::pair<std::string, std::string> out;
    while (message.next()) {
      const bool is_text = message.wire_type() == protozero::pbf_wire_type::length_delimited;
      if (message.tag() == 1 && is_text)
        out.first = message.get_string();
      else if (message.tag() == 2 && is_text)
        out.second = message.get_string();
      else
        message.skip();
    }
    return out;
  }

  // A file beside the model, never one elsewhere.
  void place_outside(const std::vector<std::pair<std::string, std::string>>& given, const std::string& name,
                     StoredTensor& tensor) {
    std::string location;
    uint64_t offset = 0;
    for (const auto& [key, value] : given) {
      if (key == "location") location = value;
      if (key != "offset") continue;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), offset);
      if (error != std::errc() || end != value.data() + value.size())
        refuse_weights(source_.path(), name, concat("begins at byte '", shortened(value), "' of its file"));
    }
    const std::filesystem::path file(location);
    if (file.empty() || file.filename() != file || file == "." || file == "..")
      refuse_weights(source_.path(), name,
                     concat("stands in '", shortened(location), "', which is no file beside the model"));
    StoredBytes::Pointer& bytes = outside_[location];
    if (!bytes) {
      auto opened = std::make_shared<const InputFile>(source_.path().parent_path() / file);
      const uint64_t size = opened->size_bytes();
      bytes = StoredBytes::in_file(std::move(opened), 0, size);
    }
    tensor.bytes = bytes;
    tensor.offset = offset;
    expect_bytes(offset > bytes->size() ? 0 : bytes->size() - offset, name, tensor);
  }

  const WeightsSource& source_;
  WeightsTable& table_;
  std::string content_;
  StoredBytes::Pointer bytes_;
  std::map<std::string, StoredBytes::Pointer> outside_;
};

class OnnxWeights final : public WeightsFormat {
 public:
  std::string name() const override { return "ONNX"; }
  // A number of version, then one of a model's other fields.
  bool recognises(const WeightsSource& source) const override {
    if (source.start.size() < 4 || source.start[0] != model_ir_version << 3 || source.start[1] < 1 ||
        source.start[1] > 30)
      return false;
    const int next = static_cast<unsigned char>(source.start[2]);
    const int field = next >> 3, wire = next & 7;
    return (wire == 2 && field >= 2 && field <= 8 && field != 5) || (wire == 0 && field == 5) || next == 0x72;
  }
  WeightsTable read(const WeightsSource& source) const override {
    WeightsTable table(source.path(), name());
    try {
      OnnxTensors(source, table).add_all();
    } catch (const protozero::exception&) {
      refuse_weights(source.path(), "", "is no whole ONNX model: its protobuf is broken", "get the file again");
    }
    return table;
  }
};
DL_WEIGHTS_FORMAT(OnnxWeights);

}  // namespace
}  // namespace dl
