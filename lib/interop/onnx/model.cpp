// ONNX's messages, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, field by field.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx/model.h"

#include <protozero/pbf_builder.hpp>

#include "lib/base/version.h"

namespace dl::onnx {
namespace {

enum class ModelField : protozero::pbf_tag_type {
  ir_version = 1,
  producer_name = 2,
  producer_version = 3,
  graph = 7,
  opset_import = 8,
  metadata_props = 14
};
enum class OpsetField : protozero::pbf_tag_type { domain = 1, version = 2 };
enum class EntryField : protozero::pbf_tag_type { key = 1, value = 2 };
enum class GraphField : protozero::pbf_tag_type { node = 1, name = 2, initializer = 5, input = 11, output = 12 };
enum class NodeField : protozero::pbf_tag_type { input = 1, output = 2, name = 3, op_type = 4, attribute = 5 };
enum class AttributeField : protozero::pbf_tag_type {
  name = 1,
  f = 2,
  i = 3,
  s = 4,
  t = 5,
  floats = 7,
  ints = 8,
  strings = 9,
  type = 20
};
enum class TensorField : protozero::pbf_tag_type {
  dims = 1,
  data_type = 2,
  name = 8,
  raw_data = 9,
  external_data = 13,
  data_location = 14
};
enum class ValueField : protozero::pbf_tag_type { name = 1, type = 2 };
enum class TypeField : protozero::pbf_tag_type { tensor_type = 1 };
enum class TensorTypeField : protozero::pbf_tag_type { elem_type = 1, shape = 2 };
enum class ShapeField : protozero::pbf_tag_type { dim = 1 };
enum class DimField : protozero::pbf_tag_type { dim_value = 1, dim_param = 2 };

template <class Field>
using Message = protozero::pbf_builder<Field>;

constexpr uint64_t page = 64 << 10;  // Windows maps files in these

enum AttributeType : int32_t {
  of_float = 1,
  of_int = 2,
  of_string = 3,
  of_tensor = 4,
  of_floats = 6,
  of_ints = 7,
  of_strings = 8
};

void write_attribute(Message<NodeField>& node, const std::string& name, const Attribute& attribute) {
  using F = AttributeField;
  Message<F> w(node, NodeField::attribute);
  w.add_string(F::name, name);
  struct Write {
    Message<F>& w;
    void operator()(int64_t i) const {
      w.add_int64(F::i, i);
      w.add_int32(F::type, of_int);
    }
    void operator()(float f) const {
      w.add_float(F::f, f);
      w.add_int32(F::type, of_float);
    }
    void operator()(const std::string& s) const {
      w.add_bytes(F::s, s);
      w.add_int32(F::type, of_string);
    }
    void operator()(const std::vector<int64_t>& ints) const {
      for (const int64_t i : ints) w.add_int64(F::ints, i);
      w.add_int32(F::type, of_ints);
    }
    void operator()(const std::vector<float>& floats) const {
      for (const float f : floats) w.add_float(F::floats, f);
      w.add_int32(F::type, of_floats);
    }
    void operator()(const std::vector<std::string>& strings) const {
      for (const std::string& s : strings) w.add_bytes(F::strings, s);
      w.add_int32(F::type, of_strings);
    }
  };
  std::visit(Write{w}, attribute);
}

void write_node(Message<GraphField>& graph, const OnnxNode& node) {
  using F = NodeField;
  Message<F> w(graph, GraphField::node);
  for (const std::string& input : node.inputs) w.add_string(F::input, input);
  for (const std::string& output : node.outputs) w.add_string(F::output, output);
  w.add_string(F::name, node.name);
  w.add_string(F::op_type, node.op);
  for (const auto& [name, attribute] : node.attributes) write_attribute(w, name, attribute);
}

void write_entry(Message<TensorField>& w, const std::string& key, const std::string& value) {
  Message<EntryField> entry(w, TensorField::external_data);
  entry.add_string(EntryField::key, key);
  entry.add_string(EntryField::value, value);
}

template <class Field>
void write_tensor(Message<Field>& message, Field field, const Initializer& tensor, const std::string& beside,
                  const Place& place) {
  using F = TensorField;
  Message<F> w(message, field);
  for (const int64_t n : tensor.sizes) w.add_int64(F::dims, n);
  w.add_int32(F::data_type, static_cast<int32_t>(tensor.type));
  w.add_string(F::name, tensor.name);
  if (beside.empty()) {
    w.add_bytes(F::raw_data, tensor.bytes);
    return;
  }
  write_entry(w, "location", beside);
  write_entry(w, "offset", std::to_string(place.offset));
  write_entry(w, "length", std::to_string(place.bytes));
  w.add_enum(F::data_location, 1);
}

void write_constant(Message<GraphField>& graph, const Initializer& tensor) {
  Message<NodeField> w(graph, GraphField::node);
  w.add_string(NodeField::output, tensor.name);
  w.add_string(NodeField::op_type, "Constant");
  Message<AttributeField> value(w, NodeField::attribute);
  value.add_string(AttributeField::name, "value");
  write_tensor(value, AttributeField::t, tensor, {}, {});
  value.add_int32(AttributeField::type, of_tensor);
}

void write_value(Message<GraphField>& graph, GraphField field, const OpenValue& value) {
  Message<ValueField> w(graph, field);
  w.add_string(ValueField::name, value.name);
  Message<TypeField> type(w, ValueField::type);
  Message<TensorTypeField> tensor(type, TypeField::tensor_type);
  tensor.add_int32(TensorTypeField::elem_type, static_cast<int32_t>(value.type));
  Message<ShapeField> shape(tensor, TensorTypeField::shape);
  for (const int64_t n : value.sizes) {
    Message<DimField> dim(shape, ShapeField::dim);
    if (n < 0)
      dim.add_string(DimField::dim_param, "batch");
    else
      dim.add_int64(DimField::dim_value, n);
  }
}

}  // namespace

uint64_t bytes_of_initializers(const Model& model) {
  uint64_t bytes = 0;
  for (const Initializer& tensor : model.initializers) bytes += tensor.bytes.size();
  return bytes;
}

std::vector<Place> places_beside(const Model& model) {
  std::vector<Place> places;
  uint64_t end = 0;
  for (const Initializer& tensor : model.initializers) {
    places.push_back({(end + page - 1) / page * page, tensor.bytes.size()});
    end = places.back().offset + places.back().bytes;
  }
  return places;
}

std::string bytes_of(const Model& model, const std::string& beside) {
  using F = ModelField;
  std::string bytes;
  Message<F> w(bytes);
  w.add_int64(F::ir_version, ir_version);
  w.add_string(F::producer_name, "dlcli");
  w.add_string(F::producer_version, version());
  {
    const std::vector<Place> places = places_beside(model);
    Message<GraphField> graph(w, F::graph);
    for (const Initializer& tensor : model.constants) write_constant(graph, tensor);
    for (const OnnxNode& node : model.nodes) write_node(graph, node);
    graph.add_string(GraphField::name, model.graph);
    for (size_t i = 0; i < model.initializers.size(); ++i)
      write_tensor(graph, GraphField::initializer, model.initializers[i], beside, places[i]);
    for (const OpenValue& input : model.inputs) write_value(graph, GraphField::input, input);
    for (const OpenValue& output : model.outputs) write_value(graph, GraphField::output, output);
  }
  {
    Message<OpsetField> ops(w, F::opset_import);
    ops.add_string(OpsetField::domain, "");
    ops.add_int64(OpsetField::version, opset);
  }
  for (const auto& [key, value] : model.metadata) {
    Message<EntryField> entry(w, F::metadata_props);
    entry.add_string(EntryField::key, key);
    entry.add_string(EntryField::value, value);
  }
  return bytes;
}

}  // namespace dl::onnx
