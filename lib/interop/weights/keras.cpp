// Weights of Keras: .weights.h5, models as .keras archives, and the older .h5. Names are the paths in the file,
// layouts Keras's own: kernels are [in, out] and [height, width, in, out].
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/weights/hdf5.h"
#include "lib/interop/weights/weights_format.h"
#include "lib/interop/weights/weights_writer.h"

namespace dl {
namespace {

constexpr std::string_view weights_in_archive = "model.weights.h5";

std::string dotted(std::string path) {
  std::ranges::replace(path, '/', '.');
  return path;
}

void add_hdf5(const std::vector<Hdf5Object>& objects, WeightsTable& table) {
  for (const Hdf5Object& object : objects) {
    const std::string name = dotted(object.path);
    for (const auto& [key, value] : object.attributes)
      table.add_other(name.empty() ? key : concat(name, ".", key), "'" + shortened(value) + "'");
    if (object.is_group) continue;
    if (object.unread.empty())
      table.add(name, object.data);
    else
      table.add_other(name, object.unread);
  }
}

class Hdf5Weights final : public WeightsFormat {
 public:
  std::string name() const override { return "Keras's .h5"; }
  bool recognises(const WeightsSource& source) const override { return is_hdf5(source.start); }
  WeightsTable read(const WeightsSource& source) const override {
    WeightsTable table(source.path(), "HDF5");
    add_hdf5(read_hdf5(source.path(), StoredBytes::in_file(source.file, 0, source.file->size_bytes())), table);
    return table;
  }
};
DL_WEIGHTS_FORMAT(Hdf5Weights);

class KerasWeights final : public WeightsFormat {
 public:
  std::string name() const override { return "Keras's .keras"; }
  bool recognises(const WeightsSource& source) const override { return source.member(weights_in_archive) != nullptr; }
  WeightsTable read(const WeightsSource& source) const override {
    const ZipMember& member = *source.member(weights_in_archive);
    StoredBytes::Pointer bytes = StoredBytes::in_zip(source.file, member);
    if (bytes->is_deflated()) {
      const auto inflated = bytes->inflated();
      bytes =
          StoredBytes::in_memory({reinterpret_cast<const char*>(inflated.get()), static_cast<size_t>(member.bytes)});
    }
    WeightsTable table(source.path(), "Keras");
    add_hdf5(read_hdf5(source.path(), bytes), table);
    return table;
  }
};
DL_WEIGHTS_FORMAT(KerasWeights);

class Hdf5Writer final : public WeightsWriter {
 public:
  std::string ending() const override { return ".weights.h5"; }
  std::string name() const override { return "HDF5"; }
  bool has(ElementType type) const override { return has_hdf5_type(type); }
  void write(const Tensors& tensors, const Append& append) const override { write_hdf5(tensor_tree(tensors), append); }
};
DL_WEIGHTS_WRITER(Hdf5Writer);

}  // namespace
}  // namespace dl
