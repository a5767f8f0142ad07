// Walking the groups from the root.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/hdf5.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "lib/base/error.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr std::string_view hdf5_signature("\x89HDF\r\n\x1a\n", 8);
constexpr size_t most_objects = 200'000, most_group_depth = 100, most_steps = 2'000'000, most_items = 10'000,
                 most_text_bytes = 1 << 20, most_all_text_bytes = 256 << 20;

enum Message : uint64_t {
  dataspace = 1,
  datatype = 3,
  layout = 8,
  attribute = 12,
  continuation = 16,
  symbol_table = 17
};

constexpr uint64_t opaque_class = 5;  // of types

class Hdf5Reader {
 public:
  Hdf5Reader(const std::filesystem::path& file, StoredBytes::Pointer bytes) : file_(file), bytes_(std::move(bytes)) {}

  std::vector<Hdf5Object> read() {
    const uint64_t version = number(8, 1);
    if (version > 1)
      fail(concat("expected HDF5 of version 0, found ", version),
           "save it with h5py's defaults, without libver='latest'");
    if (number(13, 1) != 8 || number(14, 1) != 8) fail("expected addresses and lengths of 8 bytes");
    const uint64_t root = version == 1 ? 60 : 56;
    visit(number(root + 8, 8), "", 0);
    return std::move(objects_);
  }

 private:
  struct Piece {
    uint64_t kind, at, bytes, flags;
  };
  struct Element {
    enum class Kind { number, fixed_text, long_text, other } kind = Kind::other;
    ElementType type = ElementType::f32;
    bool swapped = false;
    uint64_t bytes = 0;
  };

  [[noreturn]] void fail(std::string what, std::string help = "get the file again") const {
    throw Error(Exit::data, Problem{.where = {.file = file_.string()},
                                    .path = at_.empty() ? "" : concat("'", printable(at_), "'"),
                                    .what = std::move(what),
                                    .notes = {},
                                    .help = std::move(help)});
  }

  uint64_t number(uint64_t at, uint64_t bytes) {
    check(at, bytes);
    if (at < window_at_ || at + bytes > window_at_ + window_.size()) {
      window_at_ = at;
      window_.resize(static_cast<size_t>(std::min<uint64_t>(4096, bytes_->size() - at)));
      bytes_->read(at, window_.data(), window_.size());
    }
    uint64_t value = 0;
    std::memcpy(&value, window_.data() + (at - window_at_), bytes);
    return value;
  }
  std::string text(uint64_t at, uint64_t bytes) {
    if (bytes > most_text_bytes) fail(concat("has a text of ", bytes, " bytes"));
    check(at, bytes);
    std::string out(static_cast<size_t>(bytes), '\0');
    bytes_->read(at, out.data(), out.size());
    return out.substr(0, out.find('\0'));
  }
  void check(uint64_t at, uint64_t bytes) const {
    if (at > bytes_->size() || bytes > bytes_->size() - at)
      fail(concat("refers to ", bytes, " bytes at byte ", at, ", the HDF5 file has ", bytes_->size()));
  }
  void expect(uint64_t at, std::string_view signature) {
    if (text(at, signature.size()) != signature) fail(concat("expected '", signature, "' at byte ", at));
  }

  // Steps of all kinds together: objects may be named again and again.
  void work() {
    if (++steps_ > most_steps) fail("refers to itself more often than files of weights do");
  }

  // Texts of all objects together, which may be the same bytes again and again.
  void hold(const std::string& text) {
    held_ += text.size();
    if (held_ > most_all_text_bytes)
      fail(concat("holds more than ", most_all_text_bytes, " bytes of names and attributes"));
  }

  std::vector<Piece> messages(uint64_t at) {
    if (number(at, 1) != 1)
      fail(concat("expected an object of version 1 at byte ", at, ", found ", number(at, 1)),
           "save it with h5py's defaults, without libver='latest'");
    std::vector<std::pair<uint64_t, uint64_t>> blocks{{at + 16, number(at + 8, 4)}};
    std::vector<Piece> out;
    for (size_t block = 0; block < blocks.size(); ++block) {
      auto [from, bytes] = blocks[block];
      check(from, bytes);
      while (bytes >= 8) {
        const Piece piece{number(from, 2), from + 8, number(from + 2, 2), number(from + 4, 1)};
        if (piece.bytes > bytes - 8) fail(concat("has a message longer than its block at byte ", from));
        if (piece.kind == continuation && piece.bytes >= 16)
          blocks.emplace_back(number(piece.at, 8), number(piece.at + 8, 8));
        out.push_back(piece);
        work();
        from += 8 + piece.bytes;
        bytes -= 8 + piece.bytes;
      }
    }
    return out;
  }

