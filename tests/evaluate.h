// Values of a graph, computed on a named device from given numbers: what the tests of ops, layers and programs share.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "lib/base/bf16.h"
#include "lib/base/error.h"
#include "lib/base/random.h"
#include "lib/device/device.h"
#include "lib/device/program.h"
#include "lib/graph/ops.h"

namespace dl::testing {

using Numbers = std::vector<float>;
using Feed = std::map<std::string, Numbers>;  // by the name of the input or variable, whatever its type

// n numbers uniform in [low, high), the same for the same seed.
inline Numbers random_numbers(int64_t n, uint64_t seed, float low = -1, float high = 1) {
  Numbers numbers(static_cast<size_t>(n));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = low + (high - low) * random_uniform(seed, 0, i);
  return numbers;
}

// … -spacing / 2, spacing / 2, … in random order: no two, and none and 0, so near that a small step changes which is
// larger.
inline Numbers spaced_numbers(int64_t n, uint64_t seed, float spacing = 0.2f) {
  Numbers numbers(static_cast<size_t>(n));
  for (size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = (static_cast<float>(static_cast<int64_t>(i) - n / 2) + 0.5f) * spacing;
  }
  for (size_t i = numbers.size(); i > 1; --i) std::swap(numbers[i - 1], numbers[random_bits(seed, 0, i) % i]);
  return numbers;
}

inline void write_numbers(void* data, const Type& type, const Numbers& numbers) {
  DL_CHECK(static_cast<int64_t>(numbers.size()) == type.shape.elements(), numbers.size(), " numbers for ",
           type.shape.text());
  for (size_t i = 0; i < numbers.size(); ++i) {
    switch (type.dtype) {
      case DType::f32: static_cast<float*>(data)[i] = numbers[i]; break;
      case DType::i32: static_cast<int32_t*>(data)[i] = static_cast<int32_t>(numbers[i]); break;
      case DType::u8: static_cast<uint8_t*>(data)[i] = static_cast<uint8_t>(numbers[i]); break;
      case DType::bf16: static_cast<uint16_t*>(data)[i] = bf16_of_float(numbers[i]); break;
    }
  }
}

inline Numbers read_numbers(const void* data, const Type& type) {
  Numbers numbers(static_cast<size_t>(type.shape.elements()));
  for (size_t i = 0; i < numbers.size(); ++i) {
    switch (type.dtype) {
      case DType::f32: numbers[i] = static_cast<const float*>(data)[i]; break;
      case DType::i32: numbers[i] = static_cast<float>(static_cast<const int32_t*>(data)[i]); break;
      case DType::u8: numbers[i] = static_cast<const uint8_t*>(data)[i]; break;
      case DType::bf16: numbers[i] = float_of_bf16(static_cast<const uint16_t*>(data)[i]); break;
    }
  }
  return numbers;
}

// An output of the last run, of whatever type.
inline Numbers output_numbers(const Program& program, const std::string& name) {
  const Type& type = program.output_type(name);
  const auto count = static_cast<size_t>(type.shape.elements());
  const auto read = [&]<class T>(T) {
    std::vector<T> values(count);
    program.read(name, values);
    return read_numbers(values.data(), type);
  };
  switch (type.dtype) {
    case DType::f32: return read(float{});
    case DType::i32: return read(int32_t{});
    case DType::u8: return read(uint8_t{});
    case DType::bf16: return read(uint16_t{});
  }
  return {};
}

// A graph's program on a device of its own. Working memory is filled with NaN before each run, so that an element that
// no kernel wrote shows.
class Execution {
 public:
  Execution(const Graph& graph, const std::string& device, int threads = 2)
      : device_(make_device(device, {.threads = threads})), store_(*device_), program_(graph, store_) {}

  // What the program is fed with from now on. Names that the program does not know are passed over.
  void feed(const Feed& feed) {
    for (const auto& [name, numbers] : feed) {
      if (program_.has_input(name)) {
        const Type type = program_.input_type(name);
        HostMemory& memory = inputs_[name];
        if (!memory.data()) memory = HostMemory(*device_, type.bytes());
        write_numbers(memory.data(), type, numbers);
      } else if (store_.has(name)) {
        store_.write(name, numbers.data(), static_cast<int64_t>(numbers.size()));
      }
    }
  }
  void run() {
    begin();
    program_.run();
  }
  void run_timed() {
    begin();
    program_.run_timed();
  }
  Numbers output(const std::string& name) const { return output_numbers(program_, name); }
  Numbers variable(const std::string& name) { return store_.read(name); }
  Program& program() { return program_; }

 private:
  void begin() {
    store_.spoil_arena(program_.arena_bytes());
    for (const auto& [name, memory] : inputs_) program_.feed(name, memory.as<std::byte>());
  }

