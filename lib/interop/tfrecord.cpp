// Records of TFRecord files.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/tfrecord.h"

#include <bit>
#include <cstring>

#include "lib/base/crc32c.h"

namespace dl {
namespace {

static_assert(std::endian::native == std::endian::little);

template <class Number>
std::string_view bytes_of_number(const Number& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

}  // namespace

uint32_t tfrecord_checksum(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xA282EAD8u; }

std::string tfrecord(std::string_view bytes) {
  const uint64_t length = bytes.size();
  const uint32_t of_length = tfrecord_checksum(bytes_of_number(length)), of_bytes = tfrecord_checksum(bytes);
  std::string record;
  record.reserve(tfrecord_head_bytes + bytes.size() + tfrecord_tail_bytes);
  record.append(bytes_of_number(length)).append(bytes_of_number(of_length)).append(bytes);
  return record.append(bytes_of_number(of_bytes));
}

uint64_t whole_tfrecords(std::string_view file) {
  uint64_t at = 0;
  while (file.size() - at >= tfrecord_head_bytes + tfrecord_tail_bytes) {
    uint64_t length;
    std::memcpy(&length, file.data() + at, sizeof length);
    if (length > file.size() - at - tfrecord_head_bytes - tfrecord_tail_bytes) break;
    at += tfrecord_head_bytes + length + tfrecord_tail_bytes;
  }
  return at;
}

}  // namespace dl
