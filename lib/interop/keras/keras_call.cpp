// Tensors by the names of what makes them, as Keras 3 writes calls and as those before did.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_call.h"

#include <algorithm>
#include <array>

namespace dl::keras {
namespace {

// What layers call a tensor that they are given.
constexpr std::array input_keywords{"query", "value", "key", "inputs", "x", "sequence", "sequences"};

bool is_tensor(const Json& named) {
  return named.is_array() && named.size() >= 2 && named[0].is_string() && named[1].is_number();
}

void collect(const Json& value, std::vector<Json>& tensors) {
  if (value.is_object() && value.value("class_name", "") == "__keras_tensor__")
    tensors.push_back(value.at("config").at("keras_history"));
  else if (is_tensor(value))
    tensors.push_back(value);
  else if (value.is_array() || value.is_object())
    for (const Json& inner : value) collect(inner, tensors);
}

}  // namespace

Call call_of(const Json& tensor) { return {tensor.at(0).get<std::string>(), whole_of(tensor.at(1))}; }

std::vector<Json> tensors_named(const Json& named) {
  if (is_tensor(named)) return {named};
  std::vector<Json> tensors;
  if (named.is_array() || named.is_object())
    for (const Json& inner : named)
      for (Json& tensor : tensors_named(inner)) tensors.push_back(std::move(tensor));
  return tensors;
}

std::vector<Call> calls_named(const Json& named) {
  std::vector<Call> calls;
  for (const Json& tensor : tensors_named(named)) calls.push_back(call_of(tensor));
  return calls;
}

CallArguments arguments_of(const Json& node) {
  CallArguments given{.tensors = {}, .keywords = Json::object()};
  if (node.is_object()) {
    collect(node.at("args"), given.tensors);
    given.keywords = node.value("kwargs", Json::object());
  } else {  // of before Keras 3: [[layer, call, tensor, {}], …], of an operation of TensorFlow's one alone
    const Json tensors = is_tensor(node) ? Json::array({node}) : node;
    for (const Json& one : tensors) {
      given.tensors.push_back(one);
      if (one.size() > 3 && one[3].is_object()) given.keywords.update(one[3]);
    }
  }
  for (const char* key : input_keywords)
    if (given.keywords.contains(key)) collect(given.keywords[key], given.tensors);
  return given;
}

std::vector<Json> tensors_in(const Json& argument) {
  std::vector<Json> tensors;
  collect(argument, tensors);
  return tensors;
}

bool is_input_keyword(const std::string& key) {
  return std::ranges::any_of(input_keywords, [&](const char* read) { return key == read; });
}

}  // namespace dl::keras
