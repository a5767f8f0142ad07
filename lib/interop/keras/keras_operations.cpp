// Operations made layers: those of sums and products, of one function, and a few that are layers too.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_operations.h"

#include <utility>

namespace dl::keras {

bool is_operation(const Json& layer) {
  const Json module = layer.value("module", Json());
  const std::string name = module.is_string() ? module.get<std::string>() : "";
  return name.starts_with("keras.src.ops") || name.starts_with("keras.ops");
}

Made operation(const Json& layer, int64_t call, size_t tensors, const Settings& s) {
  static const std::map<std::string, std::pair<const char*, const char*>> of_two = {{"Add", {"add", " + "}},
                                                                                    {"Subtract", {"sub", " - "}},
                                                                                    {"Multiply", {"mul", " * "}},
                                                                                    {"Divide", {"div", " / "}},
                                                                                    {"TrueDivide", {"div", " / "}}};
  static const std::map<std::string, const char*> of_one = {{"Absolute", "expression: abs(x)"},
                                                            {"Exp", "exponential"},
                                                            {"Log", "expression: log(x)"},
                                                            {"Negative", "expression: 0 - x"},
                                                            {"Relu", "relu"},
                                                            {"Sigmoid", "sigmoid"},
                                                            {"Silu", "silu"},
                                                            {"Softplus", "softplus"},
                                                            {"Sqrt", "expression: sqrt(x)"},
                                                            {"Square", "expression: x * x"},
                                                            {"Tanh", "tanh"}};
  const std::string kind = layer.value("class_name", "");
  const Json& nodes = layer.at("inbound_nodes");
  const Json args = nodes.empty() ? Json::array() : nodes.at(static_cast<size_t>(call)).value("args", Json::array());
  if (const auto two = of_two.find(kind); two != of_two.end() && args.size() == 2) {
    if (tensors == 2) return {.layers = {two->second.first}, .is_merge = true};
    const auto text_of = [](const Json& arg) {
      return arg.is_number() ? "(" + number_text(as_written(arg.get<double>())) + ")" : std::string("x");
    };
    if (args[0].is_number() != args[1].is_number() && tensors == 1)
      return {.layers = {concat("expression: \"", text_of(args[0]), two->second.second, text_of(args[1]), "\"")}};
  }
  if (const auto one = of_one.find(kind); one != of_one.end() && args.size() == 1 && tensors == 1)
    return {.layers = {one->second}};
  const Json* sizes = s.find("newshape");
  if (kind == "Reshape" && tensors == 1 && sizes && sizes->is_array() && sizes->size() > 1 &&
      ((*sizes)[0] == -1 || (*sizes)[0].is_null()))
    return {.layers = {concat("reshape: ", Json(std::vector<Json>(sizes->begin() + 1, sizes->end())).dump())}};
  if (s.find("axis") && ((kind == "Concatenate" && tensors > 1) || (kind == "Softmax" && tensors == 1)))
    return layers().at(kind)(s);
  s.refuse("the operation has no counterpart that is known");
  return {};
}

}  // namespace dl::keras
