// Telling files apart.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/weights/weights_format.h"

#include <algorithm>
#include <set>

#include "lib/base/error.h"
#include "lib/base/printable.h"
#include "lib/base/text.h"

namespace dl {
namespace {

constexpr size_t start_bytes = 4096;

std::vector<const WeightsFormat*>& weights_formats() {
  static std::vector<const WeightsFormat*> all;
  return all;
}

WeightsSource open_source(const std::filesystem::path& path) {
  WeightsSource source{.file = std::make_shared<const InputFile>(path)};
  source.start.resize(static_cast<size_t>(std::min<uint64_t>(source.file->size_bytes(), start_bytes)));
  source.file->read(0, source.start.data(), source.start.size());
  source.is_zip = source.start.starts_with("PK\x03\x04") || source.start.starts_with("PK\x05\x06");
  if (source.is_zip) source.members = read_zip(*source.file);
  return source;
}

// The file in a folder that holds weights: of several the first of these.
std::filesystem::path weights_in(const std::filesystem::path& folder) {
  for (const char* name : {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                           "pytorch_model.bin.index.json", "flax_model.msgpack"})
    if (std::error_code none; std::filesystem::exists(folder / name, none)) return folder / name;
  std::error_code none;
  if (std::filesystem::exists(folder / ".metadata", none))
    refuse_weights(folder, "", "is a distributed checkpoint of PyTorch, a folder of .distcp files",
                   "make one file of it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER "
                   "weights.pt");
  if (std::filesystem::exists(folder / "_METADATA", none) || std::filesystem::exists(folder / "manifest.ocdbt", none))
    refuse_weights(folder, "", "is a checkpoint of Orbax",
                   "make one file of it in Python: tree = orbax.checkpoint.StandardCheckpointer().restore(FOLDER); "
                   "flat = flax.traverse_util.flatten_dict(tree, sep='.'); "
                   "safetensors.numpy.save_file({k: numpy.asarray(v) for k, v in flat.items()}, "
                   "'weights.safetensors')");
  std::set<std::filesystem::path> checkpoints;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "checkpoints", none))
    if (std::filesystem::exists(entry.path() / "model.safetensors", none)) checkpoints.insert(entry.path());
  refuse_weights(folder, "", "is a folder without model.safetensors or pytorch_model.bin",
                 checkpoints.empty() ? "name the file"
                                     : concat("name its newest checkpoint: '", checkpoints.rbegin()->string(), "'"));
}

}  // namespace

std::vector<std::string> weights_format_names() {
  std::vector<std::string> names;
  for (const WeightsFormat* format : weights_formats())
    if (!format->name().empty()) names.push_back(format->name());
  std::ranges::sort(names);
  return names;
}

const ZipMember* WeightsSource::member(std::string_view name) const {
  const auto found = std::ranges::find(members, name, &ZipMember::name);
  return found == members.end() ? nullptr : &*found;
}

bool add_weights_format(const WeightsFormat& format) {
  weights_formats().push_back(&format);
  return true;
}

WeightsTable read_weights_table(const std::filesystem::path& path) {
  if (std::error_code none; std::filesystem::is_directory(path, none)) return read_weights_table(weights_in(path));
  const WeightsSource source = open_source(path);
  for (const WeightsFormat* format : weights_formats())
    if (format->recognises(source)) {
      WeightsTable table = format->read(source);
      if (!table.tensors().empty()) return table;
      if (table.unread().empty()) refuse_weights(path, "", concat("holds no tensors (", table.format(), ")"));
      const WeightsTable::Other& first = table.unread()[0];
      refuse_weights(path, "",
                     concat("holds no tensors that are read (", table.format(), "): '", printable(first.name), "', ",
                            printable(first.value)));
    }
  const std::string begins = source.is_zip ? "is a zip archive without weights"
                             : source.start.empty()
                                 ? "is empty"
                                 : concat("begins with '", printable(source.start.substr(0, 16)), "'");
  refuse_weights(path, "",
                 concat("expected a file of weights (", join(weights_format_names()), "), found one that ", begins));
}

}  // namespace dl
