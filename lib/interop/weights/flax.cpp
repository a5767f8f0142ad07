// Flax's MessagePack (flax.serialization): maps of names, whose arrays are an extension of type 1 with a MessagePack of
// its own, [shape, type's name, bytes].
// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <nlohmann/json.hpp>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/weights/pickled_tensors.h"
#include "lib/interop/weights/safetensors_start.h"
#include "lib/interop/weights/tensor_tree.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/interop/weights/weights_writer.h"

namespace dl {
namespace {

using Json = nlohmann::json;

constexpr int array_extension = 1, number_extension = 3;
constexpr size_t most_levels = 100, most_path = 1000;
constexpr uint64_t chunk_bytes = uint64_t{1} << 30;  // larger arrays Flax cuts, and msgpack in Python refuses

// What all values of a MessagePack have in common; false ends the parsing.
struct MessagePackSax : nlohmann::json_sax<Json> {
  bool null() override { return value("None"); }
  bool boolean(bool x) override { return value(x ? "True" : "False"); }
  bool number_integer(number_integer_t x) override { return number(x); }
  bool number_unsigned(number_unsigned_t x) override { return number(x > INT64_MAX ? -1 : static_cast<int64_t>(x)); }
  bool number_float(number_float_t x, const string_t&) override { return value(number_text(x)); }
  bool string(string_t& x) override { return value("'" + shortened(x) + "'"); }
  bool binary(binary_t&) override { return value("bytes"); }
  bool start_object(std::size_t) override { return ++levels < most_levels; }
  bool end_object() override { return --levels, true; }
  bool start_array(std::size_t) override { return ++levels < most_levels; }
  bool end_array() override { return --levels, true; }
  bool key(string_t&) override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

  virtual bool number(int64_t x) { return value(std::to_string(x)); }
  virtual bool value(const std::string&) { return false; }
  size_t levels = 0;
};

// [[2, 3], "float32", bytes]
struct ArraySax final : MessagePackSax {
  std::vector<int64_t> shape;
  std::string type;
  uint64_t bytes = 0;
  bool has_bytes = false;

  bool number(int64_t x) override { return shape.push_back(x), levels == 2 && shape.size() <= 64; }
  bool string(string_t& x) override { return type = x, levels == 1; }
  bool binary(binary_t& x) override { return bytes = x.size(), has_bytes = true, levels == 1; }
  bool start_object(std::size_t) override { return false; }
};

class FlaxSax final : public MessagePackSax {
 public:
  FlaxSax(const WeightsSource& source, std::istream& stream, WeightsTable& table)
      : stream_(stream), table_(table), bytes_(StoredBytes::in_file(source.file, 0, source.file->size_bytes())) {}

  bool start_object(std::size_t) override { return open(false); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (name == "__msgpack_chunked_array__")
      refuse_weights(table_.path(), path(), "is cut into chunks, as Flax does with arrays of more than 1 GiB",
                     "save it as safetensors");
    open_.back().key = name;
    return path().size() <= most_path;
  }
  bool value(const std::string& words) override {
    count();
    table_.add_other(path(), words);
    return true;
  }
  bool binary(binary_t& data) override {
    count();
    if (!data.has_subtype() || (data.subtype() != array_extension && data.subtype() != number_extension)) {
      table_.add_other(path(), concat(data.size(), " bytes"));
      return true;
    }
    ArraySax array;
    const std::string name = path();
    const auto end = static_cast<uint64_t>(stream_.tellg());
    if (!Json::sax_parse(data, &array, Json::input_format_t::msgpack) || !array.has_bytes)
      refuse_weights(table_.path(), name, "is no array of shape, type and bytes");
    const std::optional<ElementType> type = python_type(array.type);
    if (!type)
      refuse_weights(table_.path(), name,
                     concat("has elements of type '", shortened(array.type), "', which is not known"));
    if (const std::string why = why_no_shape(array.shape, *type); !why.empty())
      refuse_weights(table_.path(), name, concat("has ", why));
    StoredTensor tensor;
    tensor.type = *type;
    tensor.shape = Shape(array.shape);
    tensor.bytes = bytes_;
    if (array.bytes != tensor.byte_count())
      refuse_weights(table_.path(), name,
                     concat("has ", array.bytes, " bytes, shape ", tensor.shape.text(), " of ", name_of(*type),
                            " needs ", tensor.byte_count()));
    tensor.offset = end - array.bytes;  // they are the last of it
    table_.add_holder(path_of(open_.size() - 1));
    table_.add(name, std::move(tensor));
    return true;
  }

 private:
  struct Level {
    std::string key;
    bool is_list = false;
    size_t place = 0;
  };
  bool open(bool is_list) {
    count();
    open_.push_back({.key = {}, .is_list = is_list});
    return open_.size() < most_levels;
  }
  bool close() { return open_.pop_back(), true; }
  void count() {
    if (!open_.empty() && open_.back().is_list) open_.back().key = std::to_string(open_.back().place++);
  }
  std::string path_of(size_t levels) const {
    std::string out;
    for (size_t i = 0; i < levels; ++i) out += (i > 0 ? "." : "") + open_[i].key;
    return out;
  }
  std::string path() const { return path_of(open_.size()); }

