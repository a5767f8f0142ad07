// Messages of Protocol Buffers (protobuf.dev/programming-guides/encoding), read as they are written.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

namespace dl {

// protozero only asserts that a field was written as what it is read as; files of others are not to be trusted with
// it: here it is a protozero::exception.
class ProtobufMessage : public protozero::pbf_reader {
 public:
  ProtobufMessage() = default;
  explicit ProtobufMessage(const protozero::data_view& bytes) : pbf_reader(bytes) {}
  ProtobufMessage(const char* data, size_t bytes) : pbf_reader(data, bytes) {}

  protozero::data_view get_view() { return expect(Wire::length_delimited), pbf_reader::get_view(); }
  std::string get_string() { return expect(Wire::length_delimited), pbf_reader::get_string(); }
  ProtobufMessage get_message() { return ProtobufMessage(get_view()); }
  int32_t get_int32() { return expect(Wire::varint), pbf_reader::get_int32(); }
  int64_t get_int64() { return expect(Wire::varint), pbf_reader::get_int64(); }
  uint64_t get_uint64() { return expect(Wire::varint), pbf_reader::get_uint64(); }
  float get_float() { return expect(Wire::fixed32), pbf_reader::get_float(); }
  double get_double() { return expect(Wire::fixed64), pbf_reader::get_double(); }

  // The numbers of a repeated field, a run of them or one by itself, go behind those in `to`.
  void add_floats(std::vector<float>& to) {
    add(
        to, [this] { return get_packed_float(); }, [this] { return get_float(); });
  }
  void add_doubles(std::vector<float>& to) {
    add(
        to, [this] { return get_packed_double(); }, [this] { return get_double(); });
  }
  void add_int32s(std::vector<int64_t>& to) {
    add(
        to, [this] { return get_packed_int32(); }, [this] { return get_int32(); });
  }
  void add_int64s(std::vector<int64_t>& to) {
    add(
        to, [this] { return get_packed_int64(); }, [this] { return get_int64(); });
  }

 private:
  using Wire = protozero::pbf_wire_type;

  template <class Number, class Run, class One>
  void add(std::vector<Number>& to, Run run, One one) {
    if (wire_type() == Wire::length_delimited)
      for (const auto number : run()) to.push_back(static_cast<Number>(number));
    else
      to.push_back(static_cast<Number>(one()));
  }
  void expect(Wire type) const {
    if (wire_type() != type) throw protozero::unknown_pbf_wire_type_exception();
  }
};

}  // namespace dl
