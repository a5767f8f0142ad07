// Python's pickles read as tables of plain values (protocols 2 to 5, as PyTorch writes them): a closed interpreter that
// calls nothing. What a pickle may call is a list of what makes up tables of weights; each has one meaning as data.
// https://docs.python.org/3/library/pickletools.html says what the opcodes are.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dl {

class Pickle {
 public:
  using Id = uint32_t;  // of a value; values are shared, so that one may stand in several places, even in itself
  enum class Kind : uint8_t {
    none,
    boolean,
    integer,
    real,
    text,
    bytes,
    long_integer,  // beyond 64 bits
    list,          // and sets
    tuple,
    dict,
    global,   // a name of Python's, "torch.FloatStorage", that was not called
    storage,  // parts: the type's global, the key, the number of elements, and where there is one the view
    tensor,   // parts: storage, offset, sizes, strides, and where the pickle names it the type's global
    object,   // of a class that is known to be harmless and has nothing of weights in it
    refused   // what would come of calling a name that is not on the list
  };

  Kind kind(Id id) const { return values_[id].kind; }
  bool is_integer(Id id) const { return kind(id) == Kind::integer; }
  int64_t integer(Id id) const { return values_[id].number; }  // of booleans too
  double real(Id id) const;
  std::string_view text(Id id) const;    // of text, bytes
  std::string_view global(Id id) const;  // "module.name", also of what an object or refused was called by
  // Of lists and tuples their items, of dicts key, value, key, value, …
  std::span<const Id> parts(Id id) const { return parts_[static_cast<size_t>(values_[id].number)]; }
  bool is_unread(Id id) const;  // an object that is a tensor or an array
  // What an object, or what is refused, was made with and given since: arguments, items and states.
  std::span<const Id> held(Id id) const;
  std::string in_words(Id id) const;  // "3", "'adam'", "a list of 4", "a pathlib.PosixPath"

  Id root() const { return root_; }
  uint64_t bytes() const { return end_; }  // how long it was
  // Every value there was, in the order in which they were made.
  Id count() const { return static_cast<Id>(values_.size()); }

 private:
  friend class PickleMachine;
  struct Value {
    Kind kind = Kind::none;
    uint32_t bytes = 0;  // of text and bytes
    int64_t number = 0;  // an integer; a real's bits; where text begins; which part or name
  };

  std::string content_;
  std::vector<Value> values_;
  std::vector<std::vector<Id>> parts_;
  std::vector<std::string> names_;  // of globals
  std::unordered_map<Id, std::vector<Id>> held_;
  Id root_ = 0;
  uint64_t end_ = 0;
};

// Bytes that a pickle is read from: fills `into` from place `at` on.
struct PickleSource {
  std::filesystem::path file;  // that errors name
  uint64_t begin = 0;          // of the pickle in the file, for errors
  uint64_t bytes = 0;          // there are; the pickle may end before
  std::function<void(uint64_t at, void* into, size_t bytes)> read;
};

// Reads one pickle. One that is cut short, has opcodes that PyTorch does not write, or holds more values than tables of
// weights do is an Error(Exit::data) that names the byte.
Pickle read_pickle(const PickleSource& source);

}  // namespace dl
