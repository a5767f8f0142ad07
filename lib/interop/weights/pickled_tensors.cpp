// Walking the tree, with bounds on what a tree of weights needs.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/pickled_tensors.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "lib/base/error.h"
#include "lib/base/text.h"

namespace dl {
namespace {

using Kind = Pickle::Kind;
using Id = Pickle::Id;

constexpr int most_nested = 200;
constexpr size_t most_entries = 200'000, most_path_bytes = 1000;
// A view that repeats elements may be as large as this, or as 64 times its storage.
constexpr int64_t most_repeated_bytes = 1 << 20, most_repeats = 64;

constexpr std::pair<std::string_view, ElementType> python_types[] = {
    {"BoolStorage", ElementType::boolean},
    {"ByteStorage", ElementType::u8},
    {"CharStorage", ElementType::i8},
    {"ShortStorage", ElementType::i16},
    {"IntStorage", ElementType::i32},
    {"LongStorage", ElementType::i64},
    {"HalfStorage", ElementType::f16},
    {"BFloat16Storage", ElementType::bf16},
    {"FloatStorage", ElementType::f32},
    {"DoubleStorage", ElementType::f64},
    {"ComplexFloatStorage", ElementType::c64},
    {"ComplexDoubleStorage", ElementType::c128},
    {"bool", ElementType::boolean},
    {"uint8", ElementType::u8},
    {"int8", ElementType::i8},
    {"uint16", ElementType::u16},
    {"int16", ElementType::i16},
    {"uint32", ElementType::u32},
    {"int32", ElementType::i32},
    {"uint64", ElementType::u64},
    {"int64", ElementType::i64},
    {"float16", ElementType::f16},
    {"bfloat16", ElementType::bf16},
    {"float32", ElementType::f32},
    {"float64", ElementType::f64},
    {"complex64", ElementType::c64},
    {"complex128", ElementType::c128},
    {"float8_e4m3fn", ElementType::f8_e4m3},
    {"float8_e5m2", ElementType::f8_e5m2},
};

std::span<const Id> items_of(const Pickle& pickle, Id id) {
  const Kind kind = pickle.kind(id);
  return kind == Kind::list || kind == Kind::tuple || kind == Kind::dict ? pickle.parts(id) : std::span<const Id>();
}

class RefusedCalls {
 public:
  RefusedCalls(const Pickle& pickle, const std::filesystem::path& file) : pickle_(pickle), file_(file) {}

  void refuse_all() {
    std::set<Id> borne;
    if (pickle_.kind(pickle_.root()) == Kind::dict) {
      const std::span<const Id> items = pickle_.parts(pickle_.root());
      const auto value_of = [&](std::string_view key) -> std::optional<Id> {
        for (size_t i = 0; i < items.size(); i += 2)
          if (pickle_.kind(items[i]) == Kind::text && pickle_.text(items[i]) == key) return items[i + 1];
        return {};
      };
      if (value_of("pytorch-lightning_version"))
        for (const char* key : {"hyper_parameters", "datamodule_hyper_parameters", "callbacks", "loops"})
          if (const auto value = value_of(key)) bear(*value, borne, 0);
    }
    for (Id id = 0; id < pickle_.count(); ++id)
      if (pickle_.kind(id) == Kind::refused && !borne.contains(id)) refuse(std::string(pickle_.global(id)));
  }

 private:
  [[noreturn]] void refuse(const std::string& name) const {
    const size_t dot = name.rfind('.');
    const bool is_class =
        dot + 1 < name.size() && std::isupper(static_cast<unsigned char>(name[dot + 1])) && !runs_things(name);
    if (is_class)
      refuse_weights(file_, "", concat("refused: it holds an object of the class ", name, ", not tensors alone"),
                     "save the weights alone: torch.save(model.state_dict(), \"weights.pt\")");
    refuse_weights(file_, "", concat("refused: it calls ", name, ", which no table of weights does"),
                   "do not open it with a program that runs what pickles call; ask for the weights as safetensors");
  }
  static bool runs_things(std::string_view name) {
    for (const std::string_view module : {"os.", "posix.", "nt.", "subprocess.", "sys.", "builtins.", "__builtin__.",
                                          "importlib.", "runpy.", "shutil.", "socket.", "ctypes.", "pty.", "code."})
      if (name.starts_with(module)) return true;
    return false;
  }
  void bear(Id id, std::set<Id>& borne, int depth) {
    if (depth > most_nested || !borne.insert(id).second) return;
    if (pickle_.kind(id) == Kind::refused && runs_things(pickle_.global(id))) {
      borne.erase(id);
      return;
    }
    for (const Id part : items_of(pickle_, id)) bear(part, borne, depth + 1);
    for (const Id part : pickle_.held(id)) bear(part, borne, depth + 1);
  }

