// Writing structures in Thrift's compact protocol (lib/data/table/thrift.h reads them).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dl {

// Fields of a structure in rising order of their ids; what stands within one is written between its beginning and end.
class ThriftWriter {
 public:
  const std::string& bytes() const { return bytes_; }

  void i32(int id, int64_t value) { field(id, 5).zigzag(value); }
  void i64(int id, int64_t value) { field(id, 6).zigzag(value); }
  void text(int id, std::string_view value) { field(id, 8).binary(value); }
  void texts(int id, const std::vector<std::string>& values) {
    begin_list(id, 8, values.size());
    for (const std::string& value : values) binary(value);
  }
  void i32s(int id, const std::vector<int64_t>& values) {
    begin_list(id, 5, values.size());
    for (const int64_t value : values) zigzag(value);
  }
  void begin(int id) {
    field(id, 12);
    begin();
  }
  void begin_structures(int id, size_t count) { begin_list(id, 12, count); }  // then so many begin() … end()
  void begin() { last_.push_back(0); }
  void end() {
    bytes_ += '\0';
    last_.pop_back();
  }
  void finish() { bytes_ += '\0'; }  // of the outermost structure

 private:
  ThriftWriter& field(int id, int type) {
    bytes_ += static_cast<char>((id - last_.back()) << 4 | type);  // ids here are never 16 apart
    last_.back() = id;
    return *this;
  }
  void begin_list(int id, int type, size_t count) {
    field(id, 9);
    bytes_ += static_cast<char>((count < 15 ? count : 15) << 4 | static_cast<size_t>(type));
    if (count >= 15) varint(count);
  }
  void binary(std::string_view value) {
    varint(value.size());
    bytes_ += value;
  }
  void zigzag(int64_t value) { varint(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63)); }
  void varint(uint64_t value) {
    for (; value >= 128; value >>= 7) bytes_ += static_cast<char>(value | 128);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
  std::vector<int> last_{0};  // the field before, of each structure that is open
};

}  // namespace dl
