// Messages of Protocol Buffers (protobuf.dev/programming-guides/encoding), read as they are written.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <protozero/pbf_reader.hpp>
#include <string>

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

 private:
  using Wire = protozero::pbf_wire_type;
  void expect(Wire type) const {
    if (wire_type() != type) throw protozero::unknown_pbf_wire_type_exception();
  }
};

}  // namespace dl
