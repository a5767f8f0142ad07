// A tensor's message by the numbers of its fields, and its elements by their types.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/onnx_layer/onnx_tensor.h"

#include <algorithm>
#include <cstring>

#include "lib/base/error.h"
#include "lib/base/f16.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

namespace dl::onnx {
namespace {

namespace fs = std::filesystem;

enum DataType : int32_t {
  f32 = 1,
  u8 = 2,
  i8 = 3,
  u16 = 4,
  i16 = 5,
  i32 = 6,
  i64 = 7,
  text = 8,
  boolean = 9,
  f16 = 10,
  f64 = 11,
  u32 = 12,
  u64 = 13,
  bf16 = 16
};

int64_t width_of(int32_t type) {
  switch (type) {
    case u8:
    case i8:
    case boolean: return 1;
    case u16:
    case i16:
    case f16:
    case bf16: return 2;
    case f32:
    case i32:
    case u32: return 4;
    case i64:
    case f64:
    case u64: return 8;
    default: return 0;
  }
}

class TensorMessage {
 public:
  TensorMessage(const fs::path& model, BytesBeside& beside) : path_(model), beside_(beside) {}

  TensorPointer read(ProtobufMessage message, std::string& name) const {
    RawTensor raw;
    while (message.next()) {
      switch (message.tag()) {
        case 1: message.add_int64s(raw.sizes); break;
        case 2: raw.type = message.get_int32(); break;
        case 4: message.add_floats(raw.floats); break;
        case 5: message.add_int32s(raw.integers); break;
        case 7: message.add_int64s(raw.integers); break;
        case 10: message.add_doubles(raw.floats); break;
        case 8: raw.name = message.get_string(); break;
        case 9:
          raw.raw = message.get_string();
          raw.has_raw = true;
          break;
        case 13: read_external(message.get_message(), raw); break;
        default: message.skip();
      }
    }
    name = raw.name;
    return decoded(raw);
  }

 private:
  struct RawTensor {
    std::vector<int64_t> sizes;
    int32_t type = 0;
    std::string name, raw, location;
    uint64_t offset = 0, length = 0;
    bool has_raw = false, has_length = false;
    std::vector<float> floats;
    std::vector<int64_t> integers;
  };

  [[noreturn]] void fail(std::string what) const { fail_file(path_, std::move(what)); }

  void read_external(ProtobufMessage entry, RawTensor& raw) const {
    std::string key, value;
    while (entry.next()) {
      if (entry.tag() == 1)
        key = entry.get_string();
      else if (entry.tag() == 2)
        value = entry.get_string();
      else
        entry.skip();
    }
    const auto number = [&] {
      uint64_t n = 0;
      for (const char c : value) {
        if (c < '0' || c > '9' || n > most_file_bytes)
          fail(concat("the tensor's place beside is '", shortened(value), "'"));
        n = 10 * n + static_cast<uint64_t>(c - '0');
      }
      return n;
    };
    if (key == "location") raw.location = value;
    if (key == "offset") raw.offset = number();
    if (key == "length") raw.length = number(), raw.has_length = true;
  }

