// Tensors to files and back.
#include "lib/train/weights.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "lib/base/bf16.h"
#include "lib/base/text.h"
#include "lib/interop/safetensors.h"

namespace dl {
namespace {

const std::string flat_parameters = "parameters";
const std::string state_prefix = "optimizer.";
const std::string carried_prefix = "carried/";  // in the file, of what layers carry from batch to batch in training
constexpr size_t differences_told = 5;

bool all_finite(const float* values, int64_t count) {
  return std::all_of(values, values + count, [](float x) { return std::isfinite(x); });
}

// "exp_avg" for each variable "optimizer.exp_avg".
std::vector<std::string> optimizer_states(const Store& store) {
  std::vector<std::string> names;
  for (const Variable& v : store.variables())
    if (v.name.starts_with(state_prefix)) names.push_back(v.name.substr(state_prefix.size()));
  return names;
}

using Shapes = std::map<std::string, Shape>;

Shapes weight_shapes(const Tensors& tensors) {
  Shapes shapes;
  for (const Tensor& t : tensors) shapes[t.path] = t.shape;
  return shapes;
}

Shapes optimizer_shapes(const Tensors& tensors, const Store& store) {
  Shapes shapes;
  for (const std::string& state : optimizer_states(store))
    for (const Tensor& t : tensors)
      if (t.trained) shapes[state + "/" + t.path] = t.shape;
  return shapes;
}

std::vector<std::string> differences(const Shapes& wanted, const SafetensorsFile& file) {
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
  if (out.size() > differences_told) {
    const size_t more = out.size() - differences_told;
    out.resize(differences_told);
    out.push_back(concat("and ", more, " more"));
  }
  return out;
}

void require_same(const Shapes& wanted, const SafetensorsFile& file, const std::string& what) {
  std::vector<std::string> notes = differences(wanted, file);
  if (notes.empty()) return;
  throw Error(Exit::usage, Problem{.where = {.file = file.path().string()}, .what = what, .notes = std::move(notes)});
}

// Into `variable`, which is flat for what is trained.
void write_tensor(Store& store, const std::string& variable, const Tensor& t, const std::vector<float>& values) {
  store.write_part(variable, t.trained ? t.offset : 0, values.data(), t.shape.elements());
}

}  // namespace

void write_weights(const Tensors& tensors, Store& store, const Append& append) {
  const std::vector<float> flat = store.read(flat_parameters);
  std::vector<uint16_t> narrow;             // the same in bf16, where they are kept in it
  std::vector<std::vector<float>> buffers;  // own the bytes until they are written
  buffers.reserve(tensors.size());
  if (store.description(flat_parameters).type.dtype == DType::bf16) {
    narrow.resize(flat.size());
    std::ranges::transform(flat, narrow.begin(), bf16_of_float);
  }
  std::vector<SafetensorsItem> items;
  for (const Tensor& t : tensors) {
    const float* values = flat.data() + t.offset;
    if (!t.trained) values = buffers.emplace_back(store.read(t.path)).data();
    if (!all_finite(values, t.shape.elements()))
      throw Error(Exit::diverged, Problem{.path = t.path, .what = "holds values that are not finite"});
    if (t.trained && !narrow.empty())
      items.push_back({t.path, {DType::bf16, t.shape}, narrow.data() + t.offset});
    else
      items.push_back({t.path, {DType::f32, t.shape}, values});
  }
  write_safetensors(std::move(items), {{"format", "dlcli weights"}, {"version", "1"}}, append);
}

void write_optimizer(const Tensors& tensors, Store& store, const Append& append) {
  std::vector<std::vector<float>> states;
  std::vector<SafetensorsItem> items;
  for (const std::string& name : optimizer_states(store)) {
    const float* flat = states.emplace_back(store.read(state_prefix + name)).data();
    for (const Tensor& t : tensors)
      if (t.trained) items.push_back({name + "/" + t.path, {DType::f32, t.shape}, flat + t.offset});
  }
  for (const Variable& v : store.variables()) {
    if (!v.name.starts_with(carried_in_training)) continue;
    const float* values = states.emplace_back(store.read(v.name)).data();
    items.push_back({carried_prefix + v.name.substr(std::string(carried_in_training).size()), v.type, values});
  }
  write_safetensors(std::move(items), {{"format", "dlcli optimizer"}, {"version", "1"}}, append);
}

std::vector<std::string> weights_differ(const Tensors& tensors, const std::filesystem::path& file) {
  return differences(weight_shapes(tensors), SafetensorsFile(file));
}

void read_weights(const Tensors& tensors, Store& store, const std::filesystem::path& file) {
  const SafetensorsFile source(file);
  require_same(weight_shapes(tensors), source, "holds the weights of another model");
  for (const Tensor& t : tensors) write_tensor(store, t.trained ? flat_parameters : t.path, t, source.read_f32(t.path));
}

void read_optimizer(const Tensors& tensors, Store& store, const std::filesystem::path& file) {
  const SafetensorsFile source(file);
  Shapes wanted = optimizer_shapes(tensors, store);
  for (const auto& [name, entry] : source.tensors())
    if (name.starts_with(carried_prefix)) wanted[name] = entry.shape;
  require_same(wanted, source, "holds the state of another optimizer");
  for (const std::string& name : optimizer_states(store))
    for (const Tensor& t : tensors)
      if (t.trained) write_tensor(store, state_prefix + name, t, source.read_f32(name + "/" + t.path));
  for (const auto& [name, entry] : source.tensors()) {
    if (!name.starts_with(carried_prefix)) continue;
    const std::vector<float> values = source.read_f32(name);
    const Variable carried{carried_in_training + name.substr(carried_prefix.size()), {DType::f32, entry.shape}};
    store.variable(carried);
    store.write(carried.name, values.data(), entry.shape.elements());
  }
}

void read_average(const Tensors& tensors, Store& store, const std::filesystem::path& file) {
  const SafetensorsFile source(file);
  for (const Tensor& t : tensors)
    if (t.trained) write_tensor(store, flat_parameters, t, source.read_f32("ema/" + t.path));
}

}  // namespace dl
