// Reading, writing and comparing activations.
// SPDX-License-Identifier: Apache-2.0
#include "app/activations.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/interop/weights/chosen_weights.h"
#include "lib/interop/weights/layouts.h"
#include "lib/interop/weights/weights_writer.h"
#include "lib/nn/patterns.h"

namespace dl {
namespace {

// [batch, channels, places …] as [batch, places …, channels].
std::vector<int> channels_to_the_end(int64_t rank) {
  std::vector<int> axes{0};
  for (int axis = 2; axis < rank; ++axis) axes.push_back(axis);
  axes.push_back(1);
  return axes;
}

Shape turned_shape(const Shape& shape) {
  Shape out = shape;
  for (int i = 0; const int axis : channels_to_the_end(shape.rank())) out[i++] = shape[axis];
  return out;
}

// The same values with the channels at the end.
std::vector<float> turned_values(const std::vector<float>& values, const Shape& shape) {
  const auto batch = static_cast<size_t>(shape[0]), channels = static_cast<size_t>(shape[1]);
  const size_t places = values.size() / batch / channels;
  std::vector<float> out(values.size());
  for (size_t n = 0; n < batch; ++n)
    for (size_t c = 0; c < channels; ++c)
      for (size_t p = 0; p < places; ++p)
        out[(n * places + p) * channels + c] = values[(n * channels + c) * places + p];
  return out;
}

StoredTensor in_memory(ElementType type, const Shape& shape, const void* values, size_t bytes) {
  return {.type = type, .shape = shape, .bytes = StoredBytes::in_memory({static_cast<const char*>(values), bytes})};
}

template <class T>
std::vector<double> numbers_of_type(TensorReader& reader, int64_t count) {
  std::vector<T> values(static_cast<size_t>(count));
  reader.read(0, count, reinterpret_cast<std::byte*>(values.data()));
  return {values.begin(), values.end()};
}

std::vector<double> numbers_of(const StoredTensor& tensor) {
  TensorReader reader(tensor);
  const int64_t count = tensor.shape.elements();
  switch (tensor.type) {
    case ElementType::boolean:
    case ElementType::u8: return numbers_of_type<uint8_t>(reader, count);
    case ElementType::i8: return numbers_of_type<int8_t>(reader, count);
    case ElementType::u16: return numbers_of_type<uint16_t>(reader, count);
    case ElementType::i16: return numbers_of_type<int16_t>(reader, count);
    case ElementType::u32: return numbers_of_type<uint32_t>(reader, count);
    case ElementType::i32: return numbers_of_type<int32_t>(reader, count);
    case ElementType::u64: return numbers_of_type<uint64_t>(reader, count);
    case ElementType::i64: return numbers_of_type<int64_t>(reader, count);
    default: break;
  }
  std::vector<float> values(static_cast<size_t>(count));
  reader.read_f32(0, values);
  return {values.begin(), values.end()};
}

// An input's values in the type that the network takes, in memory; empty where one of them is none of it.
template <class T>
std::vector<std::byte> in_type(const std::vector<double>& numbers) {
  std::vector<T> values;
  for (const double number : numbers) {
    if constexpr (std::is_integral_v<T>)
      if (!(number >= std::numeric_limits<T>::min() && number <= std::numeric_limits<T>::max() &&
            number == std::floor(number)))
        return {};
    values.push_back(static_cast<T>(number));
  }
  const auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> in_type(const std::vector<double>& numbers, DType type) {
  if (type == DType::i32) return in_type<int32_t>(numbers);
  return type == DType::u8 ? in_type<uint8_t>(numbers) : in_type<float>(numbers);
}

double largest_of(const std::vector<float>& values) {
  double largest = 0;
  for (const float v : values) largest = std::max(largest, std::abs(static_cast<double>(v)));
  return largest;
}

// Of |a - b|; what is not finite in one alone is beyond all.
double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const double off = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    largest = std::isnan(off) ? std::numeric_limits<double>::infinity() : std::max(largest, off);
  }
  return largest;
}

ActivationDifference difference(const Inference::Activation& a, const Inference::Activation& b) {
  ActivationDifference made{.path = a.path, .type = a.type.empty() ? b.type : a.type, .shape = a.shape};
  const bool as_it_is = a.shape == b.shape;
  const bool when_turned = b.shape.rank() >= 3 && a.shape == turned_shape(b.shape);
  if (!as_it_is && !when_turned) {
    made.misfit = concat(a.shape.text(), " beside ", b.shape.text());
    return made;
  }
  made.largest = std::numeric_limits<double>::infinity();
  if (as_it_is) made.largest = largest_difference(a.values, b.values);
  if (when_turned && made.largest > 0) {
    const double turned = largest_difference(a.values, turned_values(b.values, b.shape));
    made.turned = turned < made.largest;
    made.largest = std::min(made.largest, turned);
  }
  made.relative = made.largest == 0 ? 0 : made.largest / largest_of(a.values);
  return made;
}

// b's names as they would be a's.
std::vector<std::string> names_meant(const Activations& a, const Activations& b,
                                     const std::vector<std::pair<std::string, std::string>>& rules) {
  std::vector<std::string> names;
  for (const auto& layer : b) {
    const auto rule = std::ranges::find_if(rules, [&](const auto& r) { return fits_pattern(r.first, layer.path); });
    names.push_back(rule == rules.end() ? layer.path : renamed(layer.path, rule->first, rule->second));
  }
  const auto known = [&](const std::string& name) {
    return std::ranges::any_of(a, [&](const auto& layer) { return layer.path == name; });
  };
  if (!rules.empty() || std::ranges::any_of(names, known)) return names;
  const std::set<std::string> all(names.begin(), names.end());
  for (const auto& layer : a)
    if (const std::vector<std::string> taken = wrappers(all, {layer.path}); !taken.empty()) {
      for (std::string& name : names) name = unwrapped(name, taken);
      break;
    }
  return names;
}

}  // namespace

