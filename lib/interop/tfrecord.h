// TFRecord: records of bytes one after another in a file, each with its length and checksums. Format:
// https://www.tensorflow.org/tutorials/load_data/tfrecord.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace dl {

// u64 length, u32 of its masked CRC, the bytes, u32 of theirs; little-endian.
inline constexpr uint64_t tfrecord_head_bytes = 12, tfrecord_tail_bytes = 4;

// The bytes as a record.
std::string tfrecord(std::string_view bytes);

// How many bytes at the beginning of a file are whole records: all, unless its end is torn.
uint64_t whole_tfrecords(std::string_view file);

// The checksum that stands behind the bytes: their CRC-32C turned by 15 bits and moved, so that a CRC of a CRC is none.
uint32_t tfrecord_checksum(std::string_view bytes);

}  // namespace dl
