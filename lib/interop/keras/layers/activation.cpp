// Activations, as layers and as a setting of others.
// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

std::string activation_of(const Settings& s, const std::string& name) {
  static const std::map<std::string, std::string> known = {{"linear", ""},
                                                           {"relu", "relu"},
                                                           {"relu6", "relu6"},
                                                           {"sigmoid", "sigmoid"},
                                                           {"tanh", "tanh"},
                                                           {"softmax", "softmax"},
                                                           {"log_softmax", "log_softmax"},
                                                           {"elu", "elu"},
                                                           {"selu", "selu"},
                                                           {"gelu", "gelu"},
                                                           {"silu", "silu"},
                                                           {"swish", "silu"},
                                                           {"softplus", "softplus"},
                                                           {"softsign", "softsign"},
                                                           {"hard_sigmoid", "hardsigmoid"},
                                                           {"hard_silu", "hardswish"},
                                                           {"hard_swish", "hardswish"},
                                                           {"leaky_relu", "leaky_relu: 0.2"},
                                                           {"mish", "mish"},
                                                           {"exponential", "exponential"}};
  const auto found = known.find(name);
  if (found == known.end()) s.refuse(concat("the activation '", name, "' has no counterpart"));
  return found == known.end() ? "" : found->second;
}

Made activation(const Settings& s) {
  const std::string layer = activation_at(s, "activation");
  return {.layers = {layer.empty() ? "identity" : layer}};
}

Made relu(const Settings& s) {
  if (s.number("threshold", 0) != 0) s.refuse("'threshold' has no counterpart");
  const double slope = s.number("negative_slope", 0);
  if (!s.find("max_value")) return {.layers = {slope == 0 ? "relu" : concat("leaky_relu: ", number_text(slope))}};
  if (slope != 0) s.refuse("'negative_slope' beside 'max_value' has no counterpart");
  return {.layers = {concat("hardtanh: {min_val: 0, max_val: ", s.decimal("max_value", 6), "}")}};
}

Made leaky_relu(const Settings& s) {
  return {.layers = {concat("leaky_relu: ", s.decimal("negative_slope", s.number("alpha", 0.3)))}};
}

// One slope, or one of each channel.
Made prelu(const Settings& s) {
  const Json* shared = s.find("shared_axes");
  const int64_t axes_there = s.whole("rank", 2) - 1, count = shared ? std::ssize(*shared) : 0;
  if (count + 1 < axes_there) s.refuse("slopes of each place have no counterpart: see 'shared_axes'");
  return {.layers = {concat("prelu: {per_channel: ", yes(count < axes_there), "}")},
          .variables = {{"weight", "0", {.reshaped = true}}}};
}

Made elu(const Settings& s) { return {.layers = {concat("elu: ", s.decimal("alpha", 1))}}; }

Made softmax_layer(const Settings& s) {
  need_last_axis(s);
  return {.layers = {"softmax"}};
}

}  // namespace

std::string activation_at(const Settings& s, const char* key) {
  static const std::set<std::string> without_weights = {"Activation", "ELU", "LeakyReLU", "ReLU", "Softmax"};
  const Json* value = s.find(key);
  const std::string name = s.text(key, "linear");
  if (!value || !value->is_object() || !value->contains("config") || !without_weights.contains(name))
    return activation_of(s, name);
  std::vector<std::string> problems;
  const Made made = layers().at(name)(Settings((*value)["config"], "activation", problems));
  refuse_all(s, problems);
  return made.layers[0] == "identity" ? "" : made.layers[0];
}

void add_activation(Made& made, const Settings& s) {
  if (const std::string layer = activation_at(s, "activation"); !layer.empty()) made.layers.push_back(layer);
}

const LayerTable& activation_layers() {
  static const LayerTable table = {
      {"Activation", activation}, {"ELU", elu},   {"LeakyReLU", leaky_relu},
      {"PReLU", prelu},           {"ReLU", relu}, {"Softmax", softmax_layer},
  };
  return table;
}

}  // namespace dl::keras
