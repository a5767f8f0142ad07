// Tokens of the columns of a table (Gorishniy et al. 2021, arXiv:2106.11959): of a number x the vector x weight + bias,
// of a category its vector in a table, plus bias; each column has its own
// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "lib/nn/layer.h"

namespace dl {
namespace {

struct FeatureTokens final : Layer {
  int64_t dim = 0;
  std::vector<int64_t> categories;

  void describe(Schema& s) override {
    s.summary("makes a sequence [columns, dim] of a table's columns, numbers and categories");
    s.details(
        "Takes numbers [columns], and behind them (from: [x, job, city]) inputs of one whole number a sample; or the "
        "latter alone. Parameters: weight and bias [columns, dim], and of each category embeddings.0.weight [numbers, "
        "dim], embeddings.0.bias [dim], embeddings.1 …, all uniform in [-1/sqrt(dim), 1/sqrt(dim)).");
    s.also_known_as({"FeatureTokenizer", "feature_tokenizer"});
    s.required("dim", dim, "length of each vector").at_least(1).positional().known_as({"d_token", "embedding_dim"});
    s.optional("categories", categories, "how many numbers each input of whole numbers has, the largest plus one")
        .at_least(1)
        .known_as({"cardinalities", "num_embeddings"});
    s.example("feature_tokens: 3");
  }

  Value build(Builder& b, std::span<const Value> inputs) const override {
    const size_t numbers = inputs[0].type().dtype == DType::i32 ? 0 : 1;
    if (inputs.size() - numbers != categories.size()) {
      throw ShapeError(concat("expected ", categories.size(), categories.size() == 1 ? " input" : " inputs",
                              " of whole numbers, got ", inputs.size() - numbers),
                       "write 'categories: \"${data.categories}\"', and 'from: ${data.inputs}' beside the layer");
    }
    const auto uniform = uniform_initializer(1 / std::sqrt(static_cast<double>(dim)));
    const int64_t batch = inputs[0].shape()[0];
    std::vector<Value> tokens;
    if (numbers > 0) {
      expect_rank(inputs[0], 2, "one feature axis", "put 'flatten' before it");
      const int64_t columns = inputs[0].shape()[1];
      const Value each = reshape(inputs[0], {batch, columns, 1});
      tokens.push_back(each * b.parameter("weight", {columns, dim}, uniform) +
                       b.parameter("bias", {columns, dim}, uniform));
    }
    for (size_t i = 0; i < categories.size(); ++i) {
      const Value& x = inputs[i + numbers];
      if (x.type().dtype != DType::i32 || x.shape().elements() != batch)
        throw ShapeError(concat("expected one whole number a sample, got ", name_of(x.type().dtype), " ",
                                x.shape().without_batch().text()),
                         "name the numbers first: from: [x, job, city]");
      const std::string name = concat("embeddings.", i, ".");
      const Value table = b.parameter(name + "weight", {categories[i], dim}, uniform);
      const Value token = reshape(embedding(table, x), {batch, 1, dim});
      tokens.push_back(token + b.parameter(name + "bias", {dim}, uniform));
    }
    return concatenate(std::move(tokens), 1);
  }
};
DL_LAYER(FeatureTokens, "feature_tokens");

}  // namespace
}  // namespace dl
