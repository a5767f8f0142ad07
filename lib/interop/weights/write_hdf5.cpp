// Writing HDF5 of superblock 0: all that describes the data first, then the data.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "lib/base/error.h"
#include "lib/interop/weights/hdf5.h"

namespace dl {
namespace {

constexpr uint64_t nowhere = UINT64_MAX, empty_free_list = 1;
constexpr size_t names_a_node = 8, least_children = 32;  // HDF5's own: twice the k that the superblock says
constexpr size_t superblock_bytes = 96;

struct FloatForm {
  uint64_t exponent_bits, mantissa_bits, bias;
};
FloatForm float_form(ElementType type) {
  switch (type) {
    case ElementType::f16: return {5, 10, 15};
    case ElementType::bf16: return {8, 7, 127};
    case ElementType::f32: return {8, 23, 127};
    default: return {11, 52, 1023};
  }
}

// Of the group with the most names, how many nodes of names it takes.
size_t most_nodes(const TensorTree& group) {
  size_t most = (group.names() + names_a_node - 1) / names_a_node;
  for (const auto& [name, part] : group.groups) most = std::max(most, most_nodes(part));
  return most;
}

// Bytes with places that are filled in later.
class Hdf5Bytes {
 public:
  void put(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i, value >>= 8) bytes_.push_back(static_cast<char>(value));
  }
  void put(std::string_view text) { bytes_ += text; }
  void pad(size_t multiple) { bytes_.resize((bytes_.size() + multiple - 1) / multiple * multiple); }
  void fill(size_t count) { bytes_.append(count, '\0'); }
  void set(size_t at, uint64_t value) {
    for (size_t i = 0; i < 8; ++i) bytes_[at + i] = static_cast<char>(value >> (8 * i));
  }
  size_t size() const { return bytes_.size(); }
  const std::string& text() const { return bytes_; }

 private:
  std::string bytes_;
};

class Hdf5Layout {
 public:
  explicit Hdf5Layout(const TensorTree& root) : children_(std::max(least_children, most_nodes(root))) {
    out_.fill(superblock_bytes);
    const Group written = group(root);
    Hdf5Bytes head;
    head.put("\x89HDF\r\n\x1a\n");
    head.put(0, 5);
    head.put(8, 1);
    head.put(8, 1);
    head.put(0, 1);
    head.put(names_a_node / 2, 2);
    head.put((children_ + 1) / 2, 2);
    head.put(0, 4);
    head.put(0, 8);
    head.put(nowhere, 8);
    head.put(0, 8);  // the file's end, below
    head.put(nowhere, 8);
    head.put(0, 8);
    head.put(written.header, 8);
    head.put(1, 4);  // the tree's place stands here too
    head.put(0, 4);
    head.put(written.tree, 8);
    head.put(written.heap, 8);
    head_ = head.text();
    uint64_t at = out_.size();
    for (const Data& data : data_) {
      if (data.tensor->byte_count() == 0) continue;
      out_.set(data.place, at);
      at += (data.tensor->byte_count() + 7) / 8 * 8;
    }
    for (size_t i = 0; i < 8; ++i) head_[40 + i] = static_cast<char>(at >> (8 * i));
  }

  void write(const std::function<void(const void*, size_t)>& append) const {
    append(head_.data(), head_.size());
    append(out_.text().data() + superblock_bytes, out_.size() - superblock_bytes);
    for (const Data& data : data_) {
      append_elements(*data.tensor, append);
      constexpr char zeros[8]{};
      append(zeros, (8 - data.tensor->byte_count() % 8) % 8);
    }
  }

 private:
  struct Group {
    uint64_t header, tree, heap;
  };
  struct Data {
    size_t place;  // where its address stands
    const StoredTensor* tensor;
  };

  void message(uint64_t kind, const Hdf5Bytes& body) {
    out_.put(kind, 2);
    out_.put(body.size(), 2);
    out_.put(0, 4);
    out_.put(body.text());
  }
  uint64_t object(uint64_t messages, uint64_t bytes) {
    const uint64_t at = out_.size();
    out_.put(1, 2);
    out_.put(messages, 2);
    out_.put(1, 4);
    out_.put(bytes, 4);
    out_.put(0, 4);
    return at;
  }

