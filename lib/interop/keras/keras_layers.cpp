// One function for each kind of layer.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/keras_layers.h"

#include <set>
#include <tuple>

namespace dl::keras {
namespace {

FamilyTensor axes(std::vector<int64_t> order) { return {.axes = std::move(order)}; }

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

// One that is said by its name, or a layer without weights.
std::string activation_at(const Settings& s, const char* key) {
  static const std::set<std::string> without_weights = {"Activation", "ELU", "LeakyReLU", "ReLU", "Softmax"};
  const Json* value = s.find(key);
  const std::string name = s.text(key, "linear");
  if (!value || !value->is_object() || !value->contains("config") || !without_weights.contains(name))
    return activation_of(s, name);
  std::vector<std::string> problems;
  const Made made = layers().at(name)(Settings((*value)["config"], "activation", problems));
  for (const std::string& problem : problems) s.refuse(problem.substr(problem.find(": ") + 2));
  return made.layers[0] == "identity" ? "" : made.layers[0];
}

void add_activation(Made& made, const Settings& s) {
  if (const std::string layer = activation_at(s, "activation"); !layer.empty()) made.layers.push_back(layer);
}

std::string yes(bool flag) { return flag ? "true" : "false"; }

// Kernels are [spatial …, in, out] there, [out, in, spatial …] here.
std::vector<int64_t> kernel_order(int rank) {
  std::vector<int64_t> order{rank + 1, rank};
  for (int axis = 0; axis < rank; ++axis) order.push_back(axis);
  return order;
}

void add_bias(Made& made, const Settings& s, const std::string& ours = "bias", const std::string& number = "1") {
  if (s.flag("use_bias", true)) made.variables.push_back({ours, number, {}});
}

std::string window(const Settings& s) {
  s.need("data_format", {"channels_last"});
  return concat("kernel_size: ", s.sizes("kernel_size"), ", stride: ", s.sizes("strides"),
                ", padding: ", s.text("padding", "valid"), ", dilation: ", s.sizes("dilation_rate"),
                ", bias: ", yes(s.flag("use_bias", true)));
}

template <int rank>
Made conv(const Settings& s) {
  Made made{.layers = {concat("conv", rank, "d: {out_channels: ", s.whole("filters", 1),
                              ", groups: ", s.whole("groups", 1), ", ", window(s), "}")},
            .variables = {{"weight", "0", axes(kernel_order(rank))}}};
  add_bias(made, s);
  add_activation(made, s);
  return made;
}

// Without padding a result is as long as its input times the stride there, also where the stride reaches further than
// the kernel.
std::string places_behind(const Settings& s, size_t rank) {
  std::vector<std::string> places;
  bool any = false;
  for (size_t axis = 0; axis < rank; ++axis) {
    const int64_t reach = (s.whole_at("kernel_size", axis, 1) - 1) * s.whole_at("dilation_rate", axis, 1) + 1;
    const int64_t more = std::max<int64_t>(s.whole_at("strides", axis, 1) - reach, 0);
    any |= more > 0;
    places.push_back(std::to_string(more));
  }
  if (!any || s.text("padding", "valid") != "valid") return "";
  return rank == 1 ? ", output_padding: " + places[0] : concat(", output_padding: [", join(places), "]");
}

template <int rank>
Made conv_transpose(const Settings& s) {
  if (s.find("output_padding")) s.refuse("'output_padding' has no counterpart");
  std::vector<int64_t> order{rank + 1, rank};  // [spatial …, out, in] there, [in, out, spatial …] here
  for (int axis = 0; axis < rank; ++axis) order.push_back(axis);
  Made made{.layers = {concat("conv_transpose", rank, "d: {out_channels: ", s.whole("filters", 1), ", ", window(s),
                              places_behind(s, rank), "}")},
            .variables = {{"weight", "0", axes(order)}}};
  add_bias(made, s);
  add_activation(made, s);
  return made;
}

// [spatial …, in, multiplier] there, [in multiplier, 1, spatial …] here.
FamilyTensor depthwise_kernel(int rank) {
  std::vector<int64_t> order{rank, rank + 1};
  for (int axis = 0; axis < rank; ++axis) order.push_back(axis);
  return {.axes = order, .reshaped = true};
}

template <int rank>
Made depthwise(const Settings& s) {
  Made made{.layers = {concat("depthwise_conv", rank, "d: {depth_multiplier: ", s.whole("depth_multiplier", 1), ", ",
                              window(s), "}")},
            .variables = {{"weight", "0", depthwise_kernel(rank)}}};
  add_bias(made, s);
  add_activation(made, s);
  return made;
}

template <int rank>
Made separable(const Settings& s) {
  Made made{.layers = {concat("separable_conv", rank, "d: {out_channels: ", s.whole("filters", 1),
                              ", depth_multiplier: ", s.whole("depth_multiplier", 1), ", ", window(s), "}")},
            .variables = {{"depthwise.weight", "0", depthwise_kernel(rank)},
                          {"pointwise.weight", "1", axes(kernel_order(rank))}}};
  add_bias(made, s, "pointwise.bias", "2");
  add_activation(made, s);
  return made;
}

Made dense(const Settings& s) {
  const bool places = s.whole("rank", 2) > 3;
  Made made{.layers = {concat("linear: {out_features: ", s.whole("units", 1), ", bias: ", yes(s.flag("use_bias", true)),
                              places ? ", per_place: true" : "", "}")},
            .variables = {{"weight", "0", axes({1, 0})}}};
  add_bias(made, s);
  add_activation(made, s);
  return made;
}

// Scale and shift, which may be left out, before what else there is.
std::vector<Variable> scale_and_shift(const Settings& s, int& next) {
  std::vector<Variable> variables;
  for (const auto& [ours, key, otherwise] : {std::tuple("weight", "scale", 1.0), {"bias", "center", 0.0}}) {
    if (s.flag(key, true))
      variables.push_back({ours, std::to_string(next++), {}});
    else
      variables.push_back({ours, "", {.all = otherwise}});
  }
  return variables;
}

// That it is along the last axis.
void need_last_axis(const Settings& s) {
  const Json* axis = s.find("axis");
  if (axis && axis->is_array() && axis->size() == 1) axis = &(*axis)[0];
  if (!axis || (axis->is_number() && (*axis == -1 || *axis == s.whole("rank", 0) - 1))) return;
  s.refuse(concat("'axis: ", axis->dump(), "' has no counterpart: it is the last here"));
}

Made batch_normalization(const Settings& s) {
  need_last_axis(s);
  int next = 0;
  Made made{.layers = {concat("batch_norm: {eps: ", s.number("epsilon", 1e-3),
                              ", momentum: ", number_text(1 - s.number("momentum", 0.99)), "}")},
            .variables = scale_and_shift(s, next)};
  made.variables.push_back({"running_mean", std::to_string(next), {}});
  made.variables.push_back({"running_var", std::to_string(next + 1), {}});
  return made;
}
Made layer_normalization(const Settings& s) {
  if (s.flag("rms_scaling", false)) s.refuse("'rms_scaling' has no counterpart");
  need_last_axis(s);
  int next = 0;
  return {.layers = {concat("layer_norm: {eps: ", s.number("epsilon", 1e-3), "}")},
          .variables = scale_and_shift(s, next)};
}
Made rms_normalization(const Settings& s) {
  need_last_axis(s);
  return {.layers = {concat("rms_norm: {eps: ", number_text(s.number("epsilon", 1e-6)), "}")},
          .variables = {{"weight", "0", {}}}};
}
Made group_normalization(const Settings& s) {
  need_last_axis(s);
  int next = 0;
  return {
      .layers = {concat("group_norm: {num_groups: ", s.whole("groups", 32), ", eps: ", s.number("epsilon", 1e-3), "}")},
      .variables = scale_and_shift(s, next)};
}

template <int rank, bool is_max>
Made pooling(const Settings& s) {
  s.need("data_format", {"channels_last"});
  const std::string size = s.sizes("pool_size", "2");
  return {.layers = {concat(is_max ? "max" : "avg", "_pool", rank, "d: {kernel_size: ", size,
                            ", stride: ", s.sizes("strides", size), ", padding: ", s.text("padding", "valid"),
                            is_max ? "" : ", count_include_pad: false", "}")}};
}

template <int rank, bool is_max>
Made global_pooling(const Settings& s) {
  s.need("data_format", {"channels_last"});
  return {.layers = {concat("global_", is_max ? "max" : "avg", "_pool", rank,
                            "d: {keepdim: ", yes(s.flag("keepdims", false)), "}")}};
}

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
  for (const std::string& problem : problems) s.refuse(problem.substr(problem.find(": ") + 2));
  add_recurrent_variables(made, inner, kind, "forward_layer/cell/vars/", "");
  add_recurrent_variables(made, inner, kind, "backward_layer/cell/vars/", "_reverse");
  return made;
}

Made embedding(const Settings& s) {
  if (s.flag("mask_zero", false)) s.refuse("'mask_zero' has no counterpart: give the lengths as an input");
  return {.layers = {concat("embedding: {num_embeddings: ", s.whole("input_dim", 1),
                            ", embedding_dim: ", s.whole("output_dim", 1), "}")},
          .variables = {{"weight", "0", {}}}};
}

void refuse_variants(const Settings& s) {
  for (const char* key : {"output_shape", "sliding_window"})
    if (s.find(key)) s.refuse(concat("'", key, "' has no counterpart"));
  if (s.flag("use_gate", false)) s.refuse("'use_gate' has no counterpart");
  if (const Json* axes = s.find("attention_axes"); axes && *axes != Json::array({1}))
    s.refuse("other 'attention_axes' have no counterpart");
}

// Kernels [features, heads, dim] of queries, keys and values are put one behind the other; the last is [heads, dim,
// features].
void add_attention_variables(Made& made, const Settings& s, const std::string& prefix) {
  const auto three = [&](const std::string& variable) {
    std::vector<std::string> paths;
    for (const char* part : {"query", "key", "value"}) paths.push_back(concat(prefix, part, "_dense/vars/", variable));
    return join(paths, " ");
  };
  made.variables.push_back({"in_proj_weight", three("0"), {.axes = {1, 2, 0}, .reshaped = true}});
  made.variables.push_back({"out_proj.weight", prefix + "output_dense/vars/0", {.axes = {2, 0, 1}, .reshaped = true}});
  if (s.flag("use_bias", true)) {
    made.variables.push_back({"in_proj_bias", three("1"), {.reshaped = true}});
    made.variables.push_back({"out_proj.bias", prefix + "output_dense/vars/1", {}});
  }
}

Made multi_head_attention(const Settings& s) {
  refuse_variants(s);
  const int64_t dim = s.whole("key_dim", 1), of_values = s.whole("value_dim", dim);
  Made made{.layers = {concat("multi_head_attention: {num_heads: ", s.whole("num_heads", 1), ", head_dim: ", dim,
                              of_values == dim ? "" : concat(", value_dim: ", of_values),
                              ", causal: ", yes(s.flag("causal", false)), ", dropout: ", s.number("dropout", 0),
                              ", bias: ", yes(s.flag("use_bias", true)), "}")},
            .is_merge = true};
  add_attention_variables(made, s, "");
  return made;
}

// Keras keeps its parts under other names than those of MultiHeadAttention.
Made group_query_attention(const Settings& s) {
  refuse_variants(s);
  Made made{.layers = {concat("multi_head_attention: {num_heads: ", s.whole("num_query_heads", 1),
                              ", num_kv_heads: ", s.whole("num_key_value_heads", 1),
                              ", head_dim: ", s.whole("head_dim", 1), ", causal: ", yes(s.flag("causal", false)),
                              ", dropout: ", s.number("dropout", 0), ", bias: ", yes(s.flag("use_bias", true)), "}")},
            .is_merge = true};
  add_attention_variables(made, s, "_");
  return made;
}

Made activation(const Settings& s) {
  const std::string layer = activation_at(s, "activation");
  return {.layers = {layer.empty() ? "identity" : layer}};
}
Made relu(const Settings& s) {
  if (s.number("threshold", 0) != 0) s.refuse("'threshold' has no counterpart");
  const double slope = s.number("negative_slope", 0);
  if (!s.find("max_value")) return {.layers = {slope == 0 ? "relu" : concat("leaky_relu: ", slope)}};
  if (slope != 0) s.refuse("'negative_slope' beside 'max_value' has no counterpart");
  return {.layers = {concat("hardtanh: {min_val: 0, max_val: ", s.number("max_value", 6), "}")}};
}
Made leaky_relu(const Settings& s) {
  return {.layers = {concat("leaky_relu: ", s.number("negative_slope", s.number("alpha", 0.3)))}};
}
// One slope, or one of each channel.
Made prelu(const Settings& s) {
  const Json* shared = s.find("shared_axes");
  const int64_t axes_there = s.whole("rank", 2) - 1, count = shared ? std::ssize(*shared) : 0;
  if (count + 1 < axes_there) s.refuse("slopes of each place have no counterpart: see 'shared_axes'");
  return {.layers = {concat("prelu: {per_channel: ", yes(count < axes_there), "}")},
          .variables = {{"weight", "0", {.reshaped = true}}}};
}
Made elu(const Settings& s) { return {.layers = {concat("elu: ", s.number("alpha", 1))}}; }
Made softmax_layer(const Settings& s) {
  need_last_axis(s);
  return {.layers = {"softmax"}};
}
Made unit_normalization(const Settings& s) {
  need_last_axis(s);
  return {.layers = {"l2_normalize"}};
}
Made flatten(const Settings& s) {
  s.need("data_format", {"channels_last"});
  return {.layers = {"flatten: {channels_first: false}"}};
}
template <const auto& name>
Made dropout_of(const Settings& s) {
  s.need("data_format", {"channels_last"});
  return {.layers = {concat(std::string(name), ": ", s.number("rate", 0.5))}};
}
constexpr char dropout_name[] = "dropout", dropout1d_name[] = "dropout1d", dropout2d_name[] = "dropout2d",
               dropout3d_name[] = "dropout3d", gaussian_dropout_name[] = "gaussian_dropout",
               alpha_dropout_name[] = "alpha_dropout";
Made gaussian_noise(const Settings& s) { return {.layers = {concat("gaussian_noise: ", s.number("stddev", 1))}}; }
template <const auto& name>
Made merge_of(const Settings&) {
  return {.layers = {name}, .is_merge = true};
}
constexpr char add_name[] = "add", sub_name[] = "sub", mul_name[] = "mul", average_name[] = "average",
               maximum_name[] = "maximum", minimum_name[] = "minimum";
Made concatenate_layer(const Settings& s) {
  return {.layers = {concat("concat: ", s.whole("axis", -1))}, .is_merge = true};
}
Made reshape_layer(const Settings& s) {
  return {.layers = {concat("reshape: ", s.find("target_shape") ? s.find("target_shape")->dump() : "[-1]")}};
}
Made permute_layer(const Settings& s) {
  return {.layers = {concat("permute: ", s.find("dims") ? s.find("dims")->dump() : "[1]")}};
}
Made repeat_vector(const Settings& s) { return {.layers = {concat("repeat_vector: ", s.whole("n", 1))}}; }
Made identity(const Settings&) { return {.layers = {"identity"}}; }
// Of a sequence both ends, of others each axis.
std::string margins(const Settings& s, const char* key) {
  s.need("data_format", {"channels_last"});
  const std::string sizes = s.sizes(key);
  return s.whole("rank", 0) == 3 ? "[" + sizes + "]" : sizes;
}
Made cropping(const Settings& s) { return {.layers = {concat("crop: {size: ", margins(s, "cropping"), "}")}}; }
Made zero_padding(const Settings& s) { return {.layers = {concat("pad: {size: ", margins(s, "padding"), "}")}}; }
// Of two vectors.
Made dot(const Settings& s) {
  if (s.whole("rank", 2) != 2) s.refuse("a product of more than vectors has no counterpart");
  return {.layers = {concat("dot: {normalize: ", yes(s.flag("normalize", false)), "}")}, .is_merge = true};
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
// What is drawn while training only: transforms of the data do that here.
Made augmentation(const Settings&) { return {.layers = {"identity"}}; }
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
  for (const std::string& problem : problems) s.refuse(problem.substr(problem.find(": ") + 2));
  for (Variable& variable : made.variables) variable.theirs = "layer/vars/" + variable.theirs;
  return made;
}
Made rescaling(const Settings& s) {
  for (const char* key : {"scale", "offset"})
    if (const Json* value = s.find(key); value && !value->is_number())
      s.refuse(concat("'", key, "' of each channel has no counterpart"));
  return {.layers = {concat("expression: \"x * ", number_text(s.number("scale", 1)), " + ",
                            number_text(s.number("offset", 0)), "\"")}};
}
// By means and variances that adapt() found, which are not trained: what a batch normalization does in evaluation.
Made normalization(const Settings& s) {
  if (s.find("axis"))
    need_last_axis(s);
  else
    s.refuse("'axis: null' has no counterpart: it is the last here");
  if (s.find("mean") || s.find("variance")) s.refuse("a 'mean' that is given has no counterpart: adapt() it");
  if (s.flag("invert", false)) s.refuse("'invert' has no counterpart");
  return {.layers = {"batch_norm: {eps: 1e-14}"},
          .variables = {{"weight", "", {.all = 1}},
                        {"bias", "", {.all = 0}},
                        {"running_mean", "0", {}},
                        {"running_var", "1", {}}},
          .is_fixed = true};
}
Made up_sampling(const Settings& s) {
  s.need("data_format", {"channels_last"});
  const std::string mode = s.text("interpolation", "nearest");
  if (mode != "nearest" && mode != "bilinear") s.refuse(concat("'interpolation: ", mode, "' has no counterpart"));
  return {.layers = {concat("upsample: {scale_factor: ", s.sizes("size", "2"), ", mode: ", mode, "}")}};
}

}  // namespace

