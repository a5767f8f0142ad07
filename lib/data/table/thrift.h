// Structures in Thrift's compact protocol, as the footers of Parquet files are
// (github.com/apache/thrift, doc/specs/thrift-compact-protocol.md).
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace dl {

// Bytes that are no such structure.
struct ThriftError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reads from the first byte on. Each function below reads one value of the field or element at hand, and throws
// ThriftError where that is of another type or the bytes end.
class ThriftReader {
 public:
  explicit ThriftReader(std::string_view bytes) : bytes_(bytes) {}

  size_t position() const { return at_; }  // of what was not read
  int64_t integer();                       // of any width
  bool boolean();
  std::string_view text();
  // Calls read(id) for each field of a structure; where that says false, the field is passed over.
  template <class Read>
  void structure(Read read) {
    expect(structures, "a structure");
    enter();
    for (int id = 0; next_field(id);) {
      const int type = type_;
      if (read(id)) continue;
      type_ = type;
      skip();
    }
    --depth_;
  }
  // Calls read() for each element of a list, which it must read.
  template <class Read>
  void list(Read read) {
    int element = 0;
    for (int64_t left = begin_list(element); left > 0; --left) {
      type_ = element;
      read();
    }
  }

 private:
  static constexpr int yes = 1, no = 2, bytes1 = 3, doubles = 7, binary = 8, lists = 9, sets = 10, maps = 11,
                       structures = 12;
  void expect(int type, const char* what) const;
  void enter();
  uint8_t byte();
  uint64_t varint();
  int64_t zigzag();
  bool next_field(int& id);
  int64_t begin_list(int& element);
  void skip();

  std::string_view bytes_;
  size_t at_ = 0;
  int type_ = structures;  // of the value at hand
  int depth_ = 0;
  bool in_list_ = false;  // where a boolean has a byte of its own
};

}  // namespace dl