  const Pickle& pickle_;
  const std::filesystem::path& file_;
};

// A pickle's tree made a table.
class PickledTensors {
 public:
  PickledTensors(const Pickle& pickle, PickledStorages& storages, bool swapped, WeightsTable& table)
      : pickle_(pickle), storages_(storages), swapped_(swapped), table_(table) {}

  void add_all() {
    const Id root = pickle_.root();
    if (pickle_.is_unread(root)) table_.add_unread("", pickle_.in_words(root));
    if (pickle_.kind(root) != Kind::tensor && items_of(pickle_, root).empty()) return;
    if (walked(root, 0) > most_entries) fail_of_entries();
    add(root, "", 0);
  }

 private:
  using Numbers = std::vector<int64_t>;

  [[noreturn]] void fail(const std::string& tensor, std::string what) const {
    refuse_weights(table_.path(), tensor, std::move(what), "get the file again, or save the weights anew");
  }

  [[noreturn]] void fail_of_entries() const {
    fail("", concat("holds more than ", most_entries, " containers and tensors"));
  }

  // So many containers and tensors the walk will come by, what stands in several places counted for each: a few bytes
  // can stand for more than there is time for.
  size_t walked(Id id, int depth) {
    if (pickle_.kind(id) == Kind::tensor) return 1;
    if (depth > most_nested) fail("", concat("nests deeper than ", most_nested));
    const auto [known, fresh] = walked_.try_emplace(id);
    if (!fresh) return known->second.has_tensors ? known->second.count : 1;
    const std::span<const Id> parts = pickle_.parts(id);
    const bool is_dict = pickle_.kind(id) == Kind::dict;
    Walked sum{.count = 1};
    for (size_t i = is_dict ? 1 : 0; i < parts.size(); i += is_dict ? 2 : 1) {
      if (pickle_.kind(parts[i]) != Kind::tensor && items_of(pickle_, parts[i]).empty()) continue;
      sum.count = std::min(sum.count + walked(parts[i], depth + 1), most_entries + 1);
      sum.has_tensors |= pickle_.kind(parts[i]) == Kind::tensor || walked_[parts[i]].has_tensors;
    }
    walked_[id] = sum;
    return sum.count;
  }

  // Whether there was a tensor; a container without one is not gone through a second time.
  bool add(Id id, const std::string& path, int depth) {
    if (++entries_ > most_entries) fail_of_entries();
    if (depth > most_nested) fail("", concat("nests deeper than ", most_nested));
    if (path.size() > most_path_bytes) fail("", concat("has a name of more than ", most_path_bytes, " bytes"));
    if (pickle_.kind(id) == Kind::tensor) {
      if (const std::string unknown = unknown_type(id); !unknown.empty())
        table_.add_unread(path, concat("a tensor of ", unknown));
      else
        table_.add(path, tensor(id, path));
      return true;
    }
    if (barren_.contains(id)) return false;
    if (!open_.insert(id).second) fail("", concat("'", shortened(path), "' contains itself"));
    const bool is_dict = pickle_.kind(id) == Kind::dict;
    const std::span<const Id> parts = pickle_.parts(id);
    bool any = false;
    for (size_t i = 0; i < parts.size(); i += is_dict ? 2 : 1) {
      const Id value = parts[is_dict ? i + 1 : i];
      const bool is_tensor = pickle_.kind(value) == Kind::tensor;
      const bool goes_on = is_tensor || !items_of(pickle_, value).empty();
      const bool is_unread = pickle_.is_unread(value);
      if (!goes_on && !is_unread && table_.is_full_of_others()) continue;
      const std::string key = is_dict ? key_text(parts[i]) : std::to_string(i);
      const std::string name = path.empty() ? key : concat(path, ".", key);
      if (is_dict && is_tensor) table_.add_holder(path);
      if (goes_on)
        any |= add(value, name, depth + 1);
      else if (is_unread)
        table_.add_unread(name, pickle_.in_words(value));
      else
        table_.add_other(name, pickle_.in_words(value));
    }
    open_.erase(id);
    if (!any) barren_.insert(id);
    return any;
  }
  std::string key_text(Id id) const {
    if (pickle_.kind(id) == Kind::tuple || pickle_.kind(id) == Kind::object) return concat("key ", id);
    if (pickle_.kind(id) != Kind::text) return pickle_.in_words(id);
    if (pickle_.text(id).size() > most_path_bytes)
      fail("", concat("has a name of ", pickle_.text(id).size(), " bytes"));
    return std::string(pickle_.text(id));
  }