  void visit(uint64_t address, const std::string& path, size_t depth) {
    at_ = path;
    if (objects_.size() == most_objects) fail(concat("holds more than ", most_objects, " objects"));
    if (depth > most_group_depth) fail(concat("nests deeper than ", most_group_depth));
    const std::vector<Piece> all = messages(address);
    Hdf5Object object{.path = path, .attributes = {}, .data = {}, .unread = {}};
    const Piece* links = nullptr;
    for (const Piece& piece : all) {
      if (piece.kind == symbol_table) links = &piece;
      if (piece.kind == attribute) add_attribute(piece, object.attributes);
    }
    object.is_group = links != nullptr;
    if (!links) read_data(all, object);
    objects_.push_back(std::move(object));
    if (!links) return;
    // A group that stands in itself is not gone into again.
    if (!groups_.insert(address).second) return;
    for (const auto& [name, place] : names_of_group(number(links->at, 8), number(links->at + 8, 8)))
      visit(place, path.empty() ? name : concat(path, "/", name), depth + 1);
  }

  // The names of a group: a B-tree of nodes that hold entries, and a heap of texts.
  std::map<std::string, uint64_t> names_of_group(uint64_t tree, uint64_t heap) {
    expect(heap, "HEAP");
    const uint64_t heap_bytes = number(heap + 8, 8), heap_data = number(heap + 24, 8);
    check(heap_data, heap_bytes);
    std::map<std::string, uint64_t> out;
    std::vector<uint64_t> open{tree};
    std::set<uint64_t> seen;
    while (!open.empty()) {
      const uint64_t node = open.back();
      open.pop_back();
      if (!seen.insert(node).second) fail(concat("has a tree that contains itself, at byte ", node));
      const uint64_t count = number(node + 6, 2);
      if (text(node, 4) == "TREE") {
        check(node, 24 + 8 + 16 * count);
        for (uint64_t i = 0; i < count; ++i) open.push_back(number(node + 32 + 16 * i, 8));
        continue;
      }
      expect(node, "SNOD");
      check(node, 8 + 40 * count);
      for (uint64_t i = 0; i < count; ++i) {
        const uint64_t entry = node + 8 + 40 * i, name = number(entry, 8);
        if (name >= heap_bytes) fail(concat("has a name at byte ", name, " of a heap of ", heap_bytes));
        const std::string called = text(heap_data + name, std::min<uint64_t>(heap_bytes - name, 4096));
        hold(called);
        out[called] = number(entry + 8, 8);
      }
      if (out.size() > most_objects) fail(concat("holds more than ", most_objects, " objects"));
    }
    return out;
  }

  std::vector<int64_t> sizes(const Piece& piece) {
    const uint64_t version = number(piece.at, 1), rank = number(piece.at + 1, 1);
    const uint64_t from = piece.at + (version == 1 ? 8 : 4);
    if (rank > 32) fail(concat("has ", rank, " dimensions"));
    std::vector<int64_t> out;
    for (uint64_t i = 0; i < rank; ++i) out.push_back(static_cast<int64_t>(number(from + 8 * i, 8)));
    return out;
  }

