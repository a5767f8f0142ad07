// Attention with heads of its own, or some that share keys and values.
// SPDX-License-Identifier: Apache-2.0
#include "lib/interop/keras/layers/groups.h"

namespace dl::keras {
namespace {

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
                              ", causal: ", yes(s.flag("causal", false)), ", dropout: ", s.decimal("dropout", 0),
                              ", bias: ", yes(s.flag("use_bias", true)), "}")},
            .is_merge = true};
  add_attention_variables(made, s, s.flag("before_3", false) ? "_" : "");
  return made;
}

// Keras keeps its parts under other names than those of MultiHeadAttention.
Made group_query_attention(const Settings& s) {
  refuse_variants(s);
  Made made{.layers = {concat("multi_head_attention: {num_heads: ", s.whole("num_query_heads", 1),
                              ", num_kv_heads: ", s.whole("num_key_value_heads", 1),
                              ", head_dim: ", s.whole("head_dim", 1), ", causal: ", yes(s.flag("causal", false)),
                              ", dropout: ", s.decimal("dropout", 0), ", bias: ", yes(s.flag("use_bias", true)), "}")},
            .is_merge = true};
  add_attention_variables(made, s, "_");
  return made;
}

}  // namespace

const LayerTable& attention_layers() {
  static const LayerTable table = {
      {"GroupQueryAttention", group_query_attention},
      {"MultiHeadAttention", multi_head_attention},
  };
  return table;
}

}  // namespace dl::keras