const std::map<std::string, MakeLayer>& layers() {
  static const std::map<std::string, MakeLayer> table = {
      {"Activation", activation},
      {"ActivityRegularization", identity},
      {"Add", merge_of<add_name>},
      {"AlphaDropout", dropout_of<alpha_dropout_name>},
      {"Average", merge_of<average_name>},
      {"AveragePooling1D", pooling<1, false>},
      {"AveragePooling2D", pooling<2, false>},
      {"AveragePooling3D", pooling<3, false>},
      {"BatchNormalization", batch_normalization},
      {"Bidirectional", bidirectional},
      {"Concatenate", concatenate_layer},
      {"Conv1D", conv<1>},
      {"Conv1DTranspose", conv_transpose<1>},
      {"Conv2D", conv<2>},
      {"Conv2DTranspose", conv_transpose<2>},
      {"Conv3D", conv<3>},
      {"Conv3DTranspose", conv_transpose<3>},
      {"ConvLSTM2D", conv_lstm},
      {"Cropping1D", cropping},
      {"Cropping2D", cropping},
      {"Cropping3D", cropping},
      {"Dense", dense},
      {"DepthwiseConv1D", depthwise<1>},
      {"DepthwiseConv2D", depthwise<2>},
      {"Dot", dot},
      {"Dropout", dropout_of<dropout_name>},
      {"ELU", elu},
      {"Embedding", embedding},
      {"Flatten", flatten},
      {"GRU", recurrent_of<'G'>},
      {"GaussianDropout", dropout_of<gaussian_dropout_name>},
      {"GaussianNoise", gaussian_noise},
      {"GlobalAveragePooling1D", global_pooling<1, false>},
      {"GlobalAveragePooling2D", global_pooling<2, false>},
      {"GlobalAveragePooling3D", global_pooling<3, false>},
      {"GlobalMaxPooling1D", global_pooling<1, true>},
      {"GlobalMaxPooling2D", global_pooling<2, true>},
      {"GlobalMaxPooling3D", global_pooling<3, true>},
      {"GroupNormalization", group_normalization},
      {"GroupQueryAttention", group_query_attention},
      {"Identity", identity},
      {"LSTM", recurrent_of<'L'>},
      {"LayerNormalization", layer_normalization},
      {"LeakyReLU", leaky_relu},
      {"MaxPooling1D", pooling<1, true>},
      {"MaxPooling2D", pooling<2, true>},
      {"MaxPooling3D", pooling<3, true>},
      {"Maximum", merge_of<maximum_name>},
      {"Minimum", merge_of<minimum_name>},
      {"MultiHeadAttention", multi_head_attention},
      {"Multiply", merge_of<mul_name>},
      {"Normalization", normalization},
      {"PReLU", prelu},
      {"Permute", permute_layer},
      {"RMSNormalization", rms_normalization},
      {"RandomBrightness", augmentation},
      {"RandomContrast", augmentation},
      {"RandomFlip", augmentation},
      {"RandomRotation", augmentation},
      {"RandomTranslation", augmentation},
      {"RandomZoom", augmentation},
      {"ReLU", relu},
      {"RepeatVector", repeat_vector},
      {"Rescaling", rescaling},
      {"Reshape", reshape_layer},
      {"SeparableConv1D", separable<1>},
      {"SeparableConv2D", separable<2>},
      {"SimpleRNN", recurrent_of<'S'>},
      {"Softmax", softmax_layer},
      {"SpatialDropout1D", dropout_of<dropout1d_name>},
      {"SpatialDropout2D", dropout_of<dropout2d_name>},
      {"SpatialDropout3D", dropout_of<dropout3d_name>},
      {"Subtract", merge_of<sub_name>},
      {"TimeDistributed", time_distributed},
      {"UnitNormalization", unit_normalization},
      {"UpSampling1D", up_sampling},
      {"UpSampling2D", up_sampling},
      {"UpSampling3D", up_sampling},
      {"ZeroPadding1D", zero_padding},
      {"ZeroPadding2D", zero_padding},
      {"ZeroPadding3D", zero_padding},
  };
  return table;
}

}  // namespace dl::keras