  Group group(const TensorTree& given) {
    std::map<std::string, uint64_t> places;  // of headers, by name; HDF5's order is that of bytes too
    for (const auto& [name, part] : given.groups) places[name] = group(part).header;
    for (const auto& [name, tensor] : given.tensors) places[name] = dataset(*tensor);

    Hdf5Bytes names;
    names.fill(8);  // the empty name, before all others
    std::vector<uint64_t> name_places;
    for (const auto& [name, place] : places) {
      name_places.push_back(names.size());
      names.put(name);
      names.put(0, 1);
      names.pad(8);
    }
    Group written{};
    written.heap = out_.size();
    out_.put("HEAP");
    out_.put(0, 4);
    out_.put(names.size(), 8);
    out_.put(empty_free_list, 8);
    out_.put(written.heap + 32, 8);
    out_.put(names.text());

    std::vector<uint64_t> nodes;
    auto next = places.begin();
    for (size_t i = 0; i < places.size(); i += names_a_node) {
      const size_t count = std::min(names_a_node, places.size() - i), end = out_.size() + 8 + 40 * names_a_node;
      nodes.push_back(out_.size());
      out_.put("SNOD");
      out_.put(1, 2);
      out_.put(count, 2);
      for (size_t k = 0; k < count; ++k, ++next) {
        out_.put(name_places[i + k], 8);
        out_.put(next->second, 8);
        out_.fill(24);
      }
      out_.fill(end - out_.size());
    }
    written.tree = out_.size();
    const size_t end = out_.size() + 24 + 16 * 2 * ((children_ + 1) / 2) + 8;
    out_.put("TREE");
    out_.put(0, 2);
    out_.put(nodes.size(), 2);
    out_.put(nowhere, 8);
    out_.put(nowhere, 8);
    out_.put(0, 8);  // what comes before the first node: the empty name
    for (size_t i = 0; i < nodes.size(); ++i) {
      out_.put(nodes[i], 8);
      out_.put(name_places[std::min(name_places.size(), (i + 1) * names_a_node) - 1], 8);
    }
    out_.fill(end - out_.size());

    Hdf5Bytes table;
    table.put(written.tree, 8);
    table.put(written.heap, 8);
    std::vector<Hdf5Bytes> attributes;
    uint64_t bytes = 8 + table.size();
    for (const auto& [name, text] : given.attributes) {
      attributes.push_back(attribute(name, text));
      bytes += 8 + attributes.back().size();
    }
    written.header = object(1 + attributes.size(), bytes);
    message(17, table);
    for (const Hdf5Bytes& each : attributes) message(12, each);
    return written;
  }

  // A text of as many bytes as it has.
  static Hdf5Bytes attribute(const std::string& name, const std::string& text) {
    Hdf5Bytes out;
    out.put(1, 1);
    out.put(0, 1);
    out.put(name.size() + 1, 2);
    out.put(8, 2);  // bytes of the type
    out.put(8, 2);  // and of the space
    out.put(name);
    out.put(0, 1);
    out.pad(8);
    out.put(0x13, 1);
    out.put(0x11, 3);  // padded with zeros, UTF-8
    out.put(text.size(), 4);
    out.put(1, 1);  // a space of no axes
    out.put(0, 7);
    out.put(text);
    out.pad(8);
    return out;
  }

  uint64_t dataset(const StoredTensor& tensor) {
    Hdf5Bytes space, type, layout;
    space.put(1, 1);
    space.put(static_cast<uint64_t>(tensor.shape.rank()), 1);
    space.put(0, 6);
    for (const int64_t size : tensor.shape.sizes()) space.put(static_cast<uint64_t>(size), 8);
    put_type(tensor.type, type);
    layout.put(3, 1);
    layout.put(1, 1);
    layout.put(nowhere, 8);
    layout.put(tensor.byte_count(), 8);
    layout.pad(8);
    Hdf5Bytes fill_value;  // version 2, none is defined, space taken early
    fill_value.put(2, 1);
    fill_value.put(1, 1);
    fill_value.put(2, 1);
    fill_value.put(0, 1);
    fill_value.pad(8);
    const uint64_t at = object(4, 32 + space.size() + type.size() + layout.size() + fill_value.size());
    message(1, space);
    message(3, type);
    message(5, fill_value);
    message(8, layout);
    data_.push_back({out_.size() - layout.size() + 2, &tensor});
    return at;
  }

  static void put_type(ElementType type, Hdf5Bytes& out) {
    const uint64_t bytes = bytes_of(type);
    if (!is_float(type)) {
      const bool is_signed =
          type == ElementType::i8 || type == ElementType::i16 || type == ElementType::i32 || type == ElementType::i64;
      out.put(0x10, 1);
      out.put(is_signed ? 8 : 0, 3);
      out.put(bytes, 4);
      out.put(0, 2);
      out.put(8 * bytes, 2);
      out.pad(8);
      return;
    }
    const FloatForm form = float_form(type);
    out.put(0x11, 1);
    out.put(0x20, 1);  // the first bit of the mantissa is implied
    out.put(8 * bytes - 1, 2);
    out.put(bytes, 4);
    out.put(0, 2);
    out.put(8 * bytes, 2);
    out.put(form.mantissa_bits, 1);
    out.put(form.exponent_bits, 1);
    out.put(0, 1);
    out.put(form.mantissa_bits, 1);
    out.put(form.bias, 4);
    out.pad(8);
  }

  const size_t children_;
  Hdf5Bytes out_;
  std::string head_;
  std::vector<Data> data_;
};

}  // namespace

bool has_hdf5_type(ElementType type) {
  return type != ElementType::boolean && type < ElementType::c64 && type != ElementType::f8_e4m3 &&
         type != ElementType::f8_e5m2;
}

void write_hdf5(const TensorTree& root, const std::function<void(const void* data, size_t bytes)>& append) {
  Hdf5Layout(root).write(append);
}

}  // namespace dl
