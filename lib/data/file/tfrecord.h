// TFRecord: records of bytes one after another in a file, each with its length and checksums. Format:
// https://www.tensorflow.org/tutorials/load_data/tfrecord.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/file.h"

namespace dl {

// u64 length, u32 of its masked CRC, the bytes, u32 of theirs; little-endian.
inline constexpr uint64_t tfrecord_head_bytes = 12, tfrecord_tail_bytes = 4;

// The bytes as a record.
std::string tfrecord(std::string_view bytes);

// How many bytes at the beginning of a file are whole records: all, unless its end is torn.
uint64_t whole_tfrecords(std::string_view file);

// The checksum that stands behind the bytes: their CRC-32C turned by 15 bits and moved, so that a CRC of a CRC is none.
uint32_t tfrecord_checksum(std::string_view bytes);

// The records of a file in any order, found by one pass over their lengths; of a file that is gzip, which is brought
// into memory, too. A file that ends within a record, and one whose checksums are not its bytes', are an
// Error(Exit::data) that names the record, from 0 on.
class TfrecordFile {
 public:
  explicit TfrecordFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return file_.path(); }
  int64_t size() const { return static_cast<int64_t>(offsets_.size()); }
  std::string record(int64_t number) const;
  [[noreturn]] void fail(int64_t number, std::string what, std::string help = {}) const;

 private:
  void read(uint64_t at, void* into, size_t bytes) const;

  InputFile file_;
  std::optional<std::string> inflated_;  // where it is gzip
  std::vector<uint64_t> offsets_;        // of the records' heads
};

// A tf.train.Example, or the context and the feature lists of a SequenceExample: values by name. Format:
// https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/example/example.proto.
struct ExampleFeature {
  enum class Kind { none, bytes, floats, integers } kind = Kind::none;
  std::vector<std::string_view> bytes;  // valid as long as what was parsed
  std::vector<float> floats;
  std::vector<int64_t> integers;
  int64_t steps = -1;  // of a feature list: how many it has, each with as many values; -1: a feature alone

  int64_t count() const { return static_cast<int64_t>(bytes.size() + floats.size() + integers.size()); }
};
// The features of these names. Steps of a list that have different numbers of values, and bytes that are no Example,
// are a std::runtime_error that says what.
std::vector<ExampleFeature> example_features(std::string_view record, const std::vector<std::string>& names);
// All names, sorted.
std::vector<std::string> example_names(std::string_view record);

}  // namespace dl