  Numbers numbers(Id id, const std::string& path, const char* what) const {
    const Kind kind = pickle_.kind(id);
    if (kind != Kind::tuple && kind != Kind::list) fail(path, concat("has ", what, " that are no list"));
    Numbers out;
    for (const Id item : pickle_.parts(id)) {
      if (!pickle_.is_integer(item)) fail(path, concat("has ", pickle_.in_words(item), " among its ", what));
      out.push_back(pickle_.integer(item));
      if (out.back() < 0) fail(path, concat("has ", out.back(), " among its ", what));
      if (out.size() > 64) fail(path, concat("has more than 64 ", what));
    }
    entries_ += out.size();
    return out;
  }
  // "torch.complex32": a type of a tensor's elements that there is none of here; empty where it is known, or none.
  std::string unknown_type(Id tensor) const {
    const std::span<const Id> given = pickle_.parts(tensor);
    if (given.size() < 5 || pickle_.kind(given[4]) != Kind::global || python_type(pickle_.global(given[4]))) return "";
    return shortened(pickle_.global(given[4]));
  }
  ElementType type_of(Id global, const std::string& path) const {
    const std::string_view name = pickle_.kind(global) == Kind::global ? pickle_.global(global) : std::string_view();
    if (const auto type = python_type(name)) return *type;
    fail(path, concat("has elements of type '", shortened(name), "', which is not known"));
  }

  StoredTensor tensor(Id id, const std::string& path) {
    const std::span<const Id> given = pickle_.parts(id);
    if (pickle_.kind(given[0]) != Kind::storage) fail(path, "has no storage");
    const std::span<const Id> storage = pickle_.parts(given[0]);
    const bool is_typed = given.size() > 4;  // its storage is bytes
    StoredTensor t;
    t.type = type_of(is_typed ? given[4] : storage[0], path);
    t.swapped = swapped_;
    const Numbers sizes = numbers(given[2], path, "sizes");
    t.strides = numbers(given[3], path, "strides");
    if (sizes.size() != t.strides.size())
      fail(path, concat("has ", sizes.size(), " sizes and ", t.strides.size(), " strides"));
    if (const std::string why = why_no_shape(sizes, t.type); !why.empty()) fail(path, concat("has ", why));
    t.shape = Shape(sizes);
    const int64_t width = static_cast<int64_t>(bytes_of(t.type));
    int64_t count = pickle_.integer(storage[2]);
    if (is_typed) count /= width;
    const int64_t first = pickle_.is_integer(given[1]) ? pickle_.integer(given[1]) : -1;
    if (first < 0) fail(path, concat("begins at element ", pickle_.in_words(given[1]), " of its storage"));
    if (count < 0 || count > INT64_MAX / width) fail(path, concat("has a storage of ", count, " elements"));
    check_place(t, first, count, path);
    const std::string key(pickle_.text(storage[1]));
    t.bytes = storages_.find(key);
    if (!t.bytes) fail(path, concat("has storage '", shortened(key), "', which the file does not have"));
    if (t.bytes->size() < static_cast<uint64_t>(count * width))
      fail(path, concat("has a storage of ", count, " elements of ", name_of(t.type), ", in the file are ",
                        t.bytes->size(), " bytes of it"));
    t.offset = static_cast<uint64_t>(first * width);
    return t;
  }
  void check_place(const StoredTensor& t, int64_t first, int64_t count, const std::string& path) const {
    const int64_t elements = t.shape.elements();
    if (elements == 0) {
      if (first > count) fail(path, concat("begins at element ", first, " of a storage of ", count));
      return;
    }
    int64_t last = first;
    bool wraps = false;
    for (size_t axis = 0; axis < t.strides.size(); ++axis) {
      int64_t way = 0;
      wraps |= __builtin_mul_overflow(t.shape.sizes()[axis] - 1, t.strides[axis], &way);
      wraps |= __builtin_add_overflow(last, way, &last);
    }
    if (wraps || last >= count)
      fail(path, concat("reaches past its storage of ", count, " elements, with shape ", t.shape.text(),
                        " from element ", first, " on"));
    const int64_t bytes = static_cast<int64_t>(t.byte_count());
    if (bytes > most_repeated_bytes && elements / most_repeats > count)
      fail(path, concat("repeats the ", count, " elements of its storage to shape ", t.shape.text()));
  }

  const Pickle& pickle_;
  PickledStorages& storages_;
  bool swapped_;
  WeightsTable& table_;
  struct Walked {
    size_t count = 0;
    bool has_tensors = false;
  };
  std::unordered_map<Id, Walked> walked_;
  std::set<Id> open_, barren_;
  mutable size_t entries_ = 0;
};

}  // namespace

void refuse_calls(const Pickle& pickle, const std::filesystem::path& file) { RefusedCalls(pickle, file).refuse_all(); }

void add_pickled(const Pickle& pickle, PickledStorages& storages, bool swapped, WeightsTable& table) {
  PickledTensors(pickle, storages, swapped, table).add_all();
}

std::optional<ElementType> python_type(std::string_view name) {
  name.remove_prefix(name.rfind('.') + 1);
  const auto* found = std::ranges::find(python_types, name, &std::pair<std::string_view, ElementType>::first);
  if (found == std::end(python_types)) return {};
  return found->second;
}

}  // namespace dl
