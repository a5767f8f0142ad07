// Reading Thrift's compact protocol.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/table/thrift.h"

#include <utility>

namespace dl {

void ThriftReader::expect(int type, const char* what) const {
  if (type_ != type) throw ThriftError(std::string("expected ") + what);
}

void ThriftReader::enter() {
  constexpr int deepest = 32;
  if (++depth_ > deepest) throw ThriftError("structures lie too deep in each other");
}

uint8_t ThriftReader::byte() {
  if (at_ == bytes_.size()) throw ThriftError("it ends too early");
  return static_cast<uint8_t>(bytes_[at_++]);
}

uint64_t ThriftReader::varint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const uint8_t next = byte();
    value |= uint64_t{next & 127u} << shift;
    if (next < 128) return value;
  }
  throw ThriftError("a number has too many bytes");
}

int64_t ThriftReader::zigzag() {
  const uint64_t n = varint();
  return static_cast<int64_t>(n >> 1 ^ (~(n & 1) + 1));
}

int64_t ThriftReader::integer() {
  if (type_ == bytes1) return static_cast<int8_t>(byte());
  if (type_ <= bytes1 || type_ >= doubles) throw ThriftError("expected a whole number");
  return zigzag();
}

bool ThriftReader::boolean() {
  if (type_ != yes && type_ != no) throw ThriftError("expected yes or no");
  return in_list_ ? byte() == yes : type_ == yes;
}

std::string_view ThriftReader::text() {
  expect(binary, "a text");
  const uint64_t size = varint();
  if (size > bytes_.size() - at_) throw ThriftError("it ends too early");
  at_ += size;
  return bytes_.substr(at_ - size, size);
}

bool ThriftReader::next_field(int& id) {
  const uint8_t head = byte();
  if (head == 0) return false;
  const int64_t next = head >> 4 ? id + (head >> 4) : zigzag();
  if (next < 0 || next > 0x7FFF) throw ThriftError("a field has no number");
  id = static_cast<int>(next);
  type_ = head & 15;
  in_list_ = false;
  return true;
}

int64_t ThriftReader::begin_list(int& element) {
  if (type_ != sets) expect(lists, "a list");
  const uint8_t head = byte();
  const uint64_t size = head >> 4 == 15 ? varint() : head >> 4;
  if (size > bytes_.size() - at_) throw ThriftError("it ends too early");  // an element has a byte at least
  element = head & 15;
  in_list_ = true;
  return static_cast<int64_t>(size);
}

void ThriftReader::skip() {
  enter();
  if (type_ == yes || type_ == no) {
    boolean();
  } else if (type_ < doubles) {
    integer();
  } else if (type_ == doubles) {
    for (int i = 0; i < 8; ++i) byte();
  } else if (type_ == binary) {
    text();
  } else if (type_ == lists || type_ == sets) {
    list([this] { skip(); });
  } else if (type_ == structures) {
    structure([](int) { return false; });
  } else if (type_ == maps) {
    const uint64_t size = varint();
    if (size > bytes_.size() - at_) throw ThriftError("it ends too early");
    const int types = size > 0 ? byte() : 0;
    for (uint64_t i = 0; i < size; ++i)
      for (const int type : {types >> 4, types & 15}) {
        type_ = type;
        in_list_ = true;
        skip();
      }
  } else {
    throw ThriftError("a field has no type");
  }
  --depth_;
}

}  // namespace dl
