// Tensors to a checkpoint's files and back.
// SPDX-License-Identifier: Apache-2.0
#include "lib/train/kept/weights.h"

#include <algorithm>
#include <cmath>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/safetensors.h"

namespace dl {
namespace {

// Tensors of the file that begin so are what layers carry from batch to batch; all others there are the updates'.
const std::string carried_in_file = "carried/";

// Elements of a variable, from `offset` on, as an item of a file in the type that they are kept in.
SafetensorsItem item_of(Store& store, const std::string& name, const std::string& variable, int64_t offset,
                        const Shape& shape) {
  const DType dtype = store.description(variable).type.dtype;
  const auto write = [&store, variable, offset, shape, dtype](const Append& append) {
    std::vector<char> piece(static_cast<size_t>(piece_elements * bytes_of(dtype)));
    in_pieces(shape, [&](int64_t begin, int64_t count) {
      store.read_kept(variable, offset + begin, count, piece.data());
      append(piece.data(), static_cast<size_t>(count * bytes_of(dtype)));
    });
  };
  return {.name = name, .type = {dtype, shape}, .write = write};
}

void require_finite(const Tensor& t, Store& store) {
  std::vector<float> piece(piece_elements);
  in_pieces(t.shape, [&](int64_t begin, int64_t count) {
    store.read_part(variable_of(t, store), offset_of(t) + begin, count, piece.data());
    if (!std::all_of(piece.begin(), piece.begin() + count, [](float x) { return std::isfinite(x); }))
      throw Error(Exit::diverged, Problem{.path = t.path, .what = "holds values that are not finite"});
  });
}

// A variable's elements as they stand in the file of the optimizer's state.
struct StatePart {
  std::string name;  // in the file: "exp_avg/PATH"
  Variable variable;
  int64_t offset = 0;
  Shape shape;
};

// What updates keep: a flat variable in parts, one a trained tensor; a tensor's own as it is.
std::vector<StatePart> kept_state(const Tensors& tensors, const Store& store) {
  std::vector<StatePart> parts;
  for (const Variable& v : store.variables()) {
    if (v.role == Role::tensor_state || v.role == Role::average_of_buffer)
      parts.push_back({v.name, v, 0, v.type.shape});
    if (v.role != Role::optimizer_state && v.role != Role::average) continue;
    // Where turns have optimizers of several kinds a tensor may have a state of that name of its own.
    for (const Tensor& t : tensors)
      if (const std::string name = v.name + "/" + t.path; t.trained && !store.has(name))
        parts.push_back({name, v, t.offset, t.shape});
  }
  return parts;
}

std::vector<std::string> differences(const TensorShapes& wanted, const SafetensorsFile& file) {
  std::vector<std::string> out;
  for (const auto& [name, shape] : wanted) {
    const auto found = file.tensors().find(name);
    if (found == file.tensors().end())
      out.push_back(concat("'", name, "' ", shape.text(), " is not in the file"));
    else if (found->second.shape != shape)
      out.push_back(concat("'", name, "' is ", found->second.shape.text(), " in the file, ", shape.text(), " here"));
  }
  for (const auto& [name, entry] : file.tensors())
    if (!wanted.contains(name))
      out.push_back(concat("'", name, "' ", entry.shape.text(), " is in the file, but not here"));
  return first_differences(std::move(out));
}

void require_same(const TensorShapes& wanted, const SafetensorsFile& file, const std::string& what) {
  std::vector<std::string> notes = differences(wanted, file);
  if (notes.empty()) return;
  throw Error(Exit::usage, Problem{.where = {.file = file.path().string()}, .what = what, .notes = std::move(notes)});
}

void read_tensor(const SafetensorsFile& file, const std::string& name, Store& store, const std::string& variable,
                 int64_t offset, const Shape& shape) {
  fill_variable(store, variable, offset, shape,
                [&](int64_t begin, std::span<float> into) { file.read_f32(name, begin, into); });
}

}  // namespace

std::vector<std::string> first_differences(std::vector<std::string> all) {
  constexpr size_t told = 5;
  if (all.size() <= told) return all;
  const size_t more = all.size() - told;
  all.resize(told);
  all.push_back(concat("and ", more, " more"));
  return all;
}

void write_weights(const Tensors& tensors, Store& store, const Append& append) {
  std::vector<SafetensorsItem> items;
  for (const Tensor& t : tensors) {
    require_finite(t, store);
    items.push_back(item_of(store, t.path, variable_of(t, store), offset_of(t), t.shape));
  }
  write_safetensors(std::move(items), {{"format", "dlcli weights"}, {"version", "1"}}, append);
}

void write_optimizer(const Tensors& tensors, Store& store, const Append& append) {
  std::vector<SafetensorsItem> items;
  for (const StatePart& part : kept_state(tensors, store))
    items.push_back(item_of(store, part.name, part.variable.name, part.offset, part.shape));
  for (const Variable& v : store.of_role(Role::carried_in_training))
    items.push_back(item_of(store, v.name, v.name, 0, v.type.shape));
  write_safetensors(std::move(items), {{"format", "dlcli optimizer"}, {"version", "1"}}, append);
}

void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file) {
  const SafetensorsFile source(file);
  require_same(shapes_by_path(tensors), source, "holds the weights of another model");
  for (const Tensor& t : tensors) read_tensor(source, t.path, store, variable_of(t, store), offset_of(t), t.shape);
}

void read_optimizer(const Tensors& tensors, Store& store, const std::filesystem::path& file) {
  const SafetensorsFile source(file);
  for (const auto& [name, entry] : source.tensors())
    if (name.starts_with(carried_in_file))
      store.declare({name, {DType::f32, entry.shape}, Role::carried_in_training, Variable::Spread::cut});
  std::vector<StatePart> parts = kept_state(tensors, store);
  for (const Variable& v : store.of_role(Role::carried_in_training)) parts.push_back({v.name, v, 0, v.type.shape});
  TensorShapes wanted;
  for (const StatePart& part : parts) wanted[part.name] = part.shape;
  if (source.tensors().empty() && !wanted.empty()) {
    const std::filesystem::path run = file.parent_path().parent_path().parent_path();
    throw Error(Exit::usage,
                Problem{.where = {.file = file.string()},
                        .what = "holds no state of an optimizer: it is of weights that were imported or averaged, or "
                                "of one that has none",
                        .notes = {},
                        .help = concat("begin a run with them: dlcli train ", (run / "config.yaml").string())});
  }
  // Earlier builds wrote averages of buffers that no rule kept.
  for (const Tensor& t : tensors)
    for (const auto& [name, entry] : source.tensors())
      if (!t.trained && name.ends_with("/" + t.path)) wanted.try_emplace(name, entry.shape);
  require_same(wanted, source, "holds the state of another optimizer");
  for (const StatePart& part : parts)
    read_tensor(source, part.name, store, part.variable.name, part.offset, part.shape);
}

void read_average(const Tensors& tensors, Store& store, const std::filesystem::path& file, const std::string& average) {
  const SafetensorsFile source(file);
  for (const Tensor& t : tensors)
    if (const std::string name = average + "/" + t.path; t.trained || source.tensors().contains(name))
      read_tensor(source, name, store, variable_of(t, store), offset_of(t), t.shape);
}

}  // namespace dl
