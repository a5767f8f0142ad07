// Drawing a batch and laying it out.
// SPDX-License-Identifier: Apache-2.0
#include "app/export_sample.h"

#include <algorithm>
#include <cstring>

#include "lib/base/random.h"
#include "lib/interop/weights/weights_writer.h"

namespace dl {
namespace {

constexpr int64_t samples = 3;

// Whole numbers that an input may have: [first, second).
std::pair<int64_t, int64_t> range_of(const Network& network, const std::string& input) {
  int64_t first = 0, below = 0;
  for (const NumberLimit& limit : network.number_limits()) {
    if (limit.input != input) continue;
    if (!limit.chooses_row) first = 1;  // a length: so that something is seen
    below = below == 0 ? limit.count : std::min(below, limit.count);
  }
  return {first, std::max(below == 0 ? 2 : below, first + 1)};
}

std::vector<double> drawn(const Network& network, const Network::Input& input) {
  const Type type = batched(input.type, samples);
  std::vector<double> values(static_cast<size_t>(type.shape.elements()));
  const auto [first, below] = range_of(network, input.name);
  const uint64_t key = random_key(1, random_stream(input.name));
  for (size_t i = 0; i < values.size(); ++i) {
    const double u = random_uniform(key, 0, i);
    switch (type.dtype) {
      case DType::i32: values[i] = static_cast<double>(first + static_cast<int64_t>(u * double(below - first))); break;
      case DType::u8: values[i] = static_cast<double>(static_cast<int>(u * 256)); break;
      default: values[i] = 2 * u - 1;
    }
  }
  return values;
}

template <class T, class Char>
void put(std::vector<Char>& bytes, T value) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

std::vector<std::byte> in_memory(const std::vector<double>& values, DType type) {
  std::vector<std::byte> bytes;
  for (const double v : values) {
    if (type == DType::f32) put(bytes, static_cast<float>(v));
    if (type == DType::i32) put(bytes, static_cast<int32_t>(v));
    if (type == DType::u8) put(bytes, static_cast<uint8_t>(v));
  }
  return bytes;
}

// As numpy has it, an image's channels moved to the front where they are wanted there.
WeightsTable::Entry array_of(const std::string& name, DType type, const Shape& shape, const std::vector<double>& values,
                             bool channels_first) {
  WeightsTable::Entry array{.name = name, .tensor = {}};
  array.tensor.type = type == DType::i32 ? ElementType::i64 : element_type(type);
  array.tensor.shape = shape;
  const int64_t channels = shape.last(), places = shape.rank() < 2 ? 1 : shape.elements() / shape[0] / channels;
  const bool move = channels_first && shape.rank() >= 4;
  if (move) {
    array.tensor.shape[1] = channels;
    for (int axis = 1; axis + 1 < shape.rank(); ++axis) array.tensor.shape[axis + 1] = shape[axis];
  }
  std::vector<char> bytes;
  for (int64_t i = 0; i < shape.elements(); ++i) {
    int64_t from = i;
    if (move) {
      const int64_t place = i % places, channel = i / places % channels, sample = i / places / channels;
      from = (sample * places + place) * channels + channel;
    }
    const double v = values[static_cast<size_t>(from)];
    if (type == DType::f32)
      put(bytes, static_cast<float>(v));
    else if (type == DType::u8)
      put(bytes, static_cast<uint8_t>(v));
    else
      put(bytes, static_cast<int64_t>(v));
  }
  array.tensor.bytes = StoredBytes::in_memory({bytes.begin(), bytes.end()});
  return array;
}

}  // namespace

void write_sample(const Plan& plan, Inference& inference, bool channels_first, const std::filesystem::path& file) {
  const Network& network = *plan.network;
  WeightsWriter::Tensors arrays;
  std::vector<Inference::Given> inputs;
  for (const Network::Input& input : network.inputs()) {
    const std::vector<double> values = drawn(network, input);
    const Type type = batched(input.type, samples);
    inputs.push_back({input.name, type, in_memory(values, type.dtype)});
    arrays.push_back(array_of(input.name, type.dtype, type.shape, values, channels_first));
  }
  const std::vector<float> output = inference.apply(inputs);
  const Type type = batched(plan.predicted_output(), samples);
  arrays.push_back(array_of("output", DType::f32, type.shape, {output.begin(), output.end()}, channels_first));
  write_weights_file(file, arrays);
}

}  // namespace dl
