// Arrays of numpy: .npz archives, each member a tensor of its name.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/data/array/npy.h"
#include "lib/data/file/zip_writer.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/interop/weights/weights_writer.h"

namespace dl {
namespace {

constexpr size_t npy_start_bytes = 4096;  // a header of arrays of numbers has a hundred

struct NumpyType {
  std::string_view name;
  ElementType type;
};
constexpr NumpyType numpy_types[] = {{"b1", ElementType::boolean}, {"u1", ElementType::u8},   {"i1", ElementType::i8},
                                     {"u2", ElementType::u16},     {"i2", ElementType::i16},  {"u4", ElementType::u32},
                                     {"i4", ElementType::i32},     {"u8", ElementType::u64},  {"i8", ElementType::i64},
                                     {"f2", ElementType::f16},     {"f4", ElementType::f32},  {"f8", ElementType::f64},
                                     {"c8", ElementType::c64},     {"c16", ElementType::c128}};

std::vector<int64_t> fortran_strides(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size(), 1);
  for (size_t axis = 1; axis < sizes.size(); ++axis) strides[axis] = strides[axis - 1] * sizes[axis - 1];
  return strides;
}

class NumpyWeights final : public WeightsFormat {
 public:
  std::string name() const override { return "numpy's .npz"; }
  bool recognises(const WeightsSource& source) const override {
    return !source.members.empty() &&
           std::ranges::all_of(source.members, [](const ZipMember& member) { return member.name.ends_with(".npy"); });
  }
  WeightsTable read(const WeightsSource& source) const override {
    WeightsTable table(source.path(), name());
    table.add_holder("");
    for (const ZipMember& member : source.members) {
      const std::string name = member.name.substr(0, member.name.size() - std::string_view(".npy").size());
      const auto fail = [&](std::string what, std::string help) {
        refuse_weights(source.path(), name, std::move(what), std::move(help));
      };
      const std::string start = unzip_start(*source.file, member, npy_start_bytes);
      const NpyHeader header = read_npy_header(
          start.size(),
          [&](uint64_t at, void* into, size_t bytes) {
            std::copy_n(start.data() + at, bytes, static_cast<char*>(into));
          },
          fail);
      const std::optional<ElementType> type = type_of(header.type);
      if (!type) {
        table.add_unread(name, concat("an array of '", shortened(header.descr), "'"));
        continue;
      }
      if (const std::string why = why_no_shape(header.sizes, *type); !why.empty()) fail(concat("has ", why), "");
      StoredTensor tensor;
      tensor.type = *type;
      tensor.shape = Shape(header.sizes);
      if (header.fortran) tensor.strides = fortran_strides(header.sizes);
      tensor.offset = header.values;
      tensor.swapped = header.swapped;
      if (header.values > member.bytes || tensor.byte_count() > member.bytes - header.values)
        fail(concat("the header says ", header.type, " ", tensor.shape.text(), ", behind it are ",
                    member.bytes - std::min(header.values, member.bytes), " bytes"),
             "get the file again");
      tensor.bytes = StoredBytes::in_zip(source.file, member);
      table.add(name, std::move(tensor));
    }
    return table;
  }

 private:
  static std::optional<ElementType> type_of(const std::string& name) {
    if (name == "V2") return ElementType::bf16;  // as numpy writes the bfloat16 of ml_dtypes, which JAX has
    const auto* known = std::ranges::find(numpy_types, name, &NumpyType::name);
    return known == std::end(numpy_types) ? std::nullopt : std::optional(known->type);
  }
};
DL_WEIGHTS_FORMAT(NumpyWeights);

class NumpyWriter final : public WeightsWriter {
 public:
  std::string ending() const override { return ".npz"; }
  std::string name() const override { return "numpy"; }
  bool has(ElementType type) const override { return std::ranges::count(numpy_types, type, &NumpyType::type) > 0; }
  void write(const Tensors& tensors, const Append& append) const override {
    ZipWriter zip(append);
    for (const auto& [name, tensor] : tensors) {
      const std::string head = header_of(tensor);
      zip.add(name + ".npy", head.size() + tensor.byte_count(), [&, &stored = tensor](const ZipWriter::Append& into) {
        into(head.data(), head.size());
        append_elements(stored, into);
      });
    }
    zip.finish();
  }

 private:
  static std::string header_of(const StoredTensor& tensor) {
    const std::string_view type = std::ranges::find(numpy_types, tensor.type, &NumpyType::type)->name;
    return npy_head(concat(bytes_of(tensor.type) == 1 ? '|' : '<', type), tensor.shape);
  }
};
DL_WEIGHTS_WRITER(NumpyWriter);

}  // namespace
}  // namespace dl