void write_activations(const std::filesystem::path& file, const std::vector<Inference::Given>& inputs,
                       const Activations& layers) {
  WeightsWriter::Tensors tensors;
  for (const Inference::Given& each : inputs)
    tensors.push_back(
        {each.name, in_memory(element_type(each.type.dtype), each.type.shape, each.values.data(), each.values.size())});
  for (const Inference::Activation& layer : layers)
    tensors.push_back({layer.path, in_memory(ElementType::f32, layer.shape, layer.values.data(),
                                             layer.values.size() * sizeof(float))});
  write_weights_file(file, tensors);
}

Activations activations_of(const WeightsTable& table, const std::vector<std::string>& without) {
  Activations layers;
  for (const auto& [name, tensor] : table.tensors()) {
    if (!is_float(tensor.type) || std::ranges::count(without, name) > 0) continue;
    std::vector<float> values(static_cast<size_t>(tensor.shape.elements()));
    TensorReader(tensor).read_f32(0, values);
    layers.push_back({name, "", tensor.shape, std::move(values)});
  }
  return layers;
}

std::optional<std::vector<Inference::Given>> inputs_in(const WeightsTable& table, const Network& network) {
  std::vector<Inference::Given> inputs;
  for (const Network::Input& input : network.inputs()) {
    const StoredTensor* found = table.find(input.name);
    if (!found) return {};
    const bool whole = found->shape.rank() == input.type.shape.rank() + 1;
    const bool fits = whole && found->shape.without_batch() == input.type.shape;
    const bool turns =
        whole && found->shape.rank() >= 3 && turned_shape(found->shape).without_batch() == input.type.shape;
    if (!fits && !turns)
      refuse_weights(table.path(), input.name,
                     concat("is ", found->shape.text(), "; expected the network's input [batch, ",
                            input.type.shape.text().substr(1)),
                     "save what the network is given for a batch");
    const StoredTensor tensor = fits ? *found : turned(*found, channels_to_the_end(found->shape.rank()));
    std::vector<std::byte> values;
    if (tensor.type != ElementType::c64 && tensor.type != ElementType::c128)
      values = in_type(numbers_of(tensor), input.type.dtype);
    if (values.empty())
      refuse_weights(table.path(), input.name,
                     concat("has values that are no ", dl::name_of(input.type.dtype), ", which the network takes"));
    inputs.push_back({input.name, batched(input.type, tensor.shape[0]), std::move(values)});
  }
  return inputs;
}

ActivationDifferences activation_differences(const Activations& a, const Activations& b,
                                             const std::vector<std::pair<std::string, std::string>>& rules) {
  const std::vector<std::string> names = names_meant(a, b, rules);
  ActivationDifferences found;
  for (const Inference::Activation& layer : a) {
    const auto there = std::ranges::find(names, layer.path);
    if (there == names.end())
      found.only_a.push_back(layer.path);
    else
      found.layers.push_back(difference(layer, b[static_cast<size_t>(there - names.begin())]));
  }
  for (size_t i = 0; i < b.size(); ++i)
    if (std::ranges::none_of(a, [&](const auto& layer) { return layer.path == names[i]; }))
      found.only_b.push_back(b[i].path);
  return found;
}

}  // namespace dl
