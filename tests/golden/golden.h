// Reads what tests/golden/generate.py recorded of PyTorch, runs a graph on the same numbers and compares.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/device/program.h"
#include "lib/spec/reading.h"
#include "lib/spec/registry.h"
#include "lib/spec/yaml.h"
#include "tests/paths.h"

namespace dl::golden {

using Json = nlohmann::json;
using Numbers = std::vector<float>;

// Calls `check` with each case of each NAME.json in tests/golden/FOLDER.
inline void for_each_case(const std::string& folder, const std::function<void(const Json&)>& check) {
  int cases = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(dl::test::source_dir()) / "tests/golden" / folder)) {
    if (entry.path().extension() != ".json") continue;
    const Json file = Json::parse(std::ifstream(entry.path()));
    for (const Json& recorded : file.at("cases")) {
      const std::string yaml = recorded["yaml"];
      CAPTURE(yaml);
      check(recorded);
      ++cases;
    }
  }
  REQUIRE(cases > 0);
}

inline Shape shape_of(const Json& tensor) { return Shape(tensor["shape"].get<std::vector<int64_t>>()); }

// The registered object that the text describes.
template <class T>
std::unique_ptr<T> read(const Json& yaml) {
  std::vector<Problem> problems;
  std::unique_ptr<T> object = Registry<T>::read(parse_yaml(yaml.get<std::string>(), "golden"), Reading(problems));
  for (const Problem& problem : problems) FAIL(render(problem));
  REQUIRE(object);
  return object;
}

// A graph's named outputs on a device, from its named f32 inputs; i32 inputs are given as such.
inline std::map<std::string, Numbers> run(const Graph& graph, const std::string& device_name,
                                          const std::map<std::string, Numbers>& inputs,
                                          const std::map<std::string, std::vector<int32_t>>& integers = {}) {
  const std::unique_ptr<Device> device = make_device(device_name, {.threads = 2});
  Store store(*device);
  Program program(graph, store);
  std::vector<HostMemory> memory;
  const auto feed = [&](const std::string& name, const void* data, size_t bytes) {
    if (!program.has_input(name)) return;
    std::memcpy(memory.emplace_back(*device, static_cast<int64_t>(bytes)).data(), data, bytes);
    program.feed(name, memory.back().as<std::byte>());
  };
  for (const auto& [name, numbers] : inputs) feed(name, numbers.data(), numbers.size() * sizeof(float));
  for (const auto& [name, numbers] : integers) feed(name, numbers.data(), numbers.size() * sizeof(int32_t));
  program.run();
  std::map<std::string, Numbers> outputs;
  for (const Graph::Named& output : graph.outputs()) outputs[output.name] = program.read(output.name);
  return outputs;
}

// Within `tolerance` of the largest recorded number.
inline void check_near(const std::string& what, const Numbers& ours, const Json& recorded, double tolerance = 1e-5) {
  REQUIRE_MESSAGE(ours.size() == recorded.size(), what);
  double largest = 1e-3;
  for (const Json& value : recorded) largest = std::max(largest, std::abs(value.get<double>()));
  for (size_t i = 0; i < ours.size(); ++i) {
    const double theirs = recorded[i].get<double>();
    CHECK_MESSAGE(std::abs(double{ours[i]} - theirs) <= tolerance * largest, what, "[", i, "] is ", ours[i],
                  ", PyTorch's is ", theirs);
  }
}

}  // namespace dl::golden