  Element element(uint64_t at) {
    const uint64_t kind = number(at, 1) & 15, bits = number(at + 1, 1), bytes = number(at + 4, 4);
    Element out{.bytes = bytes};
    if (kind == 0 && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8)) {
      constexpr ElementType is_signed[] = {ElementType::i8, ElementType::i16, ElementType::i32, ElementType::i64};
      constexpr ElementType is_unsigned[] = {ElementType::u8, ElementType::u16, ElementType::u32, ElementType::u64};
      const int log = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
      out.kind = Element::Kind::number;
      out.type = (bits & 8) != 0 ? is_signed[log] : is_unsigned[log];
    } else if (kind == 1 && (bytes == 2 || bytes == 4 || bytes == 8)) {
      out.kind = Element::Kind::number;
      const uint64_t exponent_bits = number(at + 13, 1);
      out.type = bytes == 8           ? ElementType::f64
                 : bytes == 4         ? ElementType::f32
                 : exponent_bits == 8 ? ElementType::bf16
                                      : ElementType::f16;
    } else if (kind == 8 && bytes == 1) {  // an enumeration, as h5py's booleans
      out.kind = Element::Kind::number;
      out.type = ElementType::boolean;
      return out;
    } else if (kind == 3) {
      out.kind = Element::Kind::fixed_text;
    } else if (kind == 9 && (bits & 15) == 1) {
      out.kind = Element::Kind::long_text;
    }
    out.swapped = (bits & 1) != 0;
    return out;
  }

  void read_data(const std::vector<Piece>& all, Hdf5Object& object) {
    const Piece *space = nullptr, *type = nullptr, *place = nullptr;
    for (const Piece& piece : all) {
      if (piece.kind == dataspace) space = &piece;
      if (piece.kind == datatype) type = &piece;
      if (piece.kind == layout) place = &piece;
    }
    if (!space || !type || !place) {
      object.unread = "neither a group of version 0 nor a dataset";
      return;
    }
    if ((type->flags & 2) != 0) {
      object.unread = "a type that stands elsewhere";
      return;
    }
    Element given = element(type->at);
    // Keras stores as opaque what HDF5 has no type for, and says beside it what it is.
    const auto said = object.attributes.find("dtype");
    if ((number(type->at, 1) & 15) == opaque_class && given.bytes == 2 && said != object.attributes.end() &&
        said->second == "bfloat16")
      given = {.kind = Element::Kind::number, .type = ElementType::bf16, .bytes = 2};
    if (given.kind != Element::Kind::number) {
      object.unread = "elements that are no numbers";
      return;
    }
    StoredTensor& data = object.data;
    data.type = given.type;
    data.swapped = given.swapped;
    const std::vector<int64_t> shape = sizes(*space);
    if (const std::string why = why_no_shape(shape, data.type); !why.empty()) fail(concat("has ", why));
    data.shape = Shape(shape);
    const uint64_t version = number(place->at, 1), kind = number(place->at + 1, 1);
    if (version != 3 || kind > 1) {
      object.unread = kind == 2 ? "data in chunks" : "a layout that is not known";
      return;
    }
    const bool is_compact = kind == 0;
    const uint64_t bytes = is_compact ? number(place->at + 2, 2) : number(place->at + 10, 8);
    data.offset = is_compact ? place->at + 4 : number(place->at + 2, 8);
    data.bytes = bytes_;
    if (data.byte_count() == 0) {
      data.offset = 0;
      return;
    }
    if (data.offset == UINT64_MAX) {  // never written
      object.unread = "no data";
      return;
    }
    if (bytes < data.byte_count())
      fail(concat("has ", bytes, " bytes, shape ", data.shape.text(), " needs ", data.byte_count()));
    check(data.offset, data.byte_count());
  }

  void add_attribute(const Piece& piece, std::map<std::string, std::string>& into) {
    const uint64_t version = number(piece.at, 1);
    if (version < 1 || version > 3) return;
    const auto padded = [&](uint64_t bytes) { return version == 1 ? (bytes + 7) / 8 * 8 : bytes; };
    const uint64_t name_bytes = number(piece.at + 2, 2), type_bytes = number(piece.at + 4, 2),
                   space_bytes = number(piece.at + 6, 2);
    const uint64_t name_at = piece.at + (version == 3 ? 9 : 8), type_at = name_at + padded(name_bytes),
                   space_at = type_at + padded(type_bytes), data_at = space_at + padded(space_bytes);
    const std::string name = text(name_at, name_bytes);
    if (version > 1 && number(piece.at + 1, 1) != 0) return;  // its type stands elsewhere
    const Element given = element(type_at);
    int64_t count = 1;
    bool is_list = false;
    for (const int64_t size : sizes({.kind = 0, .at = space_at, .bytes = 0, .flags = 0})) {
      is_list = true;
      if (size < 0 || __builtin_mul_overflow(count, size, &count)) return;
    }
    if (count > static_cast<int64_t>(most_items)) return;
    std::string all;
    for (int64_t i = 0; i < count && all.size() < most_text_bytes; ++i) {
      const uint64_t width = given.kind == Element::Kind::long_text ? 16 : given.bytes;
      const uint64_t at = data_at + width * static_cast<uint64_t>(i);
      if (i > 0) all += ", ";
      if (given.kind == Element::Kind::fixed_text)
        all += text(at, width);
      else if (given.kind == Element::Kind::long_text)
        all += heap_text(number(at + 4, 8), number(at + 12, 4), number(at, 4));
      else if (given.kind == Element::Kind::number && !is_float(given.type) && !given.swapped)
        all += std::to_string(static_cast<int64_t>(number(at, width)));
      else
        return;
    }
    hold(all);
    into[name] = is_list ? concat("[", all, "]") : all;
  }

  // Texts of any length stand in collections of their own.
  std::string heap_text(uint64_t collection, uint64_t index, uint64_t bytes) {
    if (bytes == 0) return "";
    expect(collection, "GCOL");
    const uint64_t size = number(collection + 8, 8);
    check(collection, size);
    uint64_t at = collection + 16;
    const uint64_t end = collection + size;
    while (at + 16 <= end) {
      work();
      const uint64_t found = number(at, 2), stored = number(at + 8, 8);
      if (stored > end - at - 16) break;
      if (found == index) return text(at + 16, std::min(bytes, stored));
      if (found == 0) break;
      at += 16 + (stored + 7) / 8 * 8;
      if (at > end) break;
    }
    fail(concat("refers to text ", index, " of the collection at byte ", collection, ", which has none"));
  }

  const std::filesystem::path& file_;
  StoredBytes::Pointer bytes_;
  std::string at_;
  uint64_t window_at_ = 0;
  std::vector<char> window_;
  std::vector<Hdf5Object> objects_;
  std::set<uint64_t> groups_;
  size_t steps_ = 0, held_ = 0;
};

}  // namespace

bool is_hdf5(std::string_view start) { return start.starts_with(hdf5_signature); }

std::vector<Hdf5Object> read_hdf5(const std::filesystem::path& file, const StoredBytes::Pointer& bytes) {
  return Hdf5Reader(file, bytes).read();
}

}  // namespace dl
