// A pickle of protocol 2 with what torch.load(weights_only=True) takes, and one member of a zip archive for each
// storage (https://github.com/pytorch/pytorch/blob/main/torch/_weights_only_unpickler.py).
// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstring>
#include <map>
#include <tuple>

#include "lib/base/error.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/data/file/zip_writer.h"
#include "lib/interop/weights/python_value.h"

namespace dl {
namespace {

const char* storage_name(ElementType type) {
  switch (type) {
    case ElementType::boolean: return "BoolStorage";
    case ElementType::u8: return "ByteStorage";
    case ElementType::i8: return "CharStorage";
    case ElementType::i16: return "ShortStorage";
    case ElementType::i32: return "IntStorage";
    case ElementType::i64: return "LongStorage";
    case ElementType::f16: return "HalfStorage";
    case ElementType::bf16: return "BFloat16Storage";
    case ElementType::f32: return "FloatStorage";
    case ElementType::f64: return "DoubleStorage";
    case ElementType::c64: return "ComplexFloatStorage";
    case ElementType::c128: return "ComplexDoubleStorage";
    default: return nullptr;
  }
}

// Of types that have no storage of their own: theirs is bytes.
const char* dtype_name(ElementType type) {
  switch (type) {
    case ElementType::u16: return "uint16";
    case ElementType::u32: return "uint32";
    case ElementType::u64: return "uint64";
    case ElementType::f8_e4m3: return "float8_e4m3fn";
    case ElementType::f8_e5m2: return "float8_e5m2";
    default: return nullptr;
  }
}

std::vector<int64_t> row_major_strides(const Shape& shape) {
  std::vector<int64_t> strides(shape.sizes().size(), 1);
  for (size_t axis = strides.size(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape.sizes()[axis];
  return strides;
}

// Opcodes one behind another, and the storages that they name.
class TorchPickle {
 public:
  std::string bytes = "\x80\x02";
  std::vector<StoredTensor> storages;  // by key

  void add(const PythonValue& value) {
    std::visit([&](const auto& v) { add_value(v); }, value.value);
  }

 private:
  void add_value(std::monostate) { bytes += 'N'; }
  void add_value(bool value) { bytes += value ? '\x88' : '\x89'; }
  void add_value(int64_t value) {
    if (value >= 0 && value < 0x100)
      number("K", value, 1);
    else if (value >= 0 && value < 0x10000)
      number("M", value, 2);
    else if (value >= INT32_MIN && value <= INT32_MAX)
      number("J", value, 4);
    else
      number("\x8A\x08", value, 8);
  }
  void add_value(double value) {
    bytes += 'G';
    const auto bits = std::bit_cast<uint64_t>(value);
    for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(bits >> shift);
  }
  void add_value(const std::string& value) {
    number("X", static_cast<int64_t>(value.size()), 4);
    bytes += value;
  }
  void add_value(const StoredTensor& t) {
    const char* storage = storage_name(t.type);
    global("torch._utils", storage ? "_rebuild_tensor_v2" : "_rebuild_tensor_v3");
    bytes += "((";
    add_value(std::string("storage"));
    global(storage ? "torch" : "torch.storage", storage ? storage : "UntypedStorage");
    add_value(std::to_string(key_of(t)));
    add_value(std::string("cpu"));
    add_value(storage ? t.shape.elements() : static_cast<int64_t>(t.byte_count()));
    bytes += "tQ";
    add_value(int64_t{0});
    sizes(t.shape.sizes());
    sizes(row_major_strides(t.shape));
    bytes += '\x89';
    global("collections", "OrderedDict");
    bytes += ")R";
    if (!storage) global("torch", dtype_name(t.type));
    bytes += "tR";
  }
  void add_value(const PythonValue::List& list) {
    bytes += "](";
    for (const PythonValue& item : list) add(item);
    bytes += 'e';
  }
  void add_value(const PythonValue::Tuple& tuple) {
    bytes += '(';
    for (const PythonValue& item : tuple.items) add(item);
    bytes += 't';
  }
  void add_value(const PythonValue::Dict& dict) {
    if (dict.ordered) {
      global("collections", "OrderedDict");
      bytes += ")R";
    } else {
      bytes += '}';
    }
    bytes += '(';
    for (const auto& [key, value] : dict.items) {
      add(key);
      add(value);
    }
    bytes += 'u';
  }

  void global(const char* module, const char* name) { bytes += concat("c", module, "\n", name, "\n"); }
  void sizes(const std::vector<int64_t>& values) {
    bytes += '(';
    for (const int64_t value : values) add_value(value);
    bytes += 't';
  }
  void number(std::string_view code, int64_t value, int width) {
    bytes += code;
    for (int i = 0; i < width; ++i) bytes += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
  }

  size_t key_of(const StoredTensor& t) {
    const auto same = std::tuple(t.bytes.get(), t.offset, t.type, t.shape.sizes(), t.strides);
    const auto [place, fresh] = keys_.try_emplace(same, storages.size());
    if (fresh) storages.push_back(t);
    return place->second;
  }
  std::map<std::tuple<const StoredBytes*, uint64_t, ElementType, std::vector<int64_t>, std::vector<int64_t>>, size_t>
      keys_;
};

}  // namespace

PythonValue& PythonValue::Dict::add(PythonValue key, PythonValue value) {
  return items.emplace_back(std::move(key), std::move(value)).second;
}

PythonValue PythonValue::of(const Node& node) {
  if (node.is_null()) return {};
  if (node.is_list()) {
    Tuple tuple;
    for (const Node& item : node.items) tuple.items.push_back(of(item));
    return {std::move(tuple)};
  }
  if (node.is_map()) {
    Dict dict;
    for (const Node::Entry& entry : node.entries) dict.add({entry.key}, of(entry.value));
    return {std::move(dict)};
  }
  if (const auto value = node.as_bool()) return {*value};
  if (const auto value = node.as_integer()) return {*value};
  if (const auto value = node.as_number()) return {*value};
  return {node.text};
}

PythonValue state_dict(const WeightsWriter::Tensors& tensors) {
  PythonValue::Dict dict{.items = {}, .ordered = true};
  for (const auto& [name, tensor] : tensors) dict.add({name}, {tensor});
  return {std::move(dict)};
}

StoredTensor number_tensor(double value) {
  const auto number = static_cast<float>(value);
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return {.type = ElementType::f32, .shape = Shape(), .bytes = StoredBytes::in_memory(std::move(bytes))};
}

bool torch_has(ElementType type) { return storage_name(type) || dtype_name(type); }

void write_torch_archive(const PythonValue& value, const WeightsWriter::Append& append) {
  TorchPickle pickle;
  pickle.add(value);
  ZipWriter zip(append);
  zip.add("archive/data.pkl", pickle.bytes + ".");
  zip.add("archive/byteorder", "little");
  for (size_t key = 0; key < pickle.storages.size(); ++key) {
    const StoredTensor& tensor = pickle.storages[key];
    zip.add(concat("archive/data/", key), tensor.byte_count(),
            [&](const ZipWriter::Append& into) { append_elements(tensor, into); });
  }
  zip.add("archive/version", "3\n");
  zip.finish();
}

void write_torch_file(const std::filesystem::path& path, const PythonValue& value) {
  AtomicFile file(path);
  write_torch_archive(value, [&](const void* data, size_t bytes) { file.append(data, bytes); });
  file.commit();
}

}  // namespace dl