  std::unique_ptr<Device> device_;
  Store store_;
  Program program_;
  std::map<std::string, HostMemory> inputs_;
};

// Some values of a graph, compiled once and computed any number of times.
class Evaluation {
 public:
  Evaluation(const Graph& graph, const std::vector<Value>& values, const std::string& device = "reference",
             int threads = 2)
      : count_(values.size()), execution_(*with_outputs(graph, values), device, threads) {}

  std::vector<Numbers> operator()(const Feed& feed) {
    execution_.feed(feed);
    execution_.run();
    std::vector<Numbers> results;
    for (size_t i = 0; i < count_; ++i) results.push_back(execution_.output(std::to_string(i)));
    return results;
  }

 private:
  static std::unique_ptr<Graph> with_outputs(const Graph& graph, const std::vector<Value>& values) {
    auto copy = std::make_unique<Graph>();
    for (int i = 0; i < graph.size(); ++i) {
      std::vector<Value> inputs = graph.node(i).inputs;
      for (Value& v : inputs) v.graph = copy.get();
      copy->add(graph.node(i).op, inputs);
    }
    for (size_t i = 0; i < values.size(); ++i) {
      copy->output(std::to_string(i), {copy.get(), values[i].node, values[i].output});
    }
    return copy;
  }

  size_t count_;
  Execution execution_;
};

inline std::vector<Numbers> evaluate(const Graph& graph, const std::vector<Value>& values, const Feed& feed,
                                     const std::string& device = "reference", int threads = 2) {
  return Evaluation(graph, values, device, threads)(feed);
}

// The outputs of a graph by their names.
inline std::map<std::string, Numbers> outputs_of(const Graph& graph, const Feed& feed, const std::string& device) {
  Execution execution(graph, device);
  execution.feed(feed);
  execution.run();
  std::map<std::string, Numbers> outputs;
  for (const Graph::Named& output : graph.outputs()) outputs[output.name] = execution.output(output.name);
  return outputs;
}

// Element by element, within `tolerance` of the expected number or of 1, whichever is larger; equal infinities are
// equal.
inline void check_close(const Numbers& found, const Numbers& expected, double tolerance = 1e-6) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    const double allowed = tolerance * std::max(1.0, std::abs(double{expected[i]}));
    const bool close = found[i] == expected[i] || std::abs(double{found[i]} - double{expected[i]}) <= allowed;
    CHECK_MESSAGE(close, "element ", i, " is ", found[i], ", expected ", expected[i]);
  }
}

// The largest difference as a part of the largest expected number, or of `least` where that is larger. Equal infinities
// differ by 0, NaN by infinity.
inline double difference(const Numbers& found, const Numbers& expected, double least = 1) {
  REQUIRE(found.size() == expected.size());
  double largest = least, worst = 0;
  for (float v : expected) largest = std::isinf(v) ? largest : std::max(largest, std::abs(double{v}));
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i] == expected[i]) continue;
    const double d = std::abs(double{found[i]} - double{expected[i]});
    worst = d <= worst ? worst : (std::isnan(d) ? INFINITY : d);
  }
  return worst / largest;
}

inline void check_agree(const std::vector<Numbers>& found, const std::vector<Numbers>& expected, double tolerance,
                        double least = 1) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const double worst = difference(found[i], expected[i], least);
    CHECK_MESSAGE(worst <= tolerance, "result ", i, " differs by ", worst, " of the largest");
  }
}

inline bool is_emulated_gpu(const std::string& device) { return device.starts_with("cuda ("); }

// The devices of this build but for emulated GPUs, whose kernels a test would wait for; with DLCLI_EMULATED_CUDA=1
// these alone.
inline std::vector<std::string> devices() {
  static const bool emulated = std::getenv("DLCLI_EMULATED_CUDA") != nullptr;
  std::vector<std::string> names;
  for (const std::string& name : device_names()) {
    if (is_emulated_gpu(name) != emulated) continue;
    try {
      make_device(name, {.threads = 1});
      names.push_back(name);
    } catch (const Error&) {
    }
  }
  return names;
}

// Those that get random input number `seed`: emulated GPUs, which compile kernels for each, every twentieth.
inline std::vector<std::string> devices_for(uint64_t seed) {
  std::vector<std::string> names = devices();
  std::erase_if(names, [&](const std::string& name) { return is_emulated_gpu(name) && seed % 20 != 0; });
  return names;
}

// The value is `expected` on every device.
inline void check_value(Value v, const Feed& feed, const Numbers& expected, double tolerance = 1e-6) {
  for (const std::string& device : devices()) {
    CAPTURE(device);
    check_close(evaluate(*v.graph, {v}, feed, device)[0], expected, tolerance);
  }
}

// -mod/2 … mod/2 in an order that repeats after mod: whole numbers, so that sums of products are exact.
inline Numbers pattern(int64_t n, int64_t factor, int64_t mod) {
  Numbers numbers(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) numbers[static_cast<size_t>(i)] = static_cast<float>(i * factor % mod - mod / 2);
  return numbers;
}

}  // namespace dl::testing