  std::istream& stream_;
  WeightsTable& table_;
  StoredBytes::Pointer bytes_;
  std::vector<Level> open_;
};

class FlaxWeights final : public WeightsFormat {
 public:
  std::string name() const override { return "Flax's MessagePack"; }
  bool recognises(const WeightsSource& source) const override {
    if (source.start.size() < 4 || begins_as_safetensors(source.start)) return false;
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(source.start[i]); };
    const size_t first = byte(0) > 0x80 && byte(0) <= 0x8F ? 1 : byte(0) == 0xDE ? 3 : byte(0) == 0xDF ? 5 : 0;
    if (first == 0 || first >= source.start.size()) return false;
    return (byte(first) >= 0xA0 && byte(first) <= 0xBF) || (byte(first) >= 0xD9 && byte(first) <= 0xDB);
  }
  WeightsTable read(const WeightsSource& source) const override {
    WeightsTable table(source.path(), "Flax");
    table.take_dicts_for_layers();
    std::ifstream stream(source.path(), std::ios::binary);
    FlaxSax sax(source, stream, table);
    if (!Json::sax_parse(stream, &sax, Json::input_format_t::msgpack))
      refuse_weights(source.path(), "", "is no whole MessagePack of names and arrays", "get the file again");
    return table;
  }
};
DL_WEIGHTS_FORMAT(FlaxWeights);

const char* jax_name(ElementType type) {
  switch (type) {
    case ElementType::boolean: return "bool";
    case ElementType::u8: return "uint8";
    case ElementType::i8: return "int8";
    case ElementType::u16: return "uint16";
    case ElementType::i16: return "int16";
    case ElementType::u32: return "uint32";
    case ElementType::i32: return "int32";
    case ElementType::u64: return "uint64";
    case ElementType::i64: return "int64";
    case ElementType::f8_e4m3: return "float8_e4m3fn";
    case ElementType::f8_e5m2: return "float8_e5m2";
    case ElementType::f16: return "float16";
    case ElementType::bf16: return "bfloat16";
    case ElementType::f32: return "float32";
    case ElementType::f64: return "float64";
    case ElementType::c64: return "complex64";
    case ElementType::c128: return "complex128";
  }
  return "";
}

// Heads of values, as MessagePack has them; numbers are big-endian.
class MessagePackText {
 public:
  const std::string& bytes() const { return bytes_; }
  void map(size_t entries) { entries < 16 ? put(0x80 | entries, 1) : (put(0xDF, 1), put(entries, 4)); }
  void array(size_t items) { items < 16 ? put(0x90 | items, 1) : (put(0xDD, 1), put(items, 4)); }
  void number(uint64_t x) { x < 128 ? put(x, 1) : (put(0xCF, 1), put(x, 8)); }
  void text(std::string_view x) {
    x.size() < 32 ? put(0xA0 | x.size(), 1) : (put(0xDB, 1), put(x.size(), 4));
    bytes_ += x;
  }
  void bytes_follow(uint64_t count) { put(0xC6, 1), put(count, 4); }
  void extension(int type, uint64_t count) { put(0xC9, 1), put(count, 4), put(static_cast<uint64_t>(type), 1); }

 private:
  void put(uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
  }
  std::string bytes_;
};

class FlaxWriter final : public WeightsWriter {
 public:
  std::string ending() const override { return ".msgpack"; }
  std::string name() const override { return "Flax"; }
  bool has(ElementType) const override { return true; }
  void write(const Tensors& tensors, const Append& append) const override {
    for (const auto& [name, tensor] : tensors)
      if (tensor.byte_count() > chunk_bytes)
        throw Error(Exit::data, Problem{.path = concat("tensor '", name, "'"),
                                        .what = "takes more than 1 GiB, which Flax reads in chunks only",
                                        .notes = {},
                                        .help = "convert it to .safetensors"});
    group(tensor_tree(tensors), append);
  }

 private:
  static void give(const MessagePackText& text, const Append& append) {
    append(text.bytes().data(), text.bytes().size());
  }
  static void group(const TensorTree& tree, const Append& append) {
    MessagePackText head;
    head.map(tree.names());
    give(head, append);
    for (const auto& [name, part] : tree.groups) {
      MessagePackText key;
      key.text(name);
      give(key, append);
      group(part, append);
    }
    for (const auto& [name, tensor] : tree.tensors) {
      MessagePackText array, key;
      array.array(3);
      array.array(tensor->shape.sizes().size());
      for (const int64_t size : tensor->shape.sizes()) array.number(static_cast<uint64_t>(size));
      array.text(jax_name(tensor->type));
      array.bytes_follow(tensor->byte_count());
      key.text(name);
      key.extension(array_extension, array.bytes().size() + tensor->byte_count());
      give(key, append);
      give(array, append);
      append_elements(*tensor, append);
    }
  }
};
DL_WEIGHTS_WRITER(FlaxWriter);

}  // namespace
}  // namespace dl