  TensorPointer decoded(RawTensor& raw) const {
    const auto refuse = [&](const std::string& what) { fail(concat("tensor '", shortened(raw.name), "': ", what)); };
    const int64_t width = width_of(raw.type);
    if (width == 0)
      refuse(concat("expected numbers, found the type ", raw.type,
                    raw.type == text  ? " (text)"
                    : raw.type > bf16 ? " (quantized or of fewer bits)"
                                      : ""));
    if (raw.sizes.size() > most_axes) refuse(concat("has ", raw.sizes.size(), " axes, more than ", most_axes));
    int64_t count = 1;
    for (const int64_t n : raw.sizes)
      if (n < 0 || __builtin_mul_overflow(count, n, &count) || count > int64_t{1} << 33)
        refuse("its sizes are too large");
    auto tensor = std::make_shared<ReadTensor>();
    tensor->sizes = raw.sizes;
    tensor->is_float = is_float_type(raw.type);
    if (!raw.location.empty()) {
      const fs::path location(raw.location);
      if (location.is_absolute() || std::ranges::count(location, fs::path("..")) > 0)
        refuse(concat("its bytes are to lie in '", shortened(raw.location), "', outside of the model's folder"));
      const InputFile file(path_.parent_path() / location);
      const uint64_t bytes = raw.has_length ? raw.length : static_cast<uint64_t>(count * width);
      if (raw.offset > file.size_bytes() || bytes > file.size_bytes() - raw.offset)
        refuse(concat("its bytes end behind the end of '", shortened(raw.location), "'"));
      if (bytes != static_cast<uint64_t>(count * width))
        refuse(concat("expected ", count * width, " bytes, found ", bytes));
      constexpr uint64_t most_times = 4;  // that weights which are several layers' stand there
      uint64_t& taken = beside_[raw.location];
      if ((taken += bytes) > most_times * file.size_bytes())
        refuse(
            concat("the tensors take the bytes of '", shortened(raw.location), "' more than ", most_times, " times"));
      raw.raw.resize(bytes);
      file.read(raw.offset, raw.raw.data(), bytes);
      raw.has_raw = true;
    }
    if (raw.has_raw) {
      if (static_cast<int64_t>(raw.raw.size()) != count * width)
        refuse(concat("expected ", count * width, " bytes, found ", raw.raw.size()));
      fill(*tensor, raw, count);
    } else if (tensor->is_float && raw.floats.empty() && !raw.integers.empty()) {  // f16 and bf16 as their bits
      for (const int64_t bits : raw.integers)
        tensor->floats.push_back(raw.type == f16 ? f16_value(static_cast<uint16_t>(bits))
                                                 : bf16_value(static_cast<uint16_t>(bits)));
    } else if (tensor->is_float) {
      tensor->floats = std::move(raw.floats);
    } else {
      tensor->integers = std::move(raw.integers);
    }
    if (tensor->count() != count) refuse(concat("expected ", count_of(count, "value"), ", found ", tensor->count()));
    return tensor;
  }

  static float bf16_value(uint16_t bits) {
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
  }

  template <class T>
  static std::vector<T> values_in(const std::string& bytes) {
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  template <class T>
  static void take_integers(ReadTensor& tensor, const std::string& bytes) {
    for (const T x : values_in<T>(bytes)) tensor.integers.push_back(static_cast<int64_t>(x));
  }

  static void fill(ReadTensor& tensor, const RawTensor& raw, int64_t count) {
    tensor.floats.reserve(static_cast<size_t>(tensor.is_float ? count : 0));
    switch (raw.type) {
      case f32: tensor.floats = values_in<float>(raw.raw); break;
      case f64:
        for (const double x : values_in<double>(raw.raw)) tensor.floats.push_back(static_cast<float>(x));
        break;
      case f16:
        for (const uint16_t x : values_in<uint16_t>(raw.raw)) tensor.floats.push_back(f16_value(x));
        break;
      case bf16:
        for (const uint16_t x : values_in<uint16_t>(raw.raw)) tensor.floats.push_back(bf16_value(x));
        break;
      case u8:
      case boolean: take_integers<uint8_t>(tensor, raw.raw); break;
      case i8: take_integers<int8_t>(tensor, raw.raw); break;
      case u16: take_integers<uint16_t>(tensor, raw.raw); break;
      case i16: take_integers<int16_t>(tensor, raw.raw); break;
      case i32: take_integers<int32_t>(tensor, raw.raw); break;
      case u32: take_integers<uint32_t>(tensor, raw.raw); break;
      default: take_integers<int64_t>(tensor, raw.raw);
    }
  }

  const fs::path& path_;
  BytesBeside& beside_;
};

}  // namespace

bool is_float_type(int32_t type) { return type == f32 || type == f16 || type == f64 || type == bf16; }

TensorPointer read_tensor(ProtobufMessage message, const fs::path& model, std::string& name, BytesBeside& beside) {
  return TensorMessage(model, beside).read(message, name);
}

void fail_file(const fs::path& model, std::string what, std::string help) {
  throw Error(Exit::data, Problem{.where = {.file = model.string()}, .what = std::move(what), .help = std::move(help)});
}

}  // namespace dl::onnx
