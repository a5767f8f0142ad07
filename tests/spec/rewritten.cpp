// lib/spec/rewritten: what to write for values in another program's form.
// SPDX-License-Identifier: Apache-2.0
#include "lib/spec/rewritten.h"

#include <doctest/doctest.h>

#include "lib/spec/write.h"
#include "lib/spec/yaml.h"
#include "tests/spec/toys.h"

using namespace dl;

namespace {

std::string optimizer(const std::string& name, const std::string& config) {
  return help_for(Registry<ToyOptimizer>::instance(), name, parse_yaml(config, ""));
}
std::string layer(const std::string& name, const std::string& config) {
  return help_for(Registry<ToyLayer>::instance(), name, parse_yaml(config, ""));
}
std::string arguments(const std::string& text) { return to_yaml_line(call_arguments(text)); }

}  // namespace

TEST_CASE("keys of other programs become ours, wherever they stand") {
  CHECK(optimizer("sgd", "{learning_rate: 0.2, momentum: 0.9}") == "write 'sgd: {lr: 0.2, momentum: 0.9}'");
  CHECK(optimizer("sgd", "{params: {eta: 0.2}}") == "write 'sgd: {lr: 0.2}'");
  CHECK(optimizer("sgd", "{lr: 0.2, decay: 1e-6}") ==
        "write 'sgd: {lr: 0.2}'; of 'decay': set the top-level key 'schedule'");
  CHECK(optimizer("sgd", "{lr: 0.2, nesterov: True}") == "write 'sgd: {lr: 0.2, nesterov: true}'");
}

TEST_CASE("a value without a key is that of the key it must be of, and where none is the example is shown") {
  CHECK(optimizer("sgd", "0.2") == "write 'sgd: {lr: 0.2}'");
  CHECK(optimizer("adam", "0.2") == "write 'adam: {lr: 0.2}'");
  CHECK(optimizer("adam", "fast") == "write 'adam'");
  CHECK(optimizer("sgd", "[1, 2]") == "write 'sgd: {lr: 0.1}'");
  CHECK(layer("linear", "10") == "write 'linear: 10'");
  CHECK(layer("linear", "{bias: false}") == "write 'linear: {bias: false}'");
  CHECK(layer("linear", "[192, 10]") == "write 'linear: 10'");
  CHECK(layer("relu", "64") == "write 'relu'");
}

TEST_CASE("the arguments of a call are values, those that are none are passed over") {
  CHECK(arguments("64") == "64");
  CHECK(arguments("3, 16, kernel_size=(3, 3), bias=False") == "{kernel_size: [3, 3], bias: false, \"\": [3, 16]}");
  CHECK(arguments("model.parameters(), lr=1e-3") == "{lr: 1e-3}");
  CHECK(arguments("activation='relu'") == "{activation: relu}");
  CHECK(call_arguments("").is_null());
  CHECK(call_arguments("((((").is_null());
  CHECK(call_arguments("=").is_null());
}
