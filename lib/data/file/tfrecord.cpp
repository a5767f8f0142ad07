// Records of TFRecord files.
// SPDX-License-Identifier: Apache-2.0
#include "lib/data/file/tfrecord.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <set>
#include <stdexcept>

#include "lib/base/crc32c.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/file/byte_source.h"
#include "lib/data/file/protobuf.h"

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

TfrecordFile::TfrecordFile(const std::filesystem::path& path) : file_(path) {
  uint64_t bytes = file_.size_bytes();
  if (ByteSource source(path); source.compressed()) {
    inflated_.emplace();
    std::vector<char> block(1 << 20);
    while (const size_t got = source.read(block.data(), block.size())) inflated_->append(block.data(), got);
    bytes = inflated_->size();
  }
  for (uint64_t at = 0; at < bytes;) {
    const int64_t number = size();
    if (bytes - at < tfrecord_head_bytes) fail(number, "the file ends within its head", "get the file again");
    char head[tfrecord_head_bytes];
    read(at, head, sizeof head);
    uint64_t length;
    uint32_t checksum;
    std::memcpy(&length, head, sizeof length);
    std::memcpy(&checksum, head + sizeof length, sizeof checksum);
    if (tfrecord_checksum({head, sizeof length}) != checksum)
      fail(number, "the checksum of its length is another", "get the file again, if it is a TFRecord file");
    const uint64_t rest = bytes - at - tfrecord_head_bytes;
    if (rest < tfrecord_tail_bytes || length > rest - tfrecord_tail_bytes)
      fail(number, concat("it is ", length, " bytes long, but the file ends before"), "get the file again");
    offsets_.push_back(at);
    at += tfrecord_head_bytes + length + tfrecord_tail_bytes;
  }
}

void TfrecordFile::read(uint64_t at, void* into, size_t bytes) const {
  if (inflated_)
    std::memcpy(into, inflated_->data() + at, bytes);
  else
    file_.read(at, into, bytes);
}

std::string TfrecordFile::record(int64_t number) const {
  const uint64_t at = offsets_.at(static_cast<size_t>(number));
  uint64_t length;
  read(at, &length, sizeof length);
  std::string bytes(length, '\0');
  uint32_t checksum;
  read(at + tfrecord_head_bytes, bytes.data(), length);
  read(at + tfrecord_head_bytes + length, &checksum, sizeof checksum);
  if (tfrecord_checksum(bytes) != checksum) fail(number, "the checksum of its bytes is another", "get the file again");
  return bytes;
}

void TfrecordFile::fail(int64_t number, std::string what, std::string help) const {
  throw Error(Exit::data, Problem{.where = {.file = concat(path().string(), ", record ", number)},
                                  .what = std::move(what),
                                  .help = std::move(help)});
}

namespace {

using Message = ProtobufMessage;

// Adds the values of a tf.train.Feature.
void add_feature(Message feature, ExampleFeature& into) {
  using Kind = ExampleFeature::Kind;
  const auto becomes = [&](Kind kind) {
    if (into.kind != Kind::none && into.kind != kind) throw std::runtime_error("its steps are of different kinds");
    into.kind = kind;
  };
  while (feature.next()) {
    if (feature.tag() < 1 || feature.tag() > 3) {
      feature.skip();
      continue;
    }
    const auto kind = feature.tag() == 1 ? Kind::bytes : feature.tag() == 2 ? Kind::floats : Kind::integers;
    becomes(kind);
    Message list = feature.get_message();
    while (list.next()) {
      if (list.tag() != 1) {
        list.skip();
      } else if (kind == Kind::bytes) {
        const protozero::data_view view = list.get_view();
        into.bytes.emplace_back(view.data(), view.size());
      } else if (kind == Kind::floats) {
        list.add_floats(into.floats);
      } else {
        list.add_int64s(into.integers);
      }
    }
  }
}

void add_feature_list(Message list, ExampleFeature& into) {
  into.steps = 0;
  while (list.next(1)) {
    add_feature(list.get_message(), into);
    ++into.steps;
    if (into.count() % into.steps != 0) throw std::runtime_error("its steps have different numbers of values");
  }
}

// Calls found(name, value, is_list) for each entry of the maps of features and of feature lists.
void each_feature(std::string_view record, const std::function<void(std::string_view, Message, bool)>& found) {
  Message example(record.data(), record.size());
  while (example.next()) {
    if (example.tag() != 1 && example.tag() != 2) {
      example.skip();
      continue;
    }
    const bool is_list = example.tag() == 2;
    Message map = example.get_message();
    while (map.next(1)) {
      Message entry = map.get_message();
      std::string_view name;
      std::optional<Message> value;
      while (entry.next()) {
        if (entry.tag() == 1) {
          const protozero::data_view view = entry.get_view();
          name = {view.data(), view.size()};
        } else if (entry.tag() == 2) {
          value = entry.get_message();
        } else {
          entry.skip();
        }
      }
      found(name, value ? *value : Message(), is_list);
    }
  }
}

template <class Parse>
void as_example(Parse parse) {
  try {
    parse();
  } catch (const protozero::exception& error) {
    throw std::runtime_error(concat("it is no tf.train.Example: ", error.what()));
  }
}

}  // namespace

std::vector<ExampleFeature> example_features(std::string_view record, const std::vector<std::string>& names) {
  std::vector<ExampleFeature> features(names.size());
  as_example([&] {
    each_feature(record, [&](std::string_view name, Message value, bool is_list) {
      const auto at = std::ranges::find(names, name);
      if (at == names.end()) return;
      ExampleFeature feature;  // of a name that comes again the last counts
      is_list ? add_feature_list(value, feature) : add_feature(value, feature);
      features[static_cast<size_t>(at - names.begin())] = std::move(feature);
    });
  });
  return features;
}

std::vector<std::string> example_names(std::string_view record) {
  std::set<std::string> names;
  as_example([&] { each_feature(record, [&](std::string_view name, Message, bool) { names.emplace(name); }); });
  return {names.begin(), names.end()};
}

}  // namespace dl
