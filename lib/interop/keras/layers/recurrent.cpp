// Recurrent layers, and what applies others in both directions or at each step.
// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

// i f c o there, i f g o here: the same; z r h there, r z n here.
struct RecurrentKind {
  const char* layer;
  std::vector<int64_t> gates;
};
RecurrentKind recurrent_kind(const std::string& name) {
  if (name == "LSTM") return {"lstm", {}};
  if (name == "GRU") return {"gru", {1, 0, 2}};
  return {"rnn", {}};
}

void add_recurrent_variables(Made& made, const Settings& s, const RecurrentKind& kind, const std::string& path,
                             const std::string& suffix) {
  const FamilyTensor matrix{.axes = {1, 0}, .blocks = kind.gates};
  made.variables.push_back({"weight_ih_l0" + suffix, path + "0", matrix});
  made.variables.push_back({"weight_hh_l0" + suffix, path + "1", matrix});
  if (!s.flag("use_bias", true)) return;
  if (kind.gates.empty()) {
    made.variables.push_back({"bias_ih_l0" + suffix, path + "2", {}});
    made.variables.push_back({"bias_hh_l0" + suffix, "", {.all = 0}});
    return;
  }
  made.variables.push_back({"bias_ih_l0" + suffix, path + "2", {.blocks = kind.gates, .row = 0}});
  made.variables.push_back({"bias_hh_l0" + suffix, path + "2", {.blocks = kind.gates, .row = 1}});
}

std::string recurrent_layer(const Settings& s, const RecurrentKind& kind, bool both) {
  s.need("activation", {"tanh"});
  if (std::string(kind.layer) != "rnn") s.need("recurrent_activation", {"sigmoid"});
  if (s.flag("return_state", false)) s.refuse("'return_state' has no counterpart");
  for (const char* key : {"go_backwards", "stateful", "time_major"})
    if (s.flag(key, false)) s.refuse(concat("'", key, "' has no counterpart"));
  if (std::string(kind.layer) == "gru" && !s.flag("reset_after", true))
    s.refuse("'reset_after: false' has no counterpart: the reset stands behind the product here, as in PyTorch");
  return concat(kind.layer, ": {hidden_size: ", s.whole("units", 1), ", bias: ", yes(s.flag("use_bias", true)),
                ", bidirectional: ", yes(both), ", return_sequences: ", yes(s.flag("return_sequences", false)), "}");
}

template <char first>
Made recurrent_of(const Settings& s) {
  const RecurrentKind kind = recurrent_kind(first == 'L' ? "LSTM" : first == 'G' ? "GRU" : "SimpleRNN");
  Made made{.layers = {recurrent_layer(s, kind, false)}};
  add_recurrent_variables(made, s, kind, "cell/vars/", "");
  return made;
}

Made bidirectional(const Settings& s) {
  const Json* layer = s.find("layer");
  if (!layer || !layer->contains("config")) return {};
  std::vector<std::string> problems;
  const Settings inner((*layer)["config"], "Bidirectional", problems);
  const std::string name = layer->value("class_name", "");
  if (name != "LSTM" && name != "GRU" && name != "SimpleRNN") s.refuse(concat("of ", name, " has no counterpart"));
  const RecurrentKind kind = recurrent_kind(name);
  if (const Json* backward = s.find("backward_layer"); backward && backward->contains("config")) {
    if (backward->value("class_name", "") != name) s.refuse("a 'backward_layer' of another class has no counterpart");
    for (const char* key : {"units", "activation", "recurrent_activation", "use_bias", "reset_after"})
      if ((*backward)["config"].value(key, Json()) != (*layer)["config"].value(key, Json()))
        s.refuse(concat("a 'backward_layer' with another '", key, "' has no counterpart"));
  }
  if (s.text("merge_mode", "concat") != "concat")
    s.refuse(concat("'merge_mode: ", s.text("merge_mode"), "' has no counterpart"));
  Made made{.layers = {recurrent_layer(inner, kind, true)}};
  refuse_all(s, problems);
  add_recurrent_variables(made, inner, kind, "forward_layer/cell/vars/", "");
  add_recurrent_variables(made, inner, kind, "backward_layer/cell/vars/", "_reverse");
  return made;
}

// Kernels [h, w, in, 4 filters]; gates i f c o there, i f g o here.
Made conv_lstm(const Settings& s) {
  s.need("data_format", {"channels_last"});
  s.need("activation", {"tanh"});
  s.need("recurrent_activation", {"sigmoid"});
  for (const char* key : {"strides", "dilation_rate"})
    if (s.sizes(key, "[1,1]") != "[1,1]") s.refuse(concat("'", key, "' has no counterpart"));
  for (const char* key : {"go_backwards", "return_state", "stateful"})
    if (s.flag(key, false)) s.refuse(concat("'", key, "' has no counterpart"));
  Made made{.layers = {concat("conv_lstm2d: {out_channels: ", s.whole("filters", 1),
                              ", kernel_size: ", s.sizes("kernel_size"), ", padding: ", s.text("padding", "valid"),
                              ", bias: ", yes(s.flag("use_bias", true)),
                              ", return_sequences: ", yes(s.flag("return_sequences", false)), "}")},
            .variables = {{"weight_ih", "cell/vars/0", axes({3, 2, 0, 1})},
                          {"weight_hh", "cell/vars/1", axes({3, 2, 0, 1})}}};
  if (s.flag("use_bias", true)) made.variables.push_back({"bias", "cell/vars/2", {}});
  return made;
}

// A layer of features at each position.
Made time_distributed(const Settings& s) {
  static const std::set<std::string> of_features = {"Dense", "Activation", "Dropout", "LayerNormalization", "ReLU"};
  const Json* layer = s.find("layer");
  const std::string kind = layer ? layer->value("class_name", "") : "";
  if (!of_features.contains(kind) || !layer->contains("config")) {
    s.refuse(concat("of ", kind, " has no counterpart"));
    return {.layers = {"identity"}};
  }
  const auto make = layers().find(kind);
  std::vector<std::string> problems;
  Made made = make->second(Settings((*layer)["config"], "TimeDistributed", problems));
  refuse_all(s, problems);
  for (Variable& variable : made.variables) variable.theirs = "layer/vars/" + variable.theirs;
  return made;
}

}  // namespace

const LayerTable& recurrent_layers() {
  static const LayerTable table = {
      {"Bidirectional", bidirectional}, {"ConvLSTM2D", conv_lstm},        {"GRU", recurrent_of<'G'>},
      {"LSTM", recurrent_of<'L'>},      {"SimpleRNN", recurrent_of<'S'>}, {"TimeDistributed", time_distributed},
  };
  return table;
}

}  // namespace dl::keras
