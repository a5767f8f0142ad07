// Registered objects from YAML, for tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include "lib/spec/registry.h"
#include "lib/spec/yaml.h"

namespace dl::testing {

// The object as a config would give it; the text must be without mistakes.
template <class T>
std::unique_ptr<T> read_registered_as(const Node& node) {
  std::vector<Problem> problems;
  std::unique_ptr<T> object = Registry<T>::read(node, Reading(problems, T::kind));
  for (const Problem& problem : problems) FAIL(render(problem));
  REQUIRE(object);
  return object;
}
template <class T>
std::unique_ptr<T> read_registered_as(const std::string& yaml) {
  return read_registered_as<T>(parse_yaml(yaml, "test"));
}

// What reading the text as an object of this kind reports.
template <class T>
std::string problems_of(const std::string& yaml) {
  std::vector<Problem> problems;
  Registry<T>::read(parse_yaml(yaml, "test"), Reading(problems, T::kind));
  std::string text;
  for (const Problem& problem : problems) text += render(problem) + "\n";
  return text;
}

}  // namespace dl::testing
