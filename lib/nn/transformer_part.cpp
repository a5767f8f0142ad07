// Residual branches of attention and of two linear maps.
// SPDX-License-Identifier: Apache-2.0
#include "lib/nn/transformer_part.h"

#include "lib/nn/linear_part.h"
#include "lib/nn/scoped_builder.h"

namespace dl {

void TransformerLayer::describe_keys(Schema& s, bool causal_at_first) {
  causal = causal_at_first;
  for (const char* key : {"num_layers", "layers", "depth", "n_layers", "num_blocks", "n_layer"})
    s.instead_of(key, "write 'repeat: 2' beside the layer");
  for (const char* key : {"hidden_size", "embed_dim", "dim", "hidden_dim"})
    s.instead_of(key, "leave it out: it is as wide as its input");
  s.required("nhead", nhead, "heads of attention").at_least(1).positional().known_as({"num_heads", "n_head", "heads"});
  s.optional("dim_feedforward", dim_feedforward, "features between the two linear maps")
      .at_least(1)
      .known_as({"intermediate_dim", "intermediate_size", "ffn_dim"});
  s.optional("dropout", dropout, "probability of an element, and of a position seen, to become 0 while training")
      .at_least(0)
      .below(1);
  s.optional("activation", activation, "between the two linear maps").one_of({"relu", "gelu"});
  s.optional("layer_norm_eps", layer_norm_eps, "added to variances").above(0).known_as({"layer_norm_epsilon"});
  s.optional("norm_first", norm_first, "whether each branch begins with a normalization; else it follows the sum");
  s.optional("bias", bias, "whether linear maps and normalizations have biases");
  s.optional("causal", causal, "whether a position sees only itself and those before it").known_as({"is_causal"});
  s.instead_of("d_model", "leave it out: input sizes are inferred");
  s.instead_of("batch_first", "leave it out: the batch always comes first");
}

Value TransformerLayer::residual(Builder& b, Value x, const std::string& norm,
                                 const std::function<Value(Value)>& sublayer) const {
  ScopedBuilder part(b, norm);
  const auto normalized = [&](Value v) { return layer_norm_part(part, v, layer_norm_eps, bias); };
  if (norm_first) return x + dropout_part(b, sublayer(normalized(x)), dropout);
  return normalized(x + dropout_part(b, sublayer(x), dropout));
}

Value TransformerLayer::attend(Builder& b, const std::string& attention, bool is_causal, Value x,
                               std::span<const Value> seen) const {
  ScopedBuilder part(b, attention);
  AttentionPart layer;
  layer.num_heads = nhead;
  layer.causal = is_causal;
  layer.bias = bias;
  layer.dropout = dropout;
  std::vector<Value> inputs{x};
  inputs.insert(inputs.end(), seen.begin(), seen.end());
  return layer.build(part, inputs);
}

Value TransformerLayer::feed_forward(Builder& b, Value x) const {
  ScopedBuilder first(b, "linear1"), second(b, "linear2");
  const Value inner = linear_part(first, x, dim_feedforward, bias);
  const Value active = activation == "gelu" ? map(Function::gelu, inner) : maximum(inner, 0);
  return linear_part(second, dropout_part(b, active, dropout), x.shape().last(), bias);
}

}  // namespace dl
