// Tables of FlatBuffers (flatbuffers.dev, internals), as the messages of Arrow are.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace dl {

// Bytes that are no such table.
struct FlatBufferError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A table among bytes that must stay. Fields are named by their number, from 0; one that is not there has its default.
// Each access throws FlatBufferError where it would leave the bytes.
class FlatTable {
 public:
  static FlatTable root(std::string_view bytes) { return {bytes, number<uint32_t>(bytes, 0)}; }

  bool has(int field) const { return place(field) != 0; }
  template <class T>
  T scalar(int field, T otherwise) const {
    const uint64_t at = place(field);
    return at ? number<T>(bytes_, at) : otherwise;
  }
  FlatTable table(int field) const {
    const uint64_t at = place(field);
    if (!at) throw FlatBufferError("a part of it is missing");
    return {bytes_, at + number<uint32_t>(bytes_, at)};
  }
  std::string_view text(int field) const {
    const Items all = items(field, 1);
    return bytes_.substr(all.begin, all.count);
  }
  // Of a list of structures or of tables: how many there are, and the i-th.
  uint64_t count(int field) const { return items(field, 0).count; }
  FlatTable item(int field, uint64_t i) const {
    const uint64_t at = items(field, sizeof(uint32_t)).begin + i * sizeof(uint32_t);
    return {bytes_, at + number<uint32_t>(bytes_, at)};
  }
  // A number of the i-th structure of `bytes` bytes.
  int64_t number_in(int field, uint64_t i, uint64_t bytes, uint64_t offset) const {
    return number<int64_t>(bytes_, items(field, bytes).begin + i * bytes + offset);
  }

 private:
  FlatTable(std::string_view bytes, uint64_t at) : bytes_(bytes), at_(at) {}

  template <class T>
  static T number(std::string_view bytes, uint64_t at) {
    if (at > bytes.size() || sizeof(T) > bytes.size() - at) throw FlatBufferError("it points behind its end");
    T n;
    std::memcpy(&n, bytes.data() + at, sizeof n);
    return n;
  }

  // Where a field lies; 0: it is not there.
  uint64_t place(int field) const {
    const int64_t fields = static_cast<int64_t>(at_) - number<int32_t>(bytes_, at_);
    if (fields < 0) throw FlatBufferError("it points before its beginning");
    const auto table = static_cast<uint64_t>(fields), entry = 4 + 2 * static_cast<uint64_t>(field);
    if (entry + 2 > number<uint16_t>(bytes_, table)) return 0;
    const uint16_t offset = number<uint16_t>(bytes_, table + entry);
    return offset ? at_ + offset : 0;
  }

  struct Items {
    uint64_t begin = 0, count = 0;
  };
  // Of `each` bytes, which are all there.
  Items items(int field, uint64_t each) const {
    const uint64_t at = place(field);
    if (!at) return {};
    const uint64_t begin = at + number<uint32_t>(bytes_, at), count = number<uint32_t>(bytes_, begin);
    if (each > 0 && count > (bytes_.size() - begin - sizeof(uint32_t)) / each)
      throw FlatBufferError("a list is longer than it");
    return {begin + sizeof(uint32_t), count};
  }

  std::string_view bytes_;
  uint64_t at_;
};

}  // namespace dl
